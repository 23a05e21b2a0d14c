"""The tables: every call is somebody's, figures of agreement are the published ones, what is not reported is not zero."""

import math
import random
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.output.record import Recorded, recorded
from pipeline.output.share import Share
from pipeline.views.story import call_keys, judgements_of, stories, story_of
from pipeline.views.tables.agreement import REPEATED, SECOND, VERDICT, Agreement, ac1, kappa
from pipeline.views.tables.ledger import ledger
from pipeline.views.tables.reading import Reading, read
from pipeline.views.tables.rows import rows
from pipeline.views.tables.scores import ACCEPTED, STEPS, Scores
from stages import scripted
from stages.records import Evaluation
from stages.trajectory import Trajectory
from tests.stages.test_ladder import FAIL, PASS, REF
from tests.stages.test_unchanged import NOTHING, climbed
from tests.views.made_build import Build
from tests.views.made_calls import LEDGER
from tests.views.made_ladders import best_of_only

TWO_BY_TWO = st.tuples(*[st.integers(0, 400)] * 4).filter(any)


def keyed(table: pd.DataFrame, *names: str) -> dict[Any, dict[str, Any]]:
    """The rows of a table by one column, or by several as a tuple."""
    return {tuple(r[n] for n in names) if len(names) > 1 else r[names[0]]: r for r in rows(table)}


@pytest.fixture(scope="module")
def reading(build: Path) -> Reading:
    return read(build)


def test_the_accepted_carry_every_call_but_those_of_rl_prompts(build: Path, reading: Reading) -> None:
    modes, categories = keyed(reading.calls.by_mode(), "key"), keyed(reading.calls.by_category(), "key")
    of_rl = modes["rl"]["own"] * modes["rl"]["accepted"]
    assert modes["all"]["charged"] * modes["all"]["accepted"] + of_rl == pytest.approx(reading.calls.total)
    assert sum(c["charged"] * c["accepted"] for c in categories.values()) + of_rl == pytest.approx(reading.calls.total)
    assert all(m["charged"] >= m["own"] for m in modes.values())
    keys = {key for row in recorded(build) for event in row.trajectory.events for key in call_keys(event)}
    assert len(keys) == reading.calls.total


def test_a_direct_sample_judged_once_takes_two_calls(tmp_path: Path) -> None:
    build = Build(tmp_path, side=16)
    build.add(build.chain(Trajectory(build.sample(), 0), 0, True).accept("direct"))
    build.add(build.chain(Trajectory(build.sample(), 1), 1, False).discard("rendering_limit", "no"), "discarded")
    modes = keyed(read(build.write()).calls.by_mode(), "key")
    assert [modes["direct"][n] for n in ("images", "texts", "own", "charged")] == [1, 1, 2, 7]
    assert math.isnan(modes["reflection"]["own"])


def test_means_follow_the_verdicts(reading: Reading) -> None:
    assert (reading.scores.mean("instruction", "direct") or 5) < 5
    assert reading.scores.mean("instruction", ACCEPTED) == 5
    assert reading.scores.mean("instruction", "reflect 9") is None
    table = keyed(reading.scores.table(), "axis", "moment")
    assert all(sum(row[str(s)] for s in range(1, 6)) == row["n"] for row in table.values())
    assert table["instruction", ACCEPTED]["passed"] == 1


def test_steps_stand_apart(reading: Reading, build: Path) -> None:
    of_steps = [
        e.payload.score("instruction")
        for row in recorded(build)
        for e in row.trajectory.events
        if e.against == "subtask" and isinstance(e.payload, Evaluation)
    ]
    table = keyed(reading.scores.table(), "axis", "moment")
    assert table["instruction", STEPS]["n"] == len(of_steps) > 0
    assert reading.scores.moments[-2:] == [STEPS, ACCEPTED]


def test_moves_compare_an_image_with_the_one_before(tmp_path: Path) -> None:
    build = Build(tmp_path, side=16)
    build.add(build.chain(Trajectory(build.sample(), 0), 1, True).accept("reflection"))
    scores = Scores(build.recipe)
    for story in stories(build.write(), build.recipe):
        scores.add(story)
    moved = {(r["axis"], r["moment"]): (r["better"], r["same"], r["worse"]) for r in rows(scores.moves())}
    assert moved["instruction", "reflect 1"] == (1, 0, 0)
    assert moved["quality", "reflect 1"] == (0, 1, 0)


def test_ac1_holds_where_kappa_collapses() -> None:
    """118 agree on yes, 7 disagree, none agree on no: the example with which Gwet argues against kappa."""
    table = ((0, 2), (5, 118))
    assert ac1(table) == pytest.approx(0.9408, abs=1e-4)
    assert kappa(table) == pytest.approx(-0.0234, abs=1e-4)


@given(TWO_BY_TWO)
def test_agreement_is_bounded_and_knows_no_order(counts: tuple[int, int, int, int]) -> None:
    a, b, c, d = counts
    for figure in (ac1, kappa):
        there, back = figure(((a, b), (c, d))), figure(((a, c), (b, d)))
        assert there == pytest.approx(back, nan_ok=True)
        assert math.isnan(there) or -1 - 1e-9 <= there <= 1 + 1e-9
    if a + d and not b + c:
        assert ac1(((a, b), (c, d))) == pytest.approx(1)


