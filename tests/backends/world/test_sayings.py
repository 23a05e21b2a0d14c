"""What the judge says: many voices, true of the scene, and only what a trained model may say as its own."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from pipeline.backends.world.models.skill import PRESETS
from pipeline.backends.world.sayings import asked, faults_asked, faults_kept, faults_looks, frames, kept, looks
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.looks import PLACES
from pipeline.backends.world.scenes.ops import Look, Selector
from pipeline.backends.world.sight.vision import see
from pipeline.backends.world.source import WorldSpec, rows
from pipeline.backends.world.words.language import at, name
from pipeline.backends.world.words.orders import CLOSINGS, LONGEST, orders
from pipeline.backends.world.words.reading import glean, parse
from stages.voice import breaches
from tests.backends.world.climber import LEAST, SURE, Climber, axis_lines, passes, tag

JUDGES = (SURE, *(replace(PRESETS[n], error_rate=0.2) for n in PRESETS if "analyzer" in n))
UNSTEADY = replace(PRESETS["world-baseline"], slip=0.1, side=0.12)
SPEC = WorldSpec(kind="world", name="w", count=110, size=192, exotic=0.15, terms=0.15, t2i=0.2, compose=0.2)


@dataclass
class Listener(Climber):
    """A climber that keeps all texts by their kind; those of an axis by whether it passed."""

    heard: dict[str, list[str]] = field(default_factory=dict)

    def _call(self, text: str, images: list[bytes], schema: str, skill: Any) -> Any:
        reply = super()._call(text, images, schema, skill)
        for kind, words in [] if isinstance(reply, bytes) else self._texts(reply):
            self.heard.setdefault(kind, []).append(words)
        return reply

    def _texts(self, reply: dict[str, Any]) -> Any:
        for key, value in reply.items():
            if isinstance(value, dict):
                yield f"{key} {'pass' if value['score'] >= LEAST[key] else 'fail'}", value["reason"]
            elif key == "demands":
                yield from (("demand", d["demand"]) for d in value)
            elif key not in ("error_type", "cause"):
                yield from ((key, words) for words in ([value] if isinstance(value, str) else value))


@pytest.fixture(scope="module")
def heard() -> dict[str, list[str]]:
    texts: dict[str, list[str]] = defaultdict(list)
    for n, one in enumerate(rows(SPEC, 41)):
        climber = Listener(one, analyzer=JUDGES[n % len(JUDGES)], baseline=UNSTEADY, heard=texts)
        image = climber.direct()
        scores = [climber.judge(image) for _ in range(3)][-1]
        if not passes(scores):
            climber.reflect(image, scores)
            climber.attempts.append(scores)
            climber.diagnose(image)
            text = climber._head() + f"<evaluation>{axis_lines(scores)}</evaluation>"
            for start in ("references" if one.references else "empty canvas", "attempt"):
                steps = tag("steps_min", 2) + tag("steps_max", 5) + tag("start", start)
                climber._call(text + steps, [*one.references, image], "plan", climber.analyzer)
    return texts


def test_no_text_breaks_the_training_voice(heard: dict[str, list[str]]) -> None:
    assert sum(map(len, heard.values())) > 1500
    assert [(kind, t, found) for kind, texts in heard.items() for t in texts if (found := breaches(t))] == []


@pytest.mark.parametrize("axis", ["instruction", "consistency", "quality", "knowledge"])
def test_reasons_are_as_many_as_there_are_images(heard: dict[str, list[str]], axis: str) -> None:
    """Judged three times each, so that seeds matter; a fault of one streak leaves less to say."""
    for kind, least in (("pass", 0.75), ("fail", 0.7)):
        texts = heard[f"{axis} {kind}"]
        assert len(texts) > 25
        assert len(set(texts)) > least * len(texts), kind


def test_analyses_plans_and_rationales_are_hardly_ever_the_same(heard: dict[str, list[str]]) -> None:
    for kind in ("failure_analysis", "improvement_plan", "rationale", "steps"):
        assert len(set(heard[kind])) > 0.95 * len(heard[kind]) > 25, kind


def test_there_are_forty_templates_for_every_kind_of_text() -> None:
    kinds = {
        "instruction": asked.TEMPLATES,
        "consistency": kept.TEMPLATES,
        "quality": looks.QUALITY,
        "knowledge": looks.KNOWLEDGE,
        "instruction faults": sum(faults_asked.FAULTS.values(), ()),
        "consistency faults": sum(faults_kept.FAULTS.values(), ()),
        "quality faults": faults_looks.STREAKS,
        "knowledge faults": sum(faults_looks.KNOWN.values(), ()),
        "analyses": frames.ANALYSES,
        "rationales": frames.OPENERS,
    }
    assert {kind: len(set(templates)) for kind, templates in kinds.items() if len(set(templates)) < 40} == {}
    assert all("{" in template for templates in kinds.values() for template in templates)


def test_every_fault_names_its_place_or_the_ground_so_that_a_plan_can_be_made() -> None:
    for tables in (faults_asked.FAULTS, faults_kept.FAULTS, faults_looks.KNOWN, {"streak": faults_looks.STREAKS}):
        for sort, templates in tables.items():
            mark = {"background": "the background", "light": "the light", "impossible": "{ground}"}.get(sort, "{at}")
            assert [t for t in templates if mark not in t] == []
    assert [t for t in faults_looks.STREAKS if "streak" not in t] == []


MENTION = re.compile(
    r"((?:broken )?(?:small|medium|large)(?:(?! (?:at|on|in) the ).)*?) "
    rf"({'|'.join(re.escape(at(p)) for p in sorted(PLACES, key=len, reverse=True))})"
)


def test_what_a_passing_reason_names_is_on_the_picture_or_was_to_go() -> None:
    mentions = 0
    for n, one in enumerate(rows(SPEC, 42)):
        climber = Climber(one, analyzer=JUDGES[n % len(JUDGES)], baseline=UNSTEADY)
        image = climber.direct()
        seen, before = see(image), one.truth.start
        there = {f"{name(t)} {at(t.place)}" for t in seen.things}
        gone = {f"{name(t)} {at(t.place)}" for t in before.things if seen.at(t.place) is None}
        for axis, verdict in climber.judge(image).items():
            if verdict["score"] < LEAST[axis]:
                continue
            named = {" ".join(m) for m in MENTION.findall(verdict["reason"][:1].lower() + verdict["reason"][1:])}
            mentions += len(named)
            assert named <= there | gone, verdict["reason"]
    assert mentions > 150


FULL = Look("circle", "purple", "medium", "checkered", "band")


@pytest.mark.parametrize("count", range(1, 10))
def test_orders_are_short_and_lose_nothing_that_has_room(count: int) -> None:
    rng = np.random.default_rng(count)
    clauses: list[ops.Op] = [ops.Replace(Selector(FULL, place), replace(FULL, colour="green")) for place in PLACES]
    text = orders(clauses[:count], rng)
    assert len(text) <= LONGEST
    read = parse(text)
    assert [op.target.place for op in read if isinstance(op, ops.Replace)] == list(PLACES[: len(read)])
    assert len(read) >= min(count, 4)


@pytest.mark.parametrize("closing", CLOSINGS)
def test_every_closing_order_keeps_the_rest_and_asks_for_nothing(closing: str) -> None:
    asked_for = [ops.Remove(Selector(Look("star")))]
    for text in (f"Remove the star. {closing}.", f"Remove the star; {closing}", f"REMOVE THE STAR. {closing.upper()}!"):
        assert parse(text) == glean(text) == asked_for


def test_a_complaint_in_other_words_becomes_part_of_an_analysis_that_keeps_the_voice() -> None:
    one = next(r for r in rows(SPEC, 43) if r.references)
    image = Climber(one, baseline=replace(UNSTEADY, slip=0.0, side=0.0, physics=0.0)).direct()
    words = "The colours are harsh. " + "And there is a lot more to say about them, " * 30
    evaluation = f'<evaluation><axis name="quality" score="2">{words}</axis></evaluation>'
    reply = Climber(one, analyzer=SURE)._call(
        Climber(one)._head() + evaluation, [*one.references, image], "reflection", SURE
    )
    assert "the colours are harsh" in reply["failure_analysis"].lower()
    assert breaches(reply["failure_analysis"]) == ()
    assert json.dumps(reply)
