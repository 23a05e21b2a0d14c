"""The arithmetic of rewards: figure 3 of the method number by number, and what must hold for any group."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.answers import mode_of
from stages.policy import Policy
from stages.rungs import read_recipe
from training.rewards.rollout import Rollout
from training.rewards.score import Unscored, score_group, score_groups
from training.rewards.settings import RewardSettings, TermWeights
from training.rewards.terms import advantages, competitive, penalised, scaled, total

DIRECT, REFLECTED, PLANNED = "G+", "G-RG+", "G-PSG+SG+"
TWICE = "G-RG-RG+"


def one_group(*values):
    return np.array(values), np.zeros(len(values), dtype=np.int64)


def after_penalty(totals, images, **settings):
    totals, group = one_group(*totals)
    settings = RewardSettings(**settings)
    among = competitive(totals, np.array(images) > 0, group, settings.eps)
    return among, penalised(totals, np.array(images), among, group, settings.penalty)


def test_figure_3():
    among, rewards = after_penalty([0.91, 0.89, 0.90], [2, 4, 5])
    assert among.all()
    assert rewards == pytest.approx([0.91 * 2 / 2, 0.89 * 2 / 4, 0.90 * 2 / 5])
    assert rewards == pytest.approx([0.91, 0.445, 0.36])


def test_figure_3_beside_one_that_does_not_compete():
    among, rewards = after_penalty([0.91, 0.89, 0.90, 0.80], [2, 4, 5, 1])
    assert list(among) == [True, True, True, False]
    assert rewards == pytest.approx([0.91, 0.445, 0.36, 0.80])


def test_figure_3_with_the_share_added_instead():
    _, rewards = after_penalty([0.91, 0.89, 0.90, 0.80], [2, 4, 5, 1], penalty="add")
    assert rewards == pytest.approx([0.91 + 2 / 2, 0.89 + 2 / 4, 0.90 + 2 / 5, 0.80])


def test_without_a_penalty_totals_are_rewards():
    _, rewards = after_penalty([0.91, 0.89, 0.90, 0.80], [2, 4, 5, 1], penalty="off")
    assert list(rewards) == [0.91, 0.89, 0.90, 0.80]


def test_a_competitive_one_that_is_long_may_fall_below_one_that_does_not_compete():
    weights = TermWeights(outcome=1, format=0, steps=0)
    shortest, long, behind = (
        Rollout(REFLECTED, (5, 5, 5, 5), True, (1.0,)),
        Rollout(TWICE, (5, 5, 5, 5), True, (1.0,)),
        Rollout(DIRECT, (5, 5, 4, 4), False),
    )
    scores = score_group([shortest, long, behind], RewardSettings(weights=weights))
    assert scores.inversions() == ((1, 2),)
    added = score_group([shortest, long, behind], RewardSettings(weights=weights, penalty="add"))
    assert added.inversions() == ()


@pytest.mark.parametrize(("gap", "competes"), [(0.05, True), (0.0499, True), (0.0501, False), (0.0, True)])
@pytest.mark.parametrize("best", [0.35, 0.8, 0.95, 1.0])
def test_eps_includes_its_edge(best, gap, competes):
    among, _ = after_penalty([best, best - gap], [1, 1])
    assert list(among) == [True, competes]


def test_the_weights_of_the_paper():
    outcome, form, steps = np.array([0.75]), np.array([1.0]), np.array([0.5])
    assert total(outcome, form, steps, TermWeights()) == pytest.approx([0.7 * 0.75 + 0.1 + 0.2 * 0.5])


def test_a_term_with_nothing_to_score_gives_its_weight_to_the_others():
    assert total(np.array([0.6]), np.array([1.0]), np.array([np.nan]), TermWeights()) == pytest.approx(
        [(0.7 * 0.6 + 0.1) / 0.8]
    )


def test_a_perfect_direct_answer_is_not_below_a_reflection_of_two_images():
    scores = score_group([Rollout(DIRECT, (5,) * 4, True), Rollout(REFLECTED, (5,) * 4, True, (0.8,))])
    assert scores.totals == pytest.approx([1.0, 0.96])
    assert scores.rewards == pytest.approx([1.0, 0.48])


def test_scalings():
    assert scaled(np.array([1.0, 3.0, 5.0]), "quarters") == pytest.approx([0, 0.5, 1])
    assert scaled(np.array([1.0, 3.0, 5.0]), "fifths") == pytest.approx([0.2, 0.6, 1])


def test_an_answer_without_an_image_gets_nothing_and_never_competes():
    scores = score_group([Rollout("", steps=()), Rollout("R", steps=(1.0,)), Rollout("G-", (1, 1), False)])
    assert list(scores.rewards) == [0, 0, 0]
    assert list(scores.competitive) == [False, False, True]


def test_who_must_pass_to_compete():
    nobody = [Rollout(DIRECT, (4, 5), False), Rollout(TWICE, (4, 5), False, (1.0, 1.0))]
    asked = RewardSettings(competitive_requires_pass=True)
    assert score_group(nobody).rewards[1] < score_group(nobody).rewards[0]
    assert not score_group(nobody, asked).competitive.any()
    passing = [*nobody, Rollout(REFLECTED, (5, 5), True, (1.0,))]
    assert list(score_group(passing, asked).competitive) == [False, False, True]


@pytest.mark.parametrize(
    "letters", [DIRECT, REFLECTED, TWICE, "G-RG-RG-RG+", PLANNED, "G-PSG+", "G-P" + "SG-" * 4 + "SG+", "WG-RWG+"]
)
def test_valid_structures(letters):
    assert mode_of(read_recipe(Policy()), letters)[0]


@pytest.mark.parametrize(
    "letters",
    [
        *("", "G", "G-", "+", "GG+", "G+G+", "G+RG+", "G-RG-", "G-G+", "G-RG-RG-RG-RG+", "G-P", "G-PSG-", "G+PSG+"),
        *("G-P" + "SG+" * 6, "G-RG-PSG+", "G-DPSG+", "G-SG+", "G-PRG+", "RG+", "G+ "),
    ],
)
def test_nothing_else_is_valid(letters):
    assert mode_of(read_recipe(Policy()), letters)[0] is None


def test_what_nobody_judged_is_an_error_and_not_a_zero():
    with pytest.raises(Unscored, match="seventh made an image that nobody judged"):
        score_group([Rollout("G+", name="seventh")])
    with pytest.raises(Unscored, match="2 intermediate texts that nobody judged"):
        score_group([Rollout("G-RG-RG+", (5,))])
    free = RewardSettings(weights=TermWeights(steps=0))
    assert score_group([Rollout("G-RG-RG+", (5,))], free).totals == pytest.approx([1.0])
    with pytest.raises(ValueError, match="empty"):
        score_group([])


def test_weights_must_leave_something():
    with pytest.raises(ValueError, match="give one of them a weight above 0"):
        TermWeights(outcome=0, format=0)


def test_advantages():
    rewards = np.array([1.0, 0.0, 0.3, 0.3, 0.1 + 0.2, 7.0])
    found = advantages(rewards, np.array([0, 0, 1, 1, 1, 2]))
    assert list(found) == [1.0, -1.0, 0, 0, 0, 0]


SHAPES = (DIRECT, REFLECTED, TWICE, PLANNED, "G-", "G-R", "")
SCORES = st.tuples(*[st.integers(1, 5)] * 3)


@st.composite
def rollouts(draw):
    letters = draw(st.sampled_from(SHAPES))
    thoughts = sum(map(letters.count, "RPS"))
    steps = tuple(draw(st.lists(st.floats(0, 1), min_size=thoughts, max_size=thoughts)))
    return Rollout(letters, draw(SCORES) if "G" in letters else None, draw(st.booleans()), steps)


GROUPS = st.lists(rollouts(), min_size=1, max_size=9)
SETTINGS = st.builds(
    RewardSettings,
    penalty=st.sampled_from(["multiply", "add", "off"]),
    scaling=st.sampled_from(["quarters", "fifths"]),
    eps=st.sampled_from([0.0, 0.05, 0.3]),
    competitive_requires_pass=st.booleans(),
)


@given(GROUPS, SETTINGS)
def test_the_penalty_never_rewards_a_longer_equal_trajectory(group, settings):
    scores = score_group(group, settings)
    for a in range(len(group)):
        for b in range(len(group)):
            equal = scores.totals[a] == scores.totals[b] and scores.competitive[a] == scores.competitive[b]
            if equal and scores.images[a] > scores.images[b] > 0:
                assert scores.rewards[a] <= scores.rewards[b]


@given(GROUPS, SETTINGS)
def test_those_that_do_not_compete_are_untouched(group, settings):
    scores = score_group(group, settings)
    assert np.array_equal(scores.rewards[~scores.competitive], scores.totals[~scores.competitive])


@given(GROUPS, SETTINGS)
def test_the_best_short_one_keeps_what_it_has(group, settings):
    scores = score_group(group, settings.model_copy(update={"penalty": "multiply"}))
    among = np.flatnonzero(scores.competitive)
    if among.size:
        shortest = among[scores.images[among] == scores.images[among].min()]
        assert scores.rewards[shortest] == pytest.approx(scores.totals[shortest])
    assert (scores.rewards <= scores.totals + 1e-12).all()


@given(GROUPS, SETTINGS, st.randoms())
def test_order_changes_nothing(group, settings, random):
    order = list(range(len(group)))
    random.shuffle(order)
    scores, shuffled = score_group(group, settings), score_group([group[n] for n in order], settings)
    assert shuffled.rewards == pytest.approx(scores.rewards[order])
    assert shuffled.advantages == pytest.approx(scores.advantages[order], abs=1e-6)
    assert np.array_equal(shuffled.competitive, scores.competitive[order])


@given(st.lists(GROUPS, min_size=1, max_size=4), SETTINGS)
def test_groups_at_once_are_as_groups_alone(groups, settings):
    for group, scores in zip(groups, score_groups(groups, settings), strict=True):
        alone = score_group(group, settings)
        assert scores.rewards == pytest.approx(alone.rewards)
        assert scores.advantages == pytest.approx(alone.advantages, abs=1e-6)


@given(GROUPS, SETTINGS)
def test_advantages_are_centred_and_of_unit_spread(group, settings):
    found = score_group(group, settings).advantages
    assert found.mean() == pytest.approx(0, abs=1e-6)
    assert found.std() == pytest.approx(1, abs=1e-6) or not found.any()
