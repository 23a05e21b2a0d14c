"""From the text of a model's answer to what it says: the inverse of `stages.dialects`.

In: the text between two images of an answer, in which segments are `BETWEEN` one another. Out: what each of them says, with its own
text; or `Unread`, which names the line and what is wrong with it. Nothing is guessed: a model's text holds no scores and no error
type, so what is read of an evaluation are `Claims`: by axis a reason and a tick or a cross.

The reading is exact for plain texts (`stages.plain`), as rows hold them: there no reason holds a tick, no text a label.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from stages.dialects import CROSS, LABELS, TICK, Dialect
from stages.records import AXES, Axis, Plan, Words

BETWEEN = "\n"
"""What stands between two segments of text that follow one another."""

_BLOCK = re.compile(r"<think>(.*?)</think>", re.DOTALL)
_LABEL = re.compile("<(" + "|".join(re.escape(label).replace("1", r"[0-9]+") for label in LABELS) + r")>|</think>")
_AXIS = re.compile(rf"<Evaluate ({'|'.join(axis.capitalize() for axis in AXES)})>:(?: (.*?))? ([{TICK}{CROSS}])")
_EVALUATE, _REFLECT, _DECOMPOSE = "<Evaluate ", "<Start Reflective Editing>:", "<Start Multi-Step Editing>: "
_FAILURE, _PLAN = "<Failure Analysis>: ", "<Improvement Plan>: "
# a model may write any number of digits, and Python reads no more than 4,300
_STEP = re.compile(r"<Step ([0-9]{1,4}) Instruction>: (.*)")
_NUMBERED = re.compile(r"([0-9]{1,4})\. (.*)")


class Unread(ValueError):
    """A text that is none of a dialect. The message names the line, counted from 1."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a model says of an image on one axis."""

    axis: Axis
    reason: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Claims:
    """E as a model says it: ticks and crosses, no scores."""

    claims: tuple[Claim, ...]

    @property
    def passed(self) -> bool:
        """True where every axis has a tick."""
        return all(claim.passed for claim in self.claims)


@dataclass(frozen=True, slots=True)
class Thought:
    """R as a model says it: without a type of error."""

    failure_analysis: str
    improvement_plan: str


@dataclass(frozen=True, slots=True)
class NumberedStep:
    """S as a model says it: with its number in the plan, from 1."""

    number: int
    instruction: str


TextContent: TypeAlias = Claims | Thought | Plan | NumberedStep | Words
Piece: TypeAlias = tuple[TextContent, str]
"""What a segment says, and its text as it stands."""


def dialect_of(text: str) -> Dialect:
    """The dialect that a text is written in, by how it begins."""
    return "think" if text.startswith("<think>") else "paper"


def read_texts(text: str, dialect: Dialect) -> tuple[Piece, ...]:
    """The segments of a text, in order: one after the other gives the text again, with `BETWEEN` between them. Raises Unread."""
    return _read_lines(text) if dialect == "paper" else _read_blocks(text)


def _read_blocks(text: str) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    at = 0
    while not pieces or at < len(text):
        start = at + len(BETWEEN) if pieces else at
        block = _BLOCK.match(text, start)
        if block is None or (pieces and text[at:start] != BETWEEN):
            raise Unread(f"line {_line(text, at)}: a <think> block is expected, and there is {text[at : at + 30]!r}")
        try:
            inner = _read_lines(block[1])
        except Unread as error:
            raise Unread(f"in the <think> block on line {_line(text, start)}: {error}") from None
        if len(inner) != 1:
            raise Unread(f"line {_line(text, start)}: a <think> block holds {len(inner)} thoughts; it holds one")
        pieces.append((inner[0][0], block[0]))
        at = block.end()
    return tuple(pieces)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _read_lines(text: str) -> tuple[Piece, ...]:
    lines = text.split("\n")
    pieces: list[Piece] = []
    at = 0
    while at < len(lines):
        said, count = _read_one(lines, at)
        pieces.append((said, "\n".join(lines[at : at + count])))
        at += count
    return tuple(pieces)


def _read_one(lines: Sequence[str], at: int) -> tuple[TextContent, int]:
    """What the segment that begins on line `at` (from 0) says, and how many lines it has."""
    line = lines[at]
    if line.startswith(_EVALUATE):
        return _read_claims(lines, at)
    if line == _REFLECT:
        analysis = _after(lines, at + 1, _FAILURE)
        return Thought(analysis, _after(lines, at + 2, _PLAN)), 3
    if line.startswith(_DECOMPOSE):
        return _read_plan(lines, at)
    if step := _STEP.fullmatch(line):
        return NumberedStep(int(step[1]), _free(step[2], at)), 1
    # words have no end of their own: an image follows them
    return Words("\n".join(_free(rest, n) for n, rest in enumerate(lines[at:], start=at))), len(lines) - at


def _read_claims(lines: Sequence[str], at: int) -> tuple[Claims, int]:
    claims: list[Claim] = []
    for n, line in enumerate(lines[at:], start=at):
        if not line.startswith(_EVALUATE):
            break
        read = _AXIS.fullmatch(line)
        if read is None:
            raise Unread(f"line {n + 1}: a judgement names one of {', '.join(AXES)} and ends in {TICK} or {CROSS}")
        axis, reason = AXES[[a.capitalize() for a in AXES].index(read[1])], _free(read[2] or "", n)
        if TICK in reason or CROSS in reason:
            raise Unread(f"line {n + 1}: the judgement of {axis} has more than one {TICK} or {CROSS}")
        if claims and AXES.index(axis) <= AXES.index(claims[-1].axis):
            raise Unread(f"line {n + 1}: {axis} is judged after {claims[-1].axis}; the order is {', '.join(AXES)}")
        claims.append(Claim(axis, reason, read[3] == TICK))
    return Claims(tuple(claims)), len(claims)


def _read_plan(lines: Sequence[str], at: int) -> tuple[Plan, int]:
    rationale = _free(lines[at].removeprefix(_DECOMPOSE), at)
    steps: list[str] = []
    for n, line in enumerate(lines[at + 1 :], start=at + 1):
        read = _NUMBERED.fullmatch(line)
        if read is None:
            break
        if int(read[1]) != len(steps) + 1:
            raise Unread(f"line {n + 1}: step {read[1]} of the plan stands where step {len(steps) + 1} should")
        steps.append(_free(read[2], n))
    if not steps:
        raise Unread(f"line {at + 1}: the plan has no steps, numbered from 1")
    return Plan(rationale, tuple(steps)), 1 + len(steps)


def _after(lines: Sequence[str], n: int, label: str) -> str:
    if n >= len(lines) or not lines[n].startswith(label):
        raise Unread(f"line {n + 1}: {label.strip()} is expected")
    return _free(lines[n].removeprefix(label), n)


def _free(text: str, n: int) -> str:
    """Words without a label in them."""
    if label := _LABEL.search(text):
        raise Unread(f"line {n + 1}: {label[0]} stands where it opens nothing")
    return text
