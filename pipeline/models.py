"""The three models of a run, from their specs: a backend each, and the wrappers around it, composed in one visible place.

In: model specs, the image store, a process pool, the prompts, and hooks of the actor (permits, counters). Out: `Models`.
A backend is named by a plain table: name -> import path; it is imported when it is asked for.

    Retried(            asks again after a transient error, until its deadline
      Limited(          holds a permit of the run while a call is in flight
        backend))
"""

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any, Protocol

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_delay, wait_random_exponential

from pipeline.manifest import Manifest, ModelSpec
from pipeline.store import ImageStore
from prompts.catalogue import Prompts
from stages.calls import Models
from stages.errors import RateLimited, Transient
from stages.protocols import Analyzer, Generator, ImageReply, ImageRequest, TextReply, TextRequest

BACKENDS = MappingProxyType({"world": "pipeline.world.backend:WorldModel"})


Permit = Callable[[], AbstractAsyncContextManager[None]]
Count = Callable[[str, int], None]


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
    specs = {
        "baseline": manifest.models.baseline,
        "generator": manifest.models.generator,
        "analyzer": manifest.models.analyzer,
    }
    return {role: build(spec, store, None).identity for role, spec in specs.items()}


def compose(
    manifest: Manifest,
    store: ImageStore,
    pool: Executor,
    prompts: Prompts,
    permit: Permit,
    count: Count,
) -> Models:
    """The three models of a run, wrapped."""

    def role(spec: ModelSpec) -> Model:
        return Retried(Limited(build(spec, store, pool), permit, count), manifest.run.retry_deadline_s)

    specs = manifest.models
    return Models(role(specs.baseline), role(specs.generator), role(specs.analyzer), prompts, manifest.seed)
