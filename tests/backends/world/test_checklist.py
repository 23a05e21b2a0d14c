"""The judge's list of demands: one a clause, never at odds with the score of the instruction, whatever errors the judge makes."""

import json
from dataclasses import replace

import numpy as np
import pytest

from pipeline.backends.world.drawing.draw import picture
from pipeline.backends.world.models.skill import PRESETS, Skill
from pipeline.backends.world.respond import respond
from pipeline.backends.world.scenes.scene import Scene, Thing
from pipeline.backends.world.source import WorldSpec, rows
from stages.policy import Thresholds
from stages.protocols import Message
from stages.replies import evaluation
from stages.voice import breaches
from tests.backends.world.climber import SURE, Climber, tag

UNSTEADY = replace(PRESETS["world-baseline"], slip=0.1, side=0.1)
SPEC = WorldSpec(kind="world", name="w", count=60, size=192, exotic=0.15, terms=0.15, t2i=0.4, compose=0.3)
JUDGES = [
    SURE,
    replace(PRESETS["world-analyzer"], error_rate=0.5),
    replace(PRESETS["world-analyzer-harsh"], error_rate=0.2),
    replace(PRESETS["world-analyzer-lenient"], error_rate=0.2),
    PRESETS["world-analyzer-colour-blind"],
]


@pytest.mark.parametrize("judge", JUDGES, ids=[f"{n} {judge.name}" for n, judge in enumerate(JUDGES)])
def test_a_demand_is_unmet_exactly_where_the_instruction_is_not_flawless(judge: Skill) -> None:
    scores = []
    for one in rows(SPEC, 31):
        climber = Climber(one, analyzer=judge, baseline=UNSTEADY)
        image = climber.direct()
        verdict = climber.judge(image)
        assert (verdict["instruction"]["score"] == 5) == all(d["met"] for d in climber.demands), climber.demands
        assert [d for d in climber.demands if breaches(d["demand"])] == []
        words = [d["demand"] for d in climber.demands]
        assert len(set(words)) == len(words) > 0
        scores.append(verdict["instruction"]["score"])
    assert 10 < scores.count(5) < 50


@pytest.mark.parametrize("axes", ["instruction", "quality", "quality, instruction", "consistency"])
def test_whatever_axes_are_asked_for_the_reply_can_be_read(axes: str) -> None:
    names = [axis.strip() for axis in axes.split(",")]
    for one in rows(SPEC.model_copy(update={"count": 25}), 32):
        climber = Climber(one, baseline=UNSTEADY)
        text = tag("instruction", one.instruction) + tag("axes", axes) + tag("references", len(one.references))
        images = [*one.references, climber.direct()]
        reply = respond([Message("user", text)], images, 1, schema="evaluation", skill=JUDGES[1])
        read = evaluation(str(reply), names, Thresholds())  # type: ignore[arg-type]
        assert len(read.demands) >= 1
        assert next(iter(json.loads(reply))) == "demands"


STAR, CIRCLE = Thing("star", "red", "medium", "left"), Thing("circle", "blue", "large", "top")
RING = Thing("ring", "green", "small", "bottom")


def demands_of(instruction: str, before: Scene | None, after: Scene) -> list[bool]:
    rng = np.random.default_rng(3)
    images = [picture(scene, 192, 192, rng) for scene in (before, after) if scene is not None]
    text = tag("instruction", instruction) + tag("axes", "instruction") + tag("references", len(images) - 1)
    reply = json.loads(respond([Message("user", text)], images, 4, schema="evaluation", skill=SURE))
    return [d["met"] for d in reply["demands"]]


def test_an_edit_has_a_demand_for_each_clause_and_a_fault_leaves_its_own_unmet() -> None:
    before = Scene.of("mint", [STAR, RING])
    words = "Add a large blue circle at the top. Remove the star. Make the ring black. Change the background to grey."
    done = Scene.of("grey", [CIRCLE, replace(RING, colour="black")])
    assert demands_of(words, before, done) == [True] * 4
    assert demands_of(words, before, done.drop("top")) == [False, True, True, True]
    assert demands_of(words, before, done.put(STAR)) == [True, False, True, True]
    assert demands_of(words, before, done.put(RING)) == [True, True, False, True]
    assert demands_of(words, before, done.on("mint")) == [True, True, True, False]


def test_a_new_picture_must_also_show_nothing_else() -> None:
    words = "A picture with a large blue circle at the top and a red star on the left"
    done = Scene.of("mint", [CIRCLE, STAR])
    assert demands_of(words, None, done) == [True, True, True]
    assert demands_of(words, None, done.put(RING)) == [True, True, False]
    assert demands_of(words, None, done.drop("left")) == [True, False, True]


def test_a_count_is_one_demand() -> None:
    words, two = "Make it exactly two stars.", Scene.of("mint", [STAR, replace(STAR, place="right"), RING])
    assert demands_of(words, Scene.of("mint", [STAR, RING]), two) == [True]
    assert demands_of(words, two.put(replace(STAR, place="center")), two.put(replace(STAR, place="center"))) == [False]
