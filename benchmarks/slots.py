"""Measure how well the DAG uses its slots: one operator a rung, one operator for the whole climb, and bare asyncio.

In: options (below). Out: a table on standard output. All three climb the same samples with the same sleeping models (log-normal
latency), one after the other in one run. Slots used = time spent in calls / slots / span from the first call to the last.
The floor is asyncio with a semaphore and no Ray. Run by `make bench`.
"""

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import prompts.catalogue
from benchmarks.climbing import Slotted
from pipeline import dag
from pipeline.journal.journalled import Journalled
from pipeline.journal.metered import Metered
from pipeline.manifest.file import load
from pipeline.manifest.spec import Manifest
from pipeline.models import ActorServices, Composed
from pipeline.money.cost import Load
from pipeline.run import hub
from pipeline.run.session import session
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from pipeline.traffic.paced import Paced
from stages import scripted
from stages.calls import Models
from stages.ladder import climb_all
from stages.protocols import ImageReply, ImageRequest, Model, Request, ScoreReply, ScoreRequest, TextReply, TextRequest
from stages.records import Axis, Checker, ImageRef, Sample
from stages.trajectory import Trajectory

AXES: tuple[Axis, ...] = ("instruction", "quality", "knowledge")
PASSES = 0.4


@dataclass
class Sleeper:
    """A model that sleeps as long as a provider might, then answers at random; the request's seed decides both.

    Every call leaves a line "begin end pid kind" (seconds of the machine's monotonic clock) in `log`.
    """

    median_s: float
    sigma: float
    log: str
    identity: str = "sleeper@1"

    async def _sleep(self, seed: int, kind: str) -> random.Random:
        dice, begin = random.Random(seed), time.monotonic()
        await asyncio.sleep(dice.lognormvariate(0, self.sigma) * self.median_s)
        with open(self.log, "a") as file:
            file.write(f"{begin} {time.monotonic()} {os.getpid()} {kind}\n")
        return dice

    async def ask(self, request: TextRequest) -> TextReply:
        """An evaluation passes with probability `PASSES`; a plan has three steps."""
        dice = await self._sleep(request.seed, request.schema)
        match request.schema:
            case "evaluation":
                return TextReply(scripted.scores(dict.fromkeys(AXES, 5 if dice.random() < PASSES else 2)))
            case "plan":
                return TextReply(scripted.steps("one", "two", "three"))
            case "reflection":
                return TextReply(scripted.reflection())
            case _:
                return TextReply(scripted.diagnosis("prompt_too_complex"))

    async def draw(self, request: ImageRequest) -> ImageReply:
        """A reference to an image that does not exist."""
        await self._sleep(request.seed, request.schema)
        return ImageReply(ImageRef(f"{request.seed:064x}", request.width, request.height, "PNG"))

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """Every word as a token."""
        await self._sleep(request.seed, request.schema)
        return scripted.likelihood(request.text)


def ladder(sleeper: Sleeper, per_rung: bool) -> type[dag.RungActor]:
    """The DAG's actors with sleeping models: each climbs its rung, or the first one the whole ladder."""

    class Sleeping(dag.RungActor):
        def models(self, job: dag.ClimbJob, services: ActorServices) -> Composed:
            model = chained(sleeper, job, services)
            return Composed(models_of(model, job.manifest), (model,))

    class Whole(Sleeping):
        async def climb(self, t: Trajectory, models: Models) -> Trajectory:
            return await climb_all(t, self._recipe, models)

    return Sleeping if per_rung else Whole


def chained(sleeper: Sleeper, job: dag.ClimbJob, services: ActorServices) -> Journalled:
    """The sleeper behind all that stands before a model in a build (`pipeline.models`), but retries: it never fails."""
    metered = Metered(sleeper, "analyzer", "bench", services.scribe, nothing, free)
    paced = Paced(metered, None, nothing, free, services.traffic, services.count)
    return Journalled(paced, services.scribe, ImageStore(job.store))


