"""A model service that outlives its clients and counts every request.

In: replies in the order of new requests, by schema; the same request gets the same reply again. Out: a `Model` for a chain.
"""

import asyncio
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from PIL import Image

from pipeline.journal.journalled import Journalled
from pipeline.journal.metered import Metered
from pipeline.journal.scribe import Scribe
from pipeline.money.cost import Load
from pipeline.storage.image_store import ImageStore
from prompts.catalogue import Prompts
from stages.calls import Models
from stages.errors import ModelError
from stages.identity import call_key
from stages.protocols import ImageReply, ImageRequest, TextReply, TextRequest, Usage

Reply = str | ModelError
RESERVED, COST = 4.0, 0.25


@dataclass
class Server:
    """`arrivals`: how often each call key arrived. `texts`: by schema, the replies to new requests. `images`: errors for new image
    requests; None, and every request after the last of them, gets an image.
    """

    texts: Mapping[str, Sequence[Reply]]
    images: Sequence[ModelError | None] = ()
    arrivals: Counter[str] = field(default_factory=Counter)
    _replies: dict[str, Reply | None] = field(default_factory=dict)

    def reply(self, key: str, schema: str) -> Reply | None:
        """The reply to this request; None stands for an image."""
        self.arrivals[key] += 1
        if key not in self._replies:
            number = sum(1 for k in self._replies if k.startswith(schema))
            script = self.images if schema == "image" else self.texts[schema]
            self._replies[schema + key] = self._replies[key] = script[number] if number < len(script) else None
        return self._replies[key]


@dataclass
class Remote:
    """A client of the server, as one of its models."""

    server: Server
    store: ImageStore
    identity: str = "remote/model@1"

    async def _reply(self, request: TextRequest | ImageRequest) -> Reply | None:
        await asyncio.sleep(0)  # a request on its way
        reply = self.server.reply(call_key(self.identity, request), request.schema)
        await asyncio.sleep(0)  # a reply on its way
        if isinstance(reply, ModelError):
            raise reply
        return reply

    async def ask(self, request: TextRequest) -> TextReply:
        """The reply of the script."""
        reply = await self._reply(request)
        assert isinstance(reply, str)
        return TextReply(reply, Usage(10, 5))

    async def draw(self, request: ImageRequest) -> ImageReply:
        """An image of one colour, by the request's seed."""
        await self._reply(request)
        encoded = io.BytesIO()
        colour = tuple(request.seed.to_bytes(4, "big")[1:])
        Image.new("RGB", (request.width, request.height), colour).save(encoded, "png")
        return ImageReply(self.store.put(encoded.getvalue()))


def models(server: Server, scribe: Scribe, store: ImageStore, words: Prompts) -> Models:
    """The chain of every role: Journalled(Metered(server))."""
    remote = Remote(server, store)

    def chain(role: str) -> Journalled:
        named = replace(remote, identity=f"remote/{role}@1")
        cost = Metered(named, role, "far", scribe, lambda _: Load(100, RESERVED), lambda *_: COST)  # type: ignore[arg-type]
        return Journalled(cost, scribe, store)

    return Models(chain("baseline"), chain("generator"), chain("analyzer"), words, seed=7)
