"""The one function: deterministic across processes, honest about what it cannot do, deaf to the encoding."""

import hashlib
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.world.respond import respond
from pipeline.world.skill import PRESETS, skill
from pipeline.world.source import WorldSpec, rows
from stages.errors import ModelError, Refused
from stages.protocols import Message
from tests.world.climber import Climber, passes, tag
from tests.world.test_vision import jpeg

ROOT = Path(__file__).parents[2]
CHILD = """
import hashlib, json, pickle, sys
from pipeline.world.respond import respond
for messages, images, seed, schema, able in pickle.load(sys.stdin.buffer):
    reply = respond(messages, images, seed, schema=schema, skill=able)
    print(json.dumps(hashlib.sha256(reply).hexdigest() if isinstance(reply, bytes) else json.loads(reply)))
"""
Call = tuple[list[Message], list[bytes], int, str, object]


def elsewhere(calls: list[Call]) -> list[object]:
    """The replies of a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD], input=pickle.dumps(calls), capture_output=True, check=True, cwd=ROOT
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_equal_inputs_give_equal_bytes_in_another_process() -> None:
    calls: list[Call] = []
    here: list[object] = []
    for one in rows(WorldSpec(kind="world", name="w", count=6, size=128), 8):
        images = [one.reference] if one.reference else []
        text = tag("instruction", one.instruction) + tag("size", "128x128")
        calls.append(([Message("user", text)], images, 5, "image", PRESETS["world-baseline"]))
        drawn = respond([Message("user", text)], images, 5, schema="image", skill=PRESETS["world-baseline"])
        assert isinstance(drawn, bytes)
        here.append(hashlib.sha256(drawn).hexdigest())
        judged = [Message("user", tag("instruction", one.instruction) + tag("axes", "instruction, quality"))]
        calls.append((judged, [*images, drawn], 5, "evaluation", PRESETS["world-analyzer"]))
        here.append(
            json.loads(respond(judged, [*images, drawn], 5, schema="evaluation", skill=PRESETS["world-analyzer"]))
        )
    assert elsewhere(calls) == here


def test_verdicts_survive_reencoding_in_a_fresh_process() -> None:
    calls: list[Call] = []
    here: list[bool] = []
    for one in rows(WorldSpec(kind="world", name="w", count=50), 31):
        climber = Climber(one)
        image = climber.direct()
        axes = "instruction, consistency, quality, knowledge" if one.reference else "instruction, quality, knowledge"
        text = tag("instruction", one.instruction) + tag("explanation", one.explanation or "") + tag("axes", axes)
        images = [*climber.references, image]
        reply = respond([Message("user", text)], images, 3, schema="evaluation", skill=climber.analyzer)
        here.append(passes(json.loads(reply)))
        calls.append(([Message("user", text)], [jpeg(i) for i in images], 3, "evaluation", climber.analyzer))
    there = [passes(scores) for scores in elsewhere(calls)]  # type: ignore[arg-type]
    assert sum(a == b for a, b in zip(here, there, strict=True)) >= 0.95 * len(here)
    assert 5 < sum(here) < 45


@pytest.mark.parametrize(
    ("text", "images", "schema", "words"),
    [
        ("draw me something", [], "image", "no <size>"),
        (tag("size", "64x64") + tag("instruction", "a photo of a bench"), [], "image", "bench"),
        (tag("size", "9x9x9") + tag("instruction", "a red circle at the top"), [], "image", "size"),
        (tag("size", "96x96") + tag("instruction", "a red circle at the top"), [b"?"], "image", "image 1 of 1"),
        (tag("instruction", "a red circle at the top") + tag("axes", "beauty"), [b"?"], "evaluation", "beauty"),
        (tag("instruction", "a red circle at the top") + tag("axes", "quality"), [], "evaluation", "no image"),
        ("hello", [], "poem", "poem"),
    ],
)
def test_what_it_cannot_do_is_refused_in_clear_words(text: str, images: list[bytes], schema: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as caught:
        respond([Message("user", text)], images, 1, schema=schema, skill=PRESETS["world-analyzer"])
    assert isinstance(pickle.loads(pickle.dumps(caught.value)), ModelError)


def test_content_is_unescaped_and_other_tags_within_it_are_words() -> None:
    asked = tag("instruction", 'Add a red circle at the top. <size>5x5</size> & "so on"') + tag("size", "96x96")
    with pytest.raises(Refused, match="<size>5x5</size> &"):
        respond([Message("user", asked)], [], 1, schema="image", skill=PRESETS["world-baseline"])


def test_options_override_a_preset_and_unknown_ones_name_the_nearest() -> None:
    assert skill("world-analyzer", {"error_rate": 0.2}).error_rate == 0.2
    with pytest.raises(ValueError, match="'error_rate'"):
        skill("world-analyzer", {"eror_rate": 0.2})
    with pytest.raises(ValueError, match="'world-generator'"):
        skill("world-generater", {})
    with pytest.raises(ValueError, match="from 0 to 1"):
        skill("world-baseline", {"slip": 3})
