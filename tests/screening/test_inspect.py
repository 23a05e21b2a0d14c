"""A look at a source counts what is there, and says what a build would keep out."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.console import Console

from pipeline.cli import main
from pipeline.errors import BuildError
from pipeline.views.inspection.guessing import guess_table
from pipeline.views.inspection.page import inspection_page
from pipeline.views.inspection.remarks import inspection_remarks
from pipeline.views.inspection.terminal import print_inspection
from tests.sources.tables import shared_data

from .inspected import ROWS, inspected, write_source


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    def in_this_process(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["x2i", "inspect", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return in_this_process


def test_everything_is_counted(tmp_path: Path) -> None:
    found = inspected(tmp_path)
    assert (found.total, found.looked_at, found.unreadable, found.is_sample) == (ROWS, ROWS, 1, False)
    assert found.tasks == {"edit": ROWS - 1}
    assert found.licences == {"mit": 47, "unstated": 12}
    assert found.dropped == {"unsafe_words": 1, "contaminated": 1, "blank": 1, **repeats(found.dropped)}
    assert found.sides == {"1 to 127": ROWS - 1}
    assert found.languages["de"] > 15
    assert len(found.pictures) == 24
    (problem,) = found.problems
    assert problem.startswith("edits.parquet: row 34: references (source_image): the image ")
    grave = [text for is_grave, text in inspection_remarks(found) if is_grave]
    assert grave[0] == "1 row (1.7 %): taken from an evaluation set."


def repeats(dropped: dict[str, int]) -> dict[str, int]:
    return {reason: dropped[reason] for reason in ("duplicate", "near_duplicate") if dropped.get(reason)}


def test_a_sample_is_spread_over_the_source(tmp_path: Path) -> None:
    found = inspected(tmp_path, most=9)
    assert (found.looked_at, found.total, found.is_sample) == (9, ROWS, True)
    rows = sorted(int(picture.place.rpartition(" ")[2]) for picture in found.pictures)
    assert rows == [1, 2, 3, 21, 22, 23, 41, 42, 43]


def test_the_terminal_keeps_to_80_columns_and_the_page_holds_its_pictures(tmp_path: Path) -> None:
    found = inspected(tmp_path)
    console = Console(width=80, record=True, file=io.StringIO())
    print_inspection(found, console)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    assert "contaminated  1 (1.7 %)" in text
    page = inspection_page(found, tmp_path / "page.html").read_text("utf-8")
    assert page.count("data:image/webp;base64,") == 24
    assert "https:" not in page


def test_columns_are_guessed_and_a_file_that_cannot_be_guessed_says_what_to_do(tmp_path: Path) -> None:
    table = guess_table(str(write_source(tmp_path)), {}, None)
    assert table.columns.by_field() == {
        "instruction": ("edit_prompt",),
        "references": ("source_image",),
        "licence": ("license",),
    }
    (tmp_path / "odd.jsonl").write_text(json.dumps({"says": "x"}))
    with pytest.raises(BuildError, match="say --column instruction=COLUMN of says"):
        guess_table(str(tmp_path / "odd.jsonl"), {}, None)
    assert guess_table(str(tmp_path / "odd.jsonl"), {"instruction": "says"}, None).columns.instruction == "says"
    with pytest.raises(BuildError, match="instruktion is no field; did you mean instruction"):
        guess_table(str(tmp_path / "odd.jsonl"), {"instruktion": "says"}, None)
    with pytest.raises(BuildError, match="no such file"):
        guess_table(str(tmp_path / "gone.jsonl"), {}, None)
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(BuildError, match="no rows"):
        guess_table(str(tmp_path / "empty.jsonl"), {}, None)
    (tmp_path / "torn.jsonl").write_text('{"prompt": ')
    with pytest.raises(BuildError, match=r"torn\.jsonl: row 1: line: not JSON"):
        guess_table(str(tmp_path / "torn.jsonl"), {}, None)
    with pytest.raises(BuildError, match="genevil is no preset; did you mean geneval"):
        guess_table(f"genevil={tmp_path / 'odd.jsonl'}", {}, None)
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(BuildError, match="not a kind of file"):
        guess_table(str(tmp_path / "x.txt"), {}, None)


def test_the_command_looks_at_a_source_of_a_manifest(tmp_path: Path, run: Callable[..., Done]) -> None:
    source = write_source(tmp_path)
    sources = [
        {"kind": "parquet", "name": "edits", "path": source.name, "columns": {"instruction": "edit_prompt"}},
        {"kind": "world", "name": "world", "count": 3, "size": 96},
    ]
    models = {role: {"model": f"world-{role}"} for role in ("baseline", "generator", "analyzer")}
    manifest = {"name": "m", "models": models, "sources": sources, "screens": {"language": {"keep": ["en"]}}}
    (tmp_path / "m.yaml").write_text(json.dumps(manifest))
    done = run("edits", "--manifest", str(tmp_path / "m.yaml"), "--all")
    assert "60 of 60 rows looked at, 5 different instructions." in done.stdout
    assert "\n language  19 (31.7 %)\n" in "\n".join(map(str.rstrip, done.stdout.splitlines())) + "\n"
    assert "(the manifest's screens)" in done.stdout
    assert "3 of 3 rows looked at" in run("world", "-m", str(tmp_path / "m.yaml")).stdout
    wrong = run("edit", "-m", str(tmp_path / "m.yaml"))
    assert (wrong.returncode, wrong.stderr) == (2, "x2i: the manifest has no source edit; did you mean edits?\n")


def test_presets_name_a_source_and_evaluation_sets(run: Callable[..., Done]) -> None:
    geneval, kris = (f"{shared_data()}/{name}" for name in ("geneval.jsonl", "kris_bench.json"))
    done = run(f"geneval={geneval}", "--against", f"geneval={geneval}", "--against", f"ins_en={kris}")
    assert "553 rows (100.0 %): taken from an evaluation set." in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    wrong = run(f"kris_bench={kris}")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "say --images FOLDER" in wrong.stderr
