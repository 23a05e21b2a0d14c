"""Engines on real Ray: they start or say why not, share the calls, outlive deaths, and never let a call be entered twice."""

import asyncio
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import ray
from sqlalchemy import select

from pipeline import dag
from pipeline.backends.contract import Access
from pipeline.backends.local.faults import fault
from pipeline.engines.actor import EngineActor
from pipeline.engines.client import key_of
from pipeline.engines.fleet import start
from pipeline.engines.spec import EngineSpec
from pipeline.errors import RunStopped
from pipeline.manifest.file import load
from pipeline.models import hosted
from pipeline.planning.plan import plan
from pipeline.run import hub
from pipeline.run.session import session
from pipeline.storage.image_store import ImageStore
from pipeline.storage.ledger import LEDGER
from pipeline.storage.outcomes import Outcomes
from stages.errors import EngineDead, RateLimited, Refused
from stages.protocols import Message, TextReply, TextRequest, Usage
from stages.trajectory import dump

AT = Access("world", "e", None, "world-analyzer", "1", {})


class Odd:
    """A model that does what the request says, and writes down what happens to it."""

    identity = "odd@1"
    max_output_tokens = 9

    def __init__(self, folder):
        self._log = Path(folder) / "calls"

    def _note(self, what):
        with self._log.open("a") as file:
            file.write(f"{what} {os.getpid()}\n")

    async def ask(self, request):
        word, _, rest = request.messages[0].content.partition(" ")
        self._note(f"{word}-begun")
        if word == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "lose" and notes(self._log.parent).count("lose-begun") <= int(rest):
            raise fault("odd", RuntimeError("CUDA error: device-side assert triggered"))
        if word == "environment":
            return TextReply(os.environ.get(rest, "is not there"))
        if word == "break":
            raise OSError(28, "No space left on device", "store")
        if word == "refuse":
            error = Refused(rest)
            error.usage = Usage(7, 9)
            raise error
        if word == "wait":
            try:
                await asyncio.sleep(float(rest))
            except asyncio.CancelledError:
                self._note("cancelled")
                raise
        if word == "slow":
            raise RateLimited(rest, 2.5)
        return TextReply(str(os.getpid()))


class OddEngine(EngineActor):
    """Hosts an odd model."""

    def _open(self):
        return {key: Odd(self._store.root) for key in self._models}


class Unloadable(EngineActor):
    """Its weights are missing."""

    def _open(self):
        raise EngineDead("the folder w lacks model.safetensors; fetch the weights first")


class Fragile(EngineActor):
    """Dies while it loads."""

    def _open(self):
        os._exit(1)


class Mistyped(EngineActor):
    """Its options are wrong."""

    def _open(self):
        raise ValueError("unknown option temprature; did you mean temperature?")


class Once(OddEngine):
    """Can be opened once."""

    def _open(self):
        try:
            Path(self._store.root, "opened").touch(exist_ok=False)
        except FileExistsError:
            raise ValueError("the options are gone") from None
        return super()._open()


class Endless(EngineActor):
    """Loads for ever."""

    def _open(self):
        time.sleep(3600)


@pytest.fixture(scope="module", autouse=True)
def up(tmp_path_factory):
    with session(None, tmp_path_factory.mktemp("ray") / "ray.log"):
        yield


def engine_of(actor, folder, lines=None, withheld=(), **spec):
    engines = {"e": EngineSpec.model_validate({"cpus": 0.01} | spec)}
    tell = [].append if lines is None else lines.append
    return start(
        engines, {"e": {key_of(AT): AT}}, str(folder), folder / "engines", tell, withheld=withheld, actor=actor
    )


def asked(words, seed=1):
    return TextRequest((Message("user", words),), (), "evaluation", seed, 1)


def notes(folder):
    path = folder / "calls"
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


