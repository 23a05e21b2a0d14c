"""`x2i compose`: a source in, a source out, whose rows say what they were made of; a model's words are paid once."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from benchmarks.compounds import write_source
from pipeline.cli import app
from pipeline.composing.compounds import Compound, compose
from pipeline.composing.parents import gather
from pipeline.composing.rewording import unlike
from pipeline.manifest.file import load
from pipeline.planning.plan import plan
from pipeline.storage.image_store import ImageStore
from tests.composing.edits import edit

MODELS = {"baseline": {"model": "world-baseline"}, "generator": {"model": "world-generator"}}
MODELS["analyzer"] = {"model": "world-analyzer"}


def save(folder, *sources):
    path = folder / "manifest.yaml"
    manifest = {"name": "edits", "sources": list(sources), "models": MODELS, "run": {"workers": 1}}
    path.write_text(json.dumps(manifest))
    return path


def run(*args, code=0):
    done = CliRunner().invoke(app, ["compose", *map(str, args)], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def read_jsonl(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def picture(shade):
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (shade, 90, 90)).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def ultraedit(tmp_path):
    """A file in UltraEdit's layout: several edits of one picture, picture and edited one as bytes."""
    edits = [
        "remove the cat",
        "Make the sofa red",
        "Add a lamp next to the window",
        "make it night",
        "make the cat bigger",
    ]
    rows = [
        {
            "edit_prompt": words,
            "source_image": {"bytes": picture(shade), "path": None},
            "edited_image": {"bytes": picture(shade + 1), "path": None},
            "idx": n * 100 + shade,
        }
        for shade in (10, 20)
        for n, words in enumerate(edits)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "ultraedit.parquet")
    columns = {"instruction": "edit_prompt", "references": "source_image"}
    return {
        "kind": "parquet",
        "name": "ultraedit",
        "path": str(tmp_path / "ultraedit.parquet"),
        "id": "{idx}",
        "columns": columns,
        "licence": "cc-by-4.0",
    }


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_rows_of_ultraedit_become_a_source_that_keeps_lineage_and_licence(tmp_path, ultraedit, form):
    closed = {**ultraedit, "name": "closed", "licence": "proprietary"}
    out = tmp_path / "out"
    args = ("--out", out, "--count", 8, "--pairs", 0.25, "--form", form, "--allow-licence", "cc-by-4.0")
    said = run(save(tmp_path, ultraedit, closed), *args)
    assert "8 instructions." in said
    assert "licence proprietary: 10" in said
    table = out / f"compounds.{form}"
    rows = read_jsonl(table) if form == "jsonl" else pq.read_table(table).to_pylist()
    texts = {f"{row['idx']}": row["edit_prompt"] for row in pq.read_table(tmp_path / "ultraedit.parquet").to_pylist()}
    for row in rows:
        assert row["licence"] == "cc-by-4.0"
        assert {parent["source"] for parent in row["parents"]} == {"ultraedit"}
        assert all(texts[parent["row_id"]] == parent["instruction"] for parent in row["parents"])
        if len(row["references"]) == 1:
            assert len(row["parts"]) == len(row["parents"]) >= 2
            assert sum("cat" in part for part in row["parts"]) <= 1
    again = load(save(tmp_path, *yaml.safe_load((out / "source.yaml").read_text())), [])
    planned = plan(again, ImageStore(str(tmp_path / "store")), 1).trajectories
    samples = {t.sample.row_id: t.sample for t in planned}
    assert [t.status for t in planned] == ["climbing"] * 8
    assert {row["id"]: row["instruction"] for row in rows} == {name: s.instruction for name, s in samples.items()}
    assert sorted(s.task for s in samples.values()) == ["compose"] * 2 + ["edit"] * 6
    assert all((s.category, s.licence) == (row["category"], "cc-by-4.0") for row in rows if (s := samples[row["id"]]))


def test_an_analyzer_words_them_once(tmp_path):
    write_source(tmp_path / "world", 4, 3, each=8)
    source = {
        "kind": "jsonl",
        "name": "world",
        "path": str(tmp_path / "world" / "edits.jsonl"),
        "id": "{id}",
        "columns": {"instruction": "edit", "references": "image", "category": "kind"},
        "images": {"root": str(tmp_path / "world")},
    }
    manifest, out = save(tmp_path, source), tmp_path / "out"
    order = (manifest, "--out", out, "--count", 4, "--pairs", 0, "--clauses", "2-3")
    run(*order, "--words", "analyzer")
    worded, calls = read_jsonl(out / "compounds.jsonl"), pq.read_metadata(out / "ledger.parquet").num_rows
    anew = [row for row in worded if row["worded"] == "analyzer"]
    assert calls >= len(anew) >= 3
    assert any(part not in row["instruction"].lower() for row in anew for part in row["parts"])
    run(*order, "--words", "analyzer")
    assert read_jsonl(out / "compounds.jsonl") == worded
    assert pq.read_metadata(out / "ledger.parquet").num_rows == calls


def test_a_source_without_two_edits_of_one_picture_is_refused(tmp_path, ultraedit):
    said = run(save(tmp_path, {**ultraedit, "limit": 1}), "--out", tmp_path / "out", code=1)
    assert "no two edits of one reference can stand together" in said


@pytest.mark.parametrize("clauses", ["1-3", "4-2", "2-7", "two", "3-"])
def test_a_range_that_is_none_is_refused(tmp_path, ultraedit, clauses):
    run(save(tmp_path, ultraedit), "--clauses", clauses, code=2)


WORDINGS = [
    ("The cat should go. The sofa at the top left needs a coat of red.", None),
    ("Take away the cat and paint the sofa at the top left in red", None),
    ("Take away the cat and paint the sofa red", "it does not say left, top"),
    ("Take away the pet and paint the sofa at the top left red", None),
    ("Paint the sofa at the top left red", "it does not say animal"),
    ("Take away the black cat and paint the sofa at the top left red", "no edit says black"),
]


@pytest.mark.parametrize(("text", "problem"), WORDINGS)
def test_a_wording_that_says_something_else_is_told(text, problem):
    rows = [edit("a", "1", "remove the cat"), edit("a", "2", "make the sofa at the top left red")]
    compound: Compound = next(compose(gather(rows).by_reference, 2, 2, 0))
    assert unlike(compound, text) == problem
