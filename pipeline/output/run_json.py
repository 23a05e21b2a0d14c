"""`run.json`: what a finished output says of itself. It is written last: an output without one is not finished.

In: the cut, the planned trajectories, the files. Out: a `RunSummary`, to JSON and back. It holds the time it was finished at,
so unlike the shards its bytes differ from run to run.
"""

import json
import platform
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.errors import BuildError
from pipeline.manifest.identity import resolved
from pipeline.manifest.output import ImageOutput
from pipeline.manifest.spec import Manifest
from pipeline.output import funnel, origins, readers
from pipeline.output.cut import FATES, Cut
from pipeline.output.frame import RunFrame
from pipeline.output.parts import Planned
from pipeline.output.shards import ShardFile
from pipeline.output.voice_counts import voice_counts
from stages.policy import Policy
from stages.rung import Recipe
from stages.rungs import RecipeError, read_recipe

NAME = "run.json"
FORMAT = "run/1"
_PACKAGES = ("pyarrow", "ray", "pillow", "numpy", "x2i-ladder")


class RunSummary(BaseModel):
    """A finished run. `counts`: planned = kept + surplus + discarded + failed, and `beyond_cut` outside of it.

    `warnings`: what is true of the files and a trainer should know, one line each.
    `store` is where the images lie, relative to the output where they lie inside; null when they were given up on purpose.
    `left_out`: rows of the sources, as far as they were read, that are no samples, by why: a screen, a share, a cap.
    `kept_before`: ids that were kept for earlier targets, and so stay kept.
    `selection_of` is the sha256 of the `run.json` of the build that these rows were selected from; null for a build.
    """

    model_config = ConfigDict(frozen=True)

    format: str
    name: str
    fingerprint: str
    counts: dict[str, int]
    kept_by_mode: dict[str, int]
    kept_by_split: dict[str, int]
    reasons: dict[str, dict[str, int]]
    funnel: dict[str, dict[str, int]]
    categories: dict[str, dict[str, int]]
    voice: dict[str, dict[str, dict[str, int]]] = {}
    quotas: dict[str, int | None]
    cut_rank: int | None
    shuffle_seed: int
    store: str | None
    files: dict[str, ShardFile]
    manifest: dict[str, Any]
    prompts: dict[str, str]
    models: dict[str, str]
    versions: dict[str, str]
    finished_at: str
    warnings: list[str] = []
    selection_of: str | None = None
    left_out: dict[str, int] = {}
    kept_before: list[str] = []


def summary(
    manifest: Manifest,
    frame: RunFrame,
    cut: Cut,
    planned: Planned,
    files: Mapping[str, ShardFile],
    store: str | None,
    left_out: Mapping[str, int] | None = None,
    before: Collection[str] = (),
) -> RunSummary:
    """What the run has to say."""
    kept = [t for t, fate in planned if fate == "kept"]
    modes = Counter(t.mode for t in kept if t.sample.split != "rl")
    splits = Counter(t.sample.split for t in kept)
    return RunSummary(
        format=FORMAT,
        name=manifest.name,
        fingerprint=frame.fingerprint,
        counts={
            "planned": len(planned),
            **{fate: cut.count(fate) for fate in FATES},
            "beyond_cut": cut.beyond,
        },
        kept_by_mode={mode: modes[mode] for mode in frame.recipe.modes},
        kept_by_split={"train": splits["train"], "validation": splits["validation"], "rl": splits["rl"]},
        reasons={fate: _reasons(planned, fate) for fate in ("discarded", "failed")},
        funnel=funnel.by_station(planned, frame.recipe),
        categories=funnel.by_category(planned, frame.recipe),
        voice=voice_counts(planned, frame.recipe),
        quotas=dict(manifest.quotas),
        cut_rank=cut.rank,
        shuffle_seed=frame.seed,
        store=store,
        files=dict(sorted(files.items())),
        manifest=resolved(manifest),
        prompts=dict(frame.prompts),
        models=dict(frame.identities),
        versions=versions(),
        warnings=[
            *readers.warnings(dict(sorted(files.items())), manifest.output),
            *origins.warnings(t.sample for t in kept),
        ],
        left_out=dict(left_out or {}),
        kept_before=sorted(before),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def image_of(summary: RunSummary) -> ImageOutput:
    """Size and encoding of the images that a finished run trains on. Raises ValueError when they cannot be read."""
    # a manifest that says nothing of them means the defaults
    return ImageOutput.model_validate((summary.manifest.get("output") or {}).get("image") or {})


def recipe_of(summary: RunSummary) -> Recipe:
    """The ladder that a finished run climbed by. Raises BuildError when a rung of it cannot be imported here, ValueError when the
    file names no policy.
    """
    policy = Policy.model_validate(summary.manifest.get("policy"))
    try:
        return read_recipe(policy)
    except RecipeError as error:
        raise BuildError(f"the build {summary.name}: policy.ladder: {error}") from None


def _reasons(planned: Planned, fate: str) -> dict[str, int]:
    counts = Counter(t.reason or "unknown" for t, f in planned if f == fate)
    return dict(sorted(counts.items()))


def versions() -> dict[str, str]:
    """Python and the packages that shape the bytes."""
    packages = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            continue  # verify and finalise run without Ray, too
    return packages


def store_named(root: str, out: Path) -> str:
    """`root` as run.json names it: relative to the output where it lies inside, so that a folder can be moved."""
    if "://" in root:
        return root
    place = Path(root).resolve()
    return str(place.relative_to(out.resolve())) if place.is_relative_to(out.resolve()) else str(place)


def store_root(summary: RunSummary, out: Path) -> str | None:
    """Where the images of the output in `out` lie."""
    if summary.store is None or "://" in summary.store:
        return summary.store
    return str(out / summary.store)


def dump(summary: RunSummary) -> str:
    """The file's text."""
    return json.dumps(summary.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def read(out: Path) -> RunSummary:
    """The run.json of an output. Raises OSError when it is missing, ValueError when it is not one."""
    return RunSummary.model_validate_json((out / NAME).read_bytes())
