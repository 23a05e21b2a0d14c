"""Ctrl-C and SIGTERM while a run climbs: the first drains it, the second halts it, the third is a KeyboardInterrupt at once.
While its output is written, the first is a KeyboardInterrupt, and later ones have no effect.

In: signals of this process; the hub, to which orders go. Out: a line on the console each time, and whether the run was
interrupted. A handler runs in the main thread, between any two of its steps, perhaps inside Ray, so it only notes the signal; a
thread of its own gives the orders.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import FrameType
from typing import Any

import ray
import ray.exceptions
from rich.console import Console

HALT_S = 8.0
"""How long a halted run may take to end of itself; then the main thread is interrupted wherever it is."""
WRITING = (
    "interrupted while writing the output; nothing is lost: type the same command again to write it, without a call"
)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Interrupts:
    """The signals that came. `drain` and `halt` give the orders; `drain` returns the number of calls in flight."""

    drain: Callable[[], int]
    halt: Callable[[], None]
    tell: Callable[[str], None]
    count: int = 0
    _orders: "SimpleQueue[int]" = field(default_factory=SimpleQueue)
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def happened(self) -> bool:
        """True once a signal came: the run did not come to its own end."""
        return self.count > 0

    def note(self, _number: int, _frame: FrameType | None) -> None:
        """The signal handler. Raises KeyboardInterrupt the third time."""
        self.count += 1
        if self.count > 2:  # the first two have not ended the run
            raise KeyboardInterrupt
        self._orders.put(self.count)

    def obey(self) -> None:
        """Give the orders as the signals come, until `end`."""
        if self._orders.get() == 0:
            return
        calls = self.drain()
        self.tell(f"Stopping: {calls} calls in flight are waited for; press Ctrl-C again to stop at once.")
        if self._orders.get() == 0:
            return
        self.halt()
        self.tell("Stopping at once: answers that have arrived are kept.")
        # Ray may hold the main thread in a wait that never ends
        if not self._over.wait(HALT_S):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def end(self) -> None:
        """The run is over; no order is given any more."""
        self._over.set()
        self._orders.put(0)  # no signal has this number: it wakes `obey`, which returns


@contextmanager
def interrupts(hub: Any, console: Console) -> Iterator[Interrupts]:
    """Take the signals of this process over, from the main thread, for as long as the context lasts."""

    def result_of(order: Any) -> Any:
        try:
            return ray.get(order, timeout=HALT_S)
        except ray.exceptions.RayError:  # the hub is gone, and with it the run; `dag.run` reports why
            return None

    def tell(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    taken = Interrupts(
        drain=lambda: result_of(hub.drain.remote("interrupt")) or 0,
        halt=lambda: result_of(hub.halt.remote("interrupt")),
        tell=tell,
    )
    with _handled(taken.note):
        thread = threading.Thread(target=taken.obey, daemon=True)
        thread.start()
        try:
            yield taken
        finally:
            taken.end()


@contextmanager
def writing_out() -> Iterator[None]:
    """Let signals end this context, which only writes the output. Raises KeyboardInterrupt with words for the person, also where
    the signal reached a worker and broke its pool."""
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        if (
            len(came) == 1
        ):  # later ones change nothing: the context ends when the workers have done what they have in hand
            raise KeyboardInterrupt

    with _handled(note):
        try:
            yield
        except (KeyboardInterrupt, BrokenProcessPool) as error:
            if not came:
                raise
            raise KeyboardInterrupt(WRITING) from error


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have `handler` take the signals that end a build, for as long as the context lasts."""
    # under nohup SIGHUP is ignored, and must stay so
    taken = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in taken}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
