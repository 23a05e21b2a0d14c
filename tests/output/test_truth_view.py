"""`x2i truth`: all figures in the terminal, the same as JSON, and one line where there is nothing to tell."""

import io
import json
import shutil

import pytest
from rich.console import Console

from pipeline import cli
from pipeline.output import truth_rows
from pipeline.output.finalise import finalise
from pipeline.planning.truth import TruthRow, write_truth
from pipeline.storage.image_store import ImageStore
from pipeline.views.truth import as_json, measure, print_truth
from tests.output.factory import FINGERPRINT, IDENTITIES, PROMPTS, manifest
from tests.output.scenes import RIGHT, TRUTH, UNDONE, Scenes, add_reflection


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """Two direct ones, one of them wrong, and a reflection that was needed."""
    out = tmp_path_factory.mktemp("truth") / "out"
    scenes = Scenes(ImageStore(str(out / "store")), size=(64, 64))
    for n, scene in enumerate((RIGHT, UNDONE)):
        scenes.keep(scenes.try_scene(scenes.start(n), 1, scene, {}).accept("direct"))
    t = add_reflection(scenes.try_scene(scenes.start(2), 1, UNDONE, {"instruction": "still red"}), 1, "red on the left")
    scenes.keep(scenes.try_scene(t, 2, RIGHT, {}).accept("reflection"))
    finalise(scenes.made, manifest(), scenes.store, out, PROMPTS, FINGERPRINT, IDENTITIES, 1)
    write_truth(
        [TruthRow(t.sample.id, 1, False, TRUTH.cause, TRUTH.dump()) for t in scenes.made], out / truth_rows.NAME
    )
    return out


def run(monkeypatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["x2i", *arguments])
    try:
        cli.main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_the_tables_tell_every_figure_in_eighty_columns(output):
    file = io.StringIO()
    print_truth(measure(output), Console(file=file, width=80))
    text = file.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    for line in ("66.7 %", "20.8 % to 93.9 %", "2 of 3", "nothing to count", "False pass", "with the losses", "Wilson"):
        assert line in text, line
    assert "…" not in text, "nothing is cut off"


def test_json_holds_the_same_figures(output, monkeypatch, capsys):
    assert run(monkeypatch, "truth", str(output), "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures == json.loads(as_json(measure(output)))
    accepted = figures["accepted"]["all"]
    assert (accepted["hits"], accepted["of"], round(accepted["rate"], 3)) == (2, 3, 0.667)
    assert 0 < accepted["low"] < accepted["rate"] < accepted["high"] < 1
    assert figures["accepted"]["multistep"]["rate"] is None
    assert figures["false_pass"]["verdict"]["hits"] == 1
    assert figures["needless"]["reflection"]["hits"] == 0
    assert figures["calls_per_accepted"]["direct"]["images"] == 1
    assert figures["calls_per_accepted"]["multistep"]["images"] is None


def test_an_output_without_a_truth_says_so_in_one_line(output, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    shutil.copytree(output, out)
    (out / truth_rows.NAME).unlink()
    assert run(monkeypatch, "truth", str(out)) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "no truth is known" in message


def test_an_output_whose_originals_are_gone_says_so_in_one_line(output, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    shutil.copytree(output, out, ignore=shutil.ignore_patterns("store"))
    assert run(monkeypatch, "truth", str(out), "--json") == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "images are gone" in message


def test_an_unfinished_output_says_so_in_one_line(output, tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, "truth", str(tmp_path)) == 2
    assert "not finished" in capsys.readouterr().err
