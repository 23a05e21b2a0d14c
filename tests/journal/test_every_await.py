"""A sample is killed at every await of its climb, and resumed: the same trajectory, nothing paid twice, no call unaccounted for."""

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

import prompts.catalogue
from pipeline.journal.scribe import Scribe
from pipeline.storage.calls import OPEN_CALLS
from pipeline.storage.entries import JOURNAL
from pipeline.storage.image_store import ImageStore
from pipeline.storage.ledger import LEDGER, LOST
from pipeline.storage.outcomes import Outcomes
from stages import scripted
from stages.errors import Malformed, Refused, TooLong
from stages.ladder import RUNGS, climb
from stages.policy import Policy
from stages.prune import prune
from stages.records import Trajectory, dump
from tests.journal.mortal import Life, Threads, drop
from tests.journal.server import COST, RESERVED, Server, models
from tests.stages.test_ladder import COMPLEX, FAIL, ONCE, PASS, sample

WORDS = prompts.catalogue.load()
POLICY = Policy(judging=ONCE, reflection_rounds=1, step_attempts=1)
PROSE = "I would rather not \ud800 say\x00"
SCRIPTS = {
    "direct": ({"evaluation": [PASS]}, []),
    "reflection": ({"evaluation": [FAIL, PASS], "reflection": [scripted.reflection()]}, []),
    "multistep": (
        {
            "evaluation": [FAIL, FAIL, PASS, PASS, PASS],
            "reflection": [scripted.reflection()],
            "diagnosis": [COMPLEX],
            "plan": [scripted.steps("one", "two")],
        },
        [],
    ),
    "refused": ({"evaluation": [FAIL], "reflection": [scripted.reflection()]}, [None, Refused(PROSE)]),
    "malformed, then good": ({"evaluation": [PROSE, PASS]}, [Malformed("half a picture", "it is cut short"), None]),
    "malformed": ({"evaluation": [Malformed("", "nothing came"), "{}"]}, []),
    "too long": ({"evaluation": [TooLong("20,000 tokens")]}, []),
}
ENDS = {"refused": "discarded", "malformed": "failed", "too long": "failed"}


@dataclass
class Rig:
    """Where a sample climbs: a folder with its database and store, and a server that survives."""

    folder: Path
    server: Server

    def outcomes(self) -> Outcomes:
        return Outcomes(f"sqlite:///{self.folder / 'run.db'}", "one")

    def live(self, kill_at=None, moment="unheard"):
        """One process takes the sample as far as it lives; returns its life."""
        life, outcomes, store = Life(kill_at, moment), self.outcomes(), ImageStore(str(self.folder / "store"))
        outcomes.create()
        outcomes.settle_open()
        scribe = Scribe(outcomes, Threads(life), Threads(life))
        t = Trajectory(sample(references=()), rank=1)

        async def one() -> None:
            if outcomes.among([t.sample.id]):
                return
            chain, after = models(self.server, scribe, store, WORDS), t
            for rung in RUNGS:
                after = await climb(after, rung, chain, POLICY)
            await scribe.keep(prune(after))

        life.run(one)
        drop(life, outcomes.engine)
        outcomes.close()
        return life

    def rows(self, column, table):
        outcomes = self.outcomes()
        with outcomes.engine.connect() as connection:
            found = list(connection.execute(select(column).where(table.c.call_key != "")).scalars())
        outcomes.close()
        return found

    def final(self) -> list[str]:
        outcomes = self.outcomes()
        found = [dump(t) for t in outcomes.all()]
        outcomes.close()
        return found


@pytest.fixture
def rig():
    made = []

    def new(name):
        memory = Path("/dev/shm")  # a sync costs nothing there; that it is made is tested elsewhere
        folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        made.append(folder)
        texts, images = SCRIPTS[name]
        return Rig(folder, Server(texts, images))

    yield new
    for folder in made:
        shutil.rmtree(folder)


@pytest.mark.parametrize("moment", ["unheard", "dropped"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_killed_at_every_await_and_resumed(name, moment, rig):
    whole = rig(name)
    steps = whole.live(moment=moment).suspensions
    (expected,) = whole.final()
    assert f'"status":"{ENDS.get(name, "accepted")}"' in expected
    calls = sum(whole.server.seen.values())
    assert steps > 8 * calls  # every call suspends at its lookup, opening, sending, answer, commit
    repeated = Counter()
    for n in range(1, steps + 1):
        one = rig(name)
        assert one.live(n, moment).died
        repeated[_resumed(one, expected)] += 1
        shutil.rmtree(one.folder / "store", ignore_errors=True)
    assert set(repeated) == {0, 1}  # some kills repeat the call in flight, some nothing


def _resumed(one, expected) -> int:
    """Take the sample to its end after a kill; how many requests the server saw twice."""
    known = set(one.rows(JOURNAL.c.call_key, JOURNAL))
    entered = Counter(one.rows(LEDGER.c.call_key, LEDGER))
    still_open = Counter(one.rows(OPEN_CALLS.c.call_key, OPEN_CALLS))
    before = Counter(one.server.seen)
    assert not before - (entered + still_open)  # whatever was sent is noted
    unsent = (entered + still_open) - before
    assert unsent.total() <= 1
    assert not unsent - still_open
    one.live()
    assert one.final() == [expected]
    after = one.server.seen - before
    assert not known & set(after)  # committed, never asked for again
    assert Counter(one.rows(LEDGER.c.call_key, LEDGER)) == one.server.seen + unsent
    assert not one.rows(OPEN_CALLS.c.call_key, OPEN_CALLS)
    lost = one.rows(LEDGER.c.outcome, LEDGER).count(LOST)
    outcomes = one.outcomes()
    assert lost == still_open.total()
    assert outcomes.spent() == lost * RESERVED + (sum(one.server.seen.values()) + unsent.total() - lost) * COST
    outcomes.close()
    return len(set(after) & set(before))


def test_a_finished_sample_is_not_asked_about_again(rig):
    one = rig("multistep")
    one.live()
    seen = Counter(one.server.seen)
    one.live()
    assert one.server.seen == seen
    assert set(seen.values()) == {1}


def test_without_its_outcome_everything_is_replayed_and_counted(rig):
    one = rig("multistep")
    one.live()
    (expected,), seen = one.final(), Counter(one.server.seen)
    outcomes = one.outcomes()
    outcomes.forget([sample().id])
    outcomes.close()
    one.live()
    assert one.final() == [expected]
    assert one.server.seen == seen


def test_a_lost_image_is_drawn_again(rig):
    one = rig("direct")
    one.live()
    outcomes = one.outcomes()
    outcomes.forget([sample().id])
    outcomes.close()
    shutil.rmtree(one.folder / "store")
    one.live()
    assert sorted(one.server.seen.values()) == [1, 2]
