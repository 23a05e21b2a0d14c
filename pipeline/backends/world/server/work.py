"""The work behind an answer, done in worker processes: the event loop sees neither pixels nor drawing.

In: `ModelRequest`. Out: text or PNG bytes, its size, and the tokens it took. A worker that died is replaced; its request hears so.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TypeVar

from PIL import Image, UnidentifiedImageError

from pipeline.backends.world.models.skill import PRESETS
from pipeline.backends.world.respond import respond
from pipeline.backends.world.server.bodies import ModelRequest
from pipeline.backends.world.server.problems import RequestProblem, invalid
from pipeline.backends.world.tokens import usage
from pipeline.storage.image_store import describe
from pipeline.workers import process_pool
from stages.protocols import Message, Usage
from stages.records import ImageRef

T = TypeVar("T")
MOST_PIXELS = 50_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model of the world gave: a text, or an image and what it is; and what that took."""

    content: str | bytes
    image: ImageRef | None
    usage: Usage


def work(asked: ModelRequest) -> Reply:
    """The reply to a request, in a worker. Raises stages.errors.Refused, Problem for an image that is none."""
    shown = [_described(data, n) for n, data in enumerate(asked.images, 1)]
    content = respond(asked.messages, asked.images, asked.seed, schema=asked.schema, skill=asked.skill)
    made = describe(content) if isinstance(content, bytes) else None
    return Reply(content, made, usage(asked.messages, shown, made or str(content)))


def _described(data: bytes, number: int) -> ImageRef:
    try:
        image = describe(data)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise invalid(f"image {number} cannot be read: {error}", "image") from error
    if image.width * image.height > MOST_PIXELS:
        raise invalid(f"image {number} is larger than {MOST_PIXELS // 10**6} megapixels", "image")
    return image


def _ready() -> None:
    """A tiny picture made and judged: a worker has then loaded and reckoned all that it keeps for later."""
    said = "<instruction>a large red circle at the top</instruction><size>64x64</size><axes>instruction</axes>"
    messages = [Message("user", said)]
    drawn = respond(messages, [], 0, schema="image", skill=PRESETS["world-generator"])
    assert isinstance(drawn, bytes)
    respond(messages, [drawn], 0, schema="evaluation", skill=PRESETS["world-analyzer"])


class Workers:
    """So many worker processes. Made on an event loop, they start at once, so that the first request is not the slowest."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool = process_pool(count)
        # as results: nobody may have asked whether they are ready when the server is stopped
        self._starting = asyncio.gather(*(self.run(_ready) for _ in range(count)), return_exceptions=True)

    async def ready(self) -> None:
        """Returns once they are. Raises Problem when one died over it."""
        for ended in await asyncio.shield(self._starting):
            if ended is not None:
                raise ended

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """What `function` gives, or raises, in a worker. Raises Problem when a worker died meanwhile."""
        pool = self._pool
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)
        except BrokenProcessPool as error:
            if self._pool is pool:
                self._pool = process_pool(self._count)
            raise RequestProblem(503, "a worker of the world died; ask again", "worker_died") from error

    def stop(self) -> None:
        """Let them end: what waits for them is dropped. They are gone before this process is."""
        self._pool.shutdown(wait=False, cancel_futures=True)
