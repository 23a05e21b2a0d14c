"""How many samples a manifest plans, counted without making or reading any of them.

In: a `Manifest`. Out: samples by source. Rows that will prove bad are counted, too: only a build looks at them.
"""

from pipeline.manifest.spec import Manifest
from pipeline.sources import table
from pipeline.sources.spec import TableSpec


def planned(manifest: Manifest) -> dict[str, int]:
    """Source name -> samples. Raises pipeline.sources.files.TableError, OSError when a file cannot be read."""
    return {
        spec.name: spec.rollouts * (table.count_rows(spec) if isinstance(spec, TableSpec) else spec.count)
        for spec in manifest.sources
    }
