"""`x2i export`: what is refused, what is counted, that a folder is whole or is not there.

What readers were found to do wrong with our files before, and where it is tested now:

    BAGEL loses every row in silence, for ever       test_bagel: rows_that_cannot_be_read_end_the_run, no_integer_of_a_shard_is_null
    BAGEL trains on validation, which lies beside    test_bagel: only_the_train_split_is_told_of
    TRL GRPO: `<image>` in the text beside a block   tests/trainers/test_trl: grpo_prompts_hold_images_and_no_sign_for_them
    TRL DPO: KeyError 'images'                       tests/trainers/test_trl: dpo_trains_on_pairs
    a role-only mask trains masked segments          here: a_role_only_mask_is_counted_and_refused; test_trl, test_swift, test_verl
    ms-swift encodes JPEGs again                     here: images_are_the_bytes_of_the_shards; tests/trainers/test_swift
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from tests.output.factory import png
from tests.training.export.outputs import ROWS, pair, pairs, prompt, rl, sft, write_shards
from tests.training.rows import climbed
from training.export.forms import FORMS, find_form, table
from training.export.problem import ExportProblem
from training.export.run import ExportOrder, check, export
from training.row import RowProblem, read_row

MASKED = sum(any(s.role == "assistant" and not s.loss for s in row.segments) for row in ROWS)


@pytest.fixture
def out(tmp_path):
    """An output with rows, prompts and pairs."""
    return pairs(pairs(rl(sft(sft(tmp_path / "out"), split="validation"))), "edit_pairs", references=2)


def test_a_role_only_mask_is_counted_and_refused(out, tmp_path):
    order = ExportOrder(out, find_form("verl", "sft"))
    line = f"{2 * MASKED} of {2 * len(ROWS)} rows have a masked assistant segment: a role-only mask would train on them"
    assert check(order).lines[0].startswith(line)
    with pytest.raises(ExportProblem, match=line):
        export(order, tmp_path / "to")
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize(
    "form", [form for form in FORMS if form.trainer != "tokens"], ids=lambda f: f"{f.trainer}-{f.name}"
)
def test_every_form_writes_all_rows_it_can(out, tmp_path, form):
    told = []
    report = export(
        ExportOrder(out, form, allow_lossy=True), tmp_path / "to", lambda done, total: told.append((done, total))
    )
    rows = {"sft": 2 * len(ROWS), "rl": 3, "pairs": 4, "edit_pairs": 4}
    assert sum(n for _, n in report.written) == sum(rows[product] for product in form.products)
    assert told[-1] == (report.rows if len(report.written) == 1 else told[-1][0], report.rows)
    assert (tmp_path / "to").is_dir()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    "form", [form for form in FORMS if form.trainer != "tokens"], ids=lambda f: f"{f.trainer}-{f.name}"
)
def test_no_rows_is_an_error(tmp_path, form):
    empty = tmp_path / "out"
    for product in form.products:
        write_shards(empty, product, "train", [])
    with pytest.raises(ExportProblem, match="holds no rows"):
        export(ExportOrder(empty, form, allow_lossy=True), tmp_path / "to")


def test_a_form_that_no_row_fits_writes_nothing(tmp_path):
    order = ExportOrder(sft(tmp_path / "out", [climbed(references=0)]), find_form("bagel", "editing"), allow_lossy=True)
    with pytest.raises(ExportProblem, match=r"no row of .* fits bagel editing"):
        export(order, tmp_path / "to")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_a_folder_that_exists_is_not_touched(out, tmp_path):
    order = ExportOrder(out, find_form("webdataset"))
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "mine").write_text("kept")
    with pytest.raises(ExportProblem, match="exists; name another folder with --out, or say --overwrite"):
        export(order, tmp_path / "to")
    with pytest.raises(ExportProblem, match="is no export, so --overwrite leaves it alone"):
        export(ExportOrder(out, order.form, overwrite=True), tmp_path / "to")
    assert (tmp_path / "to" / "mine").read_text() == "kept"


@pytest.mark.parametrize(
    ("write", "form", "column"),
    [
        (lambda to, change: write_shards(to, "sft", "train", [change(ROWS[0].columns())]), ("bagel",), "images"),
        (lambda to, change: write_shards(to, "rl", "train", [change(prompt(1))]), ("verl",), "images"),
        (lambda to, change: write_shards(to, "pairs", "train", [change(pair(0, 0))]), ("pairs",), "jpg_1"),
        (
            lambda to, change: write_shards(to, "edit_pairs", "train", [change(pair(0, 1))]),
            ("pairs", "edits"),
            "references",
        ),
    ],
    ids=["sft", "rl", "pairs", "edit_pairs"],
)
def test_an_image_that_was_changed_ends_an_export(tmp_path, write, form, column):
    def changed(columns):
        other = png(999, (32, 32))
        columns[column] = other if column == "jpg_1" else [{**columns[column][0], "bytes": other}, *columns[column][1:]]
        return columns

    out = write(tmp_path / "out", changed)
    with pytest.raises(ExportProblem, match=rf"row 0: {column}.*not those that were written"):
        export(ExportOrder(out, find_form(*form), allow_lossy=True), tmp_path / "to")
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda row: row["segments"][-1].update(loss=float("nan")), "segments.3: loss is nan"),
        (lambda row: row["segments"][-1].update(inputs=[9]), r"segments.3: inputs are \[9\], the row holds 2"),
        (lambda row: row["scores"][0].update(image_index=-1), "scores.0: image_index is -1"),
        (lambda row: row["image_meta"].pop(), "image_meta has 1 entries"),
    ],
)
def test_a_row_that_contradicts_itself_is_named(change, words):
    columns = ROWS[0].columns()
    change(columns)
    with pytest.raises(RowProblem, match=words):
        read_row(columns, "here")


def test_an_export_replaces_an_export(out, tmp_path):
    order = ExportOrder(out, find_form("webdataset"), overwrite=True)
    export(order, tmp_path / "to")
    (tmp_path / "to" / "old").touch()
    export(order, tmp_path / "to")
    assert not (tmp_path / "to" / "old").exists()


@pytest.mark.parametrize("to", [".", "sft", "sft/train/deep", ".."])
def test_what_is_exported_is_never_replaced(out, tmp_path, to):
    before = sorted(out.rglob("*"))
    (out / ".x2i-export").touch()
    with pytest.raises(ExportProblem, match="lie in one another"):
        export(ExportOrder(out, find_form("webdataset"), overwrite=True), out / to)
    (out / ".x2i-export").unlink()
    assert sorted(out.rglob("*")) == before


@pytest.mark.parametrize(
    ("form", "option", "words"),
    [
        ("verl", {"decompose": True}, "leave --decompose out"),
        ("trl", {"max_tokens": 9}, "leave --max-tokens out"),
        ("trl", {"model": Path("m")}, "leave --model out"),
    ],
)
def test_an_option_that_a_form_has_no_use_for_is_refused(out, form, option, words):
    with pytest.raises(ExportProblem, match=words):
        check(ExportOrder(out, find_form(form), **option))


def test_an_export_that_was_killed_leaves_no_folder_and_the_next_one_goes(out, tmp_path):
    script = (
        "import os, sys; from pathlib import Path; from training.export.forms import find_form\n"
        "from training.export.run import ExportOrder, export\n"
        "export(ExportOrder(Path(sys.argv[1]), find_form('webdataset')), Path(sys.argv[2]), lambda n, all: os.kill(os.getpid(), 9))"
    )
    killed = subprocess.run([sys.executable, "-c", script, out, tmp_path / "to"], cwd=os.getcwd())
    assert killed.returncode == -9
    assert not (tmp_path / "to").exists()
    assert (tmp_path / ".to.aside").is_dir()
    export(ExportOrder(out, find_form("webdataset")), tmp_path / "to")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "to"]


def test_a_broken_row_ends_an_export_with_its_place(tmp_path):
    columns = ROWS[0].columns()
    columns["segments"][-1]["role"] = "nobody"
    out = write_shards(tmp_path / "out", "sft", "train", [ROWS[1].columns(), columns])
    with pytest.raises(ExportProblem, match=r"train-00000-of-00001.parquet: row 1: segments.3.role"):
        export(ExportOrder(out, find_form("trl")), tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_file_that_is_no_parquet_is_named(tmp_path):
    out = sft(tmp_path / "out")
    (out / "sft" / "train" / "train-00001-of-00002.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ExportProblem, match=r"train-00001-of-00002.parquet is no Parquet file"):
        export(ExportOrder(out, find_form("trl")), tmp_path / "to")


def test_a_prompt_whose_signs_and_images_differ_is_refused(tmp_path):
    columns = prompt(1)
    columns["prompt"][0]["content"] = "<image><image>paint it"
    out = write_shards(tmp_path / "out", "rl", "train", [columns])
    for trainer, form in (("trl", "grpo"), ("ms-swift", "grpo"), ("verl", "rl")):
        with pytest.raises(ExportProblem, match="row 0: 2 times <image> and 1 images"):
            export(ExportOrder(out, find_form(trainer, form)), tmp_path / "to")


def test_verl_prompts_are_the_bytes_of_the_shards(out, tmp_path):
    export(ExportOrder(out, find_form("verl")), tmp_path / "to")
    name = "train/train-00000-of-00001.parquet"
    assert (tmp_path / "to" / name).read_bytes() == (out / "rl" / name).read_bytes()


def test_single_turn_rows_are_counted_as_they_are_exported(out, tmp_path):
    order = ExportOrder(out, find_form("webdataset"), decompose=True)
    report = export(order, tmp_path / "to")
    assert report.rows == sum(count for _, count in report.written) > 2 * len(ROWS)
    with pytest.raises(ExportProblem, match="bagel plan takes rows as they are; leave --decompose out"):
        export(ExportOrder(out, find_form("bagel"), decompose=True), tmp_path / "to2")


def test_images_are_the_bytes_of_the_shards(out, tmp_path):
    known = {cell.bytes for row in ROWS for cell in row.images}
    export(ExportOrder(out, find_form("ms-swift"), allow_lossy=True), tmp_path / "to")
    assert {path.read_bytes() for path in (tmp_path / "to" / "images").rglob("*.*")} == known
    lines = [json.loads(line) for line in (tmp_path / "to" / "train.jsonl").read_text().splitlines()]
    assert all(path.startswith(str(tmp_path / "to" / "images")) for line in lines for path in line["images"])


def test_pairs_stand_in_pick_a_pics_columns(out, tmp_path):
    export(ExportOrder(out, find_form("pairs")), tmp_path / "to")
    (row, *_) = pq.read_table(tmp_path / "to" / "train.parquet").to_pylist()
    assert {"caption", "jpg_0", "jpg_1", "label_0", "label_1", "has_label"} <= set(row)
    with pytest.raises(ExportProblem, match="4 of 4 rows were made from references"):
        export(ExportOrder(out, find_form("pairs", "edits")), tmp_path / "to2")


def test_the_command_says_what_is_lost_and_fails_with_2(out, tmp_path):
    def x2i(*arguments):
        return CliRunner().invoke(app, ["export", str(out), *map(str, arguments)])

    told = x2i("--to", "verl", "--form", "sft", "--check")
    assert told.exit_code == 0
    assert f"{2 * MASKED} of 6 rows have a masked assistant segment" in told.stdout
    refused = x2i("--to", "verl", "--form", "sft", "--out", tmp_path / "to")
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert "say --allow-lossy" in refused.stderr
    unknown = x2i("--to", "axolotl")
    assert (unknown.exit_code, "there are bagel, ms-swift" in unknown.stderr) == (2, True)


def test_manual_has_the_table():
    manual = Path("training/export/README.md").read_text("utf-8")
    for line in table():
        assert line in manual
