"""Rounds of targets: goals are met exactly with few samples more than needed, and what cannot be met is said."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from benchmarks.targets import MODES, WORLD, Setup, exact, finished, run, setups
from pipeline.targets.goals import REST, RL_PROMPTS, Cell, Goals, Stock, cell_of
from pipeline.targets.oracle import fewest
from pipeline.targets.rounds import next_round
from pipeline.targets.selection import select

FORTY = dict.fromkeys(MODES, 40) | {"rl": 0}


def test_goals_are_met_exactly_and_the_same_way_each_time():
    for name, setup in islice(setups(np.random.default_rng(5)), 1, 5):
        done, rounds, end = run(setup, 5)
        assert exact(setup, done), name
        assert not end.missing
        assert rounds <= 12, name
    again, _, _ = run(setup, 5)
    assert again == done


def test_little_more_is_begun_than_by_who_knows_every_outcome():
    over = []
    for seed in range(4):
        setup = Setup.drawn(Goals(FORTY, {}), {REST: WORLD}, 500, np.random.default_rng(seed))
        done, _, _ = run(setup, seed)
        over.append(len(done) / fewest(setup.goals, setup.outcomes) - 1)
    assert np.mean(over) < 0.1
    assert sorted(over)[-2] < 0.15


def test_the_oracle_takes_the_luckier_of_two_cells():
    one, other = Cell("a", "text"), Cell("b", "text")
    outcomes = {one: (None, None, "direct"), other: (None, "direct", "direct")}
    goals = Goals({"direct": 1, "rl": 0}, {"text": 1})
    assert fewest(goals, outcomes) == 2
    assert fewest(Goals({"direct": 3, "rl": 0}, {}), outcomes) == 6
    assert fewest(Goals({"direct": 4, "rl": 0}, {}), outcomes) is None


def test_a_build_with_larger_goals_keeps_what_it_had():
    cells = {REST: WORLD, Cell("world", "text"): (0.3, 0.1, 0.1)}
    small = Goals(dict.fromkeys(MODES, 15) | {"rl": 0}, {"text": 5})
    setup = Setup.drawn(small, cells, 600, np.random.default_rng(1))
    done, _, _ = run(setup, 1)
    kept = frozenset(name for name, fate in select(done, small).items() if fate == "kept")
    large = Goals(FORTY, {"text": 30})
    more, _, end = run(setup, 1, large, tuple(done), kept)
    fates = select(more, large, kept)
    assert not end.missing
    assert Counter(fates[name] for name in kept) == {"kept": 45}
    assert list(fates.values()).count("kept") == 120
    assert sum(fates[p.outcome.id] == "kept" and p.category == "text" for p in more) >= 30


def test_a_cell_that_runs_out_ends_with_a_line():
    cells = {REST: WORLD, Cell("world", "text"): (0.5, 0.0, 0.0)}
    setup = Setup.drawn(Goals(FORTY, {"text": 30}), cells, 20, np.random.default_rng(1))
    setup = Setup(setup.goals, setup.outcomes | {REST: setup.outcomes[REST] * 40}, setup.truth)
    done, _, end = run(setup, 1)
    text = [p for p in done if p.category == "text"]
    found = sum(p.outcome.slot is not None for p in text)
    assert len(text) == 20
    assert [one.line() for one in end.missing] == [
        f"targets.categories.text: {30 - found} of 30 rows are missing: all 20 samples of this category were begun and gave "
        f"{found}; add sources or ask for fewer"
    ]


def test_a_mode_that_hardly_occurs_does_not_eat_the_whole_supply():
    goals = Goals({"direct": 20, "reflection": 0, "multistep": 20, "rl": 0}, {})
    setup = Setup.drawn(goals, {REST: (0.5, 0.2, 0.0)}, 60_000, np.random.default_rng(1))
    done, _, end = run(setup, 1)
    assert len(done) < 20_000
    assert [one.goal for one in end.missing] == ["quotas.multistep"]
    assert "one more may take over 1,000 samples" in end.missing[0].line()


def test_a_category_that_no_source_has():
    end = next_round(Goals(FORTY, {"text": 3}), [], {REST: Stock(0)})
    assert "targets.categories.text: 3 of 3 rows are missing: no source has a row of this category" in [
        one.line().split("; ")[0] for one in end.missing
    ]


def test_rows_may_be_asked_for_before_they_are_read():
    cell = Cell("world", "text")
    after = next_round(Goals(FORTY, {"text": 30}), [], {REST: Stock(0, more=True), cell: Stock(2, more=True)})
    assert after.rows[cell] > 2
    assert after.rows[REST] > 0


def test_rollouts_count_as_samples():
    goals = Goals(dict.fromkeys(MODES, 0) | {"rl": 64}, {})
    after = next_round(goals, [], {RL_PROMPTS: Stock(100, rollouts=8.0)})
    assert after.rows == {RL_PROMPTS: 8}


def test_without_goals_everything_is_begun():
    goals = Goals(dict.fromkeys((*MODES, "rl"), None), {})
    assert next_round(goals, [], {REST: Stock(7), RL_PROMPTS: Stock(0)}).rows == {REST: 7}


def test_floors_that_quotas_cannot_hold_are_refused_beforehand():
    assert "ask for 50 rows together" in Goals(dict.fromkeys(MODES, 10) | {"rl": 99}, {"a": 50}).problem()
    assert Goals(FORTY, {"a": 50}).problem() is None
    assert Goals({"direct": None, "rl": 0}, {"a": 50}).problem() is None


@pytest.mark.parametrize(
    ("split", "category", "cell"),
    [
        ("rl", "text", RL_PROMPTS),
        ("train", "text", Cell("s", "text")),
        ("train", "pose", REST),
        ("train", "size", REST),
    ],
)
def test_the_cell_of_a_row(split, category, cell):
    assert cell_of("s", category, split, {"text": 3, "size": 0}) == cell


def test_a_failed_sample_is_begun_and_missing():
    done = [finished(REST, n, None, 0) for n in range(30)]
    after = next_round(Goals(FORTY, {}), done, {REST: Stock(1000)}, number=1)
    assert after.rows[REST] >= 30
