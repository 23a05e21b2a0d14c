"""From a model's words to typed records.

In: the text of a reply, and what was asked. Out: an Evaluation, Reflection, Diagnosis or Plan, or `Malformed` with the text
kept. A reply may be wrapped in a code fence or follow its reasoning; the first JSON object of the answer counts. A missing
applicable axis is malformed, never a pass.
"""

import json
import re
from collections.abc import Sequence
from itertools import islice
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from prompts.rubric import RUBRIC
from stages.errors import Malformed, NothingWrong
from stages.policy import Thresholds
from stages.records import Axis, AxisScore, Cause, Demand, Diagnosis, ErrorType, Evaluation, Plan, Reflection

TRIES = 64  # braces to try before giving a reply up

Reply = TypeVar("Reply", bound=BaseModel)


def _written(value: Any) -> Any:
    """Text must say something, in characters that can be written down again."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        raise ValueError("is empty")
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise ValueError("holds half a character (a lone surrogate)")
    return value.strip()


def _counted(value: Any) -> Any:
    """A score is a number; pydantic would take true for 1."""
    if isinstance(value, bool):
        raise ValueError("is no number")
    return value


Text = Annotated[str, BeforeValidator(_written)]


class _Score(BaseModel):
    score: Annotated[int, BeforeValidator(_counted), Field(ge=1, le=5)]
    reason: Text


class _Demand(BaseModel):
    demand: Text
    met: Annotated[bool, Field(strict=True)]


class _Demands(BaseModel):
    demands: tuple[_Demand, ...] = ()


class _Reflection(BaseModel):
    error_type: ErrorType
    failure_analysis: Text
    improvement_plan: Text


class _Diagnosis(BaseModel):
    cause: Cause
    explanation: Text


class _Plan(BaseModel):
    rationale: Text
    steps: list[Text]


def answer(text: str) -> str:
    """What follows the reasoning. Raises Malformed when reasoning was begun and never ended: a draft is no verdict."""
    _thought, end, words = text.rpartition("</think>")
    if "<think" in (words if end else text):
        raise Malformed(text, "the reasoning is not ended: there is a <think> without </think>")
    return words


def first_object(text: str) -> dict[str, Any]:
    """The first JSON object in the answer. Raises Malformed."""
    bare = answer(text)
    # models write NaN and Infinity, which no other reader of the record would take
    decoder = json.JSONDecoder(parse_constant=_refuse)
    for match in islice(re.finditer(r"\{", bare), TRIES):
        try:
            value, _ = decoder.raw_decode(bare, match.start())
        except ValueError:
            continue  # no JSON from here on, or a number beyond reason
        except RecursionError:
            break  # nested beyond reason: what lies further in would be no better
        if isinstance(value, dict):
            return value
    raise Malformed(text, "the reply holds no JSON object")


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _read(shape: type[Reply], value: Any, text: str, prefix: str = "") -> Reply:
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in (*([prefix] if prefix else []), *first["loc"]))
        raise Malformed(text, f"{place or 'the reply'}: {first['msg']}") from None


def evaluation(text: str, axes: Sequence[Axis], thresholds: Thresholds) -> Evaluation:
    """Scores on exactly `axes`, and the demands they rest on. Raises Malformed when a score is missing or no whole number from
    1 to 5, or when the instruction is scored as flawless although a demand of it is not met.
    """
    reply = first_object(text)
    demands = tuple(Demand(d.demand, d.met) for d in _read(_Demands, reply, text).demands)
    scores = []
    for axis in axes:
        # a missing axis must not count as passed: silence is no praise
        if reply.get(axis) is None:
            raise Malformed(text, f"{axis}: this axis applies and was not scored")
        read = _read(_Score, reply[axis], text, axis)
        scores.append(AxisScore(axis, read.score, read.reason, read.score >= thresholds.of(axis)))
    unmet = [d.demand for d in demands if not d.met]
    if unmet and any(a.axis == "instruction" and a.score == 5 for a in scores):
        raise Malformed(text, f"instruction: scored 5, although this is listed as not met: {unmet[0]}")
    return Evaluation(tuple(scores), aspect_error=0.0, demands=demands, rubric=RUBRIC)


def reflection(text: str) -> Reflection:
    """A failure analysis and an improvement plan. Raises NothingWrong where the error type is "none", Malformed."""
    reply = first_object(text)
    if reply.get("error_type") == "none":
        raise NothingWrong(text, "error_type: none, so there is no fault to mend")
    read = _read(_Reflection, reply, text)
    return Reflection(read.error_type, read.failure_analysis, read.improvement_plan)


def diagnosis(text: str) -> Diagnosis:
    """The root cause. Raises Malformed."""
    read = _read(_Diagnosis, first_object(text), text)
    return Diagnosis(read.cause, read.explanation)


def plan(text: str, least: int, most: int) -> Plan:
    """A decomposition into `least` to `most` steps. Raises Malformed."""
    read = _read(_Plan, first_object(text), text)
    if not least <= len(read.steps) <= most:
        raise Malformed(text, f"steps: {len(read.steps)} given, between {least} and {most} asked for")
    return Plan(read.rationale, tuple(read.steps))
