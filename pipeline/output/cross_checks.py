"""What must hold between the files of an output, between them and `run.json`, and between both and the record.

In: file reports, the run's summary, and what was built again from the record. Out: problems. Where a file could not be read,
what depends on it is not compared: its own problem says enough.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.output.file_checks import FileReport
from pipeline.output.places import name_shard, product_of, stem_of
from pipeline.output.problem import Problem
from pipeline.output.rebuild import Content
from pipeline.output.record import Recorded
from pipeline.output.record_checks import flaws, unknown_makers
from pipeline.output.run_json import NAME, RunSummary
from pipeline.output.shortcut import findings
from stages.rung import Recipe

_BEYOND_ROWS = (
    "files",
    "warnings",
    "store",
    "versions",
    "finished_at",
    "prompts",
    "models",
    "fingerprint",
    "selection_of",
)  # no row holds these


def check_files(summary: RunSummary, reports: Sequence[FileReport]) -> Iterator[Problem]:
    """Every listed file is there as it was written, under the name of its place, and no other."""
    reports_by_name = {report.name: report for report in reports}
    for name in sorted(summary.files.keys() - reports_by_name.keys()):
        yield Problem(name, None, f"is listed in {NAME} and missing")
    for name, report in reports_by_name.items():
        listed = summary.files.get(name)
        if listed is None:
            yield Problem(name, None, f"is not listed in {NAME}")
            continue
        if report.sha256 != listed.sha256:
            yield Problem(
                name, None, f"the checksum differs from the one in {NAME}: the file was changed after it was written"
            )
        elif report.written is not None and report.written != listed:
            yield Problem(name, None, f"its size, rows or row groups are not those in {NAME}")
        if report.rows is not None and report.rows != listed.rows:
            yield Problem(name, None, f"holds {report.rows} rows, {NAME} says {listed.rows}")
        if report.fingerprint is not None and report.fingerprint != summary.fingerprint:
            yield Problem(name, None, f"is of run {report.fingerprint[:12]}, {NAME} is of {summary.fingerprint[:12]}")
    yield from _check_names(reports_by_name)


def _check_names(names: Iterable[str]) -> Iterator[Problem]:
    for stem, shards in by_stem(names).items():
        for n, name in enumerate(shards):
            product, _, split = stem.partition("/")
            expected = name_shard(product, split, n, len(shards))
            if name != expected:
                yield Problem(name, None, f"is shard {n + 1} of {len(shards)} and should be named {expected}")


def by_stem(names: Iterable[str]) -> dict[str, list[str]]:
    """File names by product and split (`sft/train`), in order."""
    stems: dict[str, list[str]] = {}
    for name in sorted(names):
        stems.setdefault(stem_of(name), []).append(name)
    return stems


def check_about(content: Content, reports: Iterable[FileReport]) -> Iterator[Problem]:
    """The metadata of each file are those that `run.json` gives; `check_files` reports files of another run."""
    about: dict[str, str] = {part.product: content.frame.about(part.product) for part in content.parts}
    for report in reports:
        expected = about[product_of(report.name)]
        if report.fingerprint == content.frame.fingerprint and report.about != expected:
            yield Problem(report.name, None, f"the x2i metadata is not what {NAME} makes it")


def check_summary(written: RunSummary, content: Content) -> Iterator[Problem]:
    """`run.json` says what follows from the record."""
    actual, expected = (
        written.model_dump(exclude=set(_BEYOND_ROWS)),
        content.summary.model_dump(exclude=set(_BEYOND_ROWS)),
    )
    for name in expected:
        yield from (Problem(NAME, None, what) for what in _differences(name, actual[name], expected[name]))


def _differences(name: str, actual: Any, expected: Any) -> Iterator[str]:
    if isinstance(actual, dict) and isinstance(expected, dict):
        for key in sorted(actual.keys() | expected.keys()):
            if key not in actual or key not in expected or actual[key] != expected[key]:
                yield f"{name}.{key} is {actual.get(key)}, the record and the manifest say {expected.get(key)}"
    elif actual != expected:
        yield f"{name} is {actual}, the record and the manifest say {expected}"


def check_record(rows: Sequence[Recorded], recipe: Recipe, models: Mapping[str, str]) -> Iterator[Problem]:
    """Events fit the end of their sample and were made by the run's own models; ranks rise; no leak group is in two splits."""
    groups: dict[str, Recorded] = {}
    before = -1
    for r in rows:
        t = r.trajectory
        name, group = t.sample.id, t.sample.leak_group
        yield from (Problem(r.file, name, what) for what in (*flaws(t, recipe), *unknown_makers(t, models)))
        if t.rank < before:
            yield Problem(r.file, name, "the record is not in rank order")
        before = t.rank
        if t.status == "failed":
            continue  # a row that could not be read has no place among the groups
        first = groups.setdefault(group, r).trajectory.sample
        if first.split != t.sample.split:
            yield Problem(
                r.file, name, f"leak group {group} is in {t.sample.split} and, with {first.id}, in {first.split}"
            )


