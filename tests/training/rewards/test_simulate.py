"""Which mode wins by difficulty: from trajectories of every kind, and from figures."""

import json

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.storage.image_store import ImageStore
from tests.output.factory import RECIPE, Maker
from tests.views.made_build import Build
from training.rewards.figures import FIGURE_3, planted
from training.rewards.settings import PAPER, RewardSettings
from training.rewards.simulate import UNSOLVED, simulate, ways_of


@pytest.fixture
def made(tmp_path):
    maker = Maker(ImageStore(str(tmp_path)))
    for row in range(4):
        maker.direct(row)
        maker.reflection(10 + row, rounds=1)
        maker.multistep(20 + row, steps=2)
        maker.discarded(30 + row)
    maker.prompt(40)
    maker.failed(41)
    maker.bad_row(42)
    return maker.made


def test_each_sample_is_a_group_of_what_its_rungs_amount_to(made):
    ways = ways_of(made, RECIPE)
    assert [w.difficulty for w in ways] == ["direct", "reflection", "multistep", UNSOLVED] * 4
    solved, mended, stepped, never = ways[:4]
    assert {m: r.letters for m, r in solved.answers.items()} == {
        "direct": "G+",
        "reflection": "G-RG+",
        "multistep": "G-PSG+SG+",
    }
    assert solved.assumed == {"reflection", "multistep"}
    assert solved.answers["multistep"].outcome == solved.answers["direct"].outcome
    # what failed on an earlier rung is the answer of somebody who was content with it
    assert {m: (r.letters, r.passed) for m, r in stepped.answers.items()} == {
        "direct": ("G+", False),
        "reflection": ("G-RG-RG-RG+", False),
        "multistep": ("G-PSG+SG+", True),
    }
    assert mended.assumed == {"multistep"}
    assert set(never.answers) == {"direct", "reflection"}


def test_the_mode_that_solves_it_wins_at_the_weights_of_the_paper(made):
    found = simulate(ways_of(made, RECIPE), PAPER, RECIPE)
    assert found.prompts == {"direct": 4, "reflection": 4, "multistep": 4, UNSOLVED: 4}
    winners = {(s.difficulty, s.mode) for s in found.standings if s.wins == s.prompts}
    assert winners >= {("direct", "direct"), ("reflection", "reflection"), ("multistep", "multistep")}
    assert sum(s.wins for s in found.standings) == 16


def test_without_outcome_the_shortest_always_wins(made):
    lazy = RewardSettings.model_validate({"weights": {"outcome": 0, "format": 1, "steps": 0}})
    found = simulate(ways_of(made, RECIPE), lazy, RECIPE)
    assert all(s.wins == (s.prompts if s.mode == "direct" else 0) for s in found.standings)


def test_a_group_in_figures():
    group = planted(FIGURE_3, PAPER)
    assert group.rewards == pytest.approx([0.91, 0.445, 0.36, 0.80])
    assert planted("0.5x1, 0.5x0", PAPER).rewards[1] == 0
    for wrong in ("", "0.5", "2x1", "x", "1.5x2", "0.5x-1"):
        with pytest.raises(ValueError, match="is no group"):
            planted(wrong, PAPER)


def run(*arguments):
    return CliRunner(env={"COLUMNS": "150", "NO_COLOR": "1"}).invoke(app, ["reward-sim", *map(str, arguments)])


def test_the_consequence_of_multiplying_is_said():
    told = run()
    assert told.exit_code == 0
    assert "0.89 with 4 images competes and falls to 0.445, below the 0.80 that does not compete." in told.output
    assert "below" not in run("--penalty", "add").output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--figures", "nine"], "is no group"),
        (["--weights", "1,2"], "are not three numbers"),
        (["--weights", "0,0,1"], "give one of them a weight above 0"),
        (["--weights", "nan,0,1"], "finite number"),
        (["--html", "x.html"], "are for a build"),
        ([".", "--figures", FIGURE_3], "name one of them"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    told = run(*arguments)
    assert told.exit_code == 2
    assert words in " ".join(told.output.replace("│", " ").split())


def test_a_build_is_shown_as_tables_page_and_json(tmp_path):
    finished_build = Build(tmp_path / "demo", side=48).fill(24).write()
    told = run(finished_build, "--html", tmp_path / "page.html")
    assert told.exit_code == 0, told.output
    assert "Who wins" in told.output
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Which mode wins in" in page
    assert "<svg" in page
    shown = json.loads(run(finished_build, "--json").output)
    assert [one["penalty"] for one in shown] == ["multiply", "add", "off"]
    assert shown[0]["standings"]
