"""Parking: a question to a model on a batch is posted, and its sample waits for the answer.

In: requests that the journal cannot answer. Out: never a reply: Parked, once it is durable that the question is posted; or the
error that an earlier pass got for it. Such a call holds no permit, and is in the ledger only once its answer is taken in
(`pipeline.batches`), which lies in the journal then. `UnlessOut` keeps a model that is asked directly from what is out already.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from pipeline.errors import Parked
from pipeline.journal.scribe import Scribe
from pipeline.money.cost import LoadOf
from pipeline.storage.letters import Letter
from stages.errors import EngineDead, ModelError, Transient
from stages.identity import call_key
from stages.protocols import (
    ImageReply,
    ImageRequest,
    Model,
    Request,
    ScoreReply,
    ScoreRequest,
    TextReply,
    TextRequest,
)


@dataclass(frozen=True)
class Parking:
    """A model on the batch called `batch`, in the role `role`. `load_of`: what a request may cost at most there."""

    identity: str
    role: str
    batch: str
    model: str
    revision: str
    options: Mapping[str, Any]
    scribe: Scribe
    load_of: LoadOf

    async def ask(self, request: TextRequest) -> TextReply:
        """Raises Parked, or the stages.errors.ModelError that the question came to; whatever the database raises."""
        raise await self._parked(request)

    async def draw(self, request: ImageRequest) -> ImageReply:
        """Raises Parked, or the stages.errors.ModelError that the question came to; whatever the database raises."""
        raise await self._parked(request)

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """Raises EngineDead: batches give no log-probabilities of a text."""
        raise EngineDead("a batch cannot say how likely a text is; name a model that is asked directly")

    async def _parked(self, request: Request) -> Parked | ModelError:
        key = call_key(self.identity, request)
        letter = await self.scribe.find_letter(key)
        if letter is not None and letter.failure is not None:
            return read_failure(letter.failure)
        await self.scribe.post(
            Letter(
                key=key,
                batch=self.batch,
                role=self.role,
                identity=self.identity,
                model=self.model,
                revision=self.revision,
                options=json.dumps(dict(self.options), sort_keys=True),
                request=dump_request(request),
                usd=self.load_of(request).usd or None,  # 0 means that no price is known
                posted=time.time(),
            )
        )
        return Parked(f"{self.batch} answers {request.schema} later")


@dataclass(frozen=True)
class UnlessOut:
    """`model`, for questions that are not out already: with a batch that a manifest named before, or another build of the database.

    The answer to one that is out is awaited: it is paid for.
    """

    model: Model
    scribe: Scribe

    @property
    def identity(self) -> str:
        """The identity of `model`."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """The reply of `model`. Raises Parked, and what the model or the database raises."""
        await self._refuse_what_is_out(request)
        return await self.model.ask(request)

    async def draw(self, request: ImageRequest) -> ImageReply:
        """The reply of `model`. Raises Parked, and what the model or the database raises."""
        await self._refuse_what_is_out(request)
        return await self.model.draw(request)

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """The reply of `model`: no batch scores."""
        return await self.model.score(request)

    async def _refuse_what_is_out(self, request: Request) -> None:
        letter = await self.scribe.find_letter(call_key(self.identity, request))
        if letter is not None and letter.state == "sent":
            await self.scribe.post(letter)  # it is ours, too, from now on
            raise Parked(f"{letter.batch} answers {request.schema} later")


def dump_request(request: Request) -> str:
    """A request as JSON. Half a character, which databases refuse, is escaped."""
    return json.dumps(TypeAdapter(type(request)).dump_python(request, mode="json"), ensure_ascii=True)


def load_request(text: str) -> TextRequest | ImageRequest:
    """The request that `dump_request` wrote. Raises ValueError."""
    plain = json.loads(text)
    kind: type[TextRequest | ImageRequest] = ImageRequest if "width" in plain else TextRequest
    return TypeAdapter(kind).validate_python(plain)


def write_failure(error: ModelError) -> str:
    """An error that is no answer, as JSON."""
    return json.dumps({"transient": isinstance(error, Transient), "words": error.text})


def read_failure(text: str) -> ModelError:
    """The error that `write_failure` wrote: one that the next build tries again, or one that it does not."""
    plain = json.loads(text)
    return Transient(plain["words"]) if plain["transient"] else ModelError(plain["words"])
