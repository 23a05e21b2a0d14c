"""What goes beside the rows of a release: every verdict, and every row that was withdrawn.

In: verdicts, reviewers, withdrawn rows. Out: `verdicts.parquet` (`verdict/1` of `pipeline.review.exchange.forms`, and `counts`) and
`withdrawn.parquet` (id, content_hash, the lot, why). Unless told otherwise, reviewers have pseudonyms, and their notes, which may
name somebody, are left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.release.approval import Approval, BuiltRow
from pipeline.review.exchange.forms import SCHEMA, row_of
from pipeline.review.records import HumanVerdict

VERDICTS = "verdicts.parquet"
WITHDRAWN = "withdrawn.parquet"

_VERDICT = SCHEMA.append(pa.field("counts", pa.bool_()))
_WITHDRAWN = pa.schema(
    [(name, pa.string()) for name in ("id", "content_hash", "outcome", "source", "generator", "why")]
)


def pseudonyms(verdicts: Iterable[HumanVerdict]) -> dict[str, str]:
    """A pseudonym for each reviewer, by the order in which they first spoke: whoever joins later changes no other's."""
    names = dict.fromkeys(verdict.reviewer for verdict in verdicts)
    return {name: f"reviewer-{number:02}" for number, name in enumerate(names, start=1)}


def nameless(verdict: HumanVerdict, names: Mapping[str, str]) -> HumanVerdict:
    """The verdict under a pseudonym, without its note."""
    return replace(verdict, reviewer=names[verdict.reviewer], note="")


def write_verdicts(path: Path, verdicts: Sequence[HumanVerdict], counted: frozenset[str], build: str) -> None:
    """Write them all; `counted` are the ids of those that the release follows. Raises OSError."""
    rows = [row_of(verdict, build) | {"counts": verdict.id in counted} for verdict in verdicts]
    pq.write_table(pa.Table.from_pylist(rows, schema=_VERDICT), path, compression="zstd")


def write_withdrawn(path: Path, rows: Iterable[BuiltRow], approval: Approval) -> None:
    """Write every kept row of the build that is not released. Raises OSError."""
    withdrawn = [
        {
            "id": row.sample_id,
            "content_hash": row.content_hash,
            "outcome": row.lot.outcome,
            "source": row.lot.source,
            "generator": row.lot.generator,
            "why": approval.withdrawn[row.sample_id],
        }
        for row in rows
        if row.sample_id in approval.withdrawn
    ]
    pq.write_table(pa.Table.from_pylist(withdrawn, schema=_WITHDRAWN), path, compression="zstd")