def check_fates(rows: Sequence[Recorded], content: Content) -> Iterator[Problem]:
    """The fates are those that the quotas give."""
    for r in rows:
        name = r.trajectory.sample.id
        fate = content.fates.get(name)
        if fate is None:
            yield Problem(r.file, name, f"rank {r.trajectory.rank} lies beyond the cut {content.summary.cut_rank}")
        elif fate != r.fate:
            yield Problem(r.file, name, f"status is {r.fate}, by its story and the quotas it is {fate}")


def check_rows(content: Content, ids: Mapping[str, Sequence[str] | None]) -> Iterator[Problem]:
    """The files hold exactly the rows that follow from the record, in their order. `ids` are the rows of each file."""
    stems = by_stem(ids)
    expected = {f"{part.product}/{part.stem}": [unit.id for unit in part.units] for part in content.parts}
    for stem in sorted(expected.keys() | stems.keys()):
        if stem not in stems:
            yield Problem(stem, None, "has no file")
            continue
        if stem not in expected:
            yield Problem(stem, None, "is no part of such an output")
            continue
        for file in stems[stem]:
            if ids[file] is None:
                yield Problem(file, None, "its rows could not be compared with the record: their ids cannot be read")
        actual = [
            (name, row)
            for file in stems[stem]
            if (rows := ids[file]) is not None
            for name, row in _with_file(file, rows)
        ]
        yield from _check_same_rows(
            stem, expected[stem], actual, complete=all(ids[file] is not None for file in stems[stem])
        )


def _with_file(file: str, rows: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((file, row) for row in rows)


def _check_same_rows(
    stem: str, expected: Sequence[str], actual: Sequence[tuple[str, str]], complete: bool
) -> Iterator[Problem]:
    here = Counter(row for _, row in actual)
    due_rows = frozenset(expected)
    for file, row in dict.fromkeys(actual):
        if row not in due_rows:
            yield Problem(file, row, "no such row follows from the record")
        elif here[row] > 1:
            yield Problem(file, row, "this id comes twice")
    if not complete:
        return  # a file that cannot be read may hold the rest
    missing = [row for row in expected if row not in here]
    yield from (Problem(stem, row, "is missing: by the record it has a row here") for row in missing)
    if len(actual) == len(expected) and not missing:
        for (file, row), due in zip(actual, expected, strict=True):
            if row != due:
                yield Problem(file, row, f"the rows are not in their order: here belongs {due}")
                return


def check_shortcut(reports: Iterable[FileReport]) -> Iterator[Problem]:
    """Metadata alone must not tell rejected from accepted images."""
    for finding in findings(contest for report in reports for contest in report.contests):
        if finding.is_shortcut:
            yield Problem("sft", None, f"a shortcut: metadata alone predicts the verdict ({finding})", of_models=True)
