"""A recipe that cannot be climbed is refused with one line, before the first call."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import prompts.catalogue
from pipeline.output.rehearsal import rehearse
from stages.policy import Policy
from stages.rungs import RUNGS, RecipeError, complete, read_recipe

OWN = "tests.recipes.rungs:"
WORDS = prompts.catalogue.load()


@pytest.mark.parametrize(
    ("ladder", "words"),
    [
        ([], "the ladder is empty"),
        (["direkt"], "'direkt' is no rung; say one of direct, best_of, reflect, multistep, or an import path"),
        (["direct", "no.such.module:ROW"], "no.such.module cannot be imported"),
        (["direct", OWN + "MISSING"], "tests.recipes.rungs holds no rung MISSING"),
        (["direct", OWN + "NO_RUNG"], "tests.recipes.rungs holds no rung NO_RUNG"),
        (["direct", ":ROW"], "':ROW' is no rung"),
        (["direct", "direct"], "direct is named twice"),
        ([OWN + "UNTIL_PASS", OWN + "TWO_MODES"], "until_pass and other both accept into mode patience"),
        (["reflect", "multistep"], "reflect starts from a rejected image and comes first"),
        (["direct", "multistep", "reflect"], "no sample reaches reflect: multistep accepts or discards them all"),
        ([OWN + "NO_POSITION"], "its sentence gives the generation no position, so the mask has no row for it"),
        ([OWN + "BAD_NAME"], "'rl' cannot be its mode"),
        ([OWN + "BAD_COLOUR"], "'blue' is no colour"),
        ([OWN + "NO_FUNCTION"], "`passes` must be a function"),
        ([OWN + "NOT_ASYNC"], "`climb` must be an async function"),
        ([OWN + "NO_MODEL"], "`options` must be a pydantic model"),
        (["tests.recipes.broken:ROW"], "tests.recipes.broken cannot be imported (TypeError: Rung.__init__() missing"),
        (["direct", "tests/recipes/rungs.py:UNTIL_PASS"], "write the module without .py"),
    ],
)
def test_a_ladder_that_cannot_be_climbed_is_refused(ladder, words):
    with pytest.raises(RecipeError) as refused:
        read_recipe(Policy(ladder=tuple(ladder)))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"direct": {"tries": 2}}, "options.direct are nobody's; take them out; rungs that take options: until_pass"),
        ({"until_pass": {"tries": 0}}, "options.until_pass.tries: Input should be greater than or equal to 1"),
        ({"until_pass": {"tires": 1}}, "options.until_pass.tires: Extra inputs are not permitted"),
    ],
)
def test_options_are_checked_by_the_rung_that_takes_them(options, words):
    with pytest.raises(RecipeError, match=words):
        read_recipe(Policy(ladder=("direct", OWN + "UNTIL_PASS"), options=options))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("RAISES", "AttributeError: 'Trajectory' object has no attribute 'nothing'"),
        ("FOREVER", "TooManyCalls: it makes more than 2000 calls for one sample"),
        ("KEEPS_ALL", "G-G+ is no sentence of mode patience"),
        (
            "OTHER_COSTS",
            "it fails with 3 baseline image, 0 images judged to pass, 3 to fail; its `ways` know no way that fails",
        ),
        (
            "OTHER_GRAMMAR",
            "rung until_pass: it added the events G-G-G+; its `passes` is (G(+|-)){1,2} (G image, + passed",
        ),
        ("OTHER_MODE", "rung until_pass: it accepted into mode other; its row says patience"),
        ("OTHER_STATION", "it entered the station 'until_pass late'; its stations are until_pass"),
        ("NO_PROMPT", "there is no prompt 'missing'"),
        ("LACKING", "prompt redraw.j2: 'reflection' is undefined; it was given"),
    ],
)
def test_a_rung_that_does_not_keep_to_its_row_fails_in_the_rehearsal(row, words):
    problem = rehearse(read_recipe(Policy(ladder=(OWN + row, "reflect"))), WORDS).problem
    assert words in problem
    assert "\n" not in problem


LADDERS = [
    *(("direct",), ("best_of",), ("direct", "reflect"), ("direct", "multistep"), ("best_of", "reflect", "multistep")),
    ("direct", "reflect", "best_of", "multistep"),
    (OWN + "UNTIL_PASS", "multistep"),
]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(LADDERS),
    st.integers(0, 3),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from(["reflect", "redraw"]),
    st.sampled_from(["references", "failed"]),
    st.integers(1, 4),
)
def test_our_own_rungs_keep_to_their_rows_in_any_order_and_under_any_policy(
    ladder, rounds, attempts, final, retry, start, tries
):
    policy = Policy.model_validate(
        {
            "ladder": ladder,
            "reflection_rounds": rounds,
            "step_attempts": attempts,
            "final_check": final,
            "step_retry": retry,
            "multistep_from": start,
            "best_of": {"tries": tries},
            "judging": {"judgements": 1},
        }
    )
    assert rehearse(read_recipe(policy), WORDS).problem is None


def test_the_table_names_each_rung_once():
    assert list(RUNGS) == ["direct", "best_of", "reflect", "multistep"]
    assert len({rung.mode for rung in RUNGS.values()}) == len(RUNGS)


def test_an_axis_named_twice_is_refused():
    with pytest.raises(ValidationError, match="an axis is named twice"):
        Policy(best_of={"order": ["quality", "quality"]})


def test_a_rung_that_nobody_came_to_is_named():
    rehearsal = rehearse(read_recipe(Policy(ladder=("direct", OWN + "SELDOM"))), WORDS)
    assert (rehearsal.problem, rehearsal.unentered) == (None, ("until_pass",))


def test_a_default_option_is_the_same_as_none():
    policies = [Policy(ladder=(OWN + "UNTIL_PASS",), options=o) for o in ({}, {"until_pass": {"tries": 3}})]
    assert complete(policies[0]) == complete(policies[1])
    assert complete(policies[0]).options == {"until_pass": {"tries": 3}}
