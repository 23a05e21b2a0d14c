"""Any calls of scribes, in any order, with any failures in between: what was promised is stored, and the sums are right."""

import asyncio
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from pipeline.journal.scribe import Scribe
from pipeline.storage.calls import OPEN_CALLS
from pipeline.storage.entries import HITS, Entry
from pipeline.storage.ledger import LEDGER, LOST
from pipeline.storage.outcomes import Outcomes
from stages.errors import Transient
from stages.protocols import Usage
from stages.records import ImageRef
from tests.journal.test_scribe import CALL, OPEN, Moody, outcome, rows

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
USAGE = st.builds(Usage, st.none() | st.integers(0, 2**40), st.none() | st.integers(0, 9), st.none() | st.floats(0, 9))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(TEXT, st.none() | USAGE, st.booleans()), max_size=8))
def test_every_text_survives(tmp_path_factory, replies):
    outcomes = Outcomes(f"sqlite:///{tmp_path_factory.mktemp('db') / 'run.db'}", "one")
    outcomes.create()
    image = ImageRef("a" * 64, 3, 4, "PNG")
    made = [
        Entry(f"k{n}", "plan", 1.5, t, image if drawn else None, usage) for n, (t, usage, drawn) in enumerate(replies)
    ]

    async def climb():
        scribe = Scribe(outcomes)
        await asyncio.gather(*(scribe.keep_answer(entry) for entry in made))
        stored = [await scribe.find_answer(entry.key) for entry in made]
        scribe.close()
        return stored

    assert asyncio.run(climb()) == made
    outcomes.close()


STEPS = st.lists(
    st.tuples(st.sampled_from(["answer", "keep", "lose", "fail", "full", "hit"]), st.integers(0, 5), st.integers(0, 1)),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_any_interleaving_on_one_database_by_two_scribes(tmp_path_factory, steps):
    """What was promised is stored; every call opened is in the ledger once, or open; the money adds up."""
    url = f"sqlite:///{tmp_path_factory.mktemp('db') / 'run.db'}"
    databases = [Moody(url, "one"), Moody(url, "one")]
    for database in databases:
        database.full = 0
    databases[0].create()
    promised, opened, closed, hits = set(), Counter(), Counter(), Counter()

    async def call(scribe, number, n, what):
        key = f"k{n}"
        await scribe.open_call(replace(OPEN, id=f"{number}", call_key=key))
        opened[key] += 1
        await asyncio.sleep(0)
        if what == "lose":
            return
        outcome_ = "ok" if what == "answer" else Transient.__name__
        scribe.close_call(f"{number}", replace(CALL, call_key=key, outcome=outcome_))
        closed[key] += 1
        if what == "answer":
            await scribe.keep_answer(Entry(key, "plan", 1.0, key))
            promised.add(key)

    async def one(scribes, number, step):
        what, n, who = step
        await asyncio.sleep(0)
        if what == "full":
            databases[who].full += 1
        elif what == "hit":
            scribes[who].count_hit(f"k{n}")
            hits[f"k{n}"] += 1
        elif what == "keep":
            await scribes[who].keep(outcome(f"s{n}"))
            promised.add(f"s{n}")
        else:
            await call(scribes[who], number, n, what)

    async def climb():
        scribes = [Scribe(database) for database in databases]
        errors = await asyncio.gather(*(one(scribes, n, s) for n, s in enumerate(steps)), return_exceptions=True)
        assert {type(e) for e in errors} <= {type(None), OperationalError}
        for database, scribe in zip(databases, scribes, strict=True):
            database.full = 0
            await scribe.flush()
            scribe.close()

    asyncio.run(climb())
    first = databases[0]
    stored = {t.sample.id for t in first.all()} | set(first.answers([f"k{n}" for n in range(6)]))
    assert promised <= stored
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
