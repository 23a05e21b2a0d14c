"""Measure how often `x2i plan` is right: builds of the world whose cost is forecast from a pilot on another seed.

In: options (below). Out: Markdown for RESULTS.md on standard output: for each figure how often the build lay in its 90 % interval,
and how wide that was. Each build has a pilot of its own, with fresh samples of another seed. Run by `make plan-coverage`.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

import prompts.catalogue
from pipeline.backends.world.backend import WorldModel
from pipeline.backends.world.source import WorldSpec
from pipeline.forecast.forecast import Range, forecast, job, spread
from pipeline.forecast.measured import MeasuredRates, calls_of, read_climbs
from pipeline.forecast.rates import QUANTITIES, own_prices
from pipeline.forecast.simulate import simulate
from pipeline.manifest.file import load
from pipeline.manifest.spec import RL, Manifest, ModelSpec
from pipeline.money.cost import cost
from pipeline.money.spec import Price
from pipeline.output import cut
from pipeline.planning import leaks, world_rows
from pipeline.storage.image_store import ImageStore
from pipeline.storage.likeness import StoreComparer
from pipeline.workers import process_pool
from stages.calls import Models
from stages.identity import call_key, rank
from stages.ladder import climb
from stages.protocols import ImageReply, ImageRequest, Role, TextReply, TextRequest, Usage
from stages.prune import prune
from stages.trajectory import Trajectory

PRICES = (
    "prices.world-baseline={image: 0.02}",
    "prices.world-generator={input_per_million: 2, image: 0.134}",
    "prices.world-analyzer={input_per_million: 0.2, output_per_million: 0.88}",
)
"""Prices of a realistic size: an image model of 13 cents an image, an open judge."""
QUOTAS = {"direct": 0.3, "reflection": 0.12, "multistep": 0.08, RL: None}
"""Quotas as shares of the samples, small enough to be filled well before the last sample."""
HEAD = ("build", "figure", "in its 90 % interval", "width of the interval", "forecast / truth - 1")
FIGURES = ("usd", "calls", "images", "input_tokens", "output_tokens")


@dataclass(frozen=True)
class ScratchSite:
    """A store and a pool in which samples are made and climb."""

    store: ImageStore
    pool: Executor


@dataclass
class NotedCalls:
    """The calls of a run as its ledger would hold them."""

    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class RecordingModel:
    """A model of the world whose calls are recorded in a ledger with their cost."""

    model: WorldModel
    role: Role
    price: Price
    ledger: NotedCalls

    @property
    def identity(self) -> str:
        """The identity of the model."""
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        """What the model replies."""
        began = time.perf_counter()
        reply = await self.model.ask(request)
        self._note(request, began, reply.usage, 0)
        return reply

    async def draw(self, request: ImageRequest) -> ImageReply:
        """What the model draws."""
        began = time.perf_counter()
        reply = await self.model.draw(request)
        self._note(request, began, reply.usage, 1)
        return reply

    def _note(self, request: TextRequest | ImageRequest, began: float, usage: Usage | None, images: int) -> None:
        tokens = usage or Usage()
        self.ledger.rows.append(
            {
                "call_key": call_key(self.identity, request),
                "role": self.role,
                "kind": request.schema,
                "seconds": time.perf_counter() - began,
                "input_tokens": tokens.input_tokens,
                "output_tokens": tokens.output_tokens,
                "images": images,
                "usd": cost(self.price, request, usage, images),
            }
        )


@dataclass(frozen=True)
class Built:
    """A run of the ladder: trajectories in rank order, their outcomes, and the calls."""

    manifest: Manifest
    trajectories: Sequence[Trajectory]
    finished: Sequence[cut.Finished]
    ledger: pd.DataFrame

    def consumption(self, trajectories: Sequence[Trajectory]) -> dict[str, float]:
        """The sums of `FIGURES` over the calls of `trajectories`."""
        keys = {key for t in trajectories for _, _, key, _ in calls_of(t.events)}
        mine = self.ledger[self.ledger["call_key"].isin(keys)]
        return {name: float(len(mine) if name == "calls" else mine[name].sum()) for name in FIGURES}


@dataclass
class Hits:
    """Per build whether a figure lay in its interval, and the interval's width and its mean's error relative to the truth."""

    inside: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)

    def add(self, interval: Range, truth: float) -> None:
        """Add one build."""
        slack = 1e-9 * abs(truth)  # a certain figure may differ by rounding: it is summed in another order
        self.inside.append(interval.low - slack <= truth <= interval.high + slack)
        self.widths.append((interval.high - interval.low) / truth)
        self.errors.append((interval.mean - truth) / truth)

    @property
    def cells(self) -> tuple[str, str, str]:
        """The cells of a row of the table."""
        n = len(self.inside)
        return (
            f"{sum(self.inside)} of {n}",
            f"{100 * sum(self.widths) / n:.0f} %",
            f"{100 * sum(self.errors) / n:+.1f} %",
        )


def main() -> None:
    """Run a pilot and a build for every seed, and print how the forecasts compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--pilot", type=int, default=80, help="samples of a pilot")
    parser.add_argument("--samples", type=int, default=100, help="samples of a build")
    options = parser.parse_args()
    hits_by_figure: dict[tuple[str, str], Hits] = {}
    began = time.monotonic()
    print(
        f"load {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores, {options.seeds} builds of {options.samples} samples,",
        end=" ",
    )
    print(f"a pilot of {options.pilot} each\n", flush=True)
    with tempfile.TemporaryDirectory() as folder, process_pool(os.cpu_count() or 1) as pool:
        site = ScratchSite(ImageStore(f"{folder}/store"), pool)
        for seed in range(1, options.seeds + 1):
            pilot, built = build(site, 1000 + seed, options.pilot), build(site, seed, options.samples)
            for key, interval, truth in compared(pilot, built):
                hits_by_figure.setdefault(key, Hits()).add(interval, truth)
                if key == ("no quotas", "usd"):
                    inside = "inside" if interval.low <= truth <= interval.high else "OUTSIDE"
                    between = f"forecast {interval.low:.2f} to {interval.high:.2f}"
                    print(f"seed {seed}: {truth:.2f} US $, {between}, {inside}", flush=True)
    print(f"\n| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}")
    for (kind, figure), hits in hits_by_figure.items():
        print(f"| {kind} | {figure} | {' | '.join(hits.cells)} |")
    print(f"\n{time.monotonic() - began:.0f} s")


