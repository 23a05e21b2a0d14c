"""The wrappers around a model: asked again after a transient error, one permit a call, counted."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from pipeline.models import Limited, Retried
from stages.errors import RateLimited, Refused, Transient
from stages.protocols import Message, TextRequest
from stages.scripted import ScriptedAnalyzer

REQUEST = TextRequest((Message("user", "?"),), (), "evaluation", 1, 1)


def ask(model):
    return asyncio.run(model.ask(REQUEST)).text


def test_a_transient_error_is_asked_again():
    model = ScriptedAnalyzer([Transient("503"), RateLimited("429", 0.01), "done"])
    assert ask(Retried(model, deadline_s=30)) == "done"
    assert len(model.requests) == 3


def test_past_the_deadline_the_error_stands():
    model = ScriptedAnalyzer([Transient("503")] * 50)
    with pytest.raises(Transient, match="503"):
        ask(Retried(model, deadline_s=0.01))
    assert len(model.requests) < 10


def test_a_providers_wish_when_to_come_back_is_kept():
    began = time.monotonic()
    assert ask(Retried(ScriptedAnalyzer([RateLimited("429", 0.3), "done"]), deadline_s=30)) == "done"
    assert time.monotonic() - began >= 0.3


def test_other_errors_are_not_asked_again():
    model = ScriptedAnalyzer([Refused("no"), "done"])
    with pytest.raises(Refused):
        ask(Retried(model, deadline_s=30))
    assert len(model.requests) == 1


def test_the_permit_is_given_back_while_waiting_and_after_an_error():
    held, counted = [], []

    @asynccontextmanager
    async def permit():
        held.append(1)
        try:
            yield
        finally:
            held.append(-1)

    model = Limited(ScriptedAnalyzer([Transient("503"), "done"]), permit, lambda what, by: counted.append((what, by)))
    assert ask(Retried(model, deadline_s=30)) == "done"
    assert held == [1, -1, 1, -1]
    assert counted == [("calls", 1), ("calls", 1)]
