"""Strip trajectories and rows of the identities of the models, to compare all the rest.

In: trajectories, or rows of a product. Out: the same without model identity: `made_by`, and what is derived from it.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from stages.calls import Models
from stages.ladder import climb_all
from stages.policy import Policy
from stages.records import Evaluation, Event
from stages.rungs import read_recipe
from stages.trajectory import Trajectory

_WHO = ("made_by", "origin", "call_key", "models", "fingerprint")
_JSON = ("payload", "provenance", "difficulty_scores")


def nobodys(t: Trajectory) -> Trajectory:
    """`t` without model identity."""
    return replace(t, events=tuple(_nobodys(event) for event in t.events))


def _nobodys(event: Event) -> Event:
    payload = event.payload
    if isinstance(payload, Evaluation):
        judgements = tuple(replace(j, made_by="", call_key="") for j in payload.judgements)
        payload = replace(payload, judgements=judgements)
    return replace(event, payload=payload, made_by=None, call_key=None)


def nobodys_row(value: Any) -> Any:
    """A row of any product without what names its makers: in it, and in the JSON that its columns hold."""
    if isinstance(value, dict):
        return {k: None if k in _WHO else nobodys_row(_opened(k, v)) for k, v in value.items()}
    return [nobodys_row(v) for v in value] if isinstance(value, list) else value


def _opened(name: str, value: Any) -> Any:
    return json.loads(value) if name in _JSON and value is not None else value


async def climbed(planned: Sequence[Trajectory], models: Models, policy: Policy, at_once: int = 16) -> list[Trajectory]:
    """All samples after the whole ladder, in the order in which they came."""
    slots = asyncio.Semaphore(at_once)

    async def one(t: Trajectory) -> Trajectory:
        async with slots:
            return await climb_all(t, read_recipe(policy), models)

    return await asyncio.gather(*map(one, planned))
