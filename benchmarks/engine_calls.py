"""Measure what a call through an engine costs: through a plain actor, and through a Ray Serve deployment where that is installed.

In: options (below). Out: a line for each on standard output: calls/s and milliseconds of CPU a call (both ends). The model answers
at once, so that only the way there and back is measured. Serve needs `ray[serve]`, best in an environment of its own.
"""

import argparse
import asyncio
import importlib.util
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pipeline.backends.contract import Access, BareModel
from pipeline.engines.actor import EngineActor
from pipeline.engines.client import key_of
from pipeline.engines.fleet import start
from pipeline.engines.spec import EngineSpec
from pipeline.run.session import session
from stages.protocols import Message, Request, TextReply, TextRequest

AT = Access("world", "e", None, "world-analyzer", "1", {})
Ask = Callable[[Request], Awaitable[Any]]


class Instant:
    """A model that answers at once; its CPU seconds so far are its answer."""

    identity = "instant@1"
    max_output_tokens = None

    async def ask(self, _: TextRequest) -> TextReply:
        """How many CPU seconds this process has used."""
        return TextReply(str(time.process_time()))


class InstantEngine(EngineActor):
    """Hosts it."""

    def _open(self) -> dict[str, BareModel]:
        instant: Any = Instant()
        return dict.fromkeys(self._models, instant)


def request(number: int) -> TextRequest:
    """A question of the usual length."""
    return TextRequest((Message("user", "is it red? " * 200),), (), "evaluation", number, 0)


async def measure(name: str, ask: Ask, calls: int, at_once: int) -> None:
    """Make the calls, `at_once` at a time, and print what they took."""
    slots = asyncio.Semaphore(at_once)

    async def one(number: int) -> float:
        async with slots:
            return float((await ask(request(number))).text)

    there = max(await asyncio.gather(*(one(number) for number in range(at_once))))
    here, began = time.process_time(), time.perf_counter()
    times = await asyncio.gather(*(one(number) for number in range(calls)))
    wall, cpu_here, cpu_there = time.perf_counter() - began, time.process_time() - here, max(times) - there
    per_call = 1000 / calls
    print(
        f"{name:12} {calls / wall:8.0f} calls/s  {(cpu_here + cpu_there) * per_call:6.2f} ms CPU a call "
        f"({cpu_here * per_call:.2f} here, {cpu_there * per_call:.2f} there), load {os.getloadavg()[0]:.1f}"
    )


def by_serve() -> Ask:
    """Through a handle to a Serve deployment of one replica."""
    from ray import serve

    class Deployed:
        async def __call__(self, _: Request) -> TextReply:
            return TextReply(str(time.process_time()))

    made: Any = serve.deployment(num_replicas=1, max_ongoing_requests=10_000, ray_actor_options={"num_cpus": 0.1})(
        Deployed
    )
    handle: Any = serve.run(made.bind())

    async def ask(asked: Request) -> Any:
        return await handle.remote(asked)

    return ask


def main() -> None:
    """Measure both ways, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--at-once", type=int, default=64)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, session(None, Path(name) / "ray.log"):
        fleet = start(
            {"e": EngineSpec(cpus=0.1)},
            {"e": {key_of(AT): AT}},
            name,
            Path(name) / "engines",
            print,
            actor=InstantEngine,
        )
        model: Any = fleet.model(AT)
        asyncio.run(measure("plain actor", model.ask, options.calls, options.at_once))
        if importlib.util.find_spec("starlette") is None or importlib.util.find_spec("ray.serve") is None:
            print("Ray Serve is not installed here")
            return
        asyncio.run(measure("Ray Serve", by_serve(), options.calls, options.at_once))


if __name__ == "__main__":
    main()
