"""Watching a run: from the hub's tally to the display in the terminal.

In: the hub actor, the manifest, a console. Out: a live display for as long as the context lasts, and its last picture after it.
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
from pipeline.manifest.spec import RL, Manifest
from pipeline.output.cut import Quotas
from pipeline.run.hub import GONE as HUB_GONE
from pipeline.run.tally import Progress
from pipeline.views.progress import Display, ModeYield, RungCount, Snapshot
from stages.rung import Recipe

POLL_S = 0.25
GONE = signal.SIGUSR1
"""Tells the main thread, which waits inside Ray for samples that will not come, that the hub is gone."""


def snapshot(progress: Progress, recipe: Recipe, quotas: Quotas, elapsed_s: float) -> Snapshot:
    """The tally as the display takes it. RL prompts have a row of their own where there are any."""
    slots = [slot for slot in quotas if slot != RL or quotas[RL] is not None or progress.kept.get(RL)]
    names = [rung.name for rung in recipe.rungs]
    by_rung = {name: {what: n for (rung, what), n in progress.counts.items() if rung == name} for name in names}
    return Snapshot(
        planned=progress.planned,
        done=progress.done,
        rungs=tuple(_rung(name, by_rung[name]) for name in names),
        modes=tuple(ModeYield(slot, progress.kept.get(slot, 0), quotas[slot]) for slot in slots),
        discarded=progress.discarded,
        failed=progress.failed,
        images=sum(c.get("images", 0) for c in by_rung.values()),
        calls=sum(c.get("calls", 0) for c in by_rung.values()),
        in_flight_calls=sum(c.get("in_flight", 0) for c in by_rung.values()),
        elapsed_s=elapsed_s,
        earlier=progress.earlier,
        usd=progress.usd,
        budget_usd=progress.budget_usd,
        held_up=held_up(progress),
        more=progress.more,
    )


def held_up(progress: Progress) -> tuple[str, ...]:
    """What to know beside the figures: that the run is stopping, or which providers hold it up."""
    if progress.state == "running":
        return progress.held_up
    return ("stopping" if progress.state == "draining" else "stopping at once",)


def _rung(name: str, counts: Mapping[str, int]) -> RungCount:
    return RungCount(name, counts.get("samples", 0), counts.get("passed", 0), counts.get("failed", 0))


@contextmanager
def watching(hub: Any, manifest: Manifest, console: Console) -> Iterator[None]:
    """Show the run's progress until the context ends. The questions asked here are also the driver's heartbeat
    (`pipeline.run.hub`).
    """
    began, over, ending = time.monotonic(), threading.Event(), threading.Lock()
    latest: list[Progress] = []

    def ask_hub() -> None:
        latest[:] = [ray.get(hub.progress.remote())]

    def poll() -> None:
        while not over.wait(POLL_S):
            try:
                ask_hub()
            except ray.exceptions.RayError:
                with ending:  # never after the handler is gone
                    if not over.is_set():
                        signal.pthread_kill(threading.main_thread().ident or 0, GONE)
                return

    def draw(display: Display) -> None:
        for progress in latest:
            display.update(snapshot(progress, manifest.recipe, manifest.quotas, time.monotonic() - began))

    def keep_drawing(
        display: Display,
    ) -> None:  # on a thread of its own: a terminal that is held must not stop the heart
        while not over.wait(POLL_S):
            draw(display)

    before = signal.signal(GONE, _hub_is_gone)
    with Display(console, title=manifest.name) as display:
        threads = [
            threading.Thread(target=poll, daemon=True),
            threading.Thread(target=keep_drawing, args=(display,), daemon=True),
        ]
        ask_hub()  # the heart beats before the first call
        for thread in threads:
            thread.start()
        try:
            yield
            over.set()
            for thread in threads:
                thread.join()
            ask_hub()
            draw(display)
        finally:
            with ending:
                over.set()
            signal.signal(GONE, before)


def _hub_is_gone(_number: int, _frame: FrameType | None) -> None:
    raise RunStopped(HUB_GONE)
