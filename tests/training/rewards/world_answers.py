"""Answers to a prompt of the world: drawn by its models, written in the paper's dialect, as a trained model would give them."""

import base64
from typing import Any

from pipeline.backends.world.models.skill import skill
from pipeline.backends.world.respond import respond
from stages.protocols import Message

SURE = skill("world-generator", {"slip": 0.0, "side": 0.0})
INSTRUCTION = "a large red circle at the top and a small blue square at the bottom"
HALF = "a large red circle at the top"
AXES = ("instruction", "quality", "knowledge")
PROMPT: dict[str, Any] = {"instruction": INSTRUCTION, "applicable_axes": list(AXES), "target": [128, 128]}


def picture(instruction: str, seed: int = 0) -> bytes:
    """What a model draws that makes no mistake."""
    words = f"<instruction>{instruction}</instruction><size>128x128</size>"
    drawn = respond([Message("user", words)], [], seed, schema="image", skill=SURE)
    assert isinstance(drawn, bytes)
    return drawn


def verdict(passed: bool) -> str:
    mark = "✓" if passed else "✗"
    return "\n".join(f"<Evaluate {axis.capitalize()}>: as seen {mark}" for axis in AXES)


def text(*lines: str) -> dict[str, str]:
    return {"type": "text", "text": "\n".join(lines)}


def image(data: bytes) -> dict[str, str]:
    return {"type": "image", "image": f"data:image/png;base64,{base64.b64encode(data).decode()}"}


def direct(drawn: bytes, passed: bool = True) -> list[dict[str, str]]:
    return [image(drawn), text(verdict(passed))]


def reflected(before: bytes, after: bytes, analysis: str, plan: str) -> list[dict[str, str]]:
    thought = f"<Start Reflective Editing>:\n<Failure Analysis>: {analysis}\n<Improvement Plan>: {plan}"
    return [image(before), text(verdict(False), thought), image(after), text(verdict(True))]


def planned(first: bytes, steps: list[tuple[str, bytes]]) -> list[dict[str, str]]:
    listed = "\n".join(f"{n}. {step}" for n, (step, _) in enumerate(steps, 1))
    plan = f"<Start Multi-Step Editing>: two things are asked for\n{listed}"
    parts, before = [image(first)], [verdict(False), plan]
    for n, (step, drawn) in enumerate(steps, 1):
        parts += [text(*before, f"<Step {n} Instruction>: {step}"), image(drawn)]
        before = [verdict(True)]
    return [*parts, text(*before)]
