"""vLLM as a server or as an engine's offline `LLM`: the same model, calls and machine, answered texts/s and scored tokens/s.

In: the folder of a model, and the URL of a server that serves it as NAME. Out: a line a figure. Calls share a long prompt and a
picture, as those of a judge do; as many are in flight as a ladder would keep. Run it where vLLM can be imported:

    PYTHONPATH=. build/vllm/offline/bin/python -m benchmarks.vllm_ways build/vllm/tiny-qwen3vl http://127.0.0.1:8200/v1 tiny-qwen3vl
"""

import argparse
import asyncio
import io
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from pipeline.backends.contract import Access, BareModel
from pipeline.backends.openai.client import close_clients
from pipeline.backends.openai.spec import Provider
from pipeline.backends.registry import backend
from pipeline.storage.image_store import ImageStore
from stages.errors import ModelError
from stages.protocols import Message, ScoreRequest, TextRequest
from stages.records import ImageRef

PROMPT = "score the image on instruction, consistency, quality and knowledge, and give the reason of each score. " * 12
TEXT = "the instruction is followed and the quality is good. " * 4
LOAD = {
    "dtype": "bfloat16",
    "max_model_len": 4096,
    "enforce_eager": True,
    "limit_mm_per_prompt": {"image": 8, "video": 0},
}
OPTIONS: dict[str, Any] = {"structured": "none", "max_tokens": 32, "temperature": 1.0}


def main() -> None:
    """Measure and print, three rounds of each in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="folder of the model")
    parser.add_argument("url", help="where the server is, with /v1")
    parser.add_argument("name", help="what the server calls the model")
    parser.add_argument("--calls", type=int, default=64, help="calls of each kind (default 64)")
    parser.add_argument("--batch", type=int, default=32, help="calls in flight, and in a batch (default 32)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default 3)")
    args = parser.parse_args()
    store = ImageStore("memory://ways")
    there = Access("openai", "there", Provider(base_url=args.url, concurrency=args.batch), args.name, "1", OPTIONS)
    here = Access("vllm", "here", None, args.model, "1", {**OPTIONS, "load": LOAD}, args.batch, 0.05)
    asyncio.run(_measure({"server": there, "engine": here}, store, args))


async def _measure(ways: dict[str, Access], store: ImageStore, args: argparse.Namespace) -> None:
    models = {name: backend(at.backend).open(at, store, None) for name, at in ways.items()}
    picture = _picture(store)
    try:
        for number in range(args.rounds + 1):  # the first round warms up
            for name, model in models.items():
                texts, answer_s = await _answered(model, _questions(picture, args.calls, number), args.batch)
                tokens, score_s = await _scored(model, _weighed(picture, args.calls, number), args.batch)
                if number:
                    figures = f"{texts / answer_s:.1f} texts/s answered, {tokens / score_s:.0f} tokens/s scored"
                    print(f"{name}: {figures} (load {os.getloadavg()[0]:.1f})", flush=True)
    finally:
        await close_clients()


def _picture(store: ImageStore) -> ImageRef:
    out = io.BytesIO()
    values = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    Image.fromarray(values).save(out, "PNG")
    return store.put(out.getvalue())


def _questions(picture: ImageRef, count: int, number: int) -> list[TextRequest]:
    words = (Message("user", PROMPT),)
    return [TextRequest(words, (picture,), "free", 1000 * number + seed, 1) for seed in range(count)]


def _weighed(picture: ImageRef, count: int, number: int) -> list[ScoreRequest]:
    words = (Message("user", PROMPT),)
    return [ScoreRequest(words, (picture,), f"{number} {seed} {TEXT}", seed, 1) for seed in range(count)]


async def _answered(model: BareModel, requests: Sequence[TextRequest], most: int) -> tuple[int, float]:
    async def one(request: TextRequest) -> int:
        try:
            await model.ask(request)
        except ModelError as error:  # random words come to no end: such a text is cut off, and was written all the same
            return int(error.usage is not None)
        return 1

    return await _timed([one(request) for request in requests], most)


async def _scored(model: BareModel, requests: Sequence[ScoreRequest], most: int) -> tuple[int, float]:
    async def one(request: ScoreRequest) -> int:
        return len((await model.score(request)).tokens)

    return await _timed([one(request) for request in requests], most)


async def _timed(calls: Sequence[Any], most: int) -> tuple[int, float]:
    free = asyncio.Semaphore(most)

    async def one(call: Any) -> int:
        async with free:
            return int(await call)

    began = time.perf_counter()
    counts = await asyncio.gather(*map(one, calls))
    return sum(counts), time.perf_counter() - began


if __name__ == "__main__":
    main()
