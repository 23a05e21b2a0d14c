"""Each form gives the row back, as far as it says that it keeps it. No trainer's code runs here: that is `make test-trainers`."""

import json
import tarfile
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from tests.training.export.outputs import ROWS
from tests.training.rows import climbed, reweighted, rows
from training.export import swift, tokens, trl, verl, webdataset
from training.export.parts import CARRIED, carry, parts_of, restore, shown_images
from training.export.place import ExportPlace
from training.export.problem import ExportProblem
from training.render.decompose import decompose
from training.render.tiny import Tiny

QUICK = settings(max_examples=12, deadline=None)
VOCABULARY = (Tiny().grammar, Tiny().images)


def placed(folder: str) -> ExportPlace:
    return ExportPlace(Path(folder), Path(folder), Path(folder))


@QUICK
@given(rows())
def test_ms_swift(row):
    with tempfile.TemporaryDirectory() as folder:
        assert swift.write_sft("train", [row], placed(folder)) == 1
        assert list(swift.read_sft(Path(folder) / "train.jsonl")) == [row]


@QUICK
@given(rows())
def test_trl(row):
    with tempfile.TemporaryDirectory() as folder:
        trl.write_sft("train", [row], placed(folder))
        assert list(trl.read_sft(Path(folder) / "train.parquet")) == [row]


@QUICK
@given(rows())
def test_webdataset(row):
    with tempfile.TemporaryDirectory() as folder:
        webdataset.write("train", [row, *decompose(row)], placed(folder))
        assert list(webdataset.read(Path(folder) / "train" / "train-000000.tar")) == [row, *decompose(row)]


@QUICK
@given(rows())
def test_tokens(row):
    columns = tokens.columns_of(row, VOCABULARY)
    parts, losses = tokens.read_back(columns, VOCABULARY[0])
    shown = [VOCABULARY[1].encode(row.images[s.image_index].bytes) if s.text is None else s.text for s in row.segments]
    assert (parts, losses) == (shown, [s.loss for s in row.segments])
    assert [label for label in columns["labels"] if label != -100] == [
        token for token, weight in zip(columns["input_ids"], columns["weights"], strict=True) if weight
    ]


def test_fractions_of_a_loss_come_back():
    row = reweighted(climbed("direct"), [0.0, 0.0, 0.5, 0.25])
    with tempfile.TemporaryDirectory() as folder:
        swift.write_sft("train", [row], placed(folder))
        trl.write_sft("train", [row], placed(folder))
        assert list(swift.read_sft(Path(folder) / "train.jsonl")) == list(trl.read_sft(Path(folder) / "train.parquet"))
        assert list(swift.read_sft(Path(folder) / "train.jsonl")) == [row]


def test_what_rides_along_holds_nothing_of_what_the_parts_hold():
    for row in ROWS:
        carried = json.loads(carry(row))
        assert {name for s in carried["segments"] for name in s}.isdisjoint({"text", "type", "role", "loss"})
        other = [type(part)(part.role, part.text, 0.5 if part.loss else 0.0) for part in parts_of(row)]
        read = restore(other, shown_images(row), carry(row), "here")
        assert [s.loss for s in read.segments] == [part.loss for part in other]


def test_an_image_that_was_encoded_again_is_noticed():
    row = ROWS[0]
    changed = [data + b" " for data in shown_images(row)]
    with pytest.raises(ExportProblem, match="here: an image is not the one that was exported"):
        restore(parts_of(row), changed, carry(row), "here")


def test_a_chat_holds_as_many_signs_as_images():
    for row in ROWS:
        columns = verl.columns_of(row)
        text = "".join(message["content"] for message in columns["messages"])
        assert text.count("<image>") == len(columns["images"])
        assert [message["role"] for message in columns["messages"]] == ["user", "assistant"]
        assert CARRIED in columns


def test_bytes_of_a_tar_follow_from_the_rows_alone(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        webdataset.write("train", ROWS, placed(str(tmp_path / name)))
    first, second = (tmp_path / name / "train" / "train-000000.tar" for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as tar:
        names = tar.getnames()
    assert names[0] == f"{ROWS[0].id}.json"
    assert names[1].startswith(f"{ROWS[0].id}.0.")


def test_trl_holds_images_as_bytes_without_a_type_that_would_decode_them(tmp_path):
    trl.write_sft("train", ROWS, placed(str(tmp_path)))
    schema = pq.read_schema(tmp_path / "train.parquet")
    assert schema.metadata is None or b"huggingface" not in schema.metadata