def nothing(_: Request) -> Load:
    """The load of a call of the sleeper: none."""
    return Load(0, 0.0)


def free(*_: object) -> float:
    """The cost of a call of the sleeper: none."""
    return 0.0


def models_of(model: Model, manifest: Manifest) -> Models:
    """One model in all three roles."""
    return Models(model, model, model, prompts.catalogue.load(), manifest.seed)


def samples(count: int) -> list[Trajectory]:
    """Text-to-image samples that differ by id only."""

    def one(n: int) -> Sample:
        return Sample(
            id=f"s{n:06d}", source="bench", row_id=str(n), instruction="draw", explanation=None, references=(), first=None,
            applicable_axes=AXES, task="t2i", category="other", width=64, height=64, licence="CC0-1.0", leak_group=str(n),
            split="train", climb="full", checker=Checker(),
        )  # fmt: skip

    return [Trajectory(one(n), n) for n in range(count)]


def bare(todo: Sequence[Trajectory], sleeper: Sleeper, manifest: Manifest) -> None:
    """Climb with bare asyncio, the floor: one task a sample, a semaphore for the slots."""

    async def one(t: Trajectory, models: Models) -> None:
        await climb_all(t, manifest.recipe, models)

    async def all_of_them() -> None:
        models = models_of(Slotted(sleeper, asyncio.Semaphore(manifest.run.concurrency)), manifest)
        await asyncio.gather(*(one(t, models) for t in todo))

    asyncio.run(all_of_them())


def by_ray(todo: Sequence[Trajectory], sleeper: Sleeper, manifest: Manifest, folder: Path, per_rung: bool) -> None:
    """Climb with the DAG until the last outcome is in the database."""
    database = f"sqlite:///{folder / f'{per_rung}.db'}"
    Outcomes(database, "bench").create()
    slots = manifest.run.concurrency
    counting = hub.start(slots, len(todo), [], manifest.quotas)
    job = dag.ClimbJob(manifest, "bench", str(folder), database, counting, len(todo))
    for _ in dag.run(job, todo, ladder(sleeper, per_rung)):
        pass


def measure(name: str, slots: int, sleeper: Sleeper, run: Callable[[], None]) -> None:
    """Run, and print one line of the table."""
    cpu = time.process_time()
    run()
    calls = [tuple(map(float, line.split()[:2])) for line in Path(sleeper.log).read_text().splitlines()]
    span = max(end for _, end in calls) - min(begin for begin, _ in calls)
    used = sum(end - begin for begin, end in calls) / slots / span
    print(
        f"{name:24} {len(calls):6} calls {span:7.1f} s  slots used {used:.3f}  driver cpu {time.process_time() - cpu:5.1f} s"
    )


def main() -> None:
    """Measure the three shapes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--slots", type=int, default=64)
    parser.add_argument("--median", type=float, default=0.2, help="seconds a call")
    parser.add_argument("--sigma", type=float, default=0.8)
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args()
    manifest = load("manifests/demo.yaml", [f"run.concurrency={options.slots}"])
    print(f"load {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores, {options}")
    todo = samples(options.samples)
    for _ in range(options.repeat):
        with tempfile.TemporaryDirectory() as name, session(None, Path(name) / "ray.log"):
            compare(todo, manifest, options.median, options.sigma, Path(name))


def compare(todo: Sequence[Trajectory], manifest: Manifest, median_s: float, sigma: float, folder: Path) -> None:
    """The three shapes, one after the other."""
    floor, rungs, whole = (Sleeper(median_s, sigma, str(folder / name)) for name in ("floor", "rungs", "whole"))
    slots = manifest.run.concurrency
    measure("bare asyncio", slots, floor, lambda: bare(todo, floor, manifest))
    measure("an operator a rung", slots, rungs, lambda: by_ray(todo, rungs, manifest, folder, per_rung=True))
    measure("one operator", slots, whole, lambda: by_ray(todo, whole, manifest, folder, per_rung=False))


if __name__ == "__main__":
    main()
