"""The commands that show things, as they are typed."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app, main
from pipeline.output.record import identifiers

RUN = CliRunner()


@pytest.fixture(scope="module")
def sample(build: Path) -> str:
    return next(iter(identifiers(build)))


def test_show_html_takes_a_place_or_knows_one(build: Path, sample: str, tmp_path: Path) -> None:
    known = build / f"show-{sample[:16]}.html"
    said = RUN.invoke(app, ["show", str(build), sample[:14], "--html"])
    assert (said.exit_code, said.output.strip()) == (0, str(known))
    known.unlink()
    place = tmp_path / "one.html"
    said = RUN.invoke(app, ["show", str(build), sample, "--html", str(place)])
    assert (said.exit_code, said.output.strip()) == (0, str(place))
    assert sample in place.read_text("utf-8")


def test_a_place_without_html_is_refused(build: Path, sample: str, tmp_path: Path) -> None:
    said = RUN.invoke(app, ["show", str(build), sample, str(tmp_path / "one.html")])
    assert said.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_compare_prints_or_writes(build: Path, tmp_path: Path) -> None:
    said = RUN.invoke(app, ["compare", str(build), str(build)])
    assert said.exit_code == 0
    assert "Passed, of those that could climb" in said.output
    place = tmp_path / "c.html"
    said = RUN.invoke(app, ["compare", str(build), str(build), "--html", str(place)])
    assert (said.exit_code, said.output.strip()) == (0, str(place))
    assert place.is_file()


@pytest.mark.parametrize("place", ["missing/x.html", "taken", "file/x.html"])
def test_a_page_that_cannot_be_written_is_named_alone(
    build: Path,
    sample: str,
    tmp_path: Path,
    place: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").touch()
    page = tmp_path / place
    why = {"missing/x.html": "No such file or directory", "taken": "Is a directory", "file/x.html": "Not a directory"}
    for asked in (["show", str(build), sample, "--html"], ["compare", str(build), str(build), "--html"]):
        monkeypatch.setattr("sys.argv", ["x2i", *asked, str(page)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1
        assert capsys.readouterr().err == f"x2i: {page}: {why[place]}\n"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "taken"]


def test_compare_names_the_build_that_is_none(build: Path, tmp_path: Path) -> None:
    said = RUN.invoke(app, ["compare", str(build), str(tmp_path)])
    assert said.exit_code == 2
    assert f"{tmp_path}: the build is not finished" in said.stderr


def test_a_rung_that_cannot_be_imported_is_one_line(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shutil.copytree(build, tmp_path / "demo")
    run = json.loads((out / "run.json").read_text())
    run["manifest"]["policy"]["ladder"] = ["direct", "somebodys_rungs:MINE"]
    (out / "run.json").write_text(json.dumps(run))
    for asked in (["report", str(out)], ["show", str(out), "0"], ["compare", str(build), str(out)]):
        monkeypatch.setattr("sys.argv", ["x2i", *asked])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "somebodys_rungs:MINE: somebodys_rungs cannot be imported" in error
        assert "PYTHONPATH" in error


@pytest.mark.parametrize(
    "words", ["verify", "report", "truth", "show {} x", "export {} --to trl", "difficulty", "reward-sim"]
)
def test_a_folder_that_is_not_there_is_bad_usage(words: str, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    name, *rest = (word.format(nowhere) for word in words.split(" "))
    result = RUN.invoke(app, [name, *(rest or [nowhere])])
    assert result.exit_code == 2
    assert result.stderr == f"x2i: {nowhere}: there is no such folder; name the folder of a build, such as build/demo\n"
