"""One Parquet file of an output: can it be read, is it of its schema, are its rows in order; and what the rest must know of it.

In: the output and a file's name. Out: a `FileReport`: problems, and a `Fact` per row for the checks across files. Runs in a
worker process; a file that cannot be read is a problem, not an error.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.output import row_checks
from pipeline.output.problem import Problem, one_line
from pipeline.output.record import image_hashes
from pipeline.output.row_checks import About, Row
from pipeline.output.schema import SCHEMAS, Product, features
from pipeline.output.shortcut import Contest, contest

_UNREADABLE = (OSError, pa.ArrowException, ValueError)  # corrupt text shows as UnicodeDecodeError, a ValueError
_MALFORMED = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
)  # a null or a word where something else belongs

CHECKS: Mapping[Product, Callable[[Row, About], Iterator[str]]] = {
    "sft": row_checks.check_traj,
    "rl": row_checks.check_rl,
    "pairs": row_checks.check_pair,
    "record": row_checks.check_record,
}


@dataclass(frozen=True, slots=True)
class Fact:
    """What other files must agree with. `split` is the file's for `sft` and `rl`, the sample's for `record`."""

    file: str
    row: str
    sample: str
    split: str
    leak_group: str
    images: tuple[str, ...] = ()
    mode: str | None = None
    status: str | None = None
    rank: int = 0


@dataclass
class FileReport:
    """What was found in one file. `rows` is None when it could not be read to the end."""

    name: str
    sha256: str | None = None
    rows: int | None = None
    fingerprint: str | None = None
    problems: list[Problem] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    contests: list[Contest] = field(default_factory=list)

    def note(self, what: str, row: str | None = None) -> None:
        """Add a problem."""
        self.problems.append(Problem(self.name, row, what))


def check_file(name: str, out: Path, product: Product) -> FileReport:
    """The report on `out / name`."""
    report = FileReport(name)
    try:
        with (out / name).open("rb") as raw:
            report.sha256 = hashlib.file_digest(raw, "sha256").hexdigest()
        with pq.ParquetFile(out / name) as file:
            _check_open(file, product, report)
    except _UNREADABLE as error:
        report.note(f"cannot be read ({one_line(error)})")
    return report


def _check_open(file: pq.ParquetFile, product: Product, report: FileReport) -> None:
    schema = file.schema_arrow
    if not schema.equals(SCHEMAS[product]):
        report.note(f"the columns are not those of {product}: {_difference(schema, SCHEMAS[product])}")
        return
    metadata = schema.metadata or {}
    if _hugging_face(metadata) != features(SCHEMAS[product]):
        report.note("the huggingface metadata is missing or does not fit the columns: images would come back as bytes")
    try:
        said = row_checks.about(metadata.get(b"x2i", b"").decode())
    except _MALFORMED as error:
        report.note(f"the x2i metadata cannot be read ({one_line(error)})")
        return
    report.fingerprint = said.fingerprint
    rows = 0
    for n in range(file.num_row_groups):
        for row in file.read_row_group(n).to_pylist():
            _check_row(row, product, said, report)
            rows += 1
    report.rows = rows


def _check_row(row: Row, product: Product, said: About, report: FileReport) -> None:
    name = str(row["extra_info"]["id"] if product == "rl" and row["extra_info"] else row.get("id"))
    try:
        for what in CHECKS[product](row, said):
            report.note(what, name)
        report.facts.append(_fact(row, product, report.name))
        if product == "sft":
            report.contests.append(contest(row))
    except _MALFORMED as error:
        report.note(f"the row cannot be read ({one_line(error)})", name)


def _fact(row: Row, product: Product, file: str) -> Fact:
    split = Path(file).name.split("-")[0]
    match product:
        case "sft":
            images = tuple(m["sha256"] for m in row["image_meta"])
            return Fact(file, row["id"], row["id"], split, row["leak_group"], images, row["mode"])
        case "rl":
            extra = row["extra_info"]
            return Fact(file, extra["id"], extra["id"], "rl", extra["leak_group"])
        case "pairs":
            images = (row["chosen_sha256"], row["rejected_sha256"])
            return Fact(file, row["id"], row["sample_id"], split, row["leak_group"], images)
        case "record":
            images = tuple(dict.fromkeys(image_hashes(row)))
            where = (file, row["id"], row["id"], row["split"], row["leak_group"])
            return Fact(*where, images, row["mode"], row["status"], row["rank"])


def _hugging_face(metadata: Mapping[bytes, bytes]) -> Any:
    try:
        return json.loads(metadata.get(b"huggingface", b"null"))["info"]["features"]
    except _MALFORMED:
        return None


def _difference(found: pa.Schema, wanted: pa.Schema) -> str:
    missing = [n for n in wanted.names if n not in found.names]
    extra = [n for n in found.names if n not in wanted.names]
    other = [n for n in wanted.names if n in found.names and found.field(n).type != wanted.field(n).type]
    named = (("missing", missing), ("unknown", extra), ("of another type", other))
    return "; ".join(f"{what} {', '.join(names)}" for what, names in named if names) or "another order"
