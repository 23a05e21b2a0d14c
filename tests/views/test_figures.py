"""The figures: the funnel is the record's, conservation holds at every station, and the counts agree with the build's own."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.output import run_json
from pipeline.output.funnel import Funnel
from pipeline.output.record import recorded
from pipeline.views.figures import BuildFigures
from pipeline.views.funnel import draw, stairs
from pipeline.views.looks import mode_tone
from pipeline.views.report import report
from pipeline.views.story import stories
from stages.policy import Policy
from stages.rung import Recipe
from stages.rungs import read_recipe
from stages.trajectory import Trajectory
from tests.views.made_build import Build
from tests.views.made_ladders import best_of_only, mixed
from tests.views.page import Page

LADDERS: dict[str, Callable[[Path], Path]] = {
    "default": lambda out: Build(out, side=16).fill(120).write(),
    "best_of": best_of_only,
    "mixed": mixed,
}


def recipe_in(out: Path) -> Recipe:
    return run_json.recipe_of(run_json.read(out))


def counted(out: Path) -> BuildFigures:
    figures = BuildFigures(recipe_in(out))
    for story in stories(out, recipe_in(out)):
        figures.add(story)
    return figures


@pytest.fixture(scope="module")
def figures(build: Path) -> BuildFigures:
    return counted(build)


@pytest.fixture(scope="module", params=LADDERS)
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return LADDERS[request.param](tmp_path_factory.mktemp(request.param) / "out")


def test_the_funnel_of_report_and_run_json_is_that_of_the_record(other: Path) -> None:
    """Counted here by hand: the last station that a sample entered is the one at which it passed, stopped or was lost."""
    entered: Counter[str] = Counter()
    ends: Counter[tuple[str, str]] = Counter()
    for row in recorded(other):
        t = row.trajectory
        entered.update(t.entered)
        if t.entered:
            stopped = t.status == "accepted" and t.sample.climb == "direct"
            ends[t.entered[-1], "stopped" if stopped else "passed" if t.status == "accepted" else t.status] += 1
    shown = {c.station.key: c for c in counted(other).funnel.stations}
    assert set(entered) <= set(shown)
    assert sum(ends.values()) == sum(bool(row.trajectory.entered) for row in recorded(other))
    for key, count in shown.items():
        expected = {name: ends[key, name] for name in ("passed", "stopped", "discarded", "failed")}
        assert count.as_dict() == {
            "entered": entered[key],
            **expected,
            "went_on": entered[key] - sum(expected.values()),
        }
    assert json.loads((other / "run.json").read_text())["funnel"] == {k: c.as_dict() for k, c in shown.items()}
    text = Page(report(other).read_text("utf-8")).text
    for c in shown.values():
        if c.entered:
            assert f"{c.station.title}: {c.entered} entered, {c.passed} passed, {c.left.total()} left." in text
        if c.passed:
            assert f"{c.passed} accepted {c.station.place}, {100 * c.passed / c.climbing:.0f} % of {c.climbing}" in text


def test_what_climbs_on_enters_the_next_station(figures: BuildFigures) -> None:
    for count, after in pairwise(figures.funnel.stations):
        assert count.went_on == after.entered
    assert figures.funnel.stations[-1].went_on == 0
    assert figures.funnel.stations[0].entered + figures.before.total() + figures.never_tried == 120


def test_fates_add_up_to_the_counts_of_the_run(build: Path, figures: BuildFigures) -> None:
    counts = json.loads((build / "run.json").read_text())["counts"]
    sums = {end: sum(row[end] for row in figures.categories.values()) for end in figures.looks.outcomes}
    assert sum(sums.values()) == counts["planned"]
    assert sums["discarded"] == counts["discarded"]
    assert sums["failed"] == counts["failed"]
    assert sum(c.count for c in figures.causes()) == counts["discarded"] + counts["failed"]


def test_a_stopped_call_counts_at_the_station_that_was_entered_last(tmp_path: Path) -> None:
    build = Build(tmp_path, side=16)
    t = build.chain(Trajectory(build.sample(), 0), 2, False).enter("reflect 3")
    build.add(t.fail("transport", "gone"), "failed")
    assert [c.station.key for c in counted(build.write()).funnel.stations if c.left] == ["reflect 3"]


def test_a_station_of_another_ladder_is_an_error(tmp_path: Path) -> None:
    build = Build(tmp_path, side=16)
    build.add(build.chain(Trajectory(build.sample(), 0), 1, False).fail("transport", "gone"), "failed")
    out = build.write(manifest={"policy": Policy(ladder=("direct",)).model_dump(mode="json")})
    with pytest.raises(ValueError, match="no station reflect 1"):
        counted(out)


def test_the_narrow_flow_says_the_same(figures: BuildFigures) -> None:
    for stair, after in pairwise(stairs(figures.funnel.stations)):
        assert stair.entered == sum(b.count for b in stair.bands) + stair.onward
        assert stair.onward == after.entered
    assert stairs(Funnel(read_recipe(Policy())).stations)[0].entered == 0


def test_a_cause_names_its_first_sample(build: Path, figures: BuildFigures) -> None:
    lost = [s for s in stories(build, recipe_in(build)) if s.lost]
    for cause in figures.causes():
        first = next(s for s in lost if (s.fate, s.reason) == (cause.status, cause.reason))
        assert (cause.sample, cause.image) == (first.id, first.last_image)


def test_yields_leave_rl_prompts_out(figures: BuildFigures) -> None:
    table = figures.by_category()
    assert table["all"].sum() == 120
    assert sum(s.of for s in table["yielded"]) == 120 - table["rl"].sum()


def test_yields_by_station_add_up(other: Path) -> None:
    figures = counted(other)
    yields = figures.yields()
    assert [y.in_sum.hits for y in yields] == sorted(y.in_sum.hits for y in yields)
    assert yields[-1].in_sum.hits == sum(c.passed for c in figures.funnel.stations)
    assert not any("diagnosis" in y.count.station.key for y in yields)


def test_bands_stay_inside_the_picture_and_labels_apart(other: Path) -> None:
    figures = counted(other)
    picture = draw(figures.funnel.stations)
    heights = sorted(label.y for label in picture.labels)
    assert all(b - a >= 15 for a, b in pairwise(heights))
    assert heights[-1] < picture.height
    assert all(n.y + n.height <= picture.height for n in picture.nodes)
    tones = {mode_tone(mode) for mode in figures.looks.modes} | {"left", "aside", "active"}
    assert {ribbon.tone for ribbon in picture.ribbons} | {label.tone for label in picture.labels} <= tones


@pytest.mark.parametrize("rounds", [0, 3, 10])
def test_titles_of_neighbours_do_not_touch(rounds: int) -> None:
    """About 8 pixels a letter; those that would touch stand on different lines."""
    funnel = Funnel(read_recipe(Policy(reflection_rounds=rounds)))
    for count in funnel.stations:
        count.entered = 1234
    nodes = draw(funnel.stations).nodes
    for a, b in ((a, b) for n, a in enumerate(nodes) for b in nodes[n + 1 :] if a.title_y == b.title_y):
        assert b.x - a.x >= 8 * len("1,234 entered"), (a, b)
    assert len(draw(Funnel(read_recipe(Policy())).stations).nodes) == 1
