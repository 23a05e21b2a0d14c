"""The journal in front of a model: an answer that it holds is replayed; a new answer is durable before it is used.

In: requests, by call key (`stages.identity.call_key` of the chain's identity). Out: replies, and errors that are answers; other
errors pass through. A call that was begun goes on when the task that asked for it is cancelled, and its answer is stored.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from pipeline.errors import Drained
from pipeline.journal.scribe import Scribe
from pipeline.storage.entries import ANSWER_ERRORS, Entry, make_failure
from pipeline.storage.image_store import ImageStore
from stages.identity import call_key
from stages.protocols import ImageReply, ImageRequest, Model, Request, ScoreReply, ScoreRequest, TextReply, TextRequest


@dataclass(frozen=True)
class Journalled:
    """Replays the answers in the journal of `scribe`, and writes new answers of `model` there. Lives on the scribe's event loop.

    A replayed image, and the file of a reply's tokens, must lie in `store`, else the call is made again. Requests with the same key
    that are under way at once share one call.
    """

    model: Model
    scribe: Scribe
    store: ImageStore
    # also keeps the tasks alive: the event loop refers to them only weakly
    _under_way: dict[str, asyncio.Task[Entry]] = field(default_factory=dict)
    _calling: set[asyncio.Task[Entry]] = field(default_factory=set)

    @property
    def identity(self) -> str:
        """The identity of `model`."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """The reply of `model` or of the journal. Raises RunStopped for an entry that cannot be read, and whatever model and
        database raise.
        """

        async def call(key: str) -> Entry:
            reply = await self.model.ask(request)
            entry = Entry(key, request.schema, time.time(), text=reply.text, usage=reply.usage, carrier=reply.carrier)
            return replace(entry, tokens=reply.tokens)

        return (await self._entry(request, call)).text_reply()

    async def draw(self, request: ImageRequest) -> ImageReply:
        """The reply of `model` or of the journal. Raises RunStopped for an entry that cannot be read, and whatever model and
        database raise.
        """

        async def call(key: str) -> Entry:
            reply = await self.model.draw(request)
            entry = Entry(key, request.schema, time.time(), text=reply.text, image=reply.image, usage=reply.usage)
            return replace(entry, tokens=reply.tokens)

        return (await self._entry(request, call)).image_reply()

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """The reply of `model` or of the journal. Raises RunStopped for an entry that cannot be read, and whatever model and
        database raise.
        """

        async def call(key: str) -> Entry:
            reply = await self.model.score(request)
            return Entry(key, request.schema, time.time(), score=reply.tokens, usage=reply.usage)

        return (await self._entry(request, call)).score_reply()

    async def wait_for_calls(self) -> None:
        """Return once every call under way has ended, and its answer is durable. Its errors go only to those who asked."""
        while self._under_way:
            await asyncio.wait(self._under_way.values())

    def give_up(self) -> None:
        """Cancel the calls that have no answer yet: whoever asked gets Drained. Answers that have come are still stored."""
        for task in self._calling:
            task.cancel()

    async def _entry(self, request: Request, call: Callable[[str], Awaitable[Entry]]) -> Entry:
        key = call_key(self.identity, request)
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._replay_or_call(key, request, call))
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key))
        try:
            return await asyncio.shield(task)  # the call may be paid for already, and others may wait for it
        except asyncio.CancelledError:
            # a call that was given up cancels `task`; a cancellation of the task that asked must go on as one
            asker = asyncio.current_task()
            if task.cancelled() and not (asker and asker.cancelling()):
                raise Drained("the call was given up") from None
            raise

    async def _replay_or_call(self, key: str, request: Request, call: Callable[[str], Awaitable[Entry]]) -> Entry:
        entry = await self.scribe.find_answer(key)
        if entry is not None and await self._has_files(entry):
            self.scribe.count_hit(key)
            return entry
        entry = await self._call(key, request, call)
        await self.scribe.keep_answer(entry)
        return entry

    async def _has_files(self, entry: Entry) -> bool:
        # in threads, because a store may lie on a network
        if entry.tokens is not None and not await asyncio.to_thread(self.store.has_tokens, entry.tokens.sha256):
            return False
        return entry.image is None or await asyncio.to_thread(self.store.has, entry.image.sha256)

    async def _call(self, key: str, request: Request, call: Callable[[str], Awaitable[Entry]]) -> Entry:
        """The entry of the model's answer, or of an error that is an answer."""
        me = asyncio.current_task()
        assert me is not None
        self._calling.add(me)
        try:
            return await call(key)
        except ANSWER_ERRORS as error:
            return make_failure(key, request.schema, time.time(), error)
        finally:
            self._calling.discard(me)
