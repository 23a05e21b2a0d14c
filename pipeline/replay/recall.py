"""Answers written again from what the record holds of them.

In: a recorded trajectory. Out: journal entries for those of its calls whose answer can be told from it: every image, and every text
from which the ladder reads the same payload again; also that a reflection saw no error. Not among them are the single judgements
behind a verdict of several, of which the record keeps the scores, but not the reasons; answers with a side file of tokens, of which
the record does not hold all that an entry says of it; and scores of a text, whose tokens it lacks.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pipeline.storage.entries import Entry
from stages import replies
from stages.errors import ModelError
from stages.policy import Thresholds
from stages.records import Diagnosis, Evaluation, Event, Payload, Plan, Reflection, Words
from stages.trajectory import Trajectory

CARRIER = "record"
"""The carrier of a text that was written again: its words are those of the record, not those of the server's answer."""
_NO_ERROR = json.dumps({"error_type": replies.NO_ERROR})
_MOST_STEPS = 1000  # no policy allows more: what was accepted once is not to be judged again


def recall(t: Trajectory, now: float) -> Iterator[Entry]:
    """The entries that the events of `t` tell of, one a call. `now`: the time they are written at, in seconds since 1970."""
    speech: str | None = None
    for event in t.events:
        payload = event.payload
        key = event.call_key if event.tokens is None else None
        if key is not None and event.kind == "generation" and event.image is not None:
            yield Entry(key, "image", now, text=speech, image=event.image)
        elif key is not None and payload is not None and (text := _write_reply(payload)) is not None:
            yield Entry(key, _schema(event), now, text=text, carrier=CARRIER)
        if isinstance(payload, Evaluation) and payload.dispute is not None:
            yield Entry(payload.dispute.call_key, "reflection", now, text=_NO_ERROR, carrier=CARRIER)
        # what a model says with its image stands just before the image
        speech = payload.text if isinstance(payload, Words) else None


def _schema(event: Event) -> str:
    return "plan" if event.kind == "decomposition" else event.kind


def _write_reply(payload: Payload) -> str | None:
    """A reply that reads as `payload`; None where none can be written."""
    if isinstance(payload, Evaluation):
        return None if payload.judgements else _write_evaluation(payload)
    if not isinstance(payload, (Reflection, Diagnosis, Plan)):
        return None
    content = asdict(payload)
    del content["type"]
    text = json.dumps(content, ensure_ascii=False)
    return text if _reads_as(text, payload) else None


def _reads_as(text: str, payload: Payload) -> bool:
    try:
        if isinstance(payload, Reflection):
            return replies.reflection(text) == payload
        if isinstance(payload, Diagnosis):
            return replies.diagnosis(text) == payload
        return replies.plan(text, 1, _MOST_STEPS) == payload
    except ModelError:
        return False


def _write_evaluation(verdict: Evaluation) -> str | None:
    # the ladder adds this note itself, where the shape of the image is wrong
    note = f"(aspect ratio off by {verdict.aspect_error:.1%})"
    reasons = {a.axis: a.reason.removesuffix(note).rstrip() for a in verdict.axes}
    # an axis without a reason is read, one with an empty reason is not
    scores = {a.axis: {"score": a.score} | _present("reason", reasons[a.axis]) for a in verdict.axes}
    demands = _present("demands", [asdict(demand) for demand in verdict.demands])
    text = json.dumps(demands | scores, ensure_ascii=False)
    try:
        read = replies.evaluation(text, [a.axis for a in verdict.axes], Thresholds())
    except ModelError:
        return None
    same_scores = [(a.axis, a.score, a.reason) for a in read.axes] == [
        (a.axis, a.score, reasons[a.axis]) for a in verdict.axes
    ]
    return text if same_scores and read.demands == verdict.demands else None


def _present(name: str, value: str | list[dict[str, Any]]) -> dict[str, Any]:
    return {name: value} if value else {}
