"""A score is a call like any other: paced, tried again, failed over, metered, priced, journalled and replayed."""

import asyncio
from typing import Any

import pytest

from pipeline.errors import RunStopped
from pipeline.journal.journalled import Journalled
from pipeline.journal.metered import Metered
from pipeline.journal.scribe import Scribe
from pipeline.money.cost import cost, load
from pipeline.money.spec import Price
from pipeline.storage import ledger
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from pipeline.traffic.failover import Failover
from pipeline.traffic.paced import Paced
from pipeline.traffic.retried import Retried
from stages.errors import EngineDead, Malformed, Transient
from stages.identity import call_key
from stages.protocols import Message, ScoreReply, ScoreRequest, TokenLogprob, Usage

PRICE = Price(input_per_million=1000, output_per_million=3000)
REQUEST = ScoreRequest((Message("user", "what is it?"),), (), "a red cup", 7, 1)
REPLY = ScoreReply((TokenLogprob("a red", -0.25, 17), TokenLogprob(" cup", -1.5)), Usage(40, 2))


class Scripted:
    """Gives its replies in order."""

    identity = "scripted/scorer@1"

    def __init__(self, *replies) -> None:
        self.replies = list(replies)

    async def score(self, request: ScoreRequest) -> Any:
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


class Open:
    """Traffic that lets every call through, and notes what it was told."""

    def __init__(self) -> None:
        self.loads: list[Any] = []
        self.ended: list[Any] = []

    async def enter(self, provider, load):
        self.loads.append(load)
        return len(self.loads)

    def leave(self, ticket, after):
        self.ended.append(after)

    async def wait_to_send(self):
        pass


@pytest.fixture
def outcomes(tmp_path):
    database = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "f" * 64)
    database.create()
    return database


async def score(outcomes, traffic, *backends):
    scribe = Scribe(outcomes)

    def at(backend):
        limits = (
            (lambda request: load(PRICE, request, 4096)),
            (lambda request, usage, n: cost(PRICE, request, usage, n)),
        )
        metered = Metered(backend, "analyzer", "far", scribe, *limits, "scripted/scorer@1")
        return Retried(Paced(metered, "far", *limits, traffic, lambda *_: None), 30, 5)

    chain = Journalled(Failover(tuple(map(at, backends)), "scripted/scorer@1"), scribe, ImageStore("memory://scored"))
    try:
        return await chain.score(REQUEST)
    finally:
        await scribe.flush()
        scribe.close()


def calls(outcomes):
    with outcomes.engine.connect() as connection:
        return connection.execute(ledger.LEDGER.select().order_by(ledger.LEDGER.c["try"])).mappings().all()


def test_a_score_goes_through_every_wrapper_and_is_paid_once(outcomes):
    traffic = Open()
    first, second = Scripted(Transient("503"), EngineDead("gone")), Scripted(REPLY)
    assert asyncio.run(score(outcomes, traffic, first, second)) == REPLY
    rows = calls(outcomes)
    assert [(row["kind"], row["outcome"]) for row in rows] == [
        ("score", "Transient"), ("score", "EngineDead"), ("score", "ok"),
    ]  # fmt: skip
    assert {row["call_key"] for row in rows} == {call_key("scripted/scorer@1", REQUEST)}
    assert (rows[-1]["usd"], rows[-1]["input_tokens"], rows[-1]["images"]) == (0.046, 40, 0)
    assert traffic.ended[-1].usd == 0.046
    assert all(reserved.usd > 0.046 and reserved.tokens >= 42 for reserved in traffic.loads)
    assert asyncio.run(score(outcomes, traffic, Scripted(AssertionError("asked again")))) == REPLY
    assert len(calls(outcomes)) == 3


def test_an_error_that_is_an_answer_is_replayed_too(outcomes):
    for model in (Scripted(Malformed("x", "no tokens")), Scripted()):
        with pytest.raises(Malformed, match="no tokens"):
            asyncio.run(score(outcomes, Open(), model))
    assert len(calls(outcomes)) == 1


def test_an_answer_of_another_kind_under_its_key_is_no_score(outcomes):
    asyncio.run(score(outcomes, Open(), Scripted(REPLY)))
    entry = outcomes.answers([call_key("scripted/scorer@1", REQUEST)]).popitem()[1]
    assert entry.score_reply() == REPLY
    with pytest.raises(RunStopped, match="holds no text"):
        entry.text_reply()