def compared(pilot: Built, built: Built) -> Iterator[tuple[tuple[str, str], Range, float]]:
    """((build, figure), the forecast, the truth): of the whole build, and of one that ends when its quotas are filled."""
    recipe = built.manifest.recipe
    rates = MeasuredRates(read_climbs(pilot.trajectories, recipe), pilot.ledger, built.manifest)
    expected, consumed = forecast(built.manifest, rates), built.consumption(built.trajectories)
    for name in FIGURES:
        figure = expected.totals[name]
        assert figure is not None
        yield ("no quotas", name), figure, consumed[name]
    accepted = sum(f.slot in recipe.modes for f in built.finished)
    assert expected.per_accepted is not None
    yield ("no quotas", "usd per accepted sample"), expected.per_accepted, consumed["usd"] / accepted
    limits = {slot: share and round(share * len(built.trajectories)) for slot, share in QUOTAS.items()}
    manifest = built.manifest.model_copy(update={"quotas": limits})
    quota_job = job(manifest, len(built.trajectories))
    builds = simulate(rates, replace(quota_job, window=0))
    last = cut.bound(built.finished, manifest.quotas)
    planned = [t for t in built.trajectories if last is None or t.rank <= last]
    yield ("quotas", "samples up to the cut"), spread(builds.planned), len(planned)
    consumed = built.consumption(planned)
    for n, name in enumerate(QUANTITIES):
        if name in FIGURES:
            yield ("quotas", name), spread(builds.totals[:, :, n].sum(axis=1)), consumed[name]


def build(site: ScratchSite, seed: int, samples: int) -> Built:
    """Climb the demo in this process with another seed and `samples` samples."""
    manifest = load("manifests/demo.yaml", [f"seed={seed}", f"sources.0.count={samples}", *PRICES])
    (spec,) = manifest.sources
    assert isinstance(spec, WorldSpec)
    rows_read = world_rows.read(spec, seed, site.store, os.cpu_count() or 1)
    placed = leaks.assign([sample for sample, _ in rows_read], seed, manifest.splits)
    todo = sorted((Trajectory(sample, rank(seed, sample.id)) for sample in placed), key=lambda t: t.rank)
    ledger = NotedCalls()
    trajectories = asyncio.run(_climb_all(site, manifest, todo, ledger))
    return Built(manifest, trajectories, [cut.finished(t) for t in trajectories], pd.DataFrame(ledger.rows))


async def _climb_all(
    site: ScratchSite, manifest: Manifest, todo: Sequence[Trajectory], ledger: NotedCalls
) -> list[Trajectory]:
    slots = asyncio.Semaphore(manifest.run.concurrency)
    prices, recipe = own_prices(manifest), manifest.recipe

    def model(role: Role, spec: ModelSpec) -> RecordingModel:
        world_model = WorldModel(spec.model, spec.revision, {}, site.store, site.pool)
        return RecordingModel(world_model, role, prices[role], ledger)

    async def one(t: Trajectory) -> Trajectory:
        async with slots:
            for rung in recipe.rungs:
                t = await climb(t, rung, recipe, models)
        return prune(t, recipe)

    specs = manifest.models
    models = Models(
        model("baseline", specs.baseline),
        model("generator", specs.generator),
        model("analyzer", specs.analyzer),
        prompts.catalogue.load(),
        manifest.seed,
        comparer=StoreComparer(site.store),
    )
    return await asyncio.gather(*(one(t) for t in todo))


if __name__ == "__main__":
    main()
