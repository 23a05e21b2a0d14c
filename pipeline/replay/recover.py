"""Takes over what a finished output still knows into a journal that was lost: `x2i build --import-record`.

In: the folder of an output, with its record, its store and its ledger; the URL of a database that knows nothing of it. Out: the
outcomes of the recorded samples, the answers that can be written again (`pipeline.replay.recall`), and the rows of the ledger, in
one transaction, under the fingerprint of the run that wrote the record. After that a build of the same manifest asks nothing.
"""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, select

from pipeline.output.lock import OutputError
from pipeline.output.record import files, images, recorded
from pipeline.replay.loss import fingerprint_of_record
from pipeline.replay.recall import recall
from pipeline.storage import ledger
from pipeline.storage.batch import OUTCOMES, Batch, write
from pipeline.storage.database import lock_run
from pipeline.storage.entries import JOURNAL
from pipeline.storage.image_store import ImageStore, describe
from pipeline.storage.ledger import LEDGER, Call
from pipeline.storage.outcomes import Outcomes
from stages.records import ImageRef
from stages.trajectory import Trajectory

_AT_ONCE = 200  # samples in memory


@dataclass
class Recovered:
    """What was taken over: outcomes of samples, answers, and rows of the ledger. `torn`: samples that were not, because an image
    of theirs is missing from the store, or damaged. `files_missing`: files of the record that should be there by its names."""

    samples: int = 0
    answers: int = 0
    calls: int = 0
    torn: int = 0
    files_missing: int = 0

    def __str__(self) -> str:
        words = f"Taken over from record/: {self.samples:,} samples, {self.answers:,} answers, {self.calls:,} calls"
        if self.files_missing:
            words += f"; {self.files_missing} files of record/ are missing, and what was in them is asked again"
        if self.torn:
            words += f"; {self.torn:,} samples climb again, because images of theirs are missing or damaged"
        return words + "."


def recover(out: Path, url: str, store: ImageStore) -> Recovered:
    """Take over what the database at `url`, which has its tables, does not know yet; all of it or nothing.

    Raises OutputError where the record cannot be read, OSError, sqlalchemy.exc.SQLAlchemyError.
    """
    fingerprint = find_record(out)
    outcomes, done = Outcomes(url, fingerprint), Recovered(files_missing=_count_missing(out))
    try:
        with outcomes.engine.begin() as connection:
            lock_run(connection, fingerprint)
            there = set(connection.execute(select(OUTCOMES.c.id).where(OUTCOMES.c.run == fingerprint)).scalars())
            for batch in _read_batches(out, store, there, done):
                batch.entries = _unknown_entries(connection, batch)
                done.samples, done.answers = done.samples + len(batch.outcomes), done.answers + len(batch.entries)
                write(connection, fingerprint, batch)
            done.calls = _import_ledger(connection, fingerprint, out)
    except (ValueError, pa.ArrowException) as error:
        raise OutputError(
            f"{error}; move the file away to import the rest, which asks again for what was in it"
        ) from None
    finally:
        outcomes.close()
    return done


def find_record(out: Path) -> str:
    """The fingerprint of the run whose record lies in `out`. Raises OutputError where there is none to take anything over from."""
    fingerprint = fingerprint_of_record(out)
    if fingerprint is None:
        raise OutputError(
            f"{out / 'record'}: no record of a run can be read there, so --import-record has nothing to take over; put a copy of "
            "the database back, name another folder with --out, or begin from nothing with --overwrite"
        )
    return fingerprint


def _read_batches(out: Path, store: ImageStore, there: set[str], done: Recovered) -> Iterator[Batch]:
    climbs = (r.trajectory for r in recorded(out) if r.trajectory.sample.id not in there)
    whole = (t for t in (_complete(t, store, done) for t in climbs) if t is not None)
    while some := list(islice(whole, _AT_ONCE)):
        now = time.time()
        yield Batch(outcomes=some, entries=[entry for t in some for entry in recall(t, now)])


def _complete(t: Trajectory, store: ImageStore, done: Recovered) -> Trajectory | None:
    """`t` with the size and format of its images, which the record does not hold; None where one of them is not as it was."""
    refs: dict[str, ImageRef] = {}
    try:
        for sha256 in images(t):
            if sha256 not in refs:
                refs[sha256] = describe(store.get(sha256))
    except OSError:
        done.torn += 1
        return None

    def fill(ref: ImageRef | None) -> Any:
        if ref is None:
            return None
        seen = refs[ref.sha256]
        return replace(ref, width=seen.width, height=seen.height, format=seen.format)

    sample = replace(t.sample, references=tuple(map(fill, t.sample.references)), first=fill(t.sample.first))
    return replace(t, sample=sample, events=tuple(replace(e, image=fill(e.image)) for e in t.events))


def _unknown_entries(connection: Connection, batch: Batch) -> list[Any]:
    """The entries whose call the journal does not know: what is there is the model's own answer."""
    keys = sorted({entry.key for entry in batch.entries})
    known: set[str] = set()
    for start in range(0, len(keys), _AT_ONCE):
        some = JOURNAL.c.call_key.in_(keys[start : start + _AT_ONCE])
        known.update(connection.execute(select(JOURNAL.c.call_key).where(some)).scalars())
    return list({entry.key: entry for entry in batch.entries if entry.key not in known}.values())


def _import_ledger(connection: Connection, fingerprint: str, out: Path) -> int:
    """Enter the calls of ledger.parquet that the database does not know; how many there were."""
    path = out / ledger.NAME
    if not path.exists():
        return 0
    rows = pq.read_table(path).to_pylist()
    known = {(row.call_key, row.started) for row in connection.execute(
        select(LEDGER.c.call_key, LEDGER.c.started).where(LEDGER.c.run == fingerprint)
    )}  # fmt: skip
    fields = Call.__dataclass_fields__
    new = [row for row in rows if (row["call_key"], row["started"]) not in known]
    new.sort(key=lambda row: (row["call_key"], row["try"]))
    calls = [Call(**{name: value for name, value in row.items() if name in fields}) for row in new]
    ledger.enter(connection, fingerprint, calls)
    return len(calls)


def _count_missing(out: Path) -> int:
    """How many files of the record are missing, by the number in the names of those that are there."""
    with suppress(FileNotFoundError):
        names = [Path(path).name for path in files(out)]
        counts = [int(match.group(1)) for name in names if (match := re.search(r"-of-(\d+)\.parquet$", name))]
        return max(0, max(counts, default=0) - len(names))
    return 0
