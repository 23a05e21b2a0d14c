"""The ledger: a row for every call sent, on disk no later than the outcome it led to; and the file that is made of it."""

import asyncio
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from sqlalchemy.exc import OperationalError

from pipeline.ledger import NAME, SCHEMA, Call
from pipeline.models import Metered, Retried
from pipeline.outcomes import Keeper, Outcomes
from stages.errors import EngineDead, Refused, Transient
from stages.identity import call_key
from stages.protocols import ImageRequest, Message, TextRequest, Usage
from stages.records import Trajectory
from stages.scripted import ScriptedAnalyzer, ScriptedGenerator
from tests.stages.test_ladder import sample

QUESTION = TextRequest((Message("user", "?"),), (), "evaluation", 1, 1)
WISH = ImageRequest((Message("user", "!"),), (), 64, 64, "image", 1, 1)
CALL = Call("k", "analyzer", "m@1", "evaluation", 5.0, 0.5, None, None, 0, None, "ok")


@pytest.fixture
def database(tmp_path):
    outcomes = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "one")
    outcomes.create()
    yield outcomes
    outcomes.close()


def written(outcomes, out):
    outcomes.write_ledger(out)
    assert sorted(p.name for p in out.iterdir() if not p.name.startswith("run.db")) == [NAME]
    return pq.read_table(out / NAME).to_pylist()


def test_a_call_is_noted_with_what_it_took():
    calls = []
    model = Metered(ScriptedAnalyzer(["yes"], usage=Usage(12, 3, 0.25)), "second_analyzer", calls.append)
    asyncio.run(model.ask(QUESTION))
    asyncio.run(Metered(ScriptedGenerator(), "generator", calls.append).draw(WISH))
    said, made = calls
    assert said.call_key == call_key(model.identity, QUESTION)
    assert (said.role, said.model, said.kind) == ("second_analyzer", "scripted/analyzer@1", "evaluation")
    assert (said.input_tokens, said.output_tokens, said.usd, said.images, said.outcome) == (12, 3, 0.25, 0, "ok")
    assert said.started > 1.7e9
    assert said.seconds >= 0
    assert (made.role, made.kind, made.images, made.input_tokens, made.usd) == ("generator", "image", 1, None, None)


@pytest.mark.parametrize("error", [Refused("no"), EngineDead("gone"), ValueError("a fault of ours")])
def test_a_call_that_fails_is_noted_too(error):
    calls = []

    class Failing(ScriptedGenerator):
        async def draw(self, request):
            raise error

    with pytest.raises(type(error)):
        asyncio.run(Metered(Failing(), "baseline", calls.append).draw(WISH))
    assert [(c.outcome, c.images, c.usd) for c in calls] == [(type(error).__name__, 0, None)]


def test_every_retry_is_the_next_try_of_its_key(database, tmp_path):
    calls = []
    model = Retried(Metered(ScriptedAnalyzer([Transient("503"), "yes"]), "analyzer", calls.append), 30)
    asyncio.run(model.ask(QUESTION))
    database.upsert([], calls)
    database.upsert([], [replace(CALL, call_key=calls[0].call_key)])  # as a resumed run would
    Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "other").upsert([], [CALL])
    rows = written(database, tmp_path)
    assert sorted((r["try"], r["outcome"]) for r in rows) == [(1, "Transient"), (2, "ok"), (3, "ok")]


def test_the_file_is_in_the_order_of_the_calls_and_keeps_what_is_not_known_null(database, tmp_path):
    database.upsert([], [replace(CALL, call_key=f"k{n}", started=float(-n % 7)) for n in range(20)])
    rows = written(database, tmp_path)
    assert [r["started"] for r in rows] == sorted(r["started"] for r in rows)
    assert {(r["input_tokens"], r["output_tokens"], r["usd"]) for r in rows} == {(None, None, None)}
    assert pq.read_schema(tmp_path / NAME).equals(SCHEMA)
    database.upsert([], [replace(CALL, call_key="later")])
    assert len(written(database, tmp_path)) == 21
    nobody = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "nobody")
    assert written(nobody, tmp_path) == []


def test_an_outcome_is_never_on_disk_before_the_calls_it_came_from(database, tmp_path):
    """Even when a commit fails in between: its calls go with the next one."""
    refused = []

    class Moody(Outcomes):
        def upsert(self, finished, calls=()):
            if not refused:
                refused.append(calls)
                raise OperationalError("disk", None, Exception("full"))
            super().upsert(finished, calls)

    async def climb():
        keeper = Keeper(Moody(f"sqlite:///{tmp_path / 'run.db'}", "one"))
        keeper.note(replace(CALL, call_key="a1"))
        with pytest.raises(OperationalError):
            await keeper.keep(Trajectory(sample(id="a"), 1).accept("direct"))
        keeper.note(replace(CALL, call_key="b1"))
        await keeper.keep(Trajectory(sample(id="b"), 2).accept("direct"))
        assert [t.sample.id for t in database.all()] == ["b"]
        keeper.note(replace(CALL, call_key="c1"))
        await keeper.flush()

    asyncio.run(climb())
    assert {r["call_key"] for r in written(database, tmp_path)} == {"a1", "b1", "c1"}


def test_whatever_a_driver_raises_reaches_those_who_wait(database):
    async def climb():
        keeper = Keeper(database)
        keeper.note(replace(CALL, input_tokens=2**70))
        await asyncio.wait_for(keeper.keep(Trajectory(sample(id="a"), 1).accept("direct")), 20)

    with pytest.raises(OverflowError):
        asyncio.run(climb())


def test_many_samples_at_once_lose_no_call(database, tmp_path):
    async def one(keeper, n):
        keeper.note(replace(CALL, call_key=f"k{n}"))
        await asyncio.sleep(n % 3 / 100)
        await keeper.keep(Trajectory(sample(id=f"s{n}"), n).accept("direct"))

    async def climb():
        keeper = Keeper(database)
        await asyncio.gather(*(one(keeper, n) for n in range(60)))

    asyncio.run(climb())
    assert len(list(database.all())) == len(written(database, tmp_path)) == 60
