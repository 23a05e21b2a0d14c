"""How many samples a manifest plans, counted without making or reading any of them.

In: a `Manifest`. Out: rows by source. Rows that will prove bad are counted, too: only a build looks at them.
"""

from itertools import islice

import pyarrow.parquet as pq

from pipeline.manifest.spec import Manifest
from pipeline.sources import table
from pipeline.sources.spec import TableSpec


def planned(manifest: Manifest) -> dict[str, int]:
    """Source name -> rows. Raises pipeline.sources.table.TableError, OSError when a file cannot be read."""
    return {
        spec.name: _rows(spec) if isinstance(spec, TableSpec) else spec.count  # a world makes exactly so many
        for spec in manifest.sources
    }


def _rows(spec: TableSpec) -> int:
    if spec.kind == "parquet":
        table.schema(spec)  # raises in words that name the remedy
        rows: int = pq.read_metadata(spec.path).num_rows
        return rows if spec.limit is None else min(rows, spec.limit)
    if spec.kind == "jsonl":
        with open(spec.path, "rb") as file:
            return sum(1 for _ in islice((line for line in file if line.strip(b" \t\r\n\xef\xbb\xbf")), spec.limit))
    return sum(1 for _ in table.rows(spec))
