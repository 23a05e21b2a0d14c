"""TRL's own trainers on our exports: `make test-trainers` runs this in an environment with TRL 1.16.

Found wrong before, a test each: a literal `<image>` in GRPO prompts beside TRL's own image block; `KeyError: 'images'` of DPO's
vision collator on `pairs`; labels of masked segments, which TRL's collators train.
"""

import math

import pytest
import torch
from datasets import load_dataset
from transformers import Emu3ForConditionalGeneration, Emu3Processor, Qwen3VLForConditionalGeneration
from trl import DPOConfig, DPOTrainer, GRPOConfig, GRPOTrainer, SFTConfig, SFTTrainer

from tests.trainers.exports import DATA, STEPS, reader_processor
from training.export import trl
from training.export.collator import ProcessorCollator, TokenCollator
from training.export.problem import ExportProblem
from training.render.emu3 import Emu3Images, emu3_grammar
from training.render.render import render

pytestmark = pytest.mark.slow


def load(name, split="train"):
    rows = load_dataset("parquet", data_files=str(DATA / name / f"{split}.parquet"), split="train")
    assert len(rows), f"{name} has no rows"
    return rows


def arguments(kind, folder, **more):
    fixed = {"max_steps": STEPS, "per_device_train_batch_size": 2, "learning_rate": 1e-2, "logging_steps": 10}
    fixed |= {"save_strategy": "no", "report_to": [], "use_cpu": True, "bf16": False, "gradient_checkpointing": False}
    return kind(output_dir=str(folder), **{**fixed, **more})


def losses(trainer):
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


OURS = {"remove_unused_columns": False, "dataset_kwargs": {"skip_prepare_dataset": True}, "max_length": None}


@pytest.fixture(scope="module")
def emu3():
    model = Emu3ForConditionalGeneration.from_pretrained(DATA / "emu3")
    processor = Emu3Processor.from_pretrained(DATA / "emu3")
    return model, processor, emu3_grammar(processor.tokenizer), Emu3Images(model, processor)


@pytest.fixture
def reader():
    return Qwen3VLForConditionalGeneration.from_pretrained(DATA / "reader"), reader_processor()


def test_sft_trains_what_the_mask_says_and_nothing_else(emu3, tmp_path):
    model, processor, grammar, images = emu3
    rows = load("trl-sft")
    collate = TokenCollator(grammar, images, processor.tokenizer.pad_token_id)
    for row in rows:
        batch = collate([row])
        expected = render(trl.row_of(row, "row"), grammar, images)
        assert batch["labels"][0].tolist() == expected.labels.tolist()
        masked = [s for s in expected.spans if not s.loss]
        assert masked
        assert all((batch["labels"][0, s.start : s.stop] == -100).all() for s in masked)
    trainer = SFTTrainer(
        model=model, processing_class=processor, train_dataset=rows, data_collator=collate,
        args=arguments(SFTConfig, tmp_path, **OURS),
    )  # fmt: skip
    trainer.train()
    assert trainer.state.global_step == STEPS
    assert losses(trainer)[-1] < losses(trainer)[0] / 2


def test_sft_of_a_model_that_reads_trains_texts_by_their_mask(reader, tmp_path):
    model, processor = reader
    rows = load("trl-sft")
    collate = ProcessorCollator(processor, texts_only=True)
    for row in rows:
        batch = collate([row])
        trained = batch["input_ids"][batch["labels"] != -100].tolist()
        blocks = [block for message in row["trajectory"] for block in message["content"]]
        said = [b["text"] for b, loss in zip(blocks, row["segment_loss"], strict=True) if loss and b["type"] == "text"]
        assert processor.tokenizer.decode(trained) == "".join(said) + processor.tokenizer.eos_token
        pictures = sum(block["type"] == "image" for block in blocks)
        assert len(batch["image_grid_thw"]) == pictures
    trainer = SFTTrainer(
        model=model, processing_class=processor, train_dataset=rows, data_collator=collate,
        args=arguments(SFTConfig, tmp_path, **OURS),
    )  # fmt: skip
    trainer.train()
    assert trainer.state.global_step == STEPS
    assert losses(trainer)[-1] < losses(trainer)[0] / 2


