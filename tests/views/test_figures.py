"""The figures: conservation at every rung, and agreement with the counts of the build itself."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.views.figures import FATES, Figures
from pipeline.views.funnel import draw, stairs
from pipeline.views.stories import stories
from stages.records import Diagnosis, Event, Trajectory
from tests.views.made_build import Build


@pytest.fixture(scope="module")
def figures(build: Path) -> Figures:
    counted = Figures(3)
    for story in stories(build):
        counted.add(story)
    return counted


def test_what_climbs_on_enters_the_next_rung(figures: Figures) -> None:
    for rung, after in pairwise(figures.rungs):
        assert rung.onward == after.entered
    assert figures.rungs[-1].onward == 0
    assert figures.rungs[0].entered + figures.before.total() + figures.never_tried == 120


def test_fates_add_up_to_the_counts_of_the_run(build: Path, figures: Figures) -> None:
    counts = json.loads((build / "run.json").read_text())["counts"]
    sums = {fate: sum(row[fate] for row in figures.categories.values()) for fate in FATES}
    assert sum(sums.values()) == counts["planned"]
    assert sums["discarded"] == counts["discarded"]
    assert sums["failed"] == counts["failed"]
    assert sum(c.count for c in figures.causes()) == counts["discarded"] + counts["failed"]


@pytest.mark.parametrize(
    ("rounds", "diagnosed", "rung"),
    [(0, False, "reflection 1"), (2, False, "reflection 3"), (3, False, "diagnosis"), (3, True, "multistep")],
)
def test_a_stopped_call_counts_at_its_own_rung(tmp_path: Path, rounds: int, diagnosed: bool, rung: str) -> None:
    build = Build(tmp_path, side=16)
    t = build.chain(Trajectory(build.sample(), 0), rounds, False)
    if diagnosed:
        t = t.add(Event("diagnosis", 4, payload=Diagnosis("prompt_too_complex", "Too much.")))
    build.add(t.fail("transport", "gone"), "failed")
    counted = Figures(3)
    counted.add(next(stories(build.write())))
    assert [r.key for r in counted.rungs if r.left] == [rung]


def test_the_narrow_flow_says_the_same(figures: Figures) -> None:
    for stair, after in pairwise(stairs(figures.rungs)):
        assert stair.entered == sum(b.count for b in stair.bands) + stair.onward
        assert stair.onward == after.entered
    assert stairs(Figures(3).rungs)[0].entered == 0


def test_a_cause_names_its_first_sample(build: Path, figures: Figures) -> None:
    lost = [s for s in stories(build) if s.status in ("discarded", "failed")]
    for cause in figures.causes():
        first = next(s for s in lost if (s.status, s.word("reason")) == (cause.status, cause.reason))
        assert (cause.sample, cause.image) == (first.id, first.last_image)


def test_yields_leave_rl_prompts_out(figures: Figures) -> None:
    table = figures.by_category()
    assert table["all"].sum() == 120
    assert sum(s.of for s in table["yielded"]) == 120 - table["rl"].sum()


def test_bands_stay_inside_the_picture_and_labels_apart(figures: Figures) -> None:
    picture = draw(figures.rungs)
    heights = sorted(label.y for label in picture.labels)
    assert all(b - a >= 15 for a, b in pairwise(heights))
    assert heights[-1] < picture.height
    assert all(n.y + n.height <= picture.height for n in picture.nodes)
    assert len(draw(Figures(3).rungs).nodes) == 1
