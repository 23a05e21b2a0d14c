"""How often `x2i plan` is right: builds of the world whose cost was forecast from a pilot on another seed.

In: options (below). Out: Markdown for RESULTS.md on standard output: for each figure how often the build lay in its 90 % interval,
and how wide that was. Each build has a pilot of its own, with fresh samples of another seed. Run by `make plan-coverage`.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

import prompts.catalogue
from pipeline.backends.world.backend import WorldModel
from pipeline.backends.world.source import WorldSpec
from pipeline.forecast.forecast import Range, forecast, job, spread
from pipeline.forecast.measured import MeasuredRates, calls_of
from pipeline.forecast.rates import QUANTITIES, own_prices
from pipeline.forecast.simulate import simulate
from pipeline.manifest.file import load
from pipeline.manifest.spec import Manifest, ModelSpec
from pipeline.money.cost import cost
from pipeline.money.spec import Price
from pipeline.output import cut, record
from pipeline.output.frame import Unit
from pipeline.planning import leaks, world_rows
from pipeline.storage.image_store import ImageStore
from pipeline.workers import process_pool
from stages.calls import Models
from stages.identity import call_key, rank
from stages.ladder import RUNGS, climb
from stages.policy import Policy
from stages.protocols import ImageReply, ImageRequest, Role, TextReply, TextRequest, Usage
from stages.prune import prune
from stages.records import Trajectory

PRICES = (
    "prices.world-baseline={image: 0.02}",
    "prices.world-generator={input_per_million: 2, image: 0.134}",
    "prices.world-analyzer={input_per_million: 0.2, output_per_million: 0.88}",
)
"""Of the size of real ones: an image model of 13 cents, an open judge."""
QUOTAS = {"direct": 0.3, "reflection": 0.12, "multistep": 0.08, "rl": None}
"""As shares of the samples: reached well before the last of them."""
HEAD = ("build", "figure", "in its 90 % interval", "width of the interval", "forecast / truth - 1")
FIGURES = ("usd", "calls", "images", "input_tokens", "output_tokens")


@dataclass(frozen=True)
class Site:
    """Where samples are made and climb."""

    store: ImageStore
    pool: Executor


@dataclass
class Ledger:
    """The calls of a run as its ledger would hold them."""

    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Noted:
    """A model of the world whose calls are noted with their cost."""

    model: WorldModel
    role: Role
    price: Price
    ledger: Ledger

    @property
    def identity(self) -> str:
        """That of the model."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """As the model."""
        began = time.perf_counter()
        reply = await self.model.ask(request)
        self._note(request, began, reply.usage, 0)
        return reply

    async def draw(self, request: ImageRequest) -> ImageReply:
        """As the model."""
        began = time.perf_counter()
        reply = await self.model.draw(request)
        self._note(request, began, reply.usage, 1)
        return reply

    def _note(self, request: TextRequest | ImageRequest, began: float, usage: Usage | None, images: int) -> None:
        said = usage or Usage()
        self.ledger.rows.append(
            {
                "call_key": call_key(self.identity, request),
                "role": self.role,
                "kind": request.schema,
                "seconds": time.perf_counter() - began,
                "input_tokens": said.input_tokens,
                "output_tokens": said.output_tokens,
                "images": images,
                "usd": cost(self.price, request, usage, images),
            }
        )


@dataclass(frozen=True)
class Built:
    """A run of the ladder: rows as `record/` holds them in rank order, their outcomes, and the calls."""

    manifest: Manifest
    rows: Sequence[Mapping[str, Any]]
    finished: Sequence[cut.Finished]
    ledger: pd.DataFrame

    def took(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
        """What the calls of `rows` took in sum."""
        keys = {key for row in rows for _, _, key, _ in calls_of(row["events"])}
        mine = self.ledger[self.ledger["call_key"].isin(keys)]
        return {name: float(len(mine) if name == "calls" else mine[name].sum()) for name in FIGURES}


@dataclass
class Hits:
    """How often a figure lay in its interval, how wide that was, and how far off its middle, both in parts of the truth."""

    inside: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)

    def add(self, told: Range, truth: float) -> None:
        """One more build."""
        slack = 1e-9 * abs(truth)  # a figure that is certain is a sum in another order
        self.inside.append(told.low - slack <= truth <= told.high + slack)
        self.widths.append((told.high - told.low) / truth)
        self.errors.append((told.mean - truth) / truth)

    @property
    def cells(self) -> tuple[str, str, str]:
        """For a row of the table."""
        n = len(self.inside)
        return (
            f"{sum(self.inside)} of {n}",
            f"{100 * sum(self.widths) / n:.0f} %",
            f"{100 * sum(self.errors) / n:+.1f} %",
        )


def main() -> None:
    """Pilot and build on every seed, and print what came of the forecasts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--pilot", type=int, default=80, help="samples of a pilot")
    parser.add_argument("--samples", type=int, default=100, help="samples of a build")
    options = parser.parse_args()
    found: dict[tuple[str, str], Hits] = {}
    began = time.monotonic()
    print(
        f"load {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores, {options.seeds} builds of {options.samples} samples,",
        end=" ",
    )
    print(f"a pilot of {options.pilot} each\n", flush=True)
    with tempfile.TemporaryDirectory() as folder, process_pool(os.cpu_count() or 1) as pool:
        here = Site(ImageStore(f"{folder}/store"), pool)
        for seed in range(1, options.seeds + 1):
            pilot, built = build(here, 1000 + seed, options.pilot), build(here, seed, options.samples)
            for key, told, truth in compared(pilot, built):
                found.setdefault(key, Hits()).add(told, truth)
                if key == ("no quotas", "usd"):
                    inside = "inside" if told.low <= truth <= told.high else "OUTSIDE"
                    between = f"forecast {told.low:.2f} to {told.high:.2f}"
                    print(f"seed {seed}: {truth:.2f} US $, {between}, {inside}", flush=True)
    print(f"\n| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}")
    for (kind, figure), hits in found.items():
        print(f"| {kind} | {figure} | {' | '.join(hits.cells)} |")
    print(f"\n{time.monotonic() - began:.0f} s")


