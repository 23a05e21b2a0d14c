"""The models of a run, from their specs: a backend each, and the wrappers around it, composed in one visible place.

In: a manifest, the image store, a process pool, the prompts, and what an actor lends its models. Out: `Models`. A backend is named
by a plain table: name -> import path; it is imported when it is asked for.

    Journalled(         replays what is known; an answer is durable before it is used
      Failover(         asks the next provider while those before are out
        Retried(        asks again after a transient error, until its deadline
          Paced(        waits for the provider's pace, the budget, and a permit of the run
            Metered(    notes the call before it is sent, and what it took, whatever came of it
              backend)))))
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import Any, Protocol

from pipeline.backends.openai.options import fixed_size
from pipeline.backends.openai.spec import Fallback, Provider
from pipeline.journal.journalled import Journalled
from pipeline.journal.metered import Metered
from pipeline.journal.scribe import Scribe
from pipeline.manifest.spec import Manifest, ModelSpec
from pipeline.money.cost import Load, cost, load, of_size, price_of
from pipeline.money.prices import table
from pipeline.storage.image_store import ImageStore
from pipeline.traffic.failover import Failover
from pipeline.traffic.paced import Count, Paced, Permit, Traffic
from pipeline.traffic.retried import Retried, Sleep
from prompts.catalogue import Prompts
from stages.calls import Models
from stages.protocols import ImageRequest, Model, Role, TextRequest

BACKENDS = MappingProxyType(
    {"world": "pipeline.backends.world.backend:WorldModel", "openai": "pipeline.backends.openai.backend:OpenAIModel"}
)


class Backend(Model, Protocol):
    """A bare model. `max_output_tokens` is the most that a reply may have; None where no limit is sent."""

    @property
    def max_output_tokens(self) -> int | None:
        """Of one reply."""
        ...


@dataclass(frozen=True)
class Access:
    """One model as one provider serves it. `provider` is None for a backend that runs in this process, called `name`."""

    backend: str
    name: str
    provider: Provider | None
    model: str
    revision: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lent:
    """What an actor lends its models, all of it on the event loop they are used on."""

    permit: Permit
    count: Count
    traffic: Traffic
    scribe: Scribe
    sleep: Sleep


@dataclass(frozen=True)
class Composed:
    """The models of an actor, and their journals, through which calls under way can be awaited or given up."""

    models: Models
    journals: tuple[Journalled, ...]


def accesses(manifest: Manifest, spec: ModelSpec) -> Iterator[Access]:
    """Where a model is asked, in order."""
    options = dict(spec.options)
    if spec.provider is None:
        yield Access(spec.backend, spec.backend, None, spec.model, spec.revision, options)
        return
    for other in (Fallback(provider=spec.provider), *spec.failover):
        yield Access(
            spec.backend,
            other.provider,
            manifest.providers[other.provider],
            other.model or spec.model,
            other.revision or spec.revision,
            options,
        )


def build(at: Access, store: ImageStore, pool: Executor | None) -> Backend:
    """The bare backend of one model. Raises ValueError for options it does not know."""
    module, name = BACKENDS[at.backend].split(":")
    backend: Any = getattr(import_module(module), name)
    where = (store, pool) if at.provider is None else (at.name, at.provider, store)
    made: Backend = backend(at.model, at.revision, at.options, *where)
    return made


def identity(manifest: Manifest, spec: ModelSpec, store: ImageStore) -> str:
    """The identity of a role: of each model that may answer for it, once, in order; never where it is."""
    return "|".join(dict.fromkeys(build(at, store, None).identity for at in accesses(manifest, spec)))


def identities(manifest: Manifest) -> dict[str, str]:
    """Role -> identity, as they stand in call keys and `made_by`."""
    store = ImageStore("memory://")
    return {role: identity(manifest, spec, store) for role, spec in manifest.models}


def models_of(manifest: Manifest, prompts: Prompts, make: Callable[[Role, ModelSpec], Model]) -> Models:
    """The roles of a manifest, each as `make` makes it."""
    specs = manifest.models
    second = specs.second_analyzer
    return Models(
        baseline=make("baseline", specs.baseline),
        generator=make("generator", specs.generator),
        analyzer=make("analyzer", specs.analyzer),
        prompts=prompts,
        seed=manifest.seed,
        second_analyzer=None if second is None else make("second_analyzer", second),
    )


def compose(manifest: Manifest, store: ImageStore, pool: Executor, prompts: Prompts, lent: Lent) -> Composed:
    """The models of a run, wrapped."""
    journals: list[Journalled] = []

    def chain(role: Role, spec: ModelSpec) -> Model:
        name = identity(manifest, spec, store)
        places = tuple(accesses(manifest, spec))
        asked = tuple(_link(manifest, at, role, name, len(places) == 1, store, pool, lent) for at in places)
        journals.append(Journalled(Failover(asked, name, lent.sleep), lent.scribe, store))
        return journals[-1]

    return Composed(models_of(manifest, prompts, chain), tuple(journals))


def _link(
    manifest: Manifest, at: Access, role: Role, chain: str, alone: bool, store: ImageStore, pool: Executor, lent: Lent
) -> Model:
    """One model at one provider, down to what is sent; `alone` where no other may be asked."""
    backend = build(at, store, pool)
    price = of_size(price_of(at.model, manifest.prices, table().models), fixed_size(at.options))
    cost_of = partial(cost, price)

    def load_of(request: TextRequest | ImageRequest) -> Load:
        return load(price, request, backend.max_output_tokens)

    metered = Metered(backend, role, at.name, lent.scribe, load_of, cost_of, chain)
    paced = Paced(metered, at.name, load_of, cost_of, lent.traffic, lent.permit, lent.count)
    return Retried(paced, manifest.run.retry_deadline_s, manifest.run.retries, lent.sleep, alone)
