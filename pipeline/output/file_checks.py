"""One Parquet file of an output: can it be read, is it of its schema, are its rows what follows from the record.

In: the output, a file's name, and what is expected of its rows. Out: a `FileReport`: problems, and what the checks across files
need. Runs in a worker process; a file that cannot be read is a problem, not an error.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.manifest.forms import Product
from pipeline.output import row_checks
from pipeline.output.image_checks import hashed_images
from pipeline.output.problem import Problem, one_line
from pipeline.output.rebuild import Expected, differences, read_record
from pipeline.output.record import Recorded
from pipeline.output.row_checks import About, Row
from pipeline.output.schema import SCHEMAS, features
from pipeline.output.shards import ShardFile, describe_file
from pipeline.output.shortcut import Contest, contest
from pipeline.output.traj import sha256_of

_UNREADABLE = (OSError, pa.ArrowException, ValueError)  # corrupt text shows as UnicodeDecodeError, a ValueError
_MALFORMED = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)  # a null or a word where something else belongs

CHECKS: Mapping[Product, Callable[[Row, About], Iterator[str]]] = {
    "sft": row_checks.check_traj,
    "rl": row_checks.check_rl,
    "pairs": row_checks.check_pair,
    "edit_pairs": row_checks.check_pair,
}


@dataclass
class FileReport:
    """The results of the checks of one file. `rows` is None when it could not be read to the end."""

    name: str
    sha256: str | None = None
    rows: int | None = None
    fingerprint: str | None = None
    about: str | None = None
    written: ShardFile | None = None
    problems: list[Problem] = field(default_factory=list)
    recorded: list[Recorded] = field(default_factory=list)
    contests: list[Contest] = field(default_factory=list)
    images: int = 0
    """Images that lie in its rows; `altered`: those of them that are not what their sha256 says."""
    altered: int = 0

    def note(self, what: str, row: str | None = None) -> None:
        """Add a problem."""
        self.problems.append(Problem(self.name, row, what))


def check_file(name: str, out: Path, product: Product, expected: Expected | None = None) -> FileReport:
    """The report on `out / name`. Rows are compared with what is expected, where anything is."""
    report = FileReport(name)
    try:
        with (out / name).open("rb") as raw:
            report.sha256 = hashlib.file_digest(raw, "sha256").hexdigest()
        with pq.ParquetFile(out / name) as file:
            _check_open(file, product, report, expected)
        report.written = describe_file(out / name, report.sha256)
    except _UNREADABLE as error:
        report.note(f"cannot be read ({one_line(error)})")
    return report


def row_ids(name: str, out: Path, product: Product) -> list[str] | None:
    """The ids of the rows of `out / name`, in order; None when they cannot be read."""
    try:
        with pq.ParquetFile(out / name) as file:
            rows = file.read(columns=["extra_info.id" if product == "rl" else "id"]).to_pylist()
        return [str(row["extra_info"]["id"] if product == "rl" else row["id"]) for row in rows]
    except (*_UNREADABLE, *_MALFORMED):
        return None


def _check_open(file: pq.ParquetFile, product: Product, report: FileReport, expected: Expected | None) -> None:
    schema = file.schema_arrow
    if not schema.equals(SCHEMAS[product]):
        report.note(f"the columns are not those of {product}: {_difference(schema, SCHEMAS[product])}")
        return
    metadata = schema.metadata or {}
    if _hugging_face(metadata) != features(SCHEMAS[product]):
        report.note("the huggingface metadata is missing or does not fit the columns: images would come back as bytes")
    try:
        about = row_checks.about(metadata.get(b"x2i", b"").decode())
    except _MALFORMED as error:
        report.note(f"the x2i metadata cannot be read ({one_line(error)})")
        return
    report.fingerprint = about.fingerprint
    report.about = metadata[b"x2i"].decode()
    rows = 0
    for n in range(file.num_row_groups):
        for row in file.read_row_group(n).to_pylist():
            _check_row(row, product, about, report, expected)
            rows += 1
    report.rows = rows


def _check_row(row: Row, product: Product, about: About, report: FileReport, expected: Expected | None) -> None:
    name = str(row["extra_info"]["id"] if product == "rl" and row["extra_info"] else row.get("id"))
    try:
        if product == "record":
            report.recorded.append(read_record(row, report.name))
            return
        for problem in CHECKS[product](row, about):
            report.note(problem, name)
        hashes = hashed_images(product, row)
        report.images += len(hashes)
        report.altered += sum(sha256_of(data) != sha256 for data, sha256 in hashes)
        if product == "sft":
            report.contests.append(contest(row))
        unit = None if expected is None else expected.units.get(name)
        if expected is not None and unit is not None and (columns := differences(product, row, unit, expected)):
            report.note(f"differs from what the record and the store make it: {', '.join(columns)}", name)
    except _MALFORMED as error:
        report.note(f"the row cannot be read ({one_line(error)})", name)


def _hugging_face(metadata: Mapping[bytes, bytes]) -> Any:
    try:
        return json.loads(metadata.get(b"huggingface", b"null"))["info"]["features"]
    except _MALFORMED:
        return None


def _difference(actual: pa.Schema, expected: pa.Schema) -> str:
    missing = [n for n in expected.names if n not in actual.names]
    extra = [n for n in actual.names if n not in expected.names]
    other = [n for n in expected.names if n in actual.names and actual.field(n).type != expected.field(n).type]
    named = (("missing", missing), ("unknown", extra), ("of another type", other))
    return "; ".join(f"{how} {', '.join(names)}" for how, names in named if names) or "another order"
