"""Answer requests in worker processes, so that drawing never blocks the event loop.

In: `ModelRequest`. Out: text or PNG bytes, its size, and its tokens. A worker that dies is replaced; its request gets a 503.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TypeVar

from pipeline.backends.serving.pictures import inspect_all
from pipeline.backends.serving.problems import RequestProblem
from pipeline.backends.world.models.skill import PRESETS
from pipeline.backends.world.respond import respond
from pipeline.backends.world.server.bodies import ModelRequest
from pipeline.backends.world.tokens import usage
from pipeline.storage.image_store import describe
from pipeline.workers import process_pool
from stages.protocols import Message, Usage
from stages.records import ImageRef

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply of a model: `content` is a text, or PNG bytes that `image` describes; `usage` are the tokens of the call."""

    content: str | bytes
    image: ImageRef | None
    usage: Usage


def work(request: ModelRequest) -> Reply:
    """Answer a request in a worker. Raises stages.errors.Refused, RequestProblem for an image that cannot be read."""
    images = inspect_all(request.images)
    content = respond(request.messages, request.images, request.seed, schema=request.schema, skill=request.skill)
    image = describe(content) if isinstance(content, bytes) else None
    return Reply(content, image, usage(request.messages, images, image or str(content)))


def _warm_up() -> None:
    """Draw and judge a tiny picture, so that a worker has loaded all modules and filled its caches before the first request."""
    prompt = "<instruction>a large red circle at the top</instruction><size>64x64</size><axes>instruction</axes>"
    messages = [Message("user", prompt)]
    image = respond(messages, [], 0, schema="image", skill=PRESETS["world-generator"])
    assert isinstance(image, bytes)
    respond(messages, [image], 0, schema="evaluation", skill=PRESETS["world-analyzer"])


class Workers:
    """A pool of `count` worker processes. They start at once, so that the first request is not slow. Needs a running event loop."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool = process_pool(count)
        # Exceptions become results here: if the server stops before `ready` is called, nobody would retrieve them.
        self._starting = asyncio.gather(*(self.run(_warm_up) for _ in range(count)), return_exceptions=True)

    async def ready(self) -> None:
        """Wait until every worker has started. Raises RequestProblem when one died."""
        for ended in await asyncio.shield(self._starting):
            if ended is not None:
                raise ended

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Run `function` in a worker. Raises what it raises, and RequestProblem when a worker dies meanwhile."""
        pool = self._pool
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)
        except BrokenProcessPool as error:
            if self._pool is pool:  # several requests fail when a worker dies; only the first replaces the pool
                self._pool = process_pool(self._count)
            raise RequestProblem(503, "a worker of the world died; ask again", "worker_died") from error

    def stop(self) -> None:
        """End the workers without waiting; requests in the queue are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)
