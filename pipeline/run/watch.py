"""Watching a run: from the hub's tally to the display in the terminal.

In: the hub actor, the quotas, a console. Out: a live display for as long as the context lasts, and its last picture after it.
"""

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

import ray
from rich.console import Console

from pipeline.errors import RunStopped
from pipeline.manifest.spec import Quotas
from pipeline.output.cut import Slot
from pipeline.run.hub import GONE as HUB_GONE
from pipeline.run.tally import RUNG_NAMES, Progress
from pipeline.views.progress import Display, ModeYield, RungCount, Snapshot
from stages.records import MODES

POLL_S = 0.25
GONE = signal.SIGUSR1
"""Tells the main thread, which waits inside Ray for samples that will not come, that the hub is gone."""


def snapshot(seen: Progress, quotas: Quotas, elapsed_s: float) -> Snapshot:
    """The tally as the display wants it. RL prompts have a row of their own where there are any."""
    slots: tuple[Slot, ...] = (*MODES, "rl") if quotas.rl is not None or seen.kept.get("rl") else MODES
    by_rung = {name: {what: n for (rung, what), n in seen.counts.items() if rung == name} for name in RUNG_NAMES}
    return Snapshot(
        planned=seen.planned,
        done=seen.done,
        rungs=tuple(_rung(name, by_rung[name]) for name in RUNG_NAMES),
        modes=tuple(ModeYield(slot, seen.kept.get(slot, 0), getattr(quotas, slot)) for slot in slots),
        discarded=seen.discarded,
        failed=seen.failed,
        images=sum(c.get("images", 0) for c in by_rung.values()),
        calls=sum(c.get("calls", 0) for c in by_rung.values()),
        in_flight_calls=sum(c.get("in_flight", 0) for c in by_rung.values()),
        elapsed_s=elapsed_s,
        earlier=seen.earlier,
        usd=seen.usd,
        budget_usd=seen.budget_usd,
        held_up=held_up(seen),
    )


def held_up(seen: Progress) -> tuple[str, ...]:
    """What to know beside the figures: that the run is stopping, or which providers hold it up."""
    if seen.state == "running":
        return seen.held_up
    return ("stopping" if seen.state == "draining" else "stopping at once",)


def _rung(name: str, counts: Mapping[str, int]) -> RungCount:
    return RungCount(name, counts.get("samples", 0), counts.get("passed", 0), counts.get("failed", 0))


@contextmanager
def watching(hub: Any, title: str, quotas: Quotas, console: Console) -> Iterator[None]:
    """Show the run's progress until the context ends. What is asked here is also the driver's heartbeat (`pipeline.run.hub`)."""
    began, over, ending = time.monotonic(), threading.Event(), threading.Lock()
    latest: list[Progress] = []

    def look() -> None:
        latest[:] = [ray.get(hub.progress.remote())]

    def look_on() -> None:
        while not over.wait(POLL_S):
            try:
                look()
            except ray.exceptions.RayError:
                with ending:  # never after the handler is gone
                    if not over.is_set():
                        signal.pthread_kill(threading.main_thread().ident or 0, GONE)
                return

    def show(display: Display) -> None:
        for seen in latest:
            display.update(snapshot(seen, quotas, time.monotonic() - began))

    def show_on(display: Display) -> None:  # by itself: a terminal that is held must not stop the heart
        while not over.wait(POLL_S):
            show(display)

    before = signal.signal(GONE, _hub_is_gone)
    with Display(console, title=title) as display:
        threads = [
            threading.Thread(target=look_on, daemon=True),
            threading.Thread(target=show_on, args=(display,), daemon=True),
        ]
        look()  # the heart beats before the first call
        for thread in threads:
            thread.start()
        try:
            yield
            over.set()
            for thread in threads:
                thread.join()
            look()
            show(display)
        finally:
            with ending:
                over.set()
            signal.signal(GONE, before)


def _hub_is_gone(_number: int, _frame: FrameType | None) -> None:
    raise RunStopped(HUB_GONE)
