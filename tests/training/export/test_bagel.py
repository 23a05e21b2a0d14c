"""BAGEL's reader, by its documented behaviour, on exports: the registry has no package of it."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.training.export import bagel_reader
from tests.training.export.outputs import ROWS, sft
from tests.training.rows import climbed, reweighted
from training.export.forms import find_form
from training.export.problem import ExportProblem
from training.export.run import ExportOrder, check, export
from training.render.bagel import SPECIAL_TOKENS, plan_of


@pytest.fixture
def exported(tmp_path):
    """An output of two splits and its export."""
    out = sft(sft(tmp_path / "out", split="validation"), ROWS * 3, count=2)
    export(ExportOrder(out, find_form("bagel")), tmp_path / "bagel")
    return tmp_path / "bagel"


def registered(module):
    registry, info = {}, {}
    module.register(registry, info)
    return registry[module.NAME], info[module.NAME][module.NAME]


def test_every_row_becomes_the_plan_that_rendering_has(exported, monkeypatch):
    kind, info = registered(bagel_reader.install(monkeypatch, exported))
    read = list(kind(info))
    numbers = {name: bagel_reader.Tokenizer().convert_tokens_to_ids(token) for name, token in SPECIAL_TOKENS.items()}
    assert len(read) == info["num_total_samples"] == 9
    for row, data in zip(ROWS * 3, read, strict=True):
        plan = plan_of(row)
        assert data["sequence_plan"] == [element.entry(numbers) for element in plan]
        assert [bytes(ids).decode() for ids in data["text_ids_list"]] == [e.text for e in plan if e.text is not None]
        shown = [row.images[e.image_index].bytes for e in plan if e.text is None]
        for tensor, encoded in zip(data["image_tensor_list"], shown, strict=True):
            pixels = np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))
            assert (tensor == pixels.transpose(2, 0, 1)).all()


def test_only_the_train_split_is_told_of_with_absolute_paths(exported):
    known = json.loads((exported / "parquet_info.json").read_text())
    assert {path.rpartition("/")[2] for path in known} == {
        "train-00000-of-00002.parquet", "train-00001-of-00002.parquet"
    }  # fmt: skip
    assert all(path.startswith("/") for path in known)
    assert [entry["num_row_groups"] for entry in known.values()] == [3, 2]


def test_rows_that_cannot_be_read_end_the_run_instead_of_looping(exported, monkeypatch):
    module = bagel_reader.install(monkeypatch, exported)
    kind, info = registered(module)
    path = next(iter(json.loads((exported / "parquet_info.json").read_text())))
    table = pq.read_table(path).drop_columns("images")
    pq.write_table(table, path, row_group_size=2)
    with pytest.raises(SystemExit, match="none of the first 20 rows can be read"):
        list(kind({**info, "num_files": 1}, rounds=100))


def test_a_nullable_integer_is_an_error_with_a_name(exported, monkeypatch):
    """pandas makes 0.5 or NaN of what no integer is; a whole float is the integer it is."""
    module = bagel_reader.install(monkeypatch, exported)
    images = [{"bytes": ROWS[0].images[0].bytes}]
    assert module._decode(images, 0.0).mode == "RGB"
    for odd in (float("nan"), 0.5, -1, 1):
        with pytest.raises(ValueError, match=r"image_index|cannot convert"):
            module._decode(images, odd)


def test_a_fraction_of_a_loss_is_refused_by_check_and_by_export(tmp_path):
    half = reweighted(climbed("direct"), [0.0, 0.0, 0.5, 1.0])
    order = ExportOrder(sft(tmp_path / "out", [*ROWS, half]), find_form("bagel"))
    assert check(order).lines == ["1 of 4 rows have a weight other than 0 and 1: what is trained would count as 1"]
    with pytest.raises(ExportProblem, match="1 of 4 rows have a weight"):
        export(order, tmp_path / "bagel")
    assert not (tmp_path / "bagel").exists()


def test_long_rows_are_counted_by_the_cap(tmp_path):
    out = sft(tmp_path / "out")
    assert check(ExportOrder(out, find_form("bagel"))).lines == []
    assert "BAGEL skips them" in check(ExportOrder(out, find_form("bagel"), max_tokens=100)).lines[0]


@pytest.mark.parametrize("name", ["editing", "thinkmorph"])
def test_stock_forms_say_what_they_lose(tmp_path, name):
    rows = [*ROWS, climbed("direct", references=0), climbed("direct", references=2)]
    order = ExportOrder(sft(tmp_path / "out", rows), find_form("bagel", name), allow_lossy=True)
    report = export(order, tmp_path / "to")
    assert "2 of 5 rows have none or several references" in report.lines[0]
    assert report.written == (("train", 3),)
    read = pq.read_table(tmp_path / "to" / "train" / "train.parquet").to_pandas()
    known = json.loads((tmp_path / "to" / "parquet_info.train.json").read_text())
    assert list(known) == [str(tmp_path / "to" / "train" / "train.parquet")]
    for row, (_, columns) in zip(ROWS, read.iterrows(), strict=True):
        last = [s for s in row.segments if s.type == "image"][-1]
        assert columns["image_list"][-1] == row.images[last.image_index].bytes
        if name == "thinkmorph":
            texts = list(columns["output_text_list"])
            assert len(texts) == len(columns["image_list"])
            assert "".join(texts).count("<image_start>") == "".join(texts).count("<image_end>") == len(texts) - 1


def test_no_integer_of_a_shard_is_null(exported):
    for path in json.loads((exported / "parquet_info.json").read_text()):
        table = pq.read_table(path, columns=["segments"])
        index = pa.compute.list_flatten(table["segments"]).combine_chunks().field("image_index")
        assert index.null_count == 0
