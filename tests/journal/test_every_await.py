"""A climb is killed at every await and resumed: the same trajectory, nothing is paid twice, and every call is accounted for."""

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
from stages.ladder import climb_all
from stages.policy import Policy
from stages.prune import prune
from stages.rungs import read_recipe
from stages.trajectory import Trajectory, dump
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
    """Where a sample climbs: a folder with its database and store, and a server that survives kills."""

    folder: Path
    server: Server

    def outcomes(self) -> Outcomes:
        return Outcomes(f"sqlite:///{self.folder / 'run.db'}", "one")

    def live(self, kill_at=None, moment="unheard"):
        """Let the sample climb in one life, which may end early; returns the life."""
        life, outcomes, store = Life(kill_at, moment), self.outcomes(), ImageStore(str(self.folder / "store"))
        outcomes.create()
        outcomes.settle_open()
        scribe = Scribe(outcomes, Threads(life), Threads(life))
        t = Trajectory(sample(references=()), rank=1)

        async def one() -> None:
            if outcomes.among([t.sample.id]):
                return
            chain, after = models(self.server, scribe, store, WORDS), t
            after = await climb_all(after, read_recipe(POLICY), chain)
            await scribe.keep(prune(after, read_recipe(POLICY)))

        life.run(one)
        drop(life, outcomes.engine)
        outcomes.close()
        return life

    def rows(self, column, table):
        outcomes = self.outcomes()
        with outcomes.engine.connect() as connection:
            values = list(connection.execute(select(column).where(table.c.call_key != "")).scalars())
        outcomes.close()
        return values

    def final(self) -> list[str]:
        outcomes = self.outcomes()
        dumps = [dump(t) for t in outcomes.all()]
        outcomes.close()
        return dumps


@pytest.fixture
def rig():
    made = []

    def new(name):
        memory = Path("/dev/shm")  # a sync costs nothing there; other tests check that it is made
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
    calls = sum(whole.server.arrivals.values())
    assert steps > 8 * calls  # every call suspends at its lookup, opening, sending, answer, commit
    repeated = Counter()
    for n in range(1, steps + 1):
        one = rig(name)
        assert one.live(n, moment).died
        repeated[_resume(one, expected)] += 1
        shutil.rmtree(one.folder / "store", ignore_errors=True)
    assert set(repeated) == {0, 1}  # some kills repeat the call in flight, some nothing


def _resume(one, expected) -> int:
    """Take the sample to its end after a kill; returns how many requests came twice."""
    journalled = set(one.rows(JOURNAL.c.call_key, JOURNAL))
    entered = Counter(one.rows(LEDGER.c.call_key, LEDGER))
    still_open = Counter(one.rows(OPEN_CALLS.c.call_key, OPEN_CALLS))
    before = Counter(one.server.arrivals)
    assert not before - (entered + still_open)  # every call that was sent is written down
    unsent = (entered + still_open) - before
    assert unsent.total() <= 1
    assert not unsent - still_open
    one.live()
    assert one.final() == [expected]
    after = one.server.arrivals - before
    assert not journalled & set(after)  # committed, never asked for again
    assert Counter(one.rows(LEDGER.c.call_key, LEDGER)) == one.server.arrivals + unsent
    assert not one.rows(OPEN_CALLS.c.call_key, OPEN_CALLS)
    lost = one.rows(LEDGER.c.outcome, LEDGER).count(LOST)
    outcomes = one.outcomes()
    assert lost == still_open.total()
    assert outcomes.spent() == lost * RESERVED + (sum(one.server.arrivals.values()) + unsent.total() - lost) * COST
    outcomes.close()
    return len(set(after) & set(before))


def test_a_finished_sample_is_not_asked_about_again(rig):
    one = rig("multistep")
    one.live()
    arrivals = Counter(one.server.arrivals)
    one.live()
    assert one.server.arrivals == arrivals
    assert set(arrivals.values()) == {1}


def test_without_its_outcome_everything_is_replayed_and_counted(rig):
    one = rig("multistep")
    one.live()
    (expected,), arrivals = one.final(), Counter(one.server.arrivals)
    outcomes = one.outcomes()
    outcomes.forget([sample().id])
    outcomes.close()
    one.live()
    assert one.final() == [expected]
    assert one.server.arrivals == arrivals


def test_a_lost_image_is_drawn_again(rig):
    one = rig("direct")
    one.live()
    outcomes = one.outcomes()
    outcomes.forget([sample().id])
    outcomes.close()
    shutil.rmtree(one.folder / "store")
    one.live()
    assert sorted(one.server.arrivals.values()) == [1, 2]
