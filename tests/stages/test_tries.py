"""Tries are told apart: what belongs to which, what was made from what, and what the next rung starts from."""

import asyncio

import pytest

import prompts.catalogue
from stages import scripted
from stages.best_of import merit
from stages.calls import Models
from stages.ladder import climb_all
from stages.policy import Policy
from stages.prune import prune
from stages.rungs import read_recipe
from stages.trajectory import Trajectory, dump, load
from tests.stages.test_ladder import COMPLEX, FAIL, GOOD, ONCE, PASS, ROUND, run, sample, shape

BETTER = scripted.scores({**GOOD, "instruction": 4, "knowledge": 5})


def climbed(replies, **policy) -> tuple[Trajectory, scripted.ScriptedGenerator, scripted.ScriptedAnalyzer]:
    recipe = read_recipe(Policy.model_validate({"judging": ONCE, "best_of": {"tries": 3}} | policy))
    analyzer, drawer = scripted.ScriptedAnalyzer(replies), scripted.ScriptedGenerator()
    models = Models(drawer, drawer, analyzer, prompts.catalogue.load(), 7)
    t = asyncio.run(climb_all(Trajectory(sample(), rank=1), recipe, models))
    return prune(t, recipe), drawer, analyzer


def test_every_event_belongs_to_a_try_and_a_station():
    t, *_ = run([FAIL, *ROUND * 3, COMPLEX, scripted.steps("one", "two"), FAIL, PASS, PASS, PASS])
    assert [(e.station, e.kind[0], e.try_number, e.from_try) for e in t.events] == [
        ("direct", "g", 1, 0), ("direct", "e", 1, 0),
        ("reflect 1", "r", 2, 1), ("reflect 1", "g", 2, 1), ("reflect 1", "e", 2, 0),
        ("reflect 2", "r", 3, 2), ("reflect 2", "g", 3, 2), ("reflect 2", "e", 3, 0),
        ("reflect 3", "r", 4, 3), ("reflect 3", "g", 4, 3), ("reflect 3", "e", 4, 0),
        ("multistep diagnosis", "d", 5, 4),
        ("multistep", "d", 5, 1), ("multistep", "s", 5, 0), ("multistep", "g", 5, 0), ("multistep", "e", 5, 0),
        ("multistep", "g", 6, 0), ("multistep", "e", 6, 0),
        ("multistep", "s", 7, 0), ("multistep", "g", 7, 6), ("multistep", "e", 7, 0), ("multistep", "e", 7, 0),
    ]  # fmt: skip
    assert t.entered == ("direct", "reflect 1", "reflect 2", "reflect 3", "multistep diagnosis", "multistep")
    assert [len(one.events) for one in t.tries()] == [2, 3, 3, 3, 5, 2, 4]
    assert (t.candidate, t.lineage(), t.lineage(4)) == (7, (6, 7), (1, 2, 3, 4))
    assert load(dump(t)) == t


def test_the_best_of_several_is_kept_and_need_not_be_the_newest():
    t, drawer, _ = climbed([FAIL, PASS, BETTER], ladder=["best_of"])
    assert (t.status, t.mode, t.candidate) == ("accepted", "best_of", 2)
    assert shape(t) == "G1 E1"
    assert [e.pruned for e in t.events] == [True, True, False, False, True, True]
    assert t.current().image == t.events[2].image
    assert len({r.seed for r in drawer.requests}) == 3
    t, *_ = climbed([FAIL, BETTER, FAIL], ladder=["best_of"])
    assert (t.status, t.reason, t.candidate) == ("discarded", "unsolved", 2)


def test_the_order_of_axes_decides_between_verdicts_and_of_equals_the_first_counts():
    t, *_ = climbed([PASS, PASS, PASS], ladder=["best_of"])
    assert t.candidate == 1
    quality = scripted.scores({**GOOD, "quality": 5, "knowledge": 3})
    knowledge = scripted.scores({**GOOD, "quality": 4, "knowledge": 4})
    for order, best in ((["quality", "knowledge"], 1), (["knowledge", "quality"], 2)):
        t, *_ = climbed([quality, knowledge, PASS], ladder=["best_of"], best_of={"tries": 3, "order": order})
        assert t.candidate == best
    verdicts = [one.verdict for one in t.tries()]
    assert merit(verdicts[0], ("quality",)) > merit(verdicts[1], ("quality",))


def test_reflection_and_multistep_start_from_the_best_try_and_keep_no_other():
    """Fault 1 of the issue: rows held G1 and E1 as often as they were tried, each E1 trained."""
    t, drawer, analyzer = climbed(
        [FAIL, BETTER, FAIL, *ROUND, scripted.reflection(), PASS], ladder=["best_of", "reflect"]
    )
    assert (t.mode, shape(t)) == ("reflection", "G1 E1 R1 G2 E2 R2 G3 E3")
    chosen = t.tries()[1]
    assert drawer.requests[3].images == (*t.sample.references, chosen.image)
    assert analyzer.requests[3].images == (*t.sample.references, chosen.image)
    assert [e.try_number for e in t.events if not e.pruned] == [2, 2, 4, 4, 4, 5, 5, 5]
    replies = [FAIL, BETTER, FAIL, *ROUND * 3, COMPLEX, scripted.steps("one", "two"), PASS, PASS, PASS]
    t, _, analyzer = climbed(replies, ladder=["best_of", "reflect", "multistep"])
    assert (t.mode, shape(t)) == ("multistep", "G1 E1 P1 S2 G2 E2 S3 G3 E3")
    assert [e.try_number for e in t.events if not e.pruned][:2] == [2, 2]
    assert next(r for r in analyzer.requests if r.schema == "plan").images[-1] == t.tries()[1].image


def test_a_try_that_is_not_there_cannot_be_chosen():
    t, *_ = climbed([FAIL, FAIL, FAIL], ladder=["best_of"])
    with pytest.raises(LookupError, match="there is no try 9"):
        t.choose(9)
    with pytest.raises(LookupError, match="no image yet"):
        Trajectory(sample(), 1).current()
