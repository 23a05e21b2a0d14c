"""The models of a run, from their specs: a backend each, and the wrappers around it, composed in one visible place.

In: model specs, the image store, a process pool, the prompts, and hooks of the actor (permits, counters, notes of calls). Out:
`Models`. A backend is named by a plain table: name -> import path; it is imported when it is asked for.

    Retried(            asks again after a transient error, until its deadline
      Limited(          holds a permit of the run while a call is in flight
        Metered(        notes what the call took, whatever came of it
          backend)))
"""

import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any, Protocol, Self

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_delay, wait_random_exponential

from pipeline.ledger import Call
from pipeline.manifest import Manifest, ModelSpec
from pipeline.store import ImageStore
from prompts.catalogue import Prompts
from stages.calls import Models
from stages.errors import RateLimited, Transient
from stages.identity import call_key
from stages.protocols import Analyzer, Generator, ImageReply, ImageRequest, Role, TextReply, TextRequest, Usage

BACKENDS = MappingProxyType({"world": "pipeline.world.backend:WorldModel"})


Permit = Callable[[], AbstractAsyncContextManager[None]]
Count = Callable[[str, int], None]
Note = Callable[[Call], None]


class Model(Analyzer, Generator, Protocol):
    """Both protocols at once: what a backend offers."""


@dataclass(frozen=True)
class Limited:
    """Holds a permit, and is counted, while a call is in flight."""

    model: Model
    permit: Permit
    count: Count

    @property
    def identity(self) -> str:
        """That of the model behind."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """As the model behind, once a permit is there."""
        async with self.permit():
            self.count("calls", 1)
            return await self.model.ask(request)

    async def draw(self, request: ImageRequest) -> ImageReply:
        """As the model behind, once a permit is there."""
        async with self.permit():
            self.count("calls", 1)
            reply = await self.model.draw(request)
            self.count("images", 1)
            return reply


@dataclass(frozen=True)
class Metered:
    """Notes every call sent as `role`: when, how long, what the reply says it took, and how it ended."""

    model: Model
    role: Role
    note: Note

    @property
    def identity(self) -> str:
        """That of the model behind."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """As the model behind."""
        with _Sent(self, request) as sent:
            reply = await self.model.ask(request)
            sent.usage = reply.usage
        return reply

    async def draw(self, request: ImageRequest) -> ImageReply:
        """As the model behind."""
        with _Sent(self, request) as sent:
            reply = await self.model.draw(request)
            sent.usage, sent.images = reply.usage, 1
        return reply


@dataclass
class _Sent:
    """A call on its way. It is noted when it ends, by an answer or by any error."""

    by: Metered
    request: TextRequest | ImageRequest
    usage: Usage | None = None
    images: int = 0
    _started: float = 0.0
    _begun: float = 0.0

    def __enter__(self) -> Self:
        self._started, self._begun = time.time(), time.perf_counter()
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        usage = self.usage or Usage()
        call = Call(
            call_key=call_key(self.by.identity, self.request),
            role=self.by.role,
            model=self.by.identity,
            kind=self.request.schema,
            started=self._started,
            seconds=time.perf_counter() - self._begun,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            images=self.images,
            usd=usage.usd,
            outcome="ok" if error is None else error.__name__,
        )
        self.by.note(call)


@dataclass(frozen=True)
class Retried:
    """Asks again after a transient error, waiting as long as the provider wishes or exponentially, until `deadline_s`."""

    model: Model
    deadline_s: float

    @property
    def identity(self) -> str:
        """That of the model behind."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """As the model behind; Transient only past the deadline."""
        return await self._retrying()(self.model.ask, request)

    async def draw(self, request: ImageRequest) -> ImageReply:
        """As the model behind; Transient only past the deadline."""
        return await self._retrying()(self.model.draw, request)

    def _retrying(self) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception_type(Transient), stop=stop_after_delay(self.deadline_s), wait=_wait, reraise=True
        )


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, RateLimited) and error.retry_after is not None:
        return error.retry_after
    return wait_random_exponential(multiplier=0.5, max=30)(state)


def build(spec: ModelSpec, store: ImageStore, pool: Executor | None) -> Model:
    """The bare backend of one model. Raises ValueError for options it does not know."""
    module, name = BACKENDS[spec.backend].split(":")
    backend: Any = getattr(import_module(module), name)
    made: Model = backend(spec.model, spec.revision, dict(spec.options), store, pool)
    return made


def identities(manifest: Manifest) -> dict[str, str]:
    """Role -> model identity, as they stand in call keys and `made_by`."""
    store = ImageStore("memory://")
    return {role: build(spec, store, None).identity for role, spec in manifest.models}


def compose(
    manifest: Manifest,
    store: ImageStore,
    pool: Executor,
    prompts: Prompts,
    permit: Permit,
    count: Count,
    note: Note,
) -> Models:
    """The models of a run, wrapped."""

    def model(role: Role, spec: ModelSpec) -> Model:
        metered = Metered(build(spec, store, pool), role, note)
        return Retried(Limited(metered, permit, count), manifest.run.retry_deadline_s)

    specs = manifest.models
    second = specs.second_analyzer
    return Models(
        baseline=model("baseline", specs.baseline),
        generator=model("generator", specs.generator),
        analyzer=model("analyzer", specs.analyzer),
        prompts=prompts,
        seed=manifest.seed,
        second_analyzer=None if second is None else model("second_analyzer", second),
    )
