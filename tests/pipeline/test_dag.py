"""The DAG on real Ray: one limit over all rungs, a gate that stops feeding, and an engine whose death stops the run."""

import itertools
import os
import signal
import threading
import time

import pytest
import ray

import prompts.catalogue
from benchmarks.slots import Sleeper, ladder, samples
from pipeline import dag
from pipeline.manifest.file import load
from pipeline.models import Composed
from pipeline.run import hub
from pipeline.run.session import session
from pipeline.storage.outcomes import Outcomes
from stages.calls import Models
from stages.errors import EngineDead
from stages.records import Evaluation
from stages.scripted import ScriptedAnalyzer, ScriptedGenerator

SLOTS = 5


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    with session(None, tmp_path_factory.mktemp("ray") / "ray.log"):
        yield


def make_job(folder, todo, *overrides):
    manifest = load("manifests/demo.yaml", [f"run.concurrency={SLOTS}", *overrides])
    database = f"sqlite:///{folder / 'run.db'}"
    outcomes = Outcomes(database, "test")
    outcomes.create()
    counting = hub.start(SLOTS, len(todo), [], manifest.quotas)
    window = dag.window(manifest, len(todo))
    return dag.ClimbJob(manifest, "test", str(folder), database, counting, window), outcomes


def count_most_at_once(log) -> int:
    times = [tuple(map(float, line.split()[:2])) for line in log.read_text().splitlines()]
    steps = sorted([(begin, 1) for begin, _ in times] + [(end, -1) for _, end in times])
    return max(itertools.accumulate(step for _, step in steps))


def count_calls(t) -> int:
    """How many calls a trajectory took: one an event, or one a judgement."""
    judged = [len(e.payload.judgements) for e in t.events if isinstance(e.payload, Evaluation)]
    return sum(e.call_key is not None for e in t.events) + sum(n - 1 for n in judged if n)


def test_calls_in_flight_over_all_rungs_never_exceed_the_limit_and_reach_it(up, tmp_path):
    todo = samples(40)
    work, outcomes = make_job(tmp_path, todo)
    sleeper = Sleeper(0.01, 0.8, str(tmp_path / "log"))
    done = list(dag.run(work, todo, ladder(sleeper, per_rung=True)))
    assert sorted(done) == sorted(t.sample.id for t in todo)
    assert count_most_at_once(tmp_path / "log") == SLOTS
    kept = list(outcomes.all())
    assert {t.mode for t in kept} == {"direct", "reflection", "multistep", None}
    progress = ray.get(work.hub.progress.remote())
    assert progress.done == 40
    assert sum(progress.counts[rung, "calls"] for rung in work.manifest.policy.ladder) == sum(map(count_calls, kept))
    assert all(n == 0 for (_, what), n in progress.counts.items() if what in ("samples", "in_flight"))


@pytest.mark.slow
def test_feeding_stops_when_the_quotas_are_filled(up, tmp_path):
    todo = samples(400)
    work, outcomes = make_job(
        tmp_path, todo, "quotas.direct=5", "quotas.reflection=3", "quotas.multistep=3", "run.blocks=80"
    )
    list(dag.run(work, todo, ladder(Sleeper(0.005, 0.5, str(tmp_path / "log")), per_rung=True)))
    begun = list(outcomes.all())
    assert 11 <= len(begun) < 200  # what was in hand is finished, the rest is never begun
    assert [t.rank for t in begun[:11]] == list(range(11))


@pytest.mark.slow
def test_an_actor_that_dies_is_replaced_and_no_finished_sample_climbs_again(up, tmp_path):
    todo = samples(60)
    work, outcomes = make_job(tmp_path, todo, "run.blocks=4")
    log = tmp_path / "log"
    killed = threading.Thread(target=kill_the_first_actor, args=(log, outcomes))
    killed.start()
    assert len(list(dag.run(work, todo, ladder(Sleeper(0.01, 0.5, str(log)), per_rung=True)))) == 60
    killed.join()
    kept = list(outcomes.all())
    assert len(kept) == 60
    assert ray.get(work.hub.progress.remote()).done == 60
    drawn = sum(e.kind == "generation" for t in kept for e in t.events)
    needed = sum(map(count_calls, kept)) - drawn
    asked = sum(
        not line.endswith("image") for line in log.read_text().splitlines()
    )  # its images are names, and never stored
    assert needed <= asked <= needed + SLOTS  # the journal knows all but the calls that were in flight


def kill_the_first_actor(log, outcomes):
    while len(list(outcomes.all())) < 5:
        time.sleep(0.02)
    os.kill(int(log.read_text().split()[2]), signal.SIGKILL)


class Dead(dag.RungActor):
    """A rung whose engine is gone."""

    def models(self, job, lent):
        gone = ScriptedAnalyzer([EngineDead("the engine left")] * SLOTS)  # whichever call is heard of first, it says so
        drawer = ScriptedGenerator()
        return Composed(Models(drawer, drawer, gone, prompts.catalogue.load(), 1), ())


def test_a_dead_engine_stops_the_run_with_its_words(up, tmp_path):
    todo = samples(3)
    work, outcomes = make_job(tmp_path, todo)
    with pytest.raises(hub.RunStopped, match=r"^the engine left$"):
        list(dag.run(work, todo, Dead))
    assert list(outcomes.all()) == []
