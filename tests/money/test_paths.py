import random
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.forecast.paths import chances, judgements, paths
from stages.judging import next_judge
from stages.policy import Judging, Policy, Thresholds
from stages.records import Judgement, Score

POLICIES = st.builds(
    Policy,
    reflection_rounds=st.integers(0, 5),
    steps_min=st.just(1),
    steps_max=st.integers(1, 4),
    step_attempts=st.integers(1, 4),
    final_check=st.booleans(),
)


@settings(deadline=None)
@given(POLICIES, st.integers(0, 10_000))
def test_the_chances_of_all_paths_sum_to_one(policy, seed):
    rng = random.Random(seed)
    rate = {name: rng.random() for name in chances(policy)}
    shares = [rng.random() for _ in range(policy.steps_max)]
    total = 0.0
    for path in paths(policy):
        planned = 1.0 if path.steps is None else shares[path.steps - 1] / sum(shares)
        won = prod(rate[name] ** n for name, n in path.won.items())
        lost = prod((1 - rate[name]) ** n for name, n in path.lost.items())
        total += path.ways * planned * won * lost
    assert total == pytest.approx(1)


@settings(deadline=None, max_examples=40)
@given(POLICIES)
def test_no_path_makes_more_than_the_policy_allows(policy):
    for path in paths(policy):
        assert path.reflections <= policy.reflection_rounds
        assert path.drawn <= policy.reflection_rounds + policy.step_attempts * (path.steps or 0)
        judged = path.passes + path.fails
        finals = path.won.get("final", 0) + path.lost.get("final", 0)
        assert judged == (0 if path.lost.get("answered") else 1 + path.drawn + finals)
        assert (path.end == "multistep") <= (path.won["step"] >= (path.steps or 0) if path.steps else True)


JUDGINGS = st.builds(
    Judging,
    judgements=st.sampled_from([1, 3, 5]),
    confirm=st.sampled_from(["both", "fail", "pass"]),
    stop_early=st.booleans(),
    second=st.sampled_from(["off", "margin", "always"]),
)


@given(JUDGINGS, st.booleans())
def test_a_judge_that_never_wavers_is_asked_as_often_as_the_ladder_asks_it(judging, passed):
    said: list[Judgement] = []
    while (judge := next_judge(said, judging, Thresholds())) is not None:
        score = 5 if passed else 1  # by more than a point: not on the margin
        said.append(Judgement(judge, (Score("instruction", score, passed),), 1, "k", "m"))
    first, second = judgements(judging, passed, agreement=1.0)
    assert first == sum(j.judge == "analyzer" for j in said)
    assert second == len(said) - first


@given(JUDGINGS, st.booleans(), st.floats(0, 1))
def test_a_judge_that_wavers_is_asked_more_often_but_never_too_often(judging, passed, agreement):
    first, second = judgements(judging, passed, agreement)
    assert judgements(judging, passed, 1.0)[0] <= first <= judging.judgements
    assert 0 <= second <= 1
