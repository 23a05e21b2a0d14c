"""Which generator draws where: what a policy may say, who is asked, and what the rungs expect it to take."""

import asyncio
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.calls import Models
from stages.ladder import climb_all
from stages.makers import maker, maker_in, role_of
from stages.policy import Judging, Policy
from stages.rungs import RecipeError, read_recipe
from stages.trajectory import Trajectory
from tests.money.test_ways import OWN, PROMPTS, SAMPLE, Luck

NAMES = st.sampled_from(["generator", "cheap", "strong"])


def rounds(most: int) -> st.SearchStrategy[list[str] | str]:
    return NAMES | st.lists(NAMES, min_size=1, max_size=most)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    looks, attempts = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    generators = {"reflect": draw(rounds(looks)), "multistep": draw(rounds(attempts))}
    return Policy(
        judging=Judging(judgements=1),
        reflection_rounds=looks,
        step_attempts=attempts,
        steps_max=2,
        generators={name: value for name, value in generators.items() if draw(st.booleans())},
    )


def asked_of(policy: Policy, luck: float, seed: int) -> tuple[Trajectory, Counter[tuple[str, str]]]:
    """A climb by models that answer by chance, and the images that each maker drew."""
    recipe, rng, calls = read_recipe(policy), random.Random(seed), Counter[tuple[str, str]]()

    def model(name: str, chance: float = luck) -> Luck:
        return Luck(rng, policy, chance, name, calls, identity=f"luck/{name}")

    generators = {name: model(maker(name)) for name in ("cheap", "strong")}
    models = Models(model("baseline"), model("generator"), model("analyzer"), PROMPTS, 1, generators=generators)
    return asyncio.run(climb_all(Trajectory(SAMPLE, 1), recipe, recipe.rule(models))), calls


@settings(deadline=None, max_examples=80)
@given(policy=policies(), luck=st.sampled_from([0.0, 0.4, 0.7]), seed=st.integers(0, 10_000))
def test_each_image_is_drawn_by_whom_the_policy_names_and_says_so(policy, luck, seed):
    t, calls = asked_of(policy, luck, seed)
    made = Counter(maker_in(e.made_by) for e in t.events if e.kind == "generation")
    assert made == {who: n for (who, kind), n in calls.items() if kind == "image"}
    for event in t.events:
        if event.kind != "generation":
            continue
        number = {"reflect": event.index - 1, "multistep": event.attempt}.get(event.rung)
        named = policy.generators.get(event.rung, ("generator",))
        due = "baseline" if number is None else maker(named[min(number, len(named)) - 1])
        assert event.made_by == f"{due}:luck/{due}"


@settings(deadline=None, max_examples=80)
@given(policy=policies(), luck=st.sampled_from([0.0, 0.4, 0.7]), seed=st.integers(0, 10_000))
def test_what_each_generator_draws_is_among_the_ways_of_the_rungs(policy, luck, seed):
    t, _ = asked_of(policy, luck, seed)
    for rung in read_recipe(policy).rungs:
        events = [e for e in t.events if e.rung == rung.name]
        drawn = Counter(maker_in(e.made_by) for e in events if e.kind == "generation")
        ways = [{who: n for (who, kind), n in way.calls.items() if kind == "image" and n} for way in rung.costs(policy)]
        assert not events or drawn in ways


@settings(deadline=None, max_examples=40)
@given(policy=policies(), rate=st.floats(0.1, 0.9))
def test_a_cascade_changes_who_draws_and_not_how_often(policy, rate):
    """By the ways of the steps: the same chances, and as many images in all as one generator would draw."""
    alone = policy.model_copy(update={"generators": {}})

    def expected(p: Policy) -> tuple[float, float]:
        whole = images = 0.0
        for way in read_recipe(p).rung("multistep").costs(p):
            weight = float(way.ways)
            for name in ("escalates", "step", "final"):
                weight *= rate ** way.won.get(name, 0) * (1 - rate) ** way.lost.get(name, 0)
            whole += weight
            images += weight * sum(n for (_, kind), n in way.calls.items() if kind == "image")
        return whole, images

    assert expected(policy) == pytest.approx(expected(alone))


def test_the_seed_of_a_draw_knows_no_generator():
    """Another generator in a round is the same draw by another model."""
    climbs = [asked_of(Policy(generators=names), 0.0, 5)[0] for names in ({}, {"reflect": ["cheap", "strong"]})]
    seeds = [[e.seed for e in t.events if e.kind == "generation"] for t in climbs]
    assert seeds[0] == seeds[1]
    assert role_of("generator.strong") == "generator"


@pytest.mark.parametrize(
    ("generators", "ladder", "words"),
    [
        ({"polish": "a"}, None, "no rung of this ladder is called so"),
        ({"direct": "a"}, None, "direct draws with the baseline alone"),
        ({"reflect": ["a", "b", "c", "a"]}, None, "names 4 generators and reflect draws in 3 rounds"),
        ({"multistep": ["a", "b", "c", "a"]}, None, "names 4 generators and multistep draws in 3 rounds"),
        ({"polish": ["a", "b"]}, ("direct", OWN), "polish draws in 1 round"),
        ({"best_of": "a"}, ("best_of",), "best_of draws with the baseline alone"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(generators, ladder, words):
    policy = Policy(generators=generators) if ladder is None else Policy(generators=generators, ladder=ladder)
    with pytest.raises(RecipeError, match=words) as error:
        read_recipe(policy)
    assert "\n" not in str(error.value)


def test_a_rung_without_rounds_takes_no_generator():
    with pytest.raises(RecipeError, match="reflect has no rounds under this policy"):
        read_recipe(Policy(reflection_rounds=0, generators={"reflect": "a"}))


@pytest.mark.parametrize("names", [[], "", [""], 3, {"1": "a"}])
def test_a_list_of_nothing_names_nobody(names):
    with pytest.raises(ValidationError):
        Policy(generators={"reflect": names})


def test_a_rung_of_ones_own_is_drawn_and_priced_by_the_generator_that_is_named():
    policy = Policy(ladder=("direct", OWN), judging=Judging(judgements=1), generators={"polish": "strong"})
    t, _ = asked_of(policy, 0.0, 1)
    assert [maker_in(e.made_by) for e in t.events if e.kind == "generation"] == ["baseline", "generator.strong"]
    ways = list(read_recipe(policy).rung("polish").costs(policy))
    assert {call for way in ways for call in way.calls} == {("generator.strong", "image")}
