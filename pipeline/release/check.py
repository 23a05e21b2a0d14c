"""Is a release what it claims to be? It must be all that `pipeline.output.verify` checks of an output, and more.

In: the folder of a release. Out: problems and notes: every file is as it was written, its counts are those of its rows, and no
withdrawn row stands in any product.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.manifest.forms import PRODUCTS, Product
from pipeline.output.places import list_files
from pipeline.output.problem import Problem, one_line
from pipeline.output.verify import Examination, examine
from pipeline.release import summary
from pipeline.release.place import NAME
from pipeline.release.rewrite import sample_ids
from pipeline.release.sidecars import VERDICTS, WITHDRAWN
from pipeline.release.sums import check_sums

_UNREADABLE = (OSError, pa.ArrowException, ValueError, LookupError, TypeError)


def is_release(out: Path) -> bool:
    """Whether `out` holds a release."""
    return (out / NAME).exists()


def examine_release(out: Path, workers: int | None = None) -> Examination:
    """Every problem of the release in `out`, and notes. `workers` as in `verify`."""
    examination = examine(out, workers)
    return replace(examination, problems=[*examination.problems, *check_sums(out), *_check(out)])


def _check(out: Path) -> Iterator[Problem]:
    try:
        stated = summary.read(out)
    except (OSError, ValueError, RecursionError) as error:
        yield Problem(NAME, None, f"cannot be read ({one_line(error)})")
        return
    try:
        withdrawn = pq.read_table(out / WITHDRAWN, columns=["id", "why"])
    except _UNREADABLE as error:
        yield Problem(WITHDRAWN, None, f"cannot be read ({one_line(error)})")
        return
    yield from _check_counts(out, stated, withdrawn)
    for product in PRODUCTS:
        for name in list_files(out, product):
            for sample in _present(out / name, product, withdrawn["id"]):
                yield Problem(name, sample, f"was withdrawn, {WITHDRAWN} says, and stands here")
    yield from _check_verdicts(out)


def _check_counts(out: Path, stated: summary.ReleaseSummary, withdrawn: pa.Table) -> Iterator[Problem]:
    whys = {row["values"]: row["counts"] for row in withdrawn["why"].value_counts().to_pylist()}
    if whys != stated.withdrawn or sum(whys.values()) != stated.counts.get("withdrawn"):
        yield Problem(NAME, None, f"says that {stated.withdrawn} rows were withdrawn, {WITHDRAWN} says {whys}")
    try:
        released = sum(pq.read_metadata(out / name).num_rows for name in list_files(out, "record"))
    except _UNREADABLE:
        return  # the checks of the file itself say so
    if released != stated.counts.get("released"):
        yield Problem(
            NAME, None, f"says that {stated.counts.get('released')} rows were released, the record has {released}"
        )
    if stated.counts.get("kept") != released + withdrawn.num_rows:
        yield Problem(
            NAME, None, f"kept {stated.counts.get('kept')} is not released {released} + withdrawn {withdrawn.num_rows}"
        )


def _present(path: Path, product: Product, withdrawn: pa.ChunkedArray) -> list[str]:
    """The withdrawn samples that have rows in a file; none where it cannot be read."""
    try:
        with pq.ParquetFile(path) as file:
            ids = sample_ids(file, product)
        ids_found = pc.unique(ids.filter(pc.is_in(ids, value_set=withdrawn.combine_chunks())))
        return [str(name) for name in ids_found.to_pylist()]
    except _UNREADABLE:
        return []


def _check_verdicts(out: Path) -> Iterator[Problem]:
    try:
        pq.read_metadata(out / VERDICTS)
    except _UNREADABLE as error:
        yield Problem(VERDICTS, None, f"cannot be read ({one_line(error)})")
