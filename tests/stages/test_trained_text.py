"""What a row says: facts where trained texts may rest on them, sub-tasks trained once or twice, no marker of a tokenizer."""

import asyncio

import pytest
from pydantic import ValidationError

import prompts.catalogue
from stages import scripted
from stages.calls import Models
from stages.dialects import render
from stages.ladder import climb_all
from stages.mask import rows
from stages.policy import Facts, Policy
from stages.prune import prune
from stages.rungs import read_recipe
from stages.segments import segments
from stages.trajectory import Trajectory
from tests.stages.test_ladder import FAIL, ONCE, PASS, sample

PROMPTS = prompts.catalogue.load()
FACT = "The flag has <image> thirteen stripes."
STEPS = scripted.steps("Paint the <|cup|> red.", "Add a hat.")
TO_STEPS = [FAIL, scripted.diagnosis("prompt_too_complex"), STEPS, PASS, PASS, PASS]


def climb(replies, markers=(), dialect="paper", **policy):
    ladder = ("direct", "multistep") if len(replies) > 1 else ("direct",)
    recipe = read_recipe(Policy.model_validate({"judging": ONCE, "ladder": ladder, **policy}))
    analyzer, drawer = scripted.ScriptedAnalyzer(replies), scripted.ScriptedGenerator()
    models = Models(drawer, drawer, analyzer, PROMPTS, 7, speech=recipe.speech)
    given = sample(explanation=FACT, instruction="make [INST] it <image> red\nnow")
    t = prune(asyncio.run(climb_all(Trajectory(given, rank=1), recipe, models)), recipe)
    return segments(t, dialect, recipe, markers), analyzer.requests, drawer.requests


def user_text(shown):
    return next(s.text for s in shown if s.kind == "instruction")


@pytest.mark.parametrize(
    ("facts", "heard"),
    [
        ({}, (True, True, True)),
        ({"image_models": False}, (True, False, True)),
        ({"row": False}, (True, True, False)),
        # what no judge knew, no text rests on
        ({"judges": False}, (False, True, False)),
        ({"judges": False, "image_models": False, "row": False}, (False, False, False)),
    ],
)
def test_facts_reach_whom_the_policy_names_and_stand_in_the_row(facts, heard):
    shown, asked, drawn = climb([PASS], explanation=facts)
    told = ["thirteen stripes" in requests[0].messages[0].content for requests in (asked, drawn)]
    assert (*told, "\nFacts: The flag has (image) thirteen stripes." in user_text(shown)) == heard
    assert user_text(shown).startswith("make (INST) it (image) red\nnow")


def test_judges_may_not_know_what_nobody_else_knows():
    with pytest.raises(ValidationError, match="set image_models or row to true, or judges to false"):
        Facts(image_models=False, row=False)


@pytest.mark.parametrize(("policy", "loss"), [("yes", 1.0), ("mask_repeat", 0.0)])
def test_a_sub_task_is_trained_twice_or_once(policy, loss):
    shown, _, _ = climb(TO_STEPS, repeat_subtasks=policy)
    assert [s.marks.loss for s in shown if s.kind == "subtask"] == [loss, loss]
    assert [s.marks.loss for s in shown if s.kind == "decomposition"] == [1.0]
    recipe = read_recipe(Policy.model_validate({"repeat_subtasks": policy}))
    assert {on for _, kind, _, on in rows(recipe) if kind == "subtask"} == {int(loss)}


@pytest.mark.parametrize("dialect", ["paper", "think"])
def test_texts_and_payloads_of_a_row_are_plain_and_fit(dialect):
    shown, _, _ = climb(TO_STEPS, markers=("at.",), dialect=dialect)
    texts = {s.kind: s.text for s in shown if s.text is not None}
    assert "Paint the (cup) red." in texts["decomposition"]
    assert "at." not in "".join(texts.values())
    for s in shown:
        if s.payload is not None:
            assert s.text == render(s.payload, dialect, s.index)
