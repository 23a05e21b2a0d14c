"""verl's own data set classes on our exports: `make test-trainers` runs this in an environment with verl 0.9.

verl trains on GPUs alone (its workers need CUDA), so its classes are read whole and no step is taken.
"""

import pyarrow.parquet as pq
import pytest
from omegaconf import OmegaConf
from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset
from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn

from tests.trainers.exports import DATA, reader_processor, stand_in_for_torchvision

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def processor():
    found = reader_processor()
    stand_in_for_torchvision()
    return found


def test_prompts_are_read_whole_with_their_references(processor, tmp_path):
    files = sorted(str(path) for path in (DATA / "verl-rl" / "train").glob("*.parquet"))
    config = {
        "cache_dir": str(tmp_path),
        "max_prompt_length": 4096,
        "filter_overlong_prompts": True,
        "filter_overlong_prompts_workers": 1,
    }
    rows = RLHFDataset(files, processor.tokenizer, OmegaConf.create(config), processor)
    assert len(rows) == 12
    read = [rows[n] for n in range(len(rows))]
    asked = [row["raw_prompt"][0]["content"] for row in read]
    assert {0 if isinstance(text, str) else sum(b["type"] == "image" for b in text) for text in asked} == {0, 1, 2}
    batch = collate_fn(read)
    assert len(batch["reward_model"]) == 12
    assert all("paint the house" in one["ground_truth"] for one in batch["reward_model"])


def test_sft_reads_every_row_and_trains_by_role_alone(processor):
    config = OmegaConf.create({"max_length": 8192, "truncation": "error", "ignore_input_ids_mismatch": True})
    rows = MultiTurnSFTDataset([str(DATA / "verl-sft" / "train.parquet")], processor.tokenizer, config, processor)
    assert len(rows) == 18
    written = pq.read_table(DATA / "verl-sft" / "train.parquet").to_pylist()
    for n, row in enumerate(written):
        read = rows[n]
        said = processor.tokenizer.decode(read["input_ids"][read["loss_mask"] == 1])
        texts = row["messages"][1]["content"].split("<image>")
        # all that the assistant says, masked or not: that is why this form needs --allow-lossy
        assert all(text in said for text in texts)
        assert len(read["multi_modal_inputs"]["image_grid_thw"]) == len(row["images"])
