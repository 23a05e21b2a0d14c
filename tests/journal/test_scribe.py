"""One transaction for all that came together; what was promised is there, and nothing else is said to be."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from pipeline.journal.calls import OPEN_CALLS, OpenCall
from pipeline.journal.entries import HITS, Entry
from pipeline.journal.scribe import Scribe
from pipeline.ledger import LEDGER, LOST, Call
from pipeline.outcomes import Outcomes
from stages.errors import Transient
from stages.protocols import Usage
from stages.records import ImageRef, Trajectory
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
        scribe.closed("o1", replace(CALL, call_key="a1"))
        scribe.hit("h")
        waiting = [scribe.keep(outcome("a")), scribe.answered(Entry("e", "plan", 1.0, "words")), scribe.opened(OPEN)]
        heard = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(error) for error in heard] == [OperationalError] * 3
        assert await scribe.known("e") is None
        scribe.closed("o2", replace(CALL, call_key="b1"))
        await scribe.keep(outcome("b"))
        assert [t.sample.id for t in database.all()] == ["b"]
        assert (await scribe.known("e")).text == "words"
        scribe.closed("o3", replace(CALL, call_key="c1"))
        await scribe.flush()
        scribe.close()

    asyncio.run(climb())
    assert {row.call_key for row in rows(database, LEDGER)} == {"a1", "b1", "c1"}
    assert rows(database, OPEN_CALLS) == []
    assert [(h.run, h.call_key, h.count) for h in rows(database, HITS)] == [("one", "h", 1)]


def test_whatever_a_driver_raises_reaches_those_who_wait(database):
    async def climb():
        scribe = Scribe(database)
        scribe.closed("o", replace(CALL, input_tokens=2**70))
        try:
            await asyncio.wait_for(scribe.keep(outcome("a")), 20)
        finally:
            scribe.close()

    with pytest.raises(OverflowError):
        asyncio.run(climb())


def test_an_error_of_a_read_reaches_who_asked(database):
    async def ask():
        scribe = Scribe(Outcomes("sqlite:////nowhere/run.db", "one"))
        try:
            await asyncio.wait_for(scribe.known("k"), 20)
        finally:
            scribe.close()

    with pytest.raises(OperationalError):
        asyncio.run(ask())


def test_many_at_once_share_commits_and_lose_nothing(database):
    commits = []
    event.listen(database.engine, "commit", commits.append)

    async def one(scribe, n):
        await scribe.opened(replace(OPEN, id=f"o{n}", call_key=f"k{n}"))
        await asyncio.sleep(n % 3 / 100)
        scribe.closed(f"o{n}", replace(CALL, call_key=f"k{n}"))
        await scribe.answered(Entry(f"k{n}", "plan", 1.0, f"{n}"))
        await scribe.keep(outcome(f"s{n}", n))
        assert (await scribe.known(f"k{n}")).text == f"{n}"

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
        asking = [asyncio.create_task(scribe.known(f"k{n}")) for n in range(6)]
        opening = asyncio.create_task(scribe.opened(OPEN))
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


TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
USAGE = st.builds(Usage, st.none() | st.integers(0, 2**40), st.none() | st.integers(0, 9), st.none() | st.floats(0, 9))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(TEXT, st.none() | USAGE, st.booleans()), max_size=8))
def test_every_text_survives(tmp_path_factory, told):
    outcomes = Outcomes(f"sqlite:///{tmp_path_factory.mktemp('db') / 'run.db'}", "one")
    outcomes.create()
    image = ImageRef("a" * 64, 3, 4, "PNG")
    made = [Entry(f"k{n}", "plan", 1.5, t, image if drawn else None, usage) for n, (t, usage, drawn) in enumerate(told)]

    async def climb():
        scribe = Scribe(outcomes)
        await asyncio.gather(*(scribe.answered(entry) for entry in made))
        found = [await scribe.known(entry.key) for entry in made]
        scribe.close()
        return found

    assert asyncio.run(climb()) == made
    outcomes.close()


STEPS = st.lists(
    st.tuples(st.sampled_from(["answer", "keep", "lose", "fail", "full", "hit"]), st.integers(0, 5), st.integers(0, 1)),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_any_interleaving_on_one_database_by_two_scribes(tmp_path_factory, steps):
    """What returned is there; every call opened is in the ledger once, or open; the money adds up."""
    url = f"sqlite:///{tmp_path_factory.mktemp('db') / 'run.db'}"
    databases = [Moody(url, "one"), Moody(url, "one")]
    for database in databases:
        database.full = 0
    databases[0].create()
    promised, opened, closed, hits = set(), Counter(), Counter(), Counter()

    async def call(scribe, number, n, what):
        key = f"k{n}"
        await scribe.opened(replace(OPEN, id=f"{number}", call_key=key))
        opened[key] += 1
        await asyncio.sleep(0)
        if what == "lose":
            return
        outcome_ = "ok" if what == "answer" else Transient.__name__
        scribe.closed(f"{number}", replace(CALL, call_key=key, outcome=outcome_))
        closed[key] += 1
        if what == "answer":
            await scribe.answered(Entry(key, "plan", 1.0, key))
            promised.add(key)

    async def one(scribes, number, step):
        what, n, who = step
        await asyncio.sleep(0)
        if what == "full":
            databases[who].full += 1
        elif what == "hit":
            scribes[who].hit(f"k{n}")
            hits[f"k{n}"] += 1
        elif what == "keep":
            await scribes[who].keep(outcome(f"s{n}"))
            promised.add(f"s{n}")
        else:
            await call(scribes[who], number, n, what)

    async def climb():
        scribes = [Scribe(database) for database in databases]
        heard = await asyncio.gather(*(one(scribes, n, s) for n, s in enumerate(steps)), return_exceptions=True)
        assert {type(e) for e in heard} <= {type(None), OperationalError}
        for database, scribe in zip(databases, scribes, strict=True):
            database.full = 0
            await scribe.flush()
            scribe.close()

    asyncio.run(climb())
    first = databases[0]
    there = {t.sample.id for t in first.all()} | set(first.answers([f"k{n}" for n in range(6)]))
    assert promised <= there
    assert {h.call_key: h.count for h in rows(first, HITS)} == hits
    left = opened - closed
    assert Counter(row.call_key for row in rows(first, OPEN_CALLS)) == left
    money = first.spent()
    assert money == closed.total() * 0.25 + left.total() * 2.0
    assert first.settle_open() == left.total()
    assert first.settle_open() == 0
    assert Counter(row.call_key for row in rows(first, LEDGER)) == opened
    assert sum(row.outcome == LOST for row in rows(first, LEDGER)) == left.total()
    assert first.spent() == money
    for database in databases:
        database.close()


def test_a_call_given_up_for_lost_may_yet_end(database):
    """An actor that outlived its driver hears its answer after the next build took stock."""
    late = replace(CALL, call_key="k", started=7.125, outcome="ok")

    async def climb():
        scribe = Scribe(database)
        for n in range(2):
            await scribe.opened(replace(OPEN, id=f"o{n}", started=7.125 + n))
        assert database.settle_open() == 2
        assert database.spent() == 4.0
        scribe.closed("o0", late)
        await scribe.flush()
        scribe.close()

    asyncio.run(climb())
    assert sorted((row.outcome, row.started) for row in rows(database, LEDGER)) == [(LOST, 8.125), ("ok", 7.125)]
    assert database.spent() == 2.25
