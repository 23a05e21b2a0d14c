"""Part of the measurement: texts scored, and texts written, by a Qwen3-VL through the transformers backend.

In: the model's folder. Out: scored tokens/s one by one and in batches that read their prompt once, written tokens/s, the share of
time in which the GPU works, and how near that comes to its roofline. Prompts hold a picture, as those of a judge do.
"""

import asyncio
import io
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.engines_gpu.figures import FigureLog
from benchmarks.engines_gpu.images import roofline, say_kernels
from benchmarks.engines_gpu.watch import operations, watching
from pipeline.backends.contract import Access
from pipeline.backends.transformers.backend import TransformersModel
from pipeline.backends.transformers.prompts import Prompt
from pipeline.backends.transformers.scoring import pieces_of, prepared, scores
from pipeline.storage.image_store import ImageStore
from stages.errors import ModelError
from stages.protocols import Message, ScoreRequest, TextRequest
from stages.records import ImageRef

BATCH = 16
PROMPT = "does the picture show what the instruction asks for, and is nothing of it left out? " * 16
TEXT = "a red cup stands beside a blue plate on a table of light wood, and nothing else is there. " * 6
WRITTEN = 96


def measure_reader(figures: FigureLog, folder: Path, tiny: bool) -> None:
    """Score and write."""
    store = ImageStore(str(folder.parent / "images"))
    picture = _picture(store, 64 if tiny else 512)
    prompts = 2 if tiny else 32
    rates = {}
    for batch in (1, BATCH):
        began = time.perf_counter()
        model = _opened(folder, store, batch, tiny)
        figures.say("weights loaded", batch=batch, seconds=time.perf_counter() - began)
        # one by one, fewer prompts do
        rates[batch] = _scored(figures, model, picture, batch, prompts if batch > 1 else max(1, prompts // 16))
    figures.say("batched against one by one", times=rates[BATCH] / rates[1])
    _written(figures, _opened(folder, store, BATCH, tiny), picture)


def _opened(folder: Path, store: ImageStore, batch: int, tiny: bool) -> TransformersModel:
    pixels = {} if tiny else {"size": {"shortest_edge": 65536, "longest_edge": 16777216}}
    options: dict[str, Any] = {
        "dtype": "float32" if tiny else "bfloat16",
        "structured": "none",
        "max_new_tokens": WRITTEN,
    }
    options |= {"processor": pixels}
    return TransformersModel(
        Access("transformers", "bench", None, str(folder), "1", options, batch=batch, batch_wait_s=0.2), store
    )


def _picture(store: ImageStore, side: int) -> ImageRef:
    values = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(values).save(out, "PNG")
    return store.put(out.getvalue())


def _scored(figures: FigureLog, model: TransformersModel, picture: ImageRef, batch: int, prompts: int) -> float:
    requests = [
        ScoreRequest((Message("user", f"{prompt} {PROMPT}"),), (picture,), f"{n} {TEXT}", n, 0)
        for prompt in range(prompts)
        for n in range(BATCH)
    ]

    async def all_of(some: list[ScoreRequest]) -> tuple[int, int]:
        replies = await asyncio.gather(*map(model.score, some))
        return sum(len(reply.tokens) for reply in replies), sum((r.usage.input_tokens or 0) for r in replies if r.usage)

    async def work() -> tuple[int, int, float, float]:
        await all_of(requests[:BATCH])  # the first calls choose kernels
        start = time.time()
        tokens, read = await all_of(requests)
        return tokens, read, start, time.time()

    def direct() -> None:
        pixels = Image.open(io.BytesIO(model._store.get(picture.sha256))).convert("RGB")
        prompt = Prompt(requests[0].messages, (pixels,))
        inputs = prepared(model._weights, model._options, prompt)
        scores(model._weights, inputs, [pieces_of(model._weights, request.text) for request in requests[:batch]])

    flops = figures.tried("operations", partial(operations, direct))
    with watching() as watched:
        tokens, read, start, end = asyncio.run(work())
    rate = len(requests) / (end - start)
    values: dict[str, Any] = {"texts": len(requests), "scored_tokens_per_s": tokens / (end - start)}
    values |= {"tokens_per_text": tokens / len(requests), "read_tokens_per_s": read / (end - start)}
    values |= watched.between(start, end) | roofline(rate, flops and flops / batch)
    figures.say(f"scoring, batch {batch}", **values)
    say_kernels(figures, direct, batch, rate)
    return tokens / (end - start)


def _written(figures: FigureLog, model: TransformersModel, picture: ImageRef) -> None:
    """Texts of random weights have no end: each is counted when it is cut off."""
    words = (Message("user", PROMPT),)
    requests = [TextRequest(words, (picture,), "free", seed, 0) for seed in range(2 * BATCH)]

    async def one(request: TextRequest) -> int:
        try:
            usage = (await model.ask(request)).usage
        except ModelError as error:
            usage = error.usage
        return (usage and usage.output_tokens) or 0

    async def work() -> tuple[int, float, float]:
        start = time.time()
        tokens = sum(await asyncio.gather(*map(one, requests)))
        return tokens, start, time.time()

    with watching() as watched:
        tokens, start, end = asyncio.run(work())
    figures.say(f"writing, batch {BATCH}", written_tokens_per_s=tokens / (end - start), **watched.between(start, end))
