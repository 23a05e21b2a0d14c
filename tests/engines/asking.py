"""Models of tiny folders, a store with pictures, and requests about them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image

from pipeline.backends.contract import Access
from pipeline.backends.local.pictures import kept_picture
from pipeline.backends.registry import backend
from stages.protocols import ImageRequest, Message, ScoreRequest, TextRequest

# one for all: a model belongs to the loop it was first asked on
_LOOP = asyncio.new_event_loop()


def opened(folder, store, batch=1, **options):
    """The model in `folder`, as an engine opens it."""
    access = Access("transformers", "tiny", None, str(folder), "1", options, batch, 0.2)
    return backend("transformers").open(access, store, None)


def picture(store, seed, width=64, height=64):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return kept_picture(store, Image.fromarray(pixels))


def question(text="Score it.", images=(), seed=1, schema="evaluation", axes=("instruction", "quality"), system=""):
    messages = (Message("system", system),) if system else ()
    return TextRequest((*messages, Message("user", text)), tuple(images), schema, seed, 1, axes)


def drawing(text="Draw a cat.", images=(), seed=1, width=64, height=48):
    return ImageRequest((Message("user", text),), tuple(images), width, height, "image", seed, 1)


def scored(text, prompt="Describe it.", images=()):
    return ScoreRequest((Message("user", prompt),), tuple(images), text, 1, 1)


def together(*calls):
    """The results of calls that wait at the same time, errors among them."""

    async def gathered():
        return await asyncio.gather(*calls, return_exceptions=True)

    return _LOOP.run_until_complete(gathered())


def end_loop() -> None:
    """Let go of all that waits for calls."""
    for task in asyncio.all_tasks(_LOOP):
        task.cancel()
    _LOOP.run_until_complete(asyncio.sleep(0))


@contextmanager
def forwards(model) -> Iterator[list[int]]:
    """How many tokens each forward pass of the language model reads, all rows together, while the block runs."""
    counts: list[int] = []

    def note(module, args, kwargs):
        given = kwargs.get("inputs_embeds", kwargs.get("input_ids", args[0] if args else None))
        counts.append(given.shape[0] * given.shape[1])

    whole = model._weights.model.model
    inner = next(getattr(whole, name) for name in ("language_model", "text_model") if hasattr(whole, name))
    hook = inner.register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield counts
    finally:
        hook.remove()
