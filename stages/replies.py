"""From a model's words to typed records.

In: the text of a reply, and what was asked. Out: an Evaluation, Reflection, Diagnosis or Plan, or `Malformed` with the text
kept. A reply may be wrapped in a code fence, follow its reasoning, and miss JSON or the schema in the ways that models have
(`stages.json_objects`, `stages.verdicts`). A reply that contradicts itself, or of which a part is missing, is malformed, never a
pass.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast, get_args

from prompts.rubric import RUBRIC
from stages.errors import Malformed, NothingWrong
from stages.json_objects import Fields, Unreadable, objects
from stages.policy import Thresholds
from stages.records import Axis, AxisScore, Cause, Diagnosis, ErrorType, Evaluation, Plan, Reflection
from stages.reply_values import one_of, option_in, pick, score, text
from stages.verdicts import REASONS, SCORES, verdict

NO_ERROR = "none"
"""The error type of a reflection that finds no fault."""

_NO_ERROR = re.compile(
    rf"{NO_ERROR}|nothing(_wrong)?|n/?a|not_applicable"
    r"|(there_(is|are)_)?no_(\w{1,20}_)?(error|fault|issue|problem|flaw)s?(_(found|detected|seen|observed|present|at_all))?"
)
_TAKEN_BACK = re.compile(
    r"\b(wait|actually|correction|corrected|on second thought|on reflection|i was wrong|that (is|was) wrong|scratch that)\b"
    r"|\b(final|new|real|revised)\s{1,3}(score|verdict|rating)s?\b",
    re.IGNORECASE,
)
_THOUGHT = r"[<\[◁]\|?{}(?:think|thinking|thought|thoughts|reasoning|scratchpad)\|?[>\]▷]"
_THOUGHT_BEGINS = re.compile(_THOUGHT.format("") + r"|<\|channel\|>\s*analysis", re.IGNORECASE)
_THOUGHT_ENDS = re.compile(_THOUGHT.format("/") + r"|<\|channel\|>\s*final\s*<\|message\|>", re.IGNORECASE)
_WRAPPER = re.compile("reflect|diagnos|plan|decompos|result|respon|answer|output|data|json|analysis|report|final")
_REFLECTION: Mapping[str, Sequence[str]] = {
    "error_type": ("error_type", "error", "error_category", "type", "error_types"),
    "failure_analysis": ("failure_analysis", "analysis", "failure", "failure_reason"),
    "improvement_plan": ("improvement_plan", "improvement", "improvements", "plan", "fix", "fixes"),
}
_DIAGNOSIS: Mapping[str, Sequence[str]] = {
    "cause": ("cause", "root_cause", "diagnosis"),
    "explanation": ("explanation", "reason", "reasoning", "rationale", "justification", "analysis"),
}
_PLAN: Mapping[str, Sequence[str]] = {
    "rationale": ("rationale", "reason", "reasoning", "explanation", "justification", "analysis"),
    "steps": ("steps", "plan", "sub_tasks", "subtasks", "tasks", "instructions", "step_list"),
}
_APPRAISAL: Mapping[str, Sequence[str]] = {"score": SCORES, "reason": REASONS}
_REWORDING: Mapping[str, Sequence[str]] = {"instruction": ("instruction", "prompt", "text", "rewording", "edit")}
_STEP = ("instruction", "step", "text", "description", "task", "action", "sub_task", "subtask", "content", "prompt")
_NUMBERED = re.compile(r"\s*(?:step\s*)?\d{1,2}\s*(?:[.):]|\s[-–—])\s+", re.IGNORECASE)

Read = TypeVar("Read")


def answer(text: str) -> str:
    """What follows the reasoning. Raises Malformed when reasoning was begun and never ended: a draft is no verdict."""
    end = max((match.end() for match in _THOUGHT_ENDS.finditer(text)), default=0)
    words = text[end:]
    if _THOUGHT_BEGINS.search(words):
        raise Malformed(text, "the reasoning is not ended: there is a <think> without </think>")
    return words


def evaluation(text: str, axes: Sequence[Axis], thresholds: Thresholds) -> Evaluation:
    """Scores on exactly `axes`, and the demands they rest on. Raises Malformed when a score is missing, given twice, or no whole
    number from 1 to 5, or when the instruction is scored as flawless although a demand of it is not met.
    """
    read, demands = _read(text, lambda items: verdict(items, axes))
    unmet = [d.demand for d in demands if not d.met]
    if unmet and "instruction" in read and read["instruction"][0] == 5:
        raise Malformed(text, f"instruction: scored 5, although this is listed as not met: {unmet[0]}")
    scores = [AxisScore(axis, score, reason, score >= thresholds.of(axis)) for axis, (score, reason) in read.items()]
    return Evaluation(tuple(scores), aspect_error=0.0, demands=demands, rubric=RUBRIC)


def reflection(text: str) -> Reflection:
    """A failure analysis and an improvement plan. Raises NothingWrong where the error type is "none", Malformed."""
    fields = _read(text, lambda items: _fields(items, _REFLECTION))
    kind = fields["error_type"]
    if _NO_ERROR.fullmatch(option_in(kind)):
        raise NothingWrong(text, f"error_type: {kind}, so there is no fault to mend")
    error_type = cast(ErrorType, _value(text, "error_type", fields, lambda v: one_of(get_args(ErrorType), v)))
    return Reflection(error_type, _text(text, "failure_analysis", fields), _text(text, "improvement_plan", fields))


def diagnosis(text: str) -> Diagnosis:
    """The root cause. Raises Malformed."""
    fields = _read(text, lambda items: _fields(items, _DIAGNOSIS))
    cause = cast(Cause, _value(text, "cause", fields, lambda v: one_of(get_args(Cause), v)))
    return Diagnosis(cause, _text(text, "explanation", fields))


def plan(text: str, least: int, most: int) -> Plan:
    """A decomposition into `least` to `most` steps. Raises Malformed."""
    fields = _read(text, lambda items: _fields(items, _PLAN))
    rationale, steps = _text(text, "rationale", fields), _value(text, "steps", fields, _steps)
    if not least <= len(steps) <= most:
        raise Malformed(text, f"steps: {len(steps)} given, between {least} and {most} asked for")
    return Plan(rationale, steps)


def appraisal(text: str) -> tuple[int, str]:
    """Score and reason of one text; the reason is empty where none is given. Raises Malformed."""
    fields = _read(text, lambda items: _fields(items, _APPRAISAL))
    number, words = _value(text, "score", fields, score)
    return number, words or (_text(text, "reason", fields) if fields["reason"] is not None else "")


def rewording(text: str) -> str:
    """An instruction in other words. Raises Malformed."""
    return _text(text, "instruction", _read(text, lambda items: _fields(items, _REWORDING)))


def _read(reply: str, read: Callable[[list[Fields]], Read]) -> Read:
    """What `read` makes of the objects of the answer, each different one once. Raises Malformed."""
    words = answer(reply).strip().removeprefix("\ufeff")
    try:
        if words.startswith('"') and words.endswith('"'):
            words = _unquoted(words)
        if '{\\"' in words and '{"' not in words:  # an object written as it stands within a string
            words = _unquoted(f'"{words[words.index("{") : words.rfind("}") + 1]}"')
        # as text, or true would be the same as 1
        different = {json.dumps(o, sort_keys=True): o for o in objects(words)}
        if not different:
            raise Unreadable("the reply holds no JSON object")
        if _TAKEN_BACK.search(words[-2000:].rpartition("}")[2]):
            raise Unreadable("words after the JSON object take it back")
        return read(list(different.values()))
    except Unreadable as error:
        raise Malformed(reply, str(error)) from None


def _unquoted(words: str) -> str:
    """The text of a reply that is one JSON string; as it stands where it is none."""
    try:
        inner = json.loads(words)
    except ValueError:
        return words
    return inner if isinstance(inner, str) else words


def _fields(items: Sequence[Mapping[str, Any]], names: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The value of each field, under whichever of its names. Raises Unreadable where objects differ about one."""
    fields: dict[str, Any] = dict.fromkeys(names)
    for item in items:
        inner = _unwrapped(item, names)
        for field, group in names.items():
            value = pick(inner, group)
            if value is not None and fields[field] is not None:
                raise Unreadable(f"{field}: it is given twice")
            fields[field] = value if fields[field] is None else fields[field]
    return fields


