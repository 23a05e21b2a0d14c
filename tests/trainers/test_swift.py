"""ms-swift's own preprocessor, template and collator on our export, and training on what they make.

`make test-trainers` runs this in an environment with ms-swift 4.6. Found wrong before: JPEGs of a typed image column are encoded
again by its preprocessor, so images are plain files; a role-only mask trains masked segments.
"""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from swift.dataset import load_dataset
from swift.model import get_model_info_meta
from swift.template import get_template
from transformers import Qwen3VLForConditionalGeneration

from tests.trainers.exports import DATA, STEPS, reader_processor, stand_in_for_torchvision

KNOWN = ("input_ids", "labels", "attention_mask", "position_ids", "pixel_values", "image_grid_thw", "mm_token_type_ids")
pytestmark = pytest.mark.slow


def load(name):
    rows, _ = load_dataset([str(DATA / name / "train.jsonl")], num_proc=1, strict=True, load_from_cache_file=False)
    assert len(rows), f"{name} has no rows"
    return rows


def lines(name):
    return [json.loads(line) for line in (DATA / name / "train.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def template():
    processor = reader_processor()
    processor.model_info, processor.model_meta = get_model_info_meta(str(DATA / "reader"), model_type="qwen3_vl")
    stand_in_for_torchvision()
    found = get_template(processor, template_type="qwen3_vl", max_length=8192)
    found.set_mode("train")
    # ms-swift knows the numbers of tokens of the published model
    found.image_token_id = processor.image_token_id
    return found


def test_the_preprocessor_keeps_every_row_its_flags_and_its_files():
    read, written = load("ms-swift-sft"), lines("ms-swift-sft")
    assert len(read) == len(written)
    for row, line in zip(read, written, strict=True):
        assert [(m["role"], m["content"]) for m in row["messages"]] == [
            (m["role"], m["content"]) for m in line["messages"]
        ]
        assert [m.get("loss") for m in row["messages"]] == [m.get("loss") for m in line["messages"]]
        assert [image["path"] for image in row["images"]] == line["images"]
        for image in row["images"]:
            data = Path(image["path"]).read_bytes()
            assert image["bytes"] is None
            assert Path(image["path"]).stem == hashlib.sha256(data).hexdigest()


def test_labels_are_the_flags_of_each_segment(template):
    for row, line in zip(load("ms-swift-sft"), lines("ms-swift-sft"), strict=True):
        encoded = template.encode(dict(row))
        trained = [token for token in encoded["labels"] if token != -100]
        said = "".join(m["content"] for m in line["messages"] if m.get("loss") and m["content"] != "<image>")
        assert template.tokenizer.decode(trained).removesuffix("\n") == said + template.tokenizer.eos_token
        masked = [m["content"] for m in line["messages"] if m.get("loss") is False and m["content"] != "<image>"]
        assert all(text in template.tokenizer.decode(encoded["input_ids"]) for text in masked)


def test_a_model_trains_on_its_batches(template):
    model = Qwen3VLForConditionalGeneration.from_pretrained(DATA / "reader")
    template.model = model
    rows = load("ms-swift-sft")
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    history = []
    for step in range(STEPS):
        # its collator takes what it needs out of what was encoded
        pair = [template.encode(dict(rows[(step + n) % len(rows)])) for n in range(2)]
        batch = template.data_collator(pair)
        known = {name: value for name, value in batch.items() if name in KNOWN}
        loss = model(**known).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        history.append(float(loss))
    assert sum(history[-10:]) < sum(history[:10]) / 2


def test_prompts_for_groups_keep_what_the_reward_needs():
    rows, _ = load_dataset(
        [str(DATA / "ms-swift-grpo" / "train.jsonl")],
        num_proc=1, strict=True, load_from_cache_file=False, remove_unused_columns=False,
    )  # fmt: skip
    assert len(rows) == 12
    for row, line in zip(rows, lines("ms-swift-grpo"), strict=True):
        assert row["messages"][0]["content"].count("<image>") == len(line["images"])
        assert "paint the house" in row["ground_truth"]
        assert (row["id"], row["data_source"]) == (line["id"], "made")