async def noted(folder, what, times=1):
    while notes(folder).count(what) < times:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("actor", "spec", "words"),
    [
        (Unloadable, {}, r"^the engine e cannot start: the folder w lacks model.safetensors; fetch the weights first$"),
        (
            Mistyped,
            {},
            r"^the engine e cannot start: ValueError: unknown option temprature; .*; its words are in .*e-\*.log$",
        ),
        (Fragile, {"restarts": 0}, r"^the engine e died while it started; its words are in .*engines/e-\*.log$"),
        (
            Endless,
            {"startup_s": 0.5},
            r"^the engine e was not ready within 0.5 s: 0 of 1 replicas are up; raise startup_s",
        ),
        (OddEngine, {"gpus": 4, "replicas": 2}, r"^the engines e need 8 GPU, and there are 0; lower their replicas"),
        (
            OddEngine,
            {"cpus": 4096},
            r"^the engines e need 4097 CPU, with 1 for the build itself, and there are \d+; lower",
        ),
        (OddEngine, {"resources": {"h100": 1}}, r"^the engines e need 1 h100, and there are 0; lower"),
    ],
)
def test_an_engine_that_cannot_start_says_so_in_one_line(tmp_path, actor, spec, words):
    with pytest.raises(RunStopped, match=words) as stopped:
        engine_of(actor, tmp_path, **spec)
    assert "\n" not in str(stopped.value)


def test_what_servers_hold_is_not_there_for_engines(tmp_path):
    cpus = ray.cluster_resources()["CPU"]
    engines = {"e": EngineSpec(cpus=1)}
    words = (
        rf"need 2 CPU, with 1 for the build itself, and there are {cpus:g}, of which servers hold {cpus - 1:g}; lower"
    )
    with pytest.raises(RunStopped, match=words):
        start(engines, {"e": {}}, str(tmp_path), tmp_path, print, actor=OddEngine, taken={"CPU": cpus - 1})
    taken = {"CPU": cpus - 2 + 1e-9}  # as sums of shares have it
    assert start(engines, {"e": {}}, str(tmp_path), tmp_path, print, actor=OddEngine, taken=taken).engines


def test_an_engine_that_cannot_start_again_says_why_at_once(tmp_path):
    model = engine_of(Once, tmp_path).model(AT)
    with pytest.raises(EngineDead, match="the engine e died and cannot start again: ValueError: the options are gone"):
        asyncio.run(model.ask(asked("die")))


def test_calls_are_shared_and_errors_come_as_they_were_raised(tmp_path):
    lines = []
    model = engine_of(OddEngine, tmp_path, lines, replicas=2).model(AT)
    assert lines == ["Engine e is ready."]
    assert (model.identity, model.max_output_tokens) == ("odd@1", 9)

    async def work():
        replies = await asyncio.gather(*(model.ask(asked("wait 0.2")) for _ in range(10)))
        assert sorted(Counter(reply.text for reply in replies).values()) == [5, 5]
        with pytest.raises(Refused, match=r"^no such picture$") as refused:
            await model.ask(asked("refuse no such picture"))
        assert refused.value.usage == Usage(7, 9)
        with pytest.raises(RateLimited) as limited:
            await model.ask(asked("slow down"))
        assert limited.value.retry_after == 2.5
        with pytest.raises(OSError, match="No space left") as full:
            await model.ask(asked("break"))
        assert full.value.errno == 28

    asyncio.run(work())


def test_a_call_that_is_cancelled_here_is_cancelled_there(tmp_path):
    model = engine_of(OddEngine, tmp_path).model(AT)

    async def work():
        given_up, kept = (asyncio.create_task(model.ask(asked(f"wait {s}"))) for s in (3600, 1))
        await noted(tmp_path, "wait-begun", 2)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        await noted(tmp_path, "cancelled")
        assert (await kept).text
        assert model.engine.replicas[0].calls == 0

    asyncio.run(work())
    assert notes(tmp_path).count("cancelled") == 1


def test_a_replica_that_dies_is_started_again_and_its_calls_are_asked_again(tmp_path):
    model = engine_of(OddEngine, tmp_path, restarts=1, replicas=2).model(AT)

    async def work():
        first = {(await model.ask(asked("which"))).text for _ in range(20)}
        assert len(first) == 2
        under_way = [asyncio.create_task(model.ask(asked("wait 2", seed))) for seed in range(4)]
        await noted(tmp_path, "wait-begun", 4)
        os.kill(int(min(first)), signal.SIGKILL)
        pids = Counter([(await one).text for one in under_way])
        assert min(first) not in pids
        assert notes(tmp_path).count("wait-begun") == 6  # only those of the dead replica were begun again

    asyncio.run(work())


