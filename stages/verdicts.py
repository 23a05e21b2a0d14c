"""What a judge's reply says on each axis, in whatever arrangement it says so.

In: the JSON objects of a reply. Out: scores, reasons and demands, or `Unreadable`. An axis may be named with capitals or a further
word, lie below a wrapper such as "scores" or in a list of axes, and be a bare score, since a server may ignore the schema. What is
said twice is unreadable, whether it agrees or not.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stages.json_objects import Fields, Unreadable, folded
from stages.records import AXES, Axis, Demand
from stages.reply_values import HIGHEST, met, pick, score, text

SCORES = ("score", "rating", "value", "points", "grade", "mark", "stars", "rate")
REASONS = (
    "reason", "reasons", "reasoning", "explanation", "rationale", "justification", "comment", "comments", "why", "analysis",
    "feedback", "details", "description", "note", "notes", "evidence", "remark", "assessment", "observation", "critique",
)  # fmt: skip
_FLAGS = ("passed", "pass", "passes", "verdict", "decision", "overall", "acceptable", "accepted", "approved", "success")
"""Keys beside the axes that say what becomes of the image as a whole."""
_SCALES = ("max", "max_score", "maximum", "out_of", "scale", "of")
_LABELS = ("axis", "name", "dimension", "criterion", "category", "aspect", "metric", "label", "key")
_DEMANDS = ("demands", "demand", "demand_list", "demand_check", "requirements", "checklist", "checks")
_THING = ("demand", "requirement", "item", "text", "description", "name", "check", "what", "criterion", "condition")
_MET = (
    "met", "is_met", "satisfied", "fulfilled", "done", "passed", "pass", "status", "result", "present", "ok", "value",
)  # fmt: skip
_WRAPPER = re.compile(
    "evaluat|scor|axes|axis|result|respon|answer|output|judg|rating|assess|verdict|data|json|review|analysis|report|final"
    "|reason|explanation|justification|comment|feedback|rationale|critique"
)
_NO_WRAPPER = re.compile("example|draft|template|format|schema|previous|earlier|before")
_OF_AN_AXIS = frozenset(
    (*SCORES, *REASONS, "axis", "following", "adherence", "alignment", "compliance", "visual", "image")
)


@dataclass
class _Reply:
    """All that a reply says, unread: per axis what is score, reason or both; demands, listed or loose; a common reason."""

    parts: dict[tuple[str, str], Any] = field(default_factory=dict)
    demands: list[Any] = field(default_factory=list)
    loose: list[Any] = field(default_factory=list)
    common: list[Any] = field(default_factory=list)
    flags: list[Any] = field(default_factory=list)

    def walk(self, value: Any, part: str, depth: int) -> None:
        """Take in what lies in an object or a list. `part`: what its values are, "score", "reason", or "both"."""
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, dict) or depth > 4:
                continue
            if isinstance(item.get("demand"), str):
                self.loose.append(item)
                continue
            label = pick(item, _LABELS)
            if isinstance(label, str) and (axis := axis_of(label)):
                self.add(axis, part, {k: v for k, v in item.items() if k not in _LABELS})
                continue
            for key, inner in item.items():
                self._take(key, inner, part, depth)

    def _take(self, key: str, value: Any, part: str, depth: int) -> None:
        words = set(key.split("_"))
        if axis := axis_of(key):
            part = "score" if words & set(SCORES) else "reason" if words & set(REASONS) else part
            self.add(axis, part, value)
        elif key in _DEMANDS:
            self.demands.append(value)
        elif isinstance(value, dict | list) and _WRAPPER.search(key) and not _NO_WRAPPER.search(key):
            self.walk(value, "reason" if words & set(REASONS) else part, depth + 1)
        elif (
            words & set(_FLAGS)
            and words <= {*_FLAGS, *SCORES, "final", "image", "result"}
            and not isinstance(value, dict | list)
        ):
            self.flags.append(value)
        elif key in REASONS and isinstance(value, str) and value.strip():
            self.common.append(value)

    def add(self, axis: Axis, part: str, value: Any) -> None:
        """Put down what is said of an axis. Raises Unreadable where it was said before."""
        if isinstance(value, dict):
            self.demands += [value[key] for key in _DEMANDS if key in value]
        if (axis, part) in self.parts:
            raise Unreadable(f"{axis}: it is given twice")
        self.parts[axis, part] = value


def axis_of(key: str) -> Axis | None:
    """The axis that a key names, alone or with a word such as "score"; None where it names none."""
    words = set(folded(key).split("_"))
    named = [axis for axis in AXES if axis in words]
    return named[0] if len(named) == 1 and words - set(named) <= _OF_AN_AXIS else None


def verdict(
    objects: Sequence[Mapping[str, Any]], axes: Sequence[Axis]
) -> tuple[dict[Axis, tuple[int, str]], tuple[Demand, ...]]:
    """Score and reason on each of `axes`, and the demands. A reason is empty where none is given. Raises Unreadable."""
    reply = _Reply()
    for fields in objects:
        reply.walk(fields, "both", 0)
    reply.demands += [reply.loose] if reply.loose else []
    if len(reply.demands) > 1:
        raise Unreadable("demands: they are given twice")
    common = text(reply.common[0]) if len(reply.common) == 1 else ""
    read = {axis: _axis(reply, axis, common) for axis in axes}
    _check_flags(reply.flags, [number for number, _ in read.values()])
    return read, tuple(demand for value in reply.demands for demand in _demands(value))


def _check_flags(flags: Sequence[Any], scores: Sequence[int]) -> None:
    """Raises Unreadable where a reply says of the whole the opposite of what it says of every part, or of the worst."""
    for flag in flags:
        word = folded(flag.rstrip(".! ")) if isinstance(flag, str) else flag
        bad = (
            word is False
            or word in ("fail", "failed", "fails", "reject", "rejected", "no", "false")
            or (word in (1, 2, "1", "2") and word is not True)
        )
        good = word is True or word in ("pass", "passed", "passes", "accept", "accepted", "yes", "true", 5, "5")
        if (bad and min(scores) > HIGHEST - 2) or (good and min(scores) == 1):
            raise Unreadable(f"the verdict {flag!r} and scores of {min(scores)} and more contradict each other")


def _axis(reply: _Reply, axis: Axis, common: str) -> tuple[int, str]:
    number: int | None = None
    reason: str | None = None
    for part in ("both", "score", "reason"):
        value = reply.parts.get((axis, part))
        if value is None:
            continue
        try:
            one, words = (None, text(value)) if part == "reason" else _score_and_reason(value)
        except Unreadable as error:
            raise Unreadable(
                f"{axis}.{error}" if str(error).startswith(("score", "reason")) else f"{axis}: {error}"
            ) from None
        if (one is not None and number is not None) or (words is not None and reason is not None):
            raise Unreadable(f"{axis}: it is given twice")
        number, reason = number if one is None else one, words or reason
    if number is None:
        # a missing axis must not count as passed: silence is no praise
        raise Unreadable(f"{axis}: this axis applies and was not scored")
    return number, reason or common


def _score_and_reason(value: Any) -> tuple[int | None, str | None]:
    """From an object, a pair, a bare score, or one text that begins with the score."""
    if isinstance(value, list) and len(value) == 2:
        value = {"score": value[0], "reason": value[1]}
    if not isinstance(value, dict):
        return score(value)
    numbers = {_part("score", score, value[name])[0] for name in SCORES if value.get(name) is not None}
    if len(numbers) > 1:
        raise Unreadable(f"score: {' and '.join(map(str, sorted(numbers)))} are both given")
    scale = pick(value, _SCALES)
    if scale is not None and not str(scale).strip().endswith(str(HIGHEST)):
        raise Unreadable(f"score: it is out of {scale!r}, 1 to {HIGHEST} was asked for")
    flag = pick(value, ("passed", "pass", "passes"))
    if (flag is False and HIGHEST in numbers) or (flag is True and 1 in numbers):
        raise Unreadable(f"score: {numbers.pop()} and passed: {flag} contradict each other")
    given = pick(value, REASONS)
    words = None if given is None else _part("reason", text, given)
    return next(iter(numbers), None), words


def _part(name: str, read: Any, value: Any) -> Any:
    try:
        return read(value)
    except Unreadable as error:
        raise Unreadable(f"{name}: {error}") from None


def _demands(value: Any) -> Iterator[Demand]:
    """From a list of objects, or an object with a demand as each key."""
    if value is None:
        return
    if isinstance(value, Fields):
        value = [{"demand": value.written[demand], "met": answer} for demand, answer in value.items()]
    if not isinstance(value, list):
        raise Unreadable("demands: they are no list")
    for n, item in enumerate(value, start=1):
        if not isinstance(item, dict) or pick(item, _MET) is None:
            raise Unreadable(f"demands.{n}: it does not say what is demanded and whether it is met")
        thing = pick(item, [name for name in _THING if isinstance(item.get(name), str)])
        yield Demand(_part(f"demands.{n}", text, thing), _part(f"demands.{n}", met, pick(item, _MET)))
