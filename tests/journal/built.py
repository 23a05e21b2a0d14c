"""A build of the world without Ray: its samples climb in this process, over the real chain, into a real database and store.

In: a folder, overrides of the demo's manifest, and a function that alters replies. Out: the folder as a build leaves it, without
shards.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import prompts.catalogue
from pipeline.journal.journalled import Journalled
from pipeline.journal.metered import Metered
from pipeline.journal.scribe import Scribe
from pipeline.manifest.file import load
from pipeline.manifest.identity import fingerprint, meaning, resolved
from pipeline.manifest.spec import Manifest
from pipeline.models import accesses, build, models_of
from pipeline.money.cost import Load, cost
from pipeline.money.spec import Price
from pipeline.output import lock
from pipeline.planning import world_rows
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from stages.ladder import climb_all
from stages.protocols import Model, TextReply, TextRequest
from stages.prune import prune
from stages.records import Sample
from stages.rungs import read_recipe
from stages.trajectory import Trajectory

WORDS = prompts.catalogue.load()
PRICE = Price(request=0.01, image=0.1)


@dataclass
class Altered:
    """A model whose text replies are altered by `alter`; `requests` collects every request."""

    model: Model
    alter: Callable[[TextRequest, str], str]
    requests: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.identity = self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """The model's reply, altered."""
        self.requests.append(request)
        return TextReply(self.alter(request, (await self.model.ask(request)).text))

    async def draw(self, request: Any) -> Any:
        """The model's image."""
        self.requests.append(request)
        return await self.model.draw(request)

    async def score(self, request: Any) -> Any:
        """The model's score."""
        self.requests.append(request)
        return await self.model.score(request)


@dataclass
class Built:
    """A build in the folder `out`."""

    out: Path
    manifest: Manifest
    samples: list[Trajectory]

    @property
    def fingerprint(self) -> str:
        """The fingerprint of its manifest."""
        return fingerprint(self.manifest, WORDS.hashes)

    def outcomes(self) -> Outcomes:
        """Its database."""
        return Outcomes(f"sqlite:///{self.out / lock.DATABASE}", self.fingerprint)

    def store(self) -> ImageStore:
        """Its store."""
        return ImageStore(str(self.out / "store"))

    def go(self, pool: Executor, alter: Callable[[TextRequest, str], str] = lambda _, text: text) -> int:
        """Let every sample without an outcome climb; returns how many calls that took."""
        outcomes = self.outcomes()
        requests: list[Any] = []
        outcomes.create()
        settled = outcomes.among([t.sample.id for t in self.samples])

        async def one(t: Trajectory, scribe: Scribe, models: Any) -> None:
            t = await climb_all(t, read_recipe(self.manifest.policy), models)
            await scribe.keep(prune(t, read_recipe(self.manifest.policy)))

        async def every() -> None:
            scribe = Scribe(outcomes)

            def make(role: Any, spec: Any) -> Model:
                (at,) = accesses(self.manifest, spec)
                altered = Altered(build(at, self.store(), pool), alter, requests)
                metered = Metered(altered, role, at.name, scribe, lambda _: Load(1, 1.0), partial(cost, PRICE))
                return Journalled(metered, scribe, self.store())

            models = models_of(self.manifest, WORDS, self.store(), make)
            await asyncio.gather(*(one(t, scribe, models) for t in self.samples if t.sample.id not in settled))
            await scribe.flush()
            scribe.close()

        asyncio.run(every())
        outcomes.close()
        return len(requests)

    def under(self, *overrides: str) -> "Built":
        """The same samples in the same folder under another manifest, as a fork is."""
        manifest = load("manifests/demo.yaml", [*OVERRIDES, *overrides])
        return Built(self.out, manifest, self.samples)

    def lock(self) -> "Built":
        """Write the lock file of the manifest."""
        plan = lock.OutputIdentity(self.fingerprint, resolved(self.manifest), meaning(self.manifest, WORDS.hashes))
        lock.write(self.out, plan)
        return self


OVERRIDES = ("sources.0.count=28",)


def begin(out: Path) -> Built:
    """A build with its samples and its lock file that has made no call yet."""
    manifest = load("manifests/demo.yaml", list(OVERRIDES))
    made = world_rows.read(manifest.sources[0], manifest.seed, ImageStore(str(out / "store")), 2)  # type: ignore[arg-type]
    samples = [Trajectory(_for_rl(sample) if n % 8 == 7 else sample, n) for n, (sample, _) in enumerate(made)]
    return Built(out, manifest, samples).lock()


def _for_rl(sample: Sample) -> Sample:
    return replace(sample, split="rl", climb="direct")