def test_a_call_that_kills_its_engine_stops_the_run_and_is_named(tmp_path):
    model = engine_of(OddEngine, tmp_path, restarts=2).model(AT)

    async def work():
        with pytest.raises(EngineDead) as dead:
            await model.ask(asked("die", seed=4711))
        assert str(dead.value) == (
            "the engine e died once more than the 2 restarts it has; its words are in "
            f"{tmp_path}/engines/e-*.log; the call evaluation with seed 4711 was under way at 3 of its deaths and may be the cause"
        )
        with pytest.raises(EngineDead, match=r"e-\*.log$"):
            await model.ask(asked("which"))

    asyncio.run(work())
    assert notes(tmp_path) == ["die-begun"] * 3
    assert (tmp_path / "engines" / "e-0.log").read_text().count("begins") == 3


@pytest.mark.slow
def test_a_device_that_is_lost_is_an_engine_that_starts_again(tmp_path):
    model = engine_of(OddEngine, tmp_path, restarts=3).model(AT)

    async def work():
        before = await model.ask(asked("which"))
        lost, other = await asyncio.gather(model.ask(asked("lose 2")), model.ask(asked("wait 0.01")))
        assert before.text != lost.text
        assert other.text
        with pytest.raises(
            EngineDead, match=r"died once more than the 3 restarts it has.* under way at 2 of its deaths"
        ):
            await model.ask(asked("lose 9"))

    asyncio.run(work())
    log = (tmp_path / "engines" / "e-0.log").read_text()
    assert log.count("ends: odd lost its device: RuntimeError: CUDA error: device-side assert triggered") == 4


def test_an_engine_does_not_see_the_keys_of_providers(tmp_path):
    model = engine_of(OddEngine, tmp_path, withheld=["PATH"]).model(AT)

    async def seen(name):
        return (await model.ask(asked(f"environment {name}"))).text

    async def work():
        assert await seen("PATH") == "is not there"
        assert await seen("HOME") == os.environ["HOME"]

    asyncio.run(work())


ROLES = ("baseline", "generator", "analyzer")


def climb(folder, *overrides, kill=False):
    """Climb a few samples through the DAG, engines and all; trajectories by sample, and how often each call is in the ledger."""
    folder.mkdir()
    manifest = load("manifests/demo.yaml", ["sources.0.count=8", "sources.0.size=96", "run.concurrency=6", *overrides])
    store, database = str(folder / "store"), f"sqlite:///{folder / 'run.db'}"
    todo = plan(manifest, ImageStore(store), 1).trajectories
    engines = start(manifest.engines, hosted(manifest), store, folder / "engines", print)
    with Outcomes(database, "test") as outcomes:
        outcomes.create()
        counting = hub.start(6, len(todo), [], manifest.quotas)
        job = dag.ClimbJob(manifest, "test", store, database, counting, len(todo), engines)
        killer = threading.Thread(target=kill_when_at_work, args=(folder, outcomes))
        if kill:
            killer.start()
        list(dag.run(job, todo))
        if kill:
            killer.join()
        with outcomes.engine.connect() as connection:
            rows = connection.execute(select(LEDGER.c.call_key, LEDGER.c.role, LEDGER.c.provider)).all()
        assert ray.get(counting.progress.remote()).done == len(todo)
        return {t.sample.id: dump(t) for t in outcomes.all()}, Counter(tuple(row) for row in rows)


def kill_when_at_work(folder, outcomes):
    while True:
        with outcomes.engine.connect() as connection:
            if len(connection.execute(select(LEDGER.c.call_key)).all()) > 20:
                break
        time.sleep(0.02)
    os.kill(int((folder / "engines" / "e-0.log").read_text().split()[1]), signal.SIGKILL)


@pytest.mark.slow
def test_the_ladder_over_engines_is_the_ladder_even_if_one_is_killed(tmp_path):
    here, calls = climb(tmp_path / "here")
    placed = ("engines.e={cpus: 0.01}", *(f"models.{role}.engine=e" for role in ROLES))
    there, calls_there = climb(tmp_path / "there", *placed, kill=True)
    assert there == here
    assert len(here) == 8
    assert (tmp_path / "there" / "engines" / "e-0.log").read_text().count("begins") == 2
    assert set(calls_there.values()) == {1}
    assert calls_there == Counter({(key, role, "e"): n for (key, role, _), n in calls.items()})
