"""Whether a manifest can be built with images that samples bring along. In: a `Manifest`. Out: what is wrong, as (place, text)."""

from collections.abc import Iterator

from pipeline.backends.precomputed.description import NAME
from pipeline.manifest.generators import place_of
from pipeline.manifest.spec import Manifest
from pipeline.sources.spec import TableSpec


def is_precomputed(manifest: Manifest) -> bool:
    """Whether samples bring the baseline's image along."""
    return manifest.models.baseline.backend == NAME


def precomputed_problems(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """The models, the ladder and the sources, where the baseline or another model is precomputed."""
    for role, spec in manifest.models:
        if spec.backend == NAME and role != "baseline":
            yield (
                f"models.{place_of(role)}.backend",
                "only the baseline's image can come with a sample; name another backend",
            )
    if not is_precomputed(manifest):
        return
    ladder = manifest.recipe
    drawn = {
        rung.name: max((way.calls.get(("baseline", "image"), 0) for way in rung.ways(ladder.policy)), default=0)
        for rung in ladder.rungs
    }
    if sum(drawn.values()) > 1:
        rungs = " and ".join(name for name, images in drawn.items() if images)
        yield (
            "policy.ladder",
            f"{rungs} ask the baseline for several images, and a precomputed one has one; leave out all but direct",
        )
    for source in manifest.sources:
        if not isinstance(source, TableSpec):
            yield (
                f"sources.{source.name}",
                "brings no images along, and the baseline is precomputed; name a model that draws",
            )
        elif source.columns.first is None:
            yield (
                f"sources.{source.name}.columns.first",
                "names no column, and the baseline is precomputed; name the one with its images",
            )
