"""What must hold between the files of an output, and between them and `run.json`.

In: file reports, the run's summary, and the store. Out: problems. Where a file could not be read, what depends on it is not
compared: its own problem says enough.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pipeline.output.cut import FATES
from pipeline.output.file_checks import Fact, FileReport
from pipeline.output.problem import Problem
from pipeline.output.run_json import NAME, RunSummary
from pipeline.output.shortcut import findings
from pipeline.store import ImageStore
from stages.records import MODES


def check_files(summary: RunSummary, reports: Sequence[FileReport]) -> Iterator[Problem]:
    """Every listed file is there as it was written, and no other."""
    found = {report.name: report for report in reports}
    for name in sorted(summary.files.keys() - found.keys()):
        yield Problem(name, None, f"is listed in {NAME} and missing")
    for name, report in found.items():
        listed = summary.files.get(name)
        if listed is None:
            yield Problem(name, None, f"is not listed in {NAME}")
            continue
        if report.sha256 != listed.sha256:
            yield Problem(
                name, None, f"the checksum differs from the one in {NAME}: the file was changed after it was written"
            )
        if report.rows is not None and report.rows != listed.rows:
            yield Problem(name, None, f"holds {report.rows} rows, {NAME} says {listed.rows}")
        if report.fingerprint is not None and report.fingerprint != summary.fingerprint:
            yield Problem(name, None, f"is of run {report.fingerprint[:12]}, {NAME} is of {summary.fingerprint[:12]}")


def check_law(summary: RunSummary, record: Sequence[Fact]) -> Iterator[Problem]:
    """planned = kept + surplus + discarded + failed; and the record says the same as `run.json`."""
    counts = summary.counts
    if counts.get("planned") != sum(counts.get(fate, 0) for fate in FATES):
        yield Problem(NAME, None, f"planned is not kept + surplus + discarded + failed: {counts}")
    seen = Counter(f.status for f in record)
    for what, n in (("planned", len(record)), *((fate, seen[fate]) for fate in FATES)):
        if counts.get(what) != n:
            yield Problem(NAME, None, f"counts.{what} is {counts.get(what)}, the record holds {n}")
    kept = [f for f in record if f.status == "kept"]
    modes = Counter(f.mode for f in kept if f.split != "rl")
    splits = Counter(f.split for f in kept)
    for name, told, is_so in (
        ("kept_by_mode", summary.kept_by_mode, {mode: modes[mode] for mode in MODES}),
        ("kept_by_split", summary.kept_by_split, {name: splits[name] for name in ("train", "validation", "rl")}),
    ):
        if told != is_so:
            yield Problem(NAME, None, f"{name} is {told}, the record says {is_so}")


def check_record(summary: RunSummary, record: Sequence[Fact]) -> Iterator[Problem]:
    """Every sample once, in rank order, none beyond the cut; no leak group in two splits."""
    yield from _twice(record)
    groups: dict[str, Fact] = {}
    before = -1
    for f in record:
        if f.rank < before:
            yield Problem(f.file, f.row, "the record is not in rank order")
        before = f.rank
        if summary.cut_rank is not None and f.rank > summary.cut_rank:
            yield Problem(f.file, f.row, f"rank {f.rank} lies beyond the cut {summary.cut_rank}")
        if f.status == "failed":
            continue  # a row that could not be read has no place among the groups
        first = groups.setdefault(f.leak_group, f)
        if first.split != f.split:
            yield Problem(
                f.file, f.row, f"leak group {f.leak_group} is in {f.split} and, with {first.row}, in {first.split}"
            )


def check_rows(record: Sequence[Fact], rows: Sequence[Fact]) -> Iterator[Problem]:
    """The rows of `sft` and `rl` are exactly the kept samples of the record, each in its split."""
    yield from _twice(rows)
    kept = {f.sample: f for f in record if f.status == "kept"}
    for f in rows:
        r = kept.get(f.sample)
        if r is None:
            yield Problem(f.file, f.row, "the record does not say that it was kept")
            continue
        if r.split != f.split:
            yield Problem(f.file, f.row, f"stands in {f.split}, the record says {r.split}")
        if f.split != "rl" and r.mode != f.mode:
            yield Problem(f.file, f.row, f"mode is {f.mode}, the record says {r.mode}")
        if r.leak_group != f.leak_group:
            yield Problem(f.file, f.row, f"leak group is {f.leak_group}, the record says {r.leak_group}")
        yield from _unknown_images(f, r)
    for missing in kept.keys() - {f.sample for f in rows}:
        r = kept[missing]
        yield Problem(r.file, r.row, f"was kept for {r.split} and has no row there")


def check_splits(rows: Iterable[Fact]) -> Iterator[Problem]:
    """No sample and no leak group in two of train, validation and rl, by the files that the rows stand in."""
    owners: dict[str, Fact] = {}
    for f in rows:
        first = owners.setdefault(f.leak_group, f)
        if first.split != f.split:
            yield Problem(f.file, f.row, f"leak group {f.leak_group} is also in {first.split} ({first.row})")


def check_pairs(record: Sequence[Fact], train: Iterable[Fact], pairs: Sequence[Fact]) -> Iterator[Problem]:
    """Pairs are about kept training samples and images of their record."""
    yield from _twice(pairs)
    known = {f.sample for f in train}
    recorded = {f.sample: f for f in record}
    for f in pairs:
        if f.sample not in known:
            yield Problem(f.file, f.row, f"its sample {f.sample} is no row of sft/train")
        if f.sample in recorded:
            yield from _unknown_images(f, recorded[f.sample])


def check_store(record: Iterable[Fact], root: str) -> Iterator[Problem]:
    """Every image that the record names lies in the store."""
    store = ImageStore(root)
    named = {sha256: f for f in record for sha256 in f.images}
    for sha256, owner in named.items():
        if not store.has(sha256):
            yield Problem(owner.file, owner.row, f"image {sha256[:16]} is not in the store {root}")


def check_shortcut(reports: Iterable[FileReport]) -> Iterator[Problem]:
    """Metadata alone must not tell rejected from accepted images."""
    for finding in findings(contest for report in reports for contest in report.contests):
        if finding.is_shortcut:
            yield Problem("sft", None, f"a shortcut: metadata alone predicts the verdict ({finding})")


def _twice(facts: Iterable[Fact]) -> Iterator[Problem]:
    seen: set[str] = set()
    for f in facts:
        if f.row in seen:
            yield Problem(f.file, f.row, "this id comes twice")
        seen.add(f.row)


def _unknown_images(f: Fact, recorded: Fact) -> Iterator[Problem]:
    for sha256 in f.images:
        if sha256 not in recorded.images:
            yield Problem(f.file, f.row, f"image {sha256[:16]} is not in the record of {recorded.row}")
