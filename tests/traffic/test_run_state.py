"""The state of a run on real Ray: drained, halted, interrupted by a signal, and paused while nobody watches it."""

import io
import os
import signal
import threading
import time

import pytest
import ray
from rich.console import Console

from benchmarks.slots import Sleeper, ladder, samples
from pipeline import dag
from pipeline.errors import RunStopped
from pipeline.manifest.file import load
from pipeline.run import hub, interrupt
from pipeline.run.interrupt import interrupts
from pipeline.run.session import session
from pipeline.run.watch import watching
from pipeline.storage.outcomes import Outcomes

SLOTS = 6


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    with session(None, tmp_path_factory.mktemp("ray") / "ray.log"):
        yield


class Run:
    """A run of sleeping models, on its way in this process's main thread."""

    def __init__(self, folder, count=30, median_s=0.1):
        self.manifest = load("manifests/demo.yaml", [f"run.concurrency={SLOTS}"])
        self.todo, self.log = samples(count), folder / "log"
        self.outcomes = Outcomes(f"sqlite:///{folder / 'run.db'}", "test")
        self.outcomes.create()
        self.hub = hub.start(SLOTS, count, [], self.manifest.quotas)
        self.job = dag.ClimbJob(
            self.manifest, "test", str(folder), f"sqlite:///{folder / 'run.db'}", self.hub, len(self.todo)
        )
        self.ladder = ladder(Sleeper(median_s, 0.1, str(self.log)), per_rung=True)

    def climb(self) -> None:
        for _ in dag.run(self.job, self.todo, self.ladder):
            pass

    def wait_until_all_slots_are_taken(self) -> None:
        while ray.get(self.hub.progress.remote()).counts.get(("direct", "in_flight"), 0) < SLOTS:
            time.sleep(0.1)

    def begun(self) -> list[float]:
        return [float(line.split()[0]) for line in self.log.read_text().splitlines()]

    def after(self, calls, act) -> threading.Thread:
        """Do `act` once so many calls have ended; the moment it was done is appended to `at`."""
        self.at: list[float] = []

        def wait() -> None:
            while not self.log.exists() or len(self.begun()) < calls:
                time.sleep(0.02)
            act()
            self.at.append(time.monotonic())

        thread = threading.Thread(target=wait)
        thread.start()
        return thread


def test_a_drained_run_ends_soon_and_keeps_what_was_in_flight(up, tmp_path):
    run = Run(tmp_path)
    waiting = run.after(130, lambda: ray.get(run.hub.drain.remote("interrupt")))
    run.climb()
    waiting.join()
    # what begins after it learnt of it only with its next report: a few calls for each slot, of the hundreds that are left
    assert sum(begun > run.at[0] for begun in run.begun()) <= 10 * SLOTS
    progress = ray.get(run.hub.progress.remote())
    assert (progress.state, progress.reason) == ("draining", "interrupt")
    assert all(n == 0 for (_, what), n in progress.counts.items() if what in ("samples", "in_flight"))
    kept = list(run.outcomes.all())
    assert 0 < len(kept) < 30
    assert all(t.status in ("accepted", "discarded") for t in kept)


def test_a_halted_run_does_not_wait_for_calls_in_flight(up, tmp_path):
    run = Run(tmp_path, median_s=60.0)

    def halt() -> None:
        run.wait_until_all_slots_are_taken()
        ray.get(run.hub.halt.remote("interrupt"))

    thread = threading.Thread(target=halt)
    thread.start()
    run.climb()
    thread.join()
    assert not run.log.exists()  # no call came to its end
    assert list(run.outcomes.all()) == []


def test_the_first_signal_drains_and_says_so(up, tmp_path):
    run, console = Run(tmp_path), io.StringIO()
    waiting = run.after(130, lambda: os.kill(os.getpid(), signal.SIGINT))
    with interrupts(run.hub, Console(file=console)) as signals:
        run.climb()
    waiting.join()
    assert signals.happened
    assert "press Ctrl-C again to stop at once" in console.getvalue()
    assert ray.get(run.hub.progress.remote()).state == "draining"
    assert 0 < len(list(run.outcomes.all())) < 30
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_signal_halts_and_the_third_interrupts_at_once(up, tmp_path, monkeypatch):
    monkeypatch.setattr(interrupt, "HALT_S", 60.0)
    run, console = Run(tmp_path, median_s=60.0), io.StringIO()

    def press() -> None:
        run.wait_until_all_slots_are_taken()
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)

    thread = threading.Thread(target=press)
    thread.start()
    with interrupts(run.hub, Console(file=console)) as signals:
        run.climb()
        with pytest.raises(KeyboardInterrupt):
            signals.note(signal.SIGINT, None)
    thread.join()
    assert not run.log.exists()  # no call came to its end
    assert "Stopping at once" in console.getvalue()
    assert ray.get(run.hub.progress.remote()).state == "halting"


def test_no_call_begins_while_nobody_watches(up, tmp_path):
    run, over = Run(tmp_path, 15, median_s=0.1), threading.Event()
    seen: dict[str, float] = {}

    def watch() -> None:
        while not over.wait(0.25):
            ray.get(run.hub.progress.remote())
            if run.log.exists() and len(run.begun()) > 20 and not seen:
                count = 0
                while count < len(run.begun()):  # until a while passes in which no call ends
                    count = len(run.begun())
                    time.sleep(3)
                seen["again"] = time.monotonic()

    thread = threading.Thread(target=watch)
    thread.start()
    run.climb()
    over.set()
    thread.join()
    assert max(run.begun()) > seen["again"]
    assert len(list(run.outcomes.all())) == 15


def test_a_run_whose_hub_dies_is_stopped(up, tmp_path):
    run = Run(tmp_path)
    waiting = run.after(20, lambda: ray.kill(run.hub))
    with (
        pytest.raises(RunStopped, match="hub"),
        watching(run.hub, run.manifest, Console(file=io.StringIO())),
    ):
        run.climb()
    waiting.join()
    assert len(list(run.outcomes.all())) < 30