def test_agreement_counts_first_with_second_and_never_a_third(build: Path, reading: Reading) -> None:
    judged = [js for row in recorded(build) for e in row.trajectory.events if (js := judgements_of(e))]
    again, second = (keyed(reading.agreement.table(name), "axis") for name in (REPEATED, SECOND))
    assert reading.agreement.asked == len(judged) == again[VERDICT]["n"]
    assert second[VERDICT]["n"] == sum(js[-1].judge == "second_analyzer" for js in judged)
    assert second[VERDICT]["raw"].rate == 1  # made so: the second judge says what the first said first
    assert 0.8 < again["instruction"]["raw"].rate < 1
    assert math.isnan(again[VERDICT]["alpha_scores"])


def test_no_figure_without_variation(tmp_path: Path) -> None:
    build = Build(tmp_path, side=16, contrary=0.0)
    build.add(build.chain(Trajectory(build.sample(), 0), 0, True).accept("direct"))
    agreement = Agreement()
    for story in stories(build.write(), build.recipe):
        agreement.add(story)
    row = keyed(agreement.table(REPEATED), "axis")["quality"]
    assert (row["raw"].rate, row["ac1"]) == (1, 1)
    assert math.isnan(row["alpha"])
    assert math.isnan(row["kappa"])
    assert Agreement().table(REPEATED).empty


def test_the_ledger_tells_what_it_knows(build: Path) -> None:
    told = ledger(build)
    assert told is not None
    parts = keyed(told.table, "role", "kind")
    every = parts.pop(("all", ""))
    rows_ = pq.read_table(build / "ledger.parquet").to_pandas()
    assert every["calls"] == len(rows_)
    assert every["wrong"] == told.errors["RateLimited"] == (rows_["outcome"] != "ok").sum()
    assert math.isnan(every["usd"])
    assert every["usd_told"] == 0
    assert math.isnan(parts["generator", "image"]["input_tokens"])
    assert 0 < every["input_tokens_told"] < 1
    assert sum(p["calls"] for p in parts.values()) == every["calls"]


def test_an_empty_ledger_is_none(tmp_path: Path) -> None:
    assert ledger(tmp_path) is None
    pq.write_table(LEDGER.empty_table(), tmp_path / "ledger.parquet")
    assert ledger(tmp_path) is None


def test_rows_keep_counts_whole() -> None:
    (row,) = rows(pd.DataFrame({"n": [3], "rate": [0.5]}, index=pd.Index(["x"], name="key")))
    assert row == {"key": "x", "n": 3, "rate": 0.5}
    assert isinstance(row["n"], int)


@settings(deadline=None)  # the first share imports scipy
@given(st.integers(0, 500), st.integers(1, 500))
def test_a_share_lies_within_its_interval(hits: int, more: int) -> None:
    share = Share(hits, hits + more)
    assert share.rate is not None
    assert share.low is not None
    assert share.high is not None
    assert 0 <= share.low <= share.rate <= share.high <= 1


def test_a_share_says_its_interval() -> None:
    assert str(Share(412, 423)) == "97.4 % (95.4-98.5, 412 of 423)"
    assert Share(0, 0).rate is Share(0, 0).low is None


def test_memory_holds_counts_not_stories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = Build(tmp_path / "a", side=16, contrary=0.2), Build(tmp_path / "b", side=16, contrary=0.2)
    image = small.image()
    held = []
    for build, n in ((small, 40), (large, 160)):
        monkeypatch.setattr(build, "image", lambda side=None: image)
        build.random = random.Random(3)
        found = read(build.fill(n).write())
        held.append(
            sum(len(c) for c in (found.calls.made, found.scores.counts, found.scores.moved, found.agreement.pairs))
        )
    assert held[1] < 2 * held[0]


def test_scores_stand_at_the_station_at_which_the_image_was_made(tmp_path: Path) -> None:
    build = Build(tmp_path, side=16)
    build.add(build.chain(Trajectory(build.sample(), 0), 2, True).accept("reflection"))
    build.add(build.stepped(Trajectory(build.sample(), 1)))
    scores = read(build.write()).scores
    assert scores.moments == ["direct", "reflect 1", "reflect 2", "reflect 3", "multistep", STEPS, ACCEPTED]
    table = keyed(scores.table(), "axis", "moment")
    counts = {m: table["instruction", m]["n"] for m in scores.moments}
    assert counts == {
        "direct": 2,
        "reflect 1": 2,
        "reflect 2": 2,
        "reflect 3": 1,
        "multistep": 1,
        STEPS: 3,
        ACCEPTED: 2,
    }
    moved = keyed(scores.moves(), "axis", "moment")
    assert sum(moved["instruction", "reflect 2"][move] for move in ("better", "same", "worse")) == 2
    assert ("instruction", "multistep") not in moved, "a step starts from the references, which nobody judged"


def test_every_try_of_a_best_of_n_is_scored_and_the_chosen_one_is_accepted(tmp_path: Path) -> None:
    found = read(best_of_only(tmp_path))
    tried = sum(e.kind == "generation" for row in recorded(tmp_path) for e in row.trajectory.events)
    table = keyed(found.scores.table(), "axis", "moment")
    assert table["instruction", "best_of"]["n"] == tried
    assert table["instruction", ACCEPTED]["passed"] == 1
    assert found.scores.moves().empty


def test_images_that_failed_by_rule_are_no_verdicts_of_a_judge_and_disputed_ones_are_counted() -> None:
    counts = Agreement()
    cases: list[tuple[list[str], dict[str, Any]]] = [
        ([scripted.reflection(), PASS], {"baseline": [REF]}),
        ([FAIL, NOTHING, PASS], {}),
    ]
    for replies, options in cases:
        t, _, recipe = climbed(replies, **options)
        counts.add(story_of(Recorded(t, "kept"), recipe))
    assert (counts.verdicts, counts.unchanged, counts.disputed) == (3, 1, 1)
