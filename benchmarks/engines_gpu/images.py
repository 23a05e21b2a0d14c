"""Part of the measurement: images through the diffusers backend, one by one and in batches, with many calls in flight.

In: a pipeline's folder, sizes. Out: images/s, the share of time in which the GPU works, and how near that comes to its roofline.
Every image goes the whole way: prompt, noise, steps, autoencoder, PNG, store.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.engines_gpu.figures import FigureLog
from benchmarks.engines_gpu.watch import kernel_seconds, operations, peak, watching
from pipeline.backends.contract import Access
from pipeline.backends.diffusers.backend import DiffusersModel
from pipeline.backends.diffusers.drawing import DrawJob, draw_batch, shape_of
from pipeline.storage.image_store import ImageStore
from stages.protocols import ImageRequest, Message

WORDS = "a red cup beside a blue plate on a wooden table"
IN_FLIGHT = 4  # batches' worth of calls at once: what a ladder keeps waiting


@dataclass(frozen=True)
class DrawPlan:
    """What is drawn: the sides in pixels, the steps, the size of a batch, and how long either way may take, in seconds."""

    side: int
    steps: int
    batch: int
    seconds: float
    dtype: str

    @property
    def options(self) -> dict[str, Any]:
        """The options of the backend."""
        return {"dtype": self.dtype, "steps": self.steps}


def measure_images(figures: FigureLog, folder: Path, drawing: DrawPlan) -> None:
    """Draw one by one and in batches, for about as long each way."""
    rates: dict[int, float] = {}
    flops: float | None = None
    for batch in (1, drawing.batch):
        began = time.perf_counter()
        model = _opened(folder, drawing, batch)
        figures.say("weights loaded", batch=batch, seconds=time.perf_counter() - began)
        if batch == 1:
            flops = figures.tried("operations", partial(operations, partial(_direct, model, drawing, 1)))
        # the first calls choose kernels
        asyncio.run(_drawn(model, _requests(drawing, batch), batch))
        rates[batch] = _measure(figures, model, drawing, batch, flops)
    figures.say("batched against one by one", times=rates[drawing.batch] / rates[1])


def _measure(figures: FigureLog, model: DiffusersModel, drawing: DrawPlan, batch: int, flops: float | None) -> float:
    began = time.perf_counter()
    asyncio.run(_drawn(model, _requests(drawing, batch), batch))
    each = (time.perf_counter() - began) / batch
    count = batch * max(3, round(drawing.seconds / each / batch))
    with watching() as watched:
        start = time.time()
        asyncio.run(_drawn(model, _requests(drawing, count), batch))
        end = time.time()
    rate = count / (end - start)
    values: dict[str, Any] = {"side": drawing.side, "steps": drawing.steps, "images": count, "images_per_s": rate}
    values |= watched.between(start, end)
    figures.say(f"batch {batch}", **values, **roofline(rate, flops))
    say_kernels(figures, partial(_direct, model, drawing, batch), batch, rate)
    return rate


def roofline(rate: float, flops: float | None) -> dict[str, float]:
    """What `rate` things a second of `flops` operations each are of the card's peak."""
    if flops is None:
        return {}
    _, most = peak()
    share = {} if most is None else {"peak_percent": 100 * rate * flops / most}
    return {"tflop_each": flops / 1e12, "tflop_per_s": rate * flops / 1e12, **share}


def say_kernels(figures: FigureLog, work: Callable[[], None], batch: int, rate: float) -> None:
    """The time that kernels take for each of a batch of `work`, and what share of the time they fill at `rate` a second."""
    kernels = figures.tried("kernels", partial(kernel_seconds, work))
    if kernels is not None:
        busy = 100 * rate * kernels / batch
        figures.say(f"kernels, batch {batch}", kernel_s_each=kernels / batch, busy_kernels_percent=busy)


def _opened(folder: Path, drawing: DrawPlan, batch: int) -> DiffusersModel:
    # the weights stay: batches are those of who asked first on an event loop, and each run here has one of its own
    at = Access("diffusers", "bench", None, str(folder), "1", drawing.options, batch=batch, batch_wait_s=0.2)
    return DiffusersModel(at, ImageStore(str(folder.parent / "images")))


def _requests(drawing: DrawPlan, count: int) -> list[ImageRequest]:
    words = (Message("user", WORDS),)
    return [ImageRequest(words, (), drawing.side, drawing.side, "image", seed, 0) for seed in range(count)]


async def _drawn(model: DiffusersModel, requests: list[ImageRequest], batch: int) -> None:
    free = asyncio.Semaphore(IN_FLIGHT * batch)

    async def one(request: ImageRequest) -> None:
        async with free:
            await model.draw(request)

    await asyncio.gather(*map(one, requests))


def _direct(model: DiffusersModel, drawing: DrawPlan, count: int) -> None:
    """One batch in this thread: counters and profilers see no other."""
    shape = shape_of(model._options, drawing.side, drawing.side, ())
    draw_batch(model._with_images, model._options, shape, [DrawJob(WORDS, (), seed) for seed in range(count)])
