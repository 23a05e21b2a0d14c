"""The one function: deterministic across processes, honest about what it cannot do, deaf to the encoding."""

import hashlib
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.backends.world.drawing.draw import png
from pipeline.backends.world.models.skill import PRESETS
from pipeline.backends.world.respond import respond
from pipeline.backends.world.source import WorldSpec, rows
from stages.errors import ModelError, Refused
from stages.protocols import Message
from tests.backends.world.climber import tag

ROOT = Path(__file__).parents[3]
CHILD = """
import hashlib, json, pickle, sys
from pipeline.backends.world.drawing.draw import png
from pipeline.backends.world.respond import respond
for messages, images, seed, schema, able in pickle.load(sys.stdin.buffer):
    reply = respond(messages, images, seed, schema=schema, skill=able)
    print(json.dumps(hashlib.sha256(reply).hexdigest() if isinstance(reply, bytes) else json.loads(reply)))
"""
Call = tuple[list[Message], list[bytes], int, str, object]


def elsewhere(calls: list[Call]) -> list[object]:
    """The replies of a fresh process."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD], input=pickle.dumps(calls), capture_output=True, check=True, cwd=ROOT
    )
    return [json.loads(line) for line in child.stdout.splitlines()]


def test_equal_inputs_give_equal_bytes_in_another_process() -> None:
    calls: list[Call] = []
    expected: list[object] = []
    for one in rows(WorldSpec(kind="world", name="w", count=6, size=192), 8):
        images, count = list(one.references), tag("references", len(one.references))
        text = tag("instruction", one.instruction) + tag("size", "192x192") + count
        calls.append(([Message("user", text)], images, 5, "image", PRESETS["world-baseline"]))
        image = respond([Message("user", text)], images, 5, schema="image", skill=PRESETS["world-baseline"])
        assert isinstance(image, bytes)
        expected.append(hashlib.sha256(image).hexdigest())
        judged = [Message("user", tag("instruction", one.instruction) + tag("axes", "instruction, quality") + count)]
        calls.append((judged, [*images, image], 5, "evaluation", PRESETS["world-analyzer"]))
        expected.append(
            json.loads(respond(judged, [*images, image], 5, schema="evaluation", skill=PRESETS["world-analyzer"]))
        )
    assert elsewhere(calls) == expected


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
        (tag("size", "96x96") + tag("instruction", "a red circle") + tag("references", 2), [], "image", "2 images"),
        (
            tag("instruction", "a red circle") + tag("start", "picture") + tag("axes", "quality"),
            [b"?"],
            "evaluation",
            "before",
        ),
        (tag("size", "96x96") + tag("subtask", "add a red circle") + tag("start", "picture"), [], "image", "missing"),
    ],
)
def test_what_it_cannot_do_is_refused_in_clear_words(text: str, images: list[bytes], schema: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as caught:
        respond([Message("user", text)], images, 1, schema=schema, skill=PRESETS["world-analyzer"])
    assert isinstance(pickle.loads(pickle.dumps(caught.value)), ModelError)


def test_content_is_unescaped_and_other_tags_within_it_are_words() -> None:
    tags = tag("instruction", 'Add a red circle at the top. <size>5x5</size> & "so on"') + tag("size", "96x96")
    with pytest.raises(Refused, match="size > 5 x 5"):
        respond([Message("user", tags)], [], 1, schema="image", skill=PRESETS["world-baseline"])


@pytest.mark.parametrize("schema", ["image", "evaluation", "reflection", "diagnosis", "plan"])
def test_a_picture_of_something_else_is_worked_on_without_complaint(schema: str) -> None:
    rng = np.random.default_rng(4)
    noise = png(rng.integers(0, 256, (150, 200, 3)).astype(np.uint8))
    blots = png(np.kron(rng.integers(0, 256, (5, 5, 3)), np.ones((40, 40, 1))).astype(np.uint8))
    tags = tag("size", "96x96") + tag("axes", "instruction, consistency") + tag("evaluation", "-")
    for words in ("Add a white star at the top.", "Let some time pass.", "Make the background white."):
        images = [noise] if schema == "image" else [noise, blots]
        message = Message("user", tag("instruction", words) + tags + tag("references", 1))
        assert respond([message], images, 1, schema=schema, skill=PRESETS["world-generator"])
