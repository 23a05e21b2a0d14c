"""The world as a backend. In: requests of `stages.protocols`. Out: replies; images go straight from and to the store.

All work is done in a pool, mostly of processes: the event loop sees neither bytes nor pixels.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cache

from pipeline.backends.world.models.skill import Skill, skill
from pipeline.backends.world.options import identity
from pipeline.backends.world.respond import respond
from pipeline.backends.world.tokens import usage
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead, Malformed
from stages.protocols import ImageReply, ImageRequest, Message, ScoreReply, ScoreRequest, TextReply, TextRequest
from stages.records import ImageRef


@cache
def one_thread() -> Executor:
    """Where all models of the world in this process work that have no pool."""
    return ThreadPoolExecutor(1, "world")


def work(
    root: str, messages: tuple[Message, ...], images: tuple[str, ...], seed: int, schema: str, model_skill: Skill
) -> str | ImageRef:
    """Answer one request in a pool's worker. Images are read by hash from the store at `root`; a drawn image is put there."""
    store = ImageStore(root)
    reply = respond(messages, [store.get(sha256) for sha256 in images], seed, schema=schema, skill=model_skill)
    return reply if isinstance(reply, str) else store.put(reply)


class WorldModel:
    """A model of the world, in any of the three roles."""

    def __init__(
        self, model: str, revision: str, options: Mapping[str, float | str], store: ImageStore, pool: Executor
    ) -> None:
        """Raises ValueError for an unknown model or option."""
        self._skill = skill(model, options)
        self._store = store
        self._pool = pool
        self._identity = identity(model, revision, options)

    @property
    def identity(self) -> str:
        """See `pipeline.backends.world.options.identity`."""
        return self._identity

    @property
    def max_output_tokens(self) -> int | None:
        """No limit is set."""
        return None

    async def _reply(self, request: TextRequest | ImageRequest) -> str | ImageRef:
        images = tuple(image.sha256 for image in request.images)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._pool, work, self._store.root, request.messages, images, request.seed, request.schema, self._skill
        )

    async def ask(self, request: TextRequest) -> TextReply:
        """The Analyzer's words. Raises stages.errors.ModelError."""
        reply = await self._reply(request)
        if isinstance(reply, ImageRef):
            raise Malformed(reply.sha256, f"an image came where text was asked for (schema {request.schema!r})")
        return TextReply(reply, usage(request.messages, request.images, reply))

    async def draw(self, request: ImageRequest) -> ImageReply:
        """The drawn image. Raises stages.errors.ModelError."""
        reply = await self._reply(request)
        if isinstance(reply, str):
            raise Malformed(reply, f"text came where an image was asked for (schema {request.schema!r})")
        return ImageReply(reply, usage=usage(request.messages, request.images, reply))

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """Raises EngineDead: the world knows what is right, not how likely words are."""
        raise EngineDead("the world gives no log-probabilities; score with the openai backend and a vLLM server")
