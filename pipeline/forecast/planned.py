"""How many samples a manifest plans, counted without making or reading any of them.

In: a `Manifest`. Out: samples by source. Rows that will prove bad, that screens will drop or that go beyond a cap of their
category are counted, too: only a build looks at them. A sampled source has about its share.
"""

from pipeline.backends.world.source import WorldSpec
from pipeline.manifest.spec import Manifest
from pipeline.sources import table
from pipeline.sources.spec import TableSpec


def planned(manifest: Manifest) -> dict[str, int]:
    """Source name -> samples. Raises pipeline.sources.files.TableError, OSError when a file cannot be read."""
    return {spec.name: spec.rollouts * _count_taken(spec) for spec in manifest.sources}


def _count_taken(spec: TableSpec | WorldSpec) -> int:
    rows = table.count_rows(spec) if isinstance(spec, TableSpec) else spec.count
    taken = rows if spec.sample is None else round(rows * spec.sample)
    return taken if spec.cap is None else min(taken, spec.cap)