def test_trls_own_collator_stops_instead_of_training_everything(reader, tmp_path):
    model, processor = reader
    trainer = SFTTrainer(
        model=model, processing_class=processor, train_dataset=load("trl-sft"),
        args=arguments(SFTConfig, tmp_path, max_length=None, remove_unused_columns=False),
    )  # fmt: skip
    with pytest.raises(KeyError, match="Unexpected input keys"):
        trainer.train()


def test_our_collators_stop_without_the_mask(emu3, reader):
    *_, grammar, images = emu3
    (row,) = load("trl-sft").select([0])
    collators = TokenCollator(grammar, images, 0), ProcessorCollator(reader[1], texts_only=True)
    for collate in collators:
        with pytest.raises(ExportProblem, match="segment_loss"):
            collate([{name: value for name, value in row.items() if name != "segment_loss"}])
        with pytest.raises(ExportProblem, match="neither 0 nor 1"):
            collate([{**row, "segment_loss": [0.5 for _ in row["segment_loss"]]}])
    with pytest.raises(ExportProblem, match="trains an image, which this model cannot draw"):
        ProcessorCollator(reader[1])([row])


def test_rows_are_what_was_exported():
    rows = load("trl-sft")
    assert [trl.row_of(row, "row") for row in rows] == list(trl.read_sft(DATA / "trl-sft" / "train.parquet"))
    # a map over the rows leaves their images as they are
    mapped = rows.map(lambda row: {"first": len(row["images"])})
    assert [row["images"] for row in mapped] == [row["images"] for row in rows]


def test_grpo_prompts_hold_images_and_no_sign_for_them(reader, tmp_path):
    model, processor = reader
    rows = load("trl-grpo")
    seen = []

    def reward(prompts, completions, ground_truth, id, **columns):
        seen.extend(zip(prompts, ground_truth, id, strict=True))
        return [float(len(completion[0]["content"]) % 7) for completion in completions]

    trainer = GRPOTrainer(
        model=model, processing_class=processor, train_dataset=rows, reward_funcs=[reward],
        args=arguments(
            GRPOConfig, tmp_path, num_generations=2, max_completion_length=4, max_steps=STEPS, learning_rate=1e-3
        ),
    )  # fmt: skip
    trainer.train()
    assert trainer.state.global_step == STEPS
    counts = set()
    for prompt, truth, name in seen:
        (message,) = prompt
        assert "<image>" not in str([block.get("text") for block in message["content"]])
        counts.add(sum(block["type"] == "image" for block in message["content"]))
        assert "paint the house" in truth
        assert name.isdigit()
    assert counts == {0, 1, 2}


def test_dpo_trains_on_pairs(reader, tmp_path):
    model, processor = reader
    rows = load("trl-dpo")
    assert {len(row["images"]) for row in rows} == {2, 3}
    trainer = DPOTrainer(
        model=model, processing_class=processor, train_dataset=rows,
        args=arguments(DPOConfig, tmp_path, max_length=None, learning_rate=1e-3),
    )  # fmt: skip
    trainer.train()
    assert trainer.state.global_step == STEPS
    assert all(math.isfinite(loss) for loss in losses(trainer))
    assert losses(trainer)[-1] < math.log(2)


def test_tokens_train_emu3_by_its_own_loss(emu3):
    model, *_ = emu3
    rows = load("tokens-sft")
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    history = []
    for step in range(STEPS):
        row = rows[step % len(rows)]
        ids, labels = (torch.tensor([row[name]]) for name in ("input_ids", "labels"))
        out = model(input_ids=ids, labels=labels)
        shown = out.logits[0, :-1].log_softmax(-1)
        wanted = labels[0, 1:]
        trained = wanted != -100
        by_hand = -shown[trained, wanted[trained]].mean()
        assert torch.allclose(out.loss, by_hand, atol=1e-4)
        out.loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        history.append(float(out.loss))
    assert sum(history[-10:]) < sum(history[:10])
