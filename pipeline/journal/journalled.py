"""The journal before a model: what is known is replayed, what is new is durable before it is used.

In: requests, by call key (`stages.identity.call_key` of the chain's identity). Out: replies, and errors that are answers; other
errors pass. A call once begun goes on when who asked for it is cancelled, and its answer is kept.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pipeline.errors import Drained
from pipeline.journal.scribe import Scribe
from pipeline.money.cost import Request
from pipeline.storage.entries import ANSWER_ERRORS, Entry, failed
from pipeline.storage.image_store import ImageStore
from stages.identity import call_key
from stages.protocols import ImageReply, ImageRequest, Model, TextReply, TextRequest


@dataclass(frozen=True)
class Journalled:
    """Replays what `scribe` knows, and writes down what the model behind answers. Lives on the scribe's event loop.

    A replayed image must lie in `store`, else the call is made again. Who asks for what is on its way already shares its answer.
    """

    model: Model
    scribe: Scribe
    store: ImageStore
    _under_way: dict[str, asyncio.Task[Entry]] = field(default_factory=dict)
    _calling: set[asyncio.Task[Entry]] = field(default_factory=set)

    @property
    def identity(self) -> str:
        """That of the model behind."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """As the model behind. Raises RunStopped for an entry that cannot be read, whatever the database does."""

        async def call(key: str) -> Entry:
            reply = await self.model.ask(request)
            return Entry(key, request.schema, time.time(), text=reply.text, usage=reply.usage)

        return (await self._entry(request, call)).said()

    async def draw(self, request: ImageRequest) -> ImageReply:
        """As the model behind. Raises RunStopped for an entry that cannot be read, whatever the database does."""

        async def call(key: str) -> Entry:
            reply = await self.model.draw(request)
            return Entry(key, request.schema, time.time(), text=reply.text, image=reply.image, usage=reply.usage)

        return (await self._entry(request, call)).drawn()

    async def settled(self) -> None:
        """Return once every call under way has ended, and its answer is durable. Errors are those of who asked."""
        while self._under_way:
            await asyncio.wait(self._under_way.values())

    def give_up(self) -> None:
        """Cancel the calls whose answer has not come: who asked hears Drained. One that has come is kept (`settled`)."""
        for task in self._calling:
            task.cancel()

    async def _entry(self, request: Request, call: Callable[[str], Awaitable[Entry]]) -> Entry:
        key = call_key(self.identity, request)
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._known_or_new(key, request, call))
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            asker = asyncio.current_task()
            if task.cancelled() and not (asker and asker.cancelling()):
                raise Drained("the call was given up") from None
            raise

    async def _known_or_new(self, key: str, request: Request, call: Callable[[str], Awaitable[Entry]]) -> Entry:
        entry = await self.scribe.known(key)
        if entry is not None and await self._whole(entry):
            self.scribe.hit(key)
            return entry
        entry = await self._called(key, request, call)
        await self.scribe.answered(entry)
        return entry

    async def _whole(self, entry: Entry) -> bool:
        return entry.image is None or await asyncio.to_thread(self.store.has, entry.image.sha256)

    async def _called(self, key: str, request: Request, call: Callable[[str], Awaitable[Entry]]) -> Entry:
        """The answer of the model, an error that is one included."""
        me = asyncio.current_task()
        assert me is not None
        self._calling.add(me)
        try:
            return await call(key)
        except ANSWER_ERRORS as error:
            return failed(key, request.schema, time.time(), error)
        finally:
            self._calling.discard(me)
