"""An output that is a selection of a build's rows: what follows from its record, where that differs from a build.

In: what a build of these rows would be, and its rows of `rl`. Out: what the selection must be. Rows are the build's, byte for byte:
an RL prompt keeps the number that it had there, and the row of a group is that of the rollout which stood for it there, or none.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.output.frame import Unit
from pipeline.output.parts import shuffled
from pipeline.output.rebuild import Content
from pipeline.output.record import Recorded


def prompt_numbers(paths: Sequence[Path]) -> dict[str, int]:
    """The number of each row of `rl` by its id; files that cannot be read are left out."""
    numbers: dict[str, int] = {}
    for path in paths:
        try:
            with pq.ParquetFile(path) as file:
                rows = file.read(columns=["extra_info.id", "extra_info.index"]).to_pylist()
            numbers |= {str(row["extra_info"]["id"]): int(row["extra_info"]["index"]) for row in rows}
        except (OSError, pa.ArrowException, ValueError, LookupError, TypeError):
            continue  # the checks of the file itself say what is wrong with it
    return numbers


def select(content: Content, rows: Sequence[Recorded], numbers: Mapping[str, int]) -> Content:
    """`content` with the prompts that belong in a selection. Raises ValueError when their numbers do not rise with their ranks."""
    prompts = [
        Unit(t.sample.id, t, r.fate, tuple(ref.sha256 for ref in t.sample.references), numbers.get(t.sample.id, 0))
        for r in rows
        if (t := r.trajectory).sample.split == "rl" and (t.sample.rollout == 0 or t.sample.id in numbers)
    ]
    present = [numbers[unit.id] for unit in prompts if unit.id in numbers]
    if any(before >= after for before, after in itertools.pairwise(present)):
        raise ValueError("the numbers of its RL prompts do not rise with their ranks")
    parts = [
        replace(part, units=shuffled(prompts, content.frame.seed)) if part.product == "rl" else part
        for part in content.parts
    ]
    return replace(content, parts=parts)
