"""`show`: the whole trajectory in order, and no word of it acts on the terminal."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.output.record import identifiers
from pipeline.views.show import resolve, show
from pipeline.views.story import stories
from stages.policy import Policy
from stages.rungs import read_recipe
from stages.trajectory import Trajectory
from tests.views.made_build import Build
from tests.views.made_ladders import best_of_only

RECIPE = read_recipe(Policy())
HOSTILE = "[bold red]paint[/] [link=https://x.example]it[/link] \x1b]0;owned\x07\x1b[2J \x9b31m \u202egnp \\[x] [/nope]"


def shown(out: Path, sample_id: str, colour: bool = False) -> str:
    file = io.StringIO()
    console = Console(file=file, width=90, force_terminal=colour, color_system="truecolor" if colour else None)
    show(out, sample_id, console)
    return file.getvalue()


def test_tells_a_multistep_in_order(build: Path) -> None:
    story = next(s for s in stories(build, RECIPE) if s.mode == "multistep" and s.fate == "kept")
    text = shown(build, story.id)
    where = [
        text.index(w)
        for w in ("given", "G1  image", "E1  verdict", "R1  reflection", "D  diagnosis", "P  plan", "S2  step")
    ]
    assert where == sorted(where)
    assert "G2  image, attempt 2 of multistep  ● loss on" in text
    assert "G1  image  ○ loss off" in text
    assert "R1  reflection  pruned" in text
    assert "✗ instruction" in text
    assert "▀" not in text


def test_tries_are_told_apart_and_the_chosen_one_is_named(tmp_path: Path) -> None:
    out = best_of_only(tmp_path)
    recipe = read_recipe(Policy(ladder=("best_of",)))
    kept = next(s for s in stories(out, recipe) if s.mode == "best_of" and s.trained and s.trajectory.candidate < 4)
    chosen = kept.trajectory.candidate
    text = shown(out, kept.id)
    assert f"G1  image, attempt {chosen}, chosen  ● loss on" in text
    assert text.count("pruned") == 2 * 3, "three images and their verdicts"
    assert all(f"G1  image, attempt {n}  pruned" in text for n in range(1, 5) if n != chosen)
    lost = next(s for s in stories(out, recipe) if s.lost)
    assert shown(out, lost.id).count(", chosen") == (lost.trajectory.candidate < 4)


def test_draws_pictures_where_there_are_colours(build: Path) -> None:
    text = shown(build, next(iter(identifiers(build))), colour=True)
    assert text.count("▀") >= 16 * 32
    assert "\x1b[38;2;" in text


def test_tells_why_a_sample_was_discarded(build: Path) -> None:
    lost = next(s for s in stories(build, RECIPE) if s.reason == "refused")
    assert "I cannot help with that picture." in shown(build, lost.id)


def test_a_beginning_of_an_id_is_enough(build: Path) -> None:
    known = list(identifiers(build))
    assert known[3] in shown(build, known[3][:12])


def test_a_row_id_is_enough(build: Path) -> None:
    sample, row = next(
        (i, row) for i, row in identifiers(build).items() if list(identifiers(build).values()).count(row) == 1
    )
    assert sample in shown(build, row)


def test_an_unknown_id_names_the_nearest(build: Path) -> None:
    known = list(identifiers(build))
    wrong = known[5][:-1] + ("0" if known[5][-1] != "0" else "1")
    with pytest.raises(LookupError, match=known[5]):
        shown(build, wrong)
    with pytest.raises(LookupError, match="begin so"):
        shown(build, next(c for c in "0123456789abcdef" if sum(i.startswith(c) for i in known) > 1))
    with pytest.raises(LookupError):
        shown(build, "")


def test_a_row_of_several_rollouts_names_them() -> None:
    names = {"ab12": "s/1", "cd34": "s/1", "ef56": "s/2"}
    with pytest.raises(LookupError, match=r"s/1: 2 samples are of this row, name one: ab12, cd34"):
        resolve(names, "s/1")
    assert resolve(names, "s/2") == "ef56"
    with pytest.raises(LookupError, match=r"s/1 \(ab12\)"):
        resolve(names, "nowhere")


@pytest.mark.parametrize("colour", [False, True])
def test_foreign_words_do_not_act(tmp_path: Path, colour: bool) -> None:
    build = Build(tmp_path, side=16)
    sample = build.sample(instruction=HOSTILE, explanation=HOSTILE, category=HOSTILE, source=HOSTILE, row_id=HOSTILE)
    build.add(Trajectory(sample, 0).discard("refused", HOSTILE), "discarded")
    text = shown(build.write(), sample.id, colour)
    colours = re.compile(r"\x1b\[[0-9;]*m")
    rest = colours.sub("", text)
    assert "[bold red]paint[/]" in rest
    assert not set(rest) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert "\x1b]8" not in text


def test_an_unfinished_build_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"run\.json"):
        shown(tmp_path, "x")
