"""The models of a manifest outside a build: in this process, on one event loop, and yet as in a build: every answer durable before
it is used, paced, retried, within the budget, and each call in the ledger.

In: a manifest, the roles that are needed, and a folder. Out: `Alone`, while the block lasts. The folder holds a journal of its own
(`run.db`), a store and, in the end, `ledger.parquet`; whoever works in it does so alone.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipeline.backends.openai.check import reachable
from pipeline.backends.openai.client import close_clients
from pipeline.doctor.patients import patients
from pipeline.engines.client import Fleet
from pipeline.errors import Drained, RunStopped
from pipeline.journal.scribe import Scribe
from pipeline.manifest.generators import place_of
from pipeline.manifest.spec import Manifest, ManifestError, ModelSpecs
from pipeline.models import ActorServices, Composed, compose
from pipeline.money.budget import Budget
from pipeline.money.cost import Load
from pipeline.output.lock import hold
from pipeline.run.practice import Surgery, surgery
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from pipeline.traffic.entrance import Entrance
from pipeline.traffic.owner import Owner
from pipeline.traffic.terms import After
from prompts.catalogue import Prompts
from stages.calls import Models
from stages.identity import digest

HOLDER = "alone"
DATABASE = "run.db"


@dataclass
class _OwnTraffic:
    """The traffic of one process: the entrance and the owner stand side by side."""

    entrance: Entrance
    ended: list[str]

    async def enter(self, provider: str | None, load: Load) -> int:
        """See `pipeline.traffic.paced.Traffic`."""
        return await self.entrance.enter(provider, load)

    def leave(self, ticket: int, after: After) -> None:
        """See `pipeline.traffic.paced.Traffic`."""
        self.entrance.leave(ticket, after)

    async def wait_to_send(self) -> None:
        """Raises Drained once the budget is spent."""
        if self.ended:
            raise Drained(self.ended[0])


@dataclass(frozen=True)
class Alone:
    """The models, where their images lie, what was counted so far (calls, images, in_flight), and the database."""

    manifest: Manifest
    models: Models
    store: ImageStore
    outcomes: Outcomes
    scribe: Scribe
    counts: Counter[str] = field(default_factory=Counter)

    def spent(self) -> float:
        """US dollars, those of earlier runs in this folder included."""
        return self.outcomes.spent()


@dataclass(frozen=True)
class Workplace:
    """Where models are asked: engines and servers are up, and nobody else works in `folder`."""

    manifest: Manifest
    folder: Path
    surgery: Surgery
    outcomes: Outcomes

    @asynccontextmanager
    async def open(self, prompts: Prompts) -> AsyncIterator[Alone]:
        """The models, on the running event loop. Raises BuildError where one of them cannot be opened."""
        manifest, counts, scribe = self.surgery.manifest, Counter[str](), Scribe(self.outcomes)
        traffic = _traffic(manifest, self.outcomes.spent())
        services = ActorServices(partial(_count, counts), traffic, scribe, asyncio.sleep)
        fleet = next(iter(self.surgery.fleets.values()), Fleet())
        composed = compose(manifest, self.surgery.store, self.surgery.pool, prompts, services, fleet)
        try:
            yield Alone(manifest, composed.models, self.surgery.store, self.outcomes, scribe, counts)
        finally:
            await _end(composed, scribe)


@contextmanager
def alone(
    manifest: Manifest, roles: Iterable[str], folder: Path, purpose: str, tell: Callable[[str], None]
) -> Iterator[Workplace]:
    """Everything up that these roles need; the other roles are never asked. `purpose` keeps the ledgers of different work apart.

    Raises ManifestError for a role that answers later, OutputError for a folder at which somebody is at work, RunStopped where an
    engine or a server does not come up.
    """
    needed = _only(manifest, frozenset(roles))
    folder = folder.resolve()
    with hold(folder):
        store = ImageStore(manifest.run.store or str(folder / "store"))
        url = manifest.run.database or f"sqlite:///{folder / DATABASE}"
        with Outcomes(url, digest(purpose, manifest.name)) as outcomes:
            outcomes.create()
            if lost := outcomes.settle_open():
                tell(f"{lost} calls were on their way when this was killed: they count as paid, and are made again.")
            with surgery(needed, patients(needed), store, folder, tell) as opened:
                if opened.problems:
                    raise RunStopped(next(iter(opened.problems.values())))
                try:
                    yield Workplace(needed, folder, opened, outcomes)
                finally:
                    outcomes.write_ledger(folder)


def _only(manifest: Manifest, roles: frozenset[str]) -> Manifest:
    """The manifest with nobody but these roles: whoever is not asked needs no key, no server and no engine."""
    specs = dict(iter(manifest.models))
    for role in roles:
        if specs[role].batch is not None:
            raise ManifestError(
                f"models.{place_of(role)} answers with a batch, hours later; name a model that is asked directly"
            )
    stand_in = specs[next(role for role in specs if role in roles)]
    kept = {role: spec if role in roles else stand_in for role, spec in specs.items() if "." not in role}
    own = {name: spec for name, spec in manifest.models.generators.items() if f"generator.{name}" in roles}
    models = ModelSpecs.model_construct(**{"second_analyzer": None, **kept, "generators": own})
    engines = {spec.engine for _, spec in models if spec.engine is not None}
    return manifest.model_copy(
        update={"models": models, "engines": {n: e for n, e in manifest.engines.items() if n in engines}}
    )


def _traffic(manifest: Manifest, spent: float) -> _OwnTraffic:
    run, ended = manifest.run, list[str]()

    async def is_there(name: str) -> bool:
        # on a loop of its own: it closes all connections of the loop that it runs on
        return await asyncio.to_thread(asyncio.run, reachable(name, manifest.providers[name])) is None

    budget = Budget(run.budget_usd, spent)
    owner = Owner(run.concurrency, manifest.providers, budget, run.retry_deadline_s, ended.append, is_there)
    entrance = Entrance(partial(owner.enter, HOLDER), partial(owner.leave, HOLDER), run.budget_usd is not None)
    return _OwnTraffic(entrance, ended)


def _count(counts: Counter[str], what: str, by: int) -> None:
    counts[what] += by


async def _end(composed: Composed, scribe: Scribe) -> None:
    """Let calls under way end, since they are paid for, and make durable what they answered."""
    for journal in composed.journals:
        await journal.wait_for_calls()
    await scribe.flush()
    scribe.close()
    await close_clients()
