"""One transaction for everything that was handed in together; a scribe promises only what is stored."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from pipeline.journal.scribe import Scribe
from pipeline.storage.calls import OPEN_CALLS, OpenCall
from pipeline.storage.entries import HITS, Entry
from pipeline.storage.ledger import LEDGER, LOST, Call
from pipeline.storage.outcomes import Outcomes
from stages.trajectory import Trajectory
from tests.stages.test_ladder import sample

CALL = Call("k", "analyzer", "m@1", "far", "evaluation", 5.0, 0.5, None, None, 0, 0.25, "ok")
OPEN = OpenCall("o", "k", "analyzer", "m@1", "far", "evaluation", 5.0, 2.0)


def outcome(name, rank=1):
    return Trajectory(sample(id=name), rank).accept("direct")


@pytest.fixture
def database(tmp_path):
    outcomes = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "one")
    outcomes.create()
    yield outcomes
    outcomes.close()


def rows(outcomes, table):
    with outcomes.engine.connect() as connection:
        return connection.execute(select(table)).all()


class Moody(Outcomes):
    """A database that is full for its first commits."""

    full = 1

    def commit(self, batch):
        if self.full:
            self.full -= 1
            raise OperationalError("disk", None, Exception("full"))
        super().commit(batch)


def test_an_outcome_is_never_on_disk_before_the_calls_it_came_from(database, tmp_path):
    """Even when a commit fails in between: its calls and its answers go with the next one, its outcome and openings do not."""

    async def climb():
        scribe = Scribe(Moody(f"sqlite:///{tmp_path / 'run.db'}", "one"))
        scribe.close_call("o1", replace(CALL, call_key="a1"))
        scribe.count_hit("h")
        waiting = [
            scribe.keep(outcome("a")),
            scribe.keep_answer(Entry("e", "plan", 1.0, "words")),
            scribe.open_call(OPEN),
        ]
        errors = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(error) for error in errors] == [OperationalError] * 3
        assert await scribe.find_answer("e") is None
        scribe.close_call("o2", replace(CALL, call_key="b1"))
        await scribe.keep(outcome("b"))
        assert [t.sample.id for t in database.all()] == ["b"]
        assert (await scribe.find_answer("e")).text == "words"
        scribe.close_call("o3", replace(CALL, call_key="c1"))
        await scribe.flush()
        scribe.close()

    asyncio.run(climb())
    assert {row.call_key for row in rows(database, LEDGER)} == {"a1", "b1", "c1"}
    assert rows(database, OPEN_CALLS) == []
    assert [(h.run, h.call_key, h.count) for h in rows(database, HITS)] == [("one", "h", 1)]


def test_whatever_a_driver_raises_reaches_those_who_wait(database):
    async def climb():
        scribe = Scribe(database)
        scribe.close_call("o", replace(CALL, input_tokens=2**70))
        try:
            await asyncio.wait_for(scribe.keep(outcome("a")), 60)
        finally:
            scribe.close()

    with pytest.raises(OverflowError):
        asyncio.run(climb())


def test_an_error_of_a_read_reaches_who_asked(database):
    async def ask():
        scribe = Scribe(Outcomes("sqlite:////nowhere/run.db", "one"))
        try:
            await asyncio.wait_for(scribe.find_answer("k"), 60)
        finally:
            scribe.close()

    with pytest.raises(OperationalError):
        asyncio.run(ask())


def test_many_at_once_share_commits_and_lose_nothing(database):
    commits = []
    event.listen(database.engine, "commit", commits.append)

    async def one(scribe, n):
        await scribe.open_call(replace(OPEN, id=f"o{n}", call_key=f"k{n}"))
        await asyncio.sleep(n % 3 / 100)
        scribe.close_call(f"o{n}", replace(CALL, call_key=f"k{n}"))
        await scribe.keep_answer(Entry(f"k{n}", "plan", 1.0, f"{n}"))
        await scribe.keep(outcome(f"s{n}", n))
        assert (await scribe.find_answer(f"k{n}")).text == f"{n}"

    async def climb():
        scribe = Scribe(database)
        await asyncio.gather(*(one(scribe, n) for n in range(200)))
        scribe.close()

    asyncio.run(climb())
    assert len(list(database.all())) == len(rows(database, LEDGER)) == 200
    assert rows(database, OPEN_CALLS) == []
    assert len(commits) < 100


def test_who_gives_up_waiting_stops_nobody_else(database):
    async def climb():
        scribe = Scribe(database)
        await scribe.flush()
        waiting = [asyncio.create_task(scribe.keep(outcome(f"s{n}", n))) for n in range(6)]
        asking = [asyncio.create_task(scribe.find_answer(f"k{n}")) for n in range(6)]
        opening = asyncio.create_task(scribe.open_call(OPEN))
        await asyncio.sleep(0)
        for given_up in (waiting[0], waiting[4], asking[0], asking[4], opening):
            given_up.cancel()
        await asyncio.wait([*waiting, *asking, opening])
        assert [t.cancelled() for t in waiting] == [t.cancelled() for t in asking] == [True, *[False] * 3, True, False]
        await scribe.flush()
        scribe.close()

    asyncio.run(climb())
    assert len(list(database.all())) == 6
    assert rows(database, OPEN_CALLS) == []  # it was not sent


def test_a_call_given_up_for_lost_may_yet_end(database):
    """An actor that outlived its driver gets its answer after the next build entered the call as lost."""
    late = replace(CALL, call_key="k", started=7.125, outcome="ok")

    async def climb():
        scribe = Scribe(database)
        for n in range(2):
            await scribe.open_call(replace(OPEN, id=f"o{n}", started=7.125 + n))
        assert database.settle_open() == 2
        assert database.spent() == 4.0
        scribe.close_call("o0", late)
        await scribe.flush()
        scribe.close()

    asyncio.run(climb())
    assert sorted((row.outcome, row.started) for row in rows(database, LEDGER)) == [(LOST, 8.125), ("ok", 7.125)]
    assert database.spent() == 2.25


def test_a_full_disk_is_said_and_what_had_arrived_is_written_once_there_is_room(tmp_path):
    """The error is SQLite's own, from a file that may not grow."""
    outcomes = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "one")
    outcomes.create()
    pages = ["PRAGMA max_page_count=40"]
    event.listen(outcomes.engine, "checkout", lambda raw, *_: raw.execute(pages[-1]).close())
    long = [Entry(f"k{n}", "plan", 1.0, "x" * 5000) for n in range(60)]

    async def climb():
        scribe = Scribe(outcomes)
        stored = []

        async def write():
            for entry in long:
                await scribe.keep_answer(entry)
                stored.append(entry)

        with pytest.raises(OperationalError, match="full"):
            await write()
        assert 0 < len(stored) < len(long)
        stopped = long[len(stored)]
        assert (await scribe.find_answer(stored[-1].key)) == stored[-1]
        assert await scribe.find_answer(stopped.key) is None
        pages.append("PRAGMA max_page_count=100000")
        await scribe.flush()
        assert await scribe.find_answer(stopped.key) == stopped
        scribe.close()

    asyncio.run(climb())
    outcomes.close()


def test_a_database_that_is_only_looked_at_refuses_to_be_written(database):
    looking = Outcomes(str(database.engine.url), "one", looking=True)
    with pytest.raises(OperationalError, match="readonly"):
        looking.upsert([outcome("a")])
    assert list(looking.all()) == []
    looking.close()