def _unwrapped(item: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> Mapping[str, Any]:
    """The object within a wrapper such as {"reflection": {...}}; the object itself where there is none."""
    if set(item) & set(names):
        return item
    known = {name for group in names.values() for name in group}
    lone = (
        (key, v[0] if isinstance(v, list) and len(v) == 1 else v) for key, v in item.items() if _WRAPPER.search(key)
    )
    wrapped = [inner for _, inner in lone if isinstance(inner, dict) and known & set(inner)]
    return wrapped[0] if len(wrapped) == 1 else item


def _value(reply: str, name: str, fields: Mapping[str, Any], read: Callable[[Any], Read]) -> Read:
    if fields[name] is None:
        raise Malformed(reply, f"{name}: it is missing")
    try:
        return read(fields[name])
    except Unreadable as error:
        raise Malformed(reply, f"{name}: {error}") from None


def _text(reply: str, name: str, fields: Mapping[str, Any]) -> str:
    return _value(reply, name, fields, text)


def _steps(value: Any) -> tuple[str, ...]:
    """From a list of texts or of objects that hold one, an object of steps, or one text with a numbered step in each line."""
    if isinstance(value, str):
        value = [line for line in value.splitlines() if line.strip()]
        if len(value) < 2 or not all(_NUMBERED.match(line) for line in value):
            raise Unreadable("is no list")
    items = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise Unreadable("is no list")
    steps = [text(pick(item, _STEP) if isinstance(item, dict) else item) for item in items]
    if steps and all(_NUMBERED.match(step) for step in steps):
        steps = [_NUMBERED.sub("", step, count=1) for step in steps]
    return tuple(steps)
