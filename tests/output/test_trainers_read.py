"""What trainers do with the files: pandas keeps integers, a folder is a split, row groups suffice, hashes need no store."""

import hashlib
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.manifest.forms import Product
from pipeline.manifest.output import Output
from pipeline.output.places import list_files
from pipeline.output.readers import wanted_groups
from pipeline.output.readers import warnings as warned
from pipeline.output.schema import SCHEMAS
from pipeline.output.verify import examine
from training.row import read_row

TRAINED: tuple[Product, ...] = ("sft", "rl", "pairs", "edit_pairs")


def integers(name: str, array: Any) -> Iterator[tuple[str, Any]]:
    """Every integer column below `array`, with its values flattened."""
    if pa.types.is_list(array.type):
        yield from integers(f"{name}[]", pc.list_flatten(array))
    elif pa.types.is_struct(array.type):
        for field in array.type:
            yield from integers(f"{name}.{field.name}", pc.struct_field(array, field.name))
    elif pa.types.is_integer(array.type):
        yield name, array


@pytest.mark.parametrize("product", TRAINED)
def test_no_integer_is_null(many, product):
    found = {}
    for name in list_files(many.out, product):
        table = pq.read_table(many.out / name).combine_chunks()
        for column in table.column_names:
            for path, values in integers(column, table[column]):
                found[path] = found.get(path, 0) + len(values)
                assert values.null_count == 0, (name, path)
    due = {path for field in SCHEMAS[product] for path, _ in integers(field.name, pa.nulls(1, field.type))}
    assert found.keys() == due
    assert all(found.values()), "a column without values proves nothing"


def whole(value: Any, kind: Any, path: str) -> None:
    """Raise AssertionError where pandas made a float, or None, of an integer."""
    if pa.types.is_list(kind):
        for inner in value:
            whole(inner, kind.value_type, path)
    elif pa.types.is_struct(kind):
        for field in kind:
            whole(value[field.name], field.type, f"{path}.{field.name}")
    elif pa.types.is_integer(kind):
        assert isinstance(value, int | np.integer), (path, value)


@pytest.mark.parametrize("product", TRAINED)
def test_pandas_keeps_integers_as_bagel_reads_them(many, product):
    """BAGEL: `read_row_group(n).to_pandas()`, then `row["images"][segment["image_index"]]`."""
    rows = 0
    for name in list_files(many.out, product):
        with pq.ParquetFile(many.out / name) as file:
            for n in range(file.num_row_groups):
                for _, row in file.read_row_group(n).to_pandas().iterrows():
                    rows += 1
                    for field in SCHEMAS[product]:
                        whole(row[field.name], field.type, field.name)
                    for s in row.get("segments", ()):
                        assert s["type"] == "text" or row["images"][s["image_index"]]["bytes"]
    assert rows


def test_the_reader_of_training_takes_every_row(many):
    for name in list_files(many.out, "sft"):
        for n, columns in enumerate(pq.read_table(many.out / name).to_pylist()):
            assert read_row(columns, f"{name}: row {n}").columns() == columns


def test_a_folder_holds_one_split_only(many):
    """BAGEL lists a folder and trains on all that is in it."""
    for product in TRAINED:
        folders = {Path(name).parent for name in list_files(many.out, product)}
        assert {str(folder.relative_to(product)) for folder in folders} <= {"train", "validation"}
        assert not list((many.out / product).glob("*.parquet"))
    assert (many.out / "sft" / "validation").is_dir()


def test_pairs_read_as_diffusers_reads_them(many):
    """The image that `label_0` names is the accepted one, whichever column holds it, and both places occur."""
    places = set()
    for product in ("pairs", "edit_pairs"):
        for name in list_files(many.out, product):
            for row in pq.read_table(many.out / name).to_pylist():
                assert (row["label_0"], row["label_1"]) in ((0, 1), (1, 0))
                assert bool(row["references"]) == (product == "edit_pairs")
                better = row["jpg_1"] if row["label_0"] == 0 else row["jpg_0"]
                assert hashlib.sha256(better).hexdigest() == row["chosen_sha256"] != row["rejected_sha256"]
                assert Image.open(io.BytesIO(better)).size == (64, 64)
                places.add(row["label_0"])
    assert places == {0, 1}


def test_who_has_no_store_checks_every_image(many, tmp_path):
    published = tmp_path / "published"
    shutil.copytree(many.out, published, ignore=shutil.ignore_patterns("store"))
    found = examine(published, workers=1)
    assert not found.problems
    held = sum(
        text.count(b"IEND")
        for text in (path.read_bytes() for p in TRAINED for path in (published / p).rglob("*.parquet"))
    )
    assert f"images in rows: {held} of {held} are as their sha256 says" in found.notes
    assert any("the store is not here" in note for note in found.notes)


@pytest.mark.parametrize(("ranks", "workers"), [(1, 1), (2, 1), (8, 4)])
def test_row_groups_suffice_for_the_declared_readers_or_a_warning_says_by_how_much(few, tmp_path, ranks, workers):
    summary = few.again(tmp_path, output={"image": {"size": 16}, "ranks": ranks, "rank_workers": workers})
    wanted, line = 4 * ranks * workers, "\n".join(summary.warnings)
    groups: dict[str, list[int]] = {}
    for name, file in summary.files.items():
        if not name.startswith("record/"):
            groups.setdefault(str(Path(name).parent), []).extend(g.rows for g in file.row_groups)
    for split, rows in groups.items():
        assert len(rows) >= min(wanted, sum(rows)), split
        short = 0 < len(rows) < wanted and ranks * workers > 1
        assert (f" {split} {len(rows)}" in line) == short
        idle = ranks * workers - len(rows)
        assert (f" {split} {len(rows)} ({idle} read nothing)" in line) == (short and idle > 0)
    assert (ranks == 1) == (not summary.warnings)
    assert line in (tmp_path / "README.md").read_text("utf-8")


def test_the_warning_says_how_many_are_wanted(many):
    output = Output(ranks=8, rank_workers=100)
    assert wanted_groups(output) == 3200
    (line,) = warned(many.summary.files, output)
    assert line.startswith("too few row groups for 800 readers at once (8 ranks x 100 workers, 4 each: 3,200)")


def test_each_of_eight_ranks_gets_rows_by_hugging_face_streaming(many, tmp_path):
    """Two row groups left six of eight with nothing, and nothing warned."""
    datasets = pytest.importorskip("datasets")
    split_by_node = pytest.importorskip("datasets.distributed").split_dataset_by_node
    some = [t for t in many.outcomes if t.mode in ("direct", "reflection") and t.sample.split == "train"]
    many.again(tmp_path / "out", some, output={"image": {"size": 16}, "ranks": 8})
    files = [str(tmp_path / "out" / name) for name in list_files(tmp_path / "out", "sft") if "/train/" in name]
    rows = datasets.load_dataset(
        "parquet", data_files=files, split="train", streaming=True, cache_dir=str(tmp_path / "c")
    )
    rows = rows.select_columns(["id"]).reshard()
    read = [[row["id"] for row in split_by_node(rows, rank, 8)] for rank in range(8)]
    assert all(read)
    assert len({name for names in read for name in names}) == sum(map(len, read)) == len(some)
