"""Rows of the sources that are no samples: how many by why, and the first of each.

In: a run's summary and its folder, with screened.parquet where screens dropped rows. Out: `LeftOut`s, the most frequent first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.screening.dropped import FILE, ScreenedRow, read_screened

MOST_EXAMPLES = 3


@dataclass(frozen=True)
class LeftOut:
    """Rows that were left out for one reason; `examples` where they are named."""

    reason: str
    rows: int
    examples: Sequence[ScreenedRow]


def left_out(counts: Mapping[str, int], out: Path) -> list[LeftOut]:
    """`counts`: rows by why they were left out. Raises OSError and pyarrow.ArrowException."""
    examples: dict[str, list[ScreenedRow]] = {}
    if counts and (out / FILE).exists():
        for row in read_screened(out / FILE):
            held = examples.setdefault(row.dropped.reason, [])
            if len(held) < MOST_EXAMPLES:
                held.append(row)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [LeftOut(reason, rows, examples.get(reason, ())) for reason, rows in ranked]
