"""An output of another form gets one line that says so, whatever is in it; a build refuses it and says what differs."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.manifest.forms import FORMS, PRODUCTS, Product
from pipeline.manifest.identity import meaning
from pipeline.output.forms import describe_other_form
from pipeline.output.places import list_files, name_shard, product_of, stem_of
from pipeline.output.verify import examine, verify
from tests.output.factory import manifest


def flatten(out: Path) -> None:
    """Put the files of splits where older versions put them."""
    for product in PRODUCTS:
        for name in list_files(out, product):
            (out / name).rename(out / product / Path(name).name)


def relabel(out: Path, product: Product, form: str) -> None:
    for name in list_files(out, product):
        table = pq.read_table(out / name)
        about = json.loads(table.schema.metadata[b"x2i"]) | {"schema": form}
        pq.write_table(table.replace_schema_metadata(table.schema.metadata | {b"x2i": json.dumps(about)}), out / name)


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("flat", [True, False])
def test_another_form_is_one_line(few, tmp_path, product, flat):
    out = tmp_path / "out"
    shutil.copytree(few.out, out, ignore=shutil.ignore_patterns("store"))
    relabel(out, product, "older/1")
    if flat:
        flatten(out)
    (problem,) = verify(out, workers=1)
    assert problem.of_form
    assert f"its rows are older/1, this version of x2i reads and writes {FORMS[product]}" in str(problem)
    assert "--fork" in str(problem)
    assert examine(out, workers=1).notes == []


def test_files_that_tell_no_form_are_left_to_the_other_checks(few, tmp_path):
    assert describe_other_form(few.out) is None
    assert describe_other_form(tmp_path) is None
    (tmp_path / "sft").mkdir()
    (tmp_path / "sft" / "train-00000-of-00001.parquet").write_bytes(b"PAR1")
    assert describe_other_form(tmp_path) is None


def test_this_form_in_the_folders_of_an_older_one_is_told(few, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(few.out, out)
    flatten(out)
    lines = [str(problem) for problem in verify(out, workers=1)]
    assert any("should be named sft/train/train-00000-of-00001.parquet" in line for line in lines)


def test_forms_are_part_of_what_a_run_means():
    assert meaning(manifest(), {})["forms"] == dict(FORMS)


def test_the_name_of_a_shard_tells_product_and_split():
    for product in PRODUCTS:
        for stem in ("train", "validation") if product != "record" else ("part",):
            name = name_shard(product, stem, 3, 7)
            assert (product_of(name), stem_of(name)) == (product, f"{product}/{stem}")
            assert name.endswith(f"{stem}-00003-of-00007.parquet")
