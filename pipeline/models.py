"""The models of a run, from their specs: a backend each, and the wrappers around it, composed in one visible place.

In: a manifest, the image store, a process pool, the prompts, the engines, and the actor's services. Out: `Models`. The backends
are listed in `pipeline.backends.registry`; what a model needs is imported when the model is opened.

    Journalled(         replays what is known; an answer is durable before it is used
      Failover(         asks the next provider while those before are out
        Retried(        asks again after a transient error, until its deadline
          Paced(        waits until the provider's pace, the budget and the run's limit have room
            Metered(    notes the call before it is sent, and what it took, whatever came of it
              backend)))))

A model on a batch has no such chain: Journalled(Parking) posts what is not known yet, and `pipeline.batches` sends it. `UnlessOut`
stands before the Failover of one that a batch API could be asked for, too.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

from pipeline.backends.batch.description import API
from pipeline.backends.contract import Access, BareModel
from pipeline.backends.openai.options import Options
from pipeline.backends.openai.spec import Fallback
from pipeline.backends.registry import backend
from pipeline.engines.client import Fleet, key_of
from pipeline.journal.journalled import Journalled
from pipeline.journal.metered import Metered
from pipeline.journal.parking import Parking, UnlessOut
from pipeline.journal.scribe import Scribe
from pipeline.manifest.batches import backend_of
from pipeline.manifest.prices import model_price
from pipeline.manifest.spec import Manifest, ModelSpec
from pipeline.money.cost import Load, cost, load
from pipeline.money.prices import table
from pipeline.storage.image_store import ImageStore
from pipeline.storage.likeness import StoreComparer
from pipeline.traffic.failover import Failover
from pipeline.traffic.paced import Count, Paced, Traffic
from pipeline.traffic.retried import Retried, Sleep
from prompts.catalogue import Prompts
from stages.calls import Models
from stages.makers import maker
from stages.protocols import Model, Request


@dataclass(frozen=True)
class ActorServices:
    """What an actor provides to its models, all of it on the event loop they are used on."""

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
    if spec.engine is not None:
        engine = manifest.engines[spec.engine]
        yield Access(
            spec.backend, spec.engine, None, spec.model, spec.revision, options, engine.batch, engine.batch_wait_s
        )
        return
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


def hosted(manifest: Manifest) -> dict[str, dict[str, Access]]:
    """The models that each engine hosts, by key."""
    hosts: dict[str, dict[str, Access]] = {name: {} for name in manifest.engines}
    for _, spec in manifest.models:
        if spec.engine is not None:
            hosts[spec.engine] |= {key_of(at): at for at in accesses(manifest, spec)}
    return hosts


def build(at: Access, store: ImageStore, pool: Executor | None, fleet: Fleet | None = None) -> BareModel:
    """One model without wrappers, in its engine where `fleet` has it. Raises ValueError for options its backend does not know."""
    if fleet is not None and fleet.hosts(at):
        return fleet.model(at)
    return backend(at.backend).open(at, store, pool)


def identity(manifest: Manifest, spec: ModelSpec) -> str:
    """The identity of a role: of each model that may answer for it, once, in order; never where it is."""
    asked = accesses(manifest, spec)
    speaker = backend(backend_of(manifest, spec))
    return "|".join(dict.fromkeys(speaker.identity(at.model, at.revision, at.options) for at in asked))


def identities(manifest: Manifest) -> dict[str, str]:
    """Role -> identity, as they stand in call keys and `made_by`."""
    return {role: identity(manifest, spec) for role, spec in manifest.models}


def models_of(
    manifest: Manifest, prompts: Prompts, store: ImageStore, make: Callable[[str, ModelSpec], Model]
) -> Models:
    """The roles of a manifest, each as `make` makes it; their images lie in `store`."""
    specs = manifest.models
    second = specs.second_analyzer
    models = Models(
        baseline=make("baseline", specs.baseline),
        generator=make("generator", specs.generator),
        analyzer=make("analyzer", specs.analyzer),
        prompts=prompts,
        seed=manifest.seed,
        second_analyzer=None if second is None else make("second_analyzer", second),
        kits=specs.kits,
        comparer=StoreComparer(store),
        generators={name: make(maker(name), spec) for name, spec in specs.generators.items()},
    )
    return manifest.recipe.rule(models)


def compose(
    manifest: Manifest,
    store: ImageStore,
    pool: Executor,
    prompts: Prompts,
    services: ActorServices,
    fleet: Fleet | None = None,
) -> Composed:
    """The models of a run, wrapped."""

    def opened(at: Access) -> BareModel:
        return build(at, store, pool, fleet)

    journals: list[Journalled] = []

    def chain(role: str, spec: ModelSpec) -> Model:
        # one identity for all places: an answer is known again whichever of them gave it
        name = identity(manifest, spec)
        if spec.batch is not None:
            parking = _parking(manifest, spec, role, name, services.scribe)
            journals.append(Journalled(parking, services.scribe, store))
            return journals[-1]
        places = tuple(accesses(manifest, spec))
        models = tuple(
            _at_one_place(manifest, spec, at, role, name, len(places) == 1, opened(at), services) for at in places
        )
        asked: Model = Failover(models, name, services.sleep)
        if spec.backend == API:  # a batch API answers the same questions in the same words
            asked = UnlessOut(asked, services.scribe)
        journals.append(Journalled(asked, services.scribe, store))
        return journals[-1]

    return Composed(models_of(manifest, prompts, store, chain), tuple(journals))


def _parking(manifest: Manifest, spec: ModelSpec, role: str, name: str, scribe: Scribe) -> Parking:
    """A model that answers later, by way of its batch."""
    price = model_price(manifest, spec, table().models)
    most = Options.checked(spec.options).max_tokens if backend_of(manifest, spec) == "openai" else None

    def load_of(request: Request) -> Load:
        return load(price, request, most)

    return Parking(name, role, spec.batch or "", spec.model, spec.revision, spec.options, scribe, load_of)


def _at_one_place(
    manifest: Manifest,
    spec: ModelSpec,
    at: Access,
    role: str,
    chain: str,
    alone: bool,
    bare: BareModel,
    services: ActorServices,
) -> Model:
    """One bare model at one provider, with its wrappers up to the retries; `alone` where no other may be asked."""
    price = model_price(manifest, spec, table().models, at.model)
    cost_of = partial(cost, price)

    def load_of(request: Request) -> Load:
        return load(price, request, bare.max_output_tokens)

    metered = Metered(bare, role, at.name, services.scribe, load_of, cost_of, chain)
    # a model in this process or in an engine has no provider that could pace it, even if one is called like it
    lane = None if at.provider is None else at.name
    paced = Paced(metered, lane, load_of, cost_of, services.traffic, services.count)
    return Retried(paced, manifest.run.retry_deadline_s, manifest.run.retries, services.sleep, alone)
