"""The ways through a ladder: their chances sum to one, and their calls stay within the policy."""

import random
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.forecast.paths import ANSWERED, chance, chances, judgements, paths
from stages.judging import next_judge
from stages.policy import BestOf, Judging, Policy, Thresholds
from stages.records import Judgement, Score
from stages.rungs import read_recipe

LADDERS = (
    ("direct", "reflect", "multistep"),
    ("best_of",),
    ("direct",),
    ("direct", "reflect"),
    ("best_of", "reflect", "multistep"),
    ("direct", "best_of"),
    ("direct", "tests.money.own_rungs:POLISH", "multistep"),
)
POLICIES = st.builds(
    Policy,
    ladder=st.sampled_from(LADDERS),
    reflection_rounds=st.integers(0, 5),
    steps_min=st.just(1),
    steps_max=st.integers(1, 4),
    step_attempts=st.integers(1, 4),
    step_retry=st.sampled_from(["reflect", "redraw"]),
    final_check=st.booleans(),
    best_of=st.builds(BestOf, tries=st.integers(1, 5)),
)


@settings(deadline=None)
@given(POLICIES, st.integers(0, 10_000))
def test_the_chances_of_all_paths_sum_to_one(policy, seed):
    rng, recipe = random.Random(seed), read_recipe(policy)
    rate = {name: rng.random() for name in chances(recipe)}
    shares = {n: rng.random() for n in range(1, policy.steps_max + 1)}
    spread = {n: share / sum(shares.values()) for n, share in shares.items()}
    total = 0.0
    for path in paths(recipe):
        planned = prod(spread[n] for n in path.plans)
        won = prod(rate[name] ** n for name, n in path.won.items())
        lost = prod((1 - rate[name]) ** n for name, n in path.lost.items())
        total += path.ways * planned * won * lost
        assert path.ways * planned * won * lost == pytest.approx(prod(chance(w, rate, spread) for w in path.through))
    assert total == pytest.approx(1)
    assert set(chances(recipe)) >= {name for path in paths(recipe) for name in (*path.won, *path.lost)}


@settings(deadline=None, max_examples=40)
@given(POLICIES)
def test_no_path_makes_more_than_the_policy_allows(policy):
    recipe = read_recipe(policy)
    for path in paths(recipe):
        drawn = sum(n for (_, kind), n in path.calls.items() if kind == "image")
        finals = path.won.get("final", 0) + path.lost.get("final", 0)
        assert path.passes + path.fails == (0 if path.refused else drawn + finals)
        retries = policy.step_attempts - 1 if path.plans and policy.step_retry == "reflect" else 0
        assert path.calls.get(("analyzer", "reflection"), 0) <= policy.reflection_rounds + retries
        assert path.end in (None, *recipe.modes)
        assert path.first is path.through[0]
        if path.end == "multistep":
            assert path.won["step"] >= sum(path.plans)


def test_the_first_rung_stands_alone_and_a_refusal_before_all():
    refused, *others = paths(read_recipe(Policy(ladder=("best_of", "reflect"), best_of=BestOf(tries=3))))
    assert refused.refused
    assert (refused.end, refused.first.calls, refused.fails) == (None, {("baseline", "image"): 1}, 0)
    for path in others:
        assert path.first.won[ANSWERED] == path.won[ANSWERED] == 1
        assert path.first.calls == {("baseline", "image"): 3}
        assert (path.end == "best_of") == (len(path.through) == 1)


JUDGINGS = st.builds(
    Judging,
    judgements=st.sampled_from([1, 3, 5]),
    confirm=st.sampled_from(["both", "fail", "pass"]),
    stop_early=st.booleans(),
    second=st.sampled_from(["off", "margin", "always"]),
)


@given(JUDGINGS, st.booleans())
def test_a_judge_that_never_wavers_is_asked_as_often_as_the_ladder_asks_it(judging, passed):
    made: list[Judgement] = []
    while (judge := next_judge(made, judging, Thresholds())) is not None:
        score = 5 if passed else 1  # by more than a point: not on the margin
        made.append(Judgement(judge, (Score("instruction", score, passed),), 1, "k", "m"))
    first, second = judgements(judging, passed, agreement=1.0)
    assert first == sum(j.judge == "analyzer" for j in made)
    assert second == len(made) - first


@given(JUDGINGS, st.booleans(), st.floats(0, 1))
def test_a_judge_that_wavers_is_asked_more_often_but_never_too_often(judging, passed, agreement):
    first, second = judgements(judging, passed, agreement)
    assert judgements(judging, passed, 1.0)[0] <= first <= judging.judgements
    assert 0 <= second <= 1