def compared(pilot: Built, built: Built) -> Iterator[tuple[tuple[str, str], Range, float]]:
    """((build, figure), the forecast, the truth): of the whole build, and of one that ends when its quotas are filled."""
    rates = MeasuredRates(pilot.rows, pilot.ledger, built.manifest)
    told, took = forecast(built.manifest, rates), built.took(built.rows)
    for name in FIGURES:
        figure = told.totals[name]
        assert figure is not None
        yield ("no quotas", name), figure, took[name]
    accepted = sum(f.slot in ("direct", "reflection", "multistep") for f in built.finished)
    assert told.per_accepted is not None
    yield ("no quotas", "usd per accepted sample"), told.per_accepted, took["usd"] / accepted
    limits = {slot: share and round(share * len(built.rows)) for slot, share in QUOTAS.items()}
    manifest = built.manifest.model_copy(update={"quotas": built.manifest.quotas.model_copy(update=limits)})
    asked = job(manifest, len(built.rows))
    builds = simulate(rates, replace(asked, window=0))
    last = cut.bound(built.finished, manifest.quotas)
    rows = [row for row in built.rows if last is None or row["rank"] <= last]
    yield ("quotas", "samples up to the cut"), spread(builds.planned), len(rows)
    took = built.took(rows)
    for n, name in enumerate(QUANTITIES):
        if name in FIGURES:
            yield ("quotas", name), spread(builds.totals[:, :, n].sum(axis=1)), took[name]


def build(here: Site, seed: int, samples: int) -> Built:
    """The demo with another seed and so many samples, climbed in this process."""
    manifest = load("manifests/demo.yaml", [f"seed={seed}", f"sources.0.count={samples}", *PRICES])
    (spec,) = manifest.sources
    assert isinstance(spec, WorldSpec)
    made = world_rows.read(spec, seed, here.store, os.cpu_count() or 1)
    placed = leaks.assign([sample for sample, _ in made], seed, manifest.splits)
    todo = sorted((Trajectory(sample, rank(seed, sample.id)) for sample in placed), key=lambda t: t.rank)
    ledger = Ledger()
    done = asyncio.run(_climb_all(here, manifest, todo, ledger))
    finished = [cut.finished(t) for t in done]
    fates = cut.cut(finished, manifest.quotas).fates
    rows = [record.row(Unit(t.sample.id, t, fates[t.sample.id])) for t in done]
    return Built(manifest, rows, finished, pd.DataFrame(ledger.rows))


async def _climb_all(here: Site, manifest: Manifest, todo: Sequence[Trajectory], ledger: Ledger) -> list[Trajectory]:
    slots = asyncio.Semaphore(manifest.run.concurrency)
    found = own_prices(manifest)

    def model(role: Role, spec: ModelSpec) -> Noted:
        made = WorldModel(spec.model, spec.revision, {}, here.store, here.pool)
        return Noted(made, role, found[role], ledger)

    async def one(t: Trajectory, policy: Policy) -> Trajectory:
        async with slots:
            for rung in RUNGS:
                t = await climb(t, rung, models, policy)
        return prune(t)

    specs = manifest.models
    models = Models(
        model("baseline", specs.baseline),
        model("generator", specs.generator),
        model("analyzer", specs.analyzer),
        prompts.catalogue.load(),
        manifest.seed,
    )
    return await asyncio.gather(*(one(t, manifest.policy) for t in todo))


if __name__ == "__main__":
    main()
