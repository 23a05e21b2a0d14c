"""A whole run of masked SFT.

In: a place of shards, a model, a folder, settings. Out: the folder of the last checkpoint; beside it the log, its plot, the
images as tokens, and `sizes.json`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.utils import gather_object

from training.loader.dataset import TrajDataset
from training.loader.loading import TrajLoader
from training.render.decompose import decompose
from training.render.render import render
from training.render.rendered import Rendered
from training.render.tokenizers import ImageTokenizer
from training.row import TrainingRow
from training.sft.image_cache import CachedImages, identity
from training.sft.loop import LOG, SftLoop
from training.sft.plot import plot_losses
from training.sft.settings import SftSettings
from training.sft.sizing import Sizing, check_sizes, size_up
from training.trainee.checkpoint import check_plan, newest
from training.trainee.log import read_log
from training.trainee.model import Trainee, load_trainee, read_config
from training.trainee.problem import TrainProblem


class CachedRendering:
    """Renders rows with images from the cache; with `by_turn`, each as rows of one turn (`training.render.decompose`)."""

    def __init__(self, trainee: Trainee, images: ImageTokenizer, by_turn: bool) -> None:
        self._grammar, self._images, self._by_turn = trainee.grammar, images, by_turn

    def parts(self, row: TrainingRow) -> list[Rendered]:
        """The row, or its turns, as tokens. Raises RenderProblem."""
        rows = decompose(row) if self._by_turn else (row,)
        return [render(one, self._grammar, self._images) for one in rows]

    def __call__(self, rows: Sequence[TrainingRow]) -> list[Rendered]:
        """The rows of a batch."""
        return [part for row in rows for part in self.parts(row)]


def train_sft(place: str, model: str, out: Path, settings: SftSettings, images: ImageTokenizer | None = None) -> Path:
    """Trains `model` on the sft shards at `place` and returns the folder of the last checkpoint.

    `images` makes tokens of images in place of the model's own vision part. A run that was stopped goes on where it stood; one
    that is done does nothing. Raises TrainProblem, LoaderProblem, RowProblem, RenderProblem.
    """
    accelerator = Accelerator(mixed_precision="bf16" if settings.precision == "bf16" else "no")
    if settings.batch % accelerator.num_processes:
        raise TrainProblem(
            f"batch: {settings.batch} rows cannot be divided among {accelerator.num_processes} processes; set a multiple of that"
        )
    dataset = TrajDataset(place, seed=settings.seed, shuffle="rows", remainder="drop")
    if accelerator.is_main_process:
        if newest(out) is None:
            read_config(model)  # before the folder is this model's
        chosen = settings.model_dump(exclude={"save_every", "keep", "workers"})
        check_plan(out, {"model": model, "shards": str(dataset.plan.shards.identity), **chosen})
    accelerator.wait_for_everyone()
    last = newest(out)
    trainee = load_trainee(str(last.folder) if last else model, settings.pixels)
    trainee.model.to(accelerator.device)
    length = settings.length or trainee.longest
    if length > trainee.longest:
        raise TrainProblem(f"length: {length}, and the model has {trainee.longest} positions; set at most that")
    cached = CachedImages(images or trainee.images, out / "images" / _name_of(trainee, settings, images))
    renderer = CachedRendering(trainee, cached, settings.decompose)
    if last is None:
        _size_up(accelerator, dataset, renderer, settings, length, out, place)
    share = settings.batch // accelerator.num_processes
    loader = TrajLoader(dataset, share, num_workers=settings.workers, collate_fn=renderer)
    final = SftLoop(accelerator, trainee, loader, settings, length, out).run()
    if accelerator.is_main_process:
        plot_losses(read_log(out / LOG), out / "losses.png")
    return final.folder


def _name_of(trainee: Trainee, settings: SftSettings, images: ImageTokenizer | None) -> str:
    if images is not None:
        return type(images).__name__
    return identity(trainee.model.model.vqmodel.state_dict().items(), f"{settings.pixels}")


def _size_up(
    accelerator: Accelerator,
    dataset: TrajDataset,
    renderer: CachedRendering,
    settings: SftSettings,
    length: int,
    out: Path,
    place: str,
) -> None:
    """Every image of the epoch as tokens; raises TrainProblem where there is nothing to train, or too much for the model."""
    rows = dataset.plan.rows(dataset.plan.begin(0, dataset.world, 1), dataset.rank, 0)
    every = gather_object([size_up(rows, renderer.parts, length)])
    sizing = _together(every)
    check_sizes(sizing, settings, length, place)
    if accelerator.is_main_process:
        (out / "sizes.json").write_text(json.dumps(sizing.as_json(), indent=1), "utf-8")
        accelerator.print(f"{sizing.rows} rows, {sizing.tokens} tokens, {sum(sizing.trained.values())} of them trained")


def _together(parts: list[Any]) -> Sizing:
    every = Sizing()
    for part in parts:
        every.rows += part.rows
        every.tokens += part.tokens
        every.too_long += part.too_long
        every.longest = max(every.longest, part.longest)
        for kind, count in part.trained.items():
            every.trained[kind] = every.trained.get(kind, 0) + count
    return every
