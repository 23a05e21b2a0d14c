"""What must hold between the files of an output, between them and `run.json`, and between both and the record.

In: file reports, the run's summary, and what was built again from the record. Out: problems. Where a file could not be read,
what depends on it is not compared: its own problem says enough.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipeline.output.file_checks import FileReport
from pipeline.output.problem import Problem
from pipeline.output.rebuild import Content, Told
from pipeline.output.run_json import NAME, RunSummary
from pipeline.output.shortcut import findings
from pipeline.output.story import flaws, strangers
from stages.policy import Policy

_BEYOND_ROWS = ("files", "store", "versions", "finished_at", "prompts", "models", "fingerprint")  # no row tells these


def check_files(summary: RunSummary, reports: Sequence[FileReport]) -> Iterator[Problem]:
    """Every listed file is there as it was written, under the name of its place, and no other."""
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
        elif report.written is not None and report.written != listed:
            yield Problem(name, None, f"its size, rows or row groups are not those in {NAME}")
        if report.rows is not None and report.rows != listed.rows:
            yield Problem(name, None, f"holds {report.rows} rows, {NAME} says {listed.rows}")
        if report.fingerprint is not None and report.fingerprint != summary.fingerprint:
            yield Problem(name, None, f"is of run {report.fingerprint[:12]}, {NAME} is of {summary.fingerprint[:12]}")
    yield from _names(found)


def _names(found: Iterable[str]) -> Iterator[Problem]:
    for stem, names in by_stem(found).items():
        for n, name in enumerate(names):
            wanted = f"{stem}-{n:05d}-of-{len(names):05d}.parquet"
            if name != wanted:
                yield Problem(name, None, f"is shard {n + 1} of {len(names)} and should be named {wanted}")


def by_stem(names: Iterable[str]) -> dict[str, list[str]]:
    """File names by product and split (`sft/train`), in order."""
    stems: dict[str, list[str]] = {}
    for name in sorted(names):
        stems.setdefault(stem_of(name), []).append(name)
    return stems


def stem_of(name: str) -> str:
    """`sft/train` of `sft/train-00000-of-00001.parquet`."""
    product, _, file = name.partition("/")
    return f"{product}/{file.partition('-')[0]}"


def check_about(content: Content, reports: Iterable[FileReport]) -> Iterator[Problem]:
    """What a file says of its run is what `run.json` says; another run is named elsewhere."""
    about = {part.product: content.frame.about(part.product) for part in content.parts}
    for report in reports:
        wanted = next(text for product, text in about.items() if report.name.startswith(f"{product}/"))
        if report.fingerprint == content.frame.fingerprint and report.about != wanted:
            yield Problem(report.name, None, f"the x2i metadata is not what {NAME} makes it")


def check_summary(said: RunSummary, content: Content) -> Iterator[Problem]:
    """`run.json` says what follows from the record."""
    found, wanted = said.model_dump(exclude=set(_BEYOND_ROWS)), content.summary.model_dump(exclude=set(_BEYOND_ROWS))
    for name in wanted:
        yield from (Problem(NAME, None, what) for what in _unlike(name, found[name], wanted[name]))


def _unlike(name: str, found: Any, wanted: Any) -> Iterator[str]:
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in sorted(found.keys() | wanted.keys()):
            if key not in found or key not in wanted or found[key] != wanted[key]:
                yield f"{name}.{key} is {found.get(key)}, the record and the manifest say {wanted.get(key)}"
    elif found != wanted:
        yield f"{name} is {found}, the record and the manifest say {wanted}"


def check_record(told: Sequence[Told], policy: Policy, models: Mapping[str, str]) -> Iterator[Problem]:
    """Every story fits its end and was told by the run's own models; ranks rise; no leak group in two splits."""
    groups: dict[str, Told] = {}
    before = -1
    for r in told:
        t = r.trajectory
        name, group = t.sample.id, t.sample.leak_group
        yield from (Problem(r.file, name, what) for what in (*flaws(t, policy), *strangers(t, models)))
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


def check_fates(told: Sequence[Told], content: Content) -> Iterator[Problem]:
    """The fates are those that the quotas give."""
    for r in told:
        name = r.trajectory.sample.id
        fate = content.fates.get(name)
        if fate is None:
            yield Problem(r.file, name, f"rank {r.trajectory.rank} lies beyond the cut {content.summary.cut_rank}")
        elif fate != r.fate:
            yield Problem(r.file, name, f"status is {r.fate}, by its story and the quotas it is {fate}")


def check_rows(content: Content, ids: Mapping[str, Sequence[str] | None]) -> Iterator[Problem]:
    """The files hold exactly the rows that follow from the record, in their order. `ids` are the rows of each file."""
    stems = by_stem(ids)
    wanted = {f"{part.product}/{part.stem}": [unit.id for unit in part.units] for part in content.parts}
    for stem in sorted(wanted.keys() | stems.keys()):
        if stem not in stems:
            yield Problem(stem, None, "has no file")
            continue
        if stem not in wanted:
            yield Problem(stem, None, "is no part of such an output")
            continue
        for file in stems[stem]:
            if ids[file] is None:
                yield Problem(file, None, "its rows could not be compared with the record: their ids cannot be read")
        found = [
            (name, row) for file in stems[stem] if (rows := ids[file]) is not None for name, row in _of(file, rows)
        ]
        yield from _same(stem, wanted[stem], found, complete=all(ids[file] is not None for file in stems[stem]))


def _of(file: str, rows: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((file, row) for row in rows)


def _same(stem: str, wanted: Sequence[str], found: Sequence[tuple[str, str]], complete: bool) -> Iterator[Problem]:
    here = Counter(row for _, row in found)
    should = frozenset(wanted)
    for file, row in dict.fromkeys(found):
        if row not in should:
            yield Problem(file, row, "no such row follows from the record")
        elif here[row] > 1:
            yield Problem(file, row, "this id comes twice")
    if not complete:
        return  # a file that cannot be read may hold the rest
    missing = [row for row in wanted if row not in here]
    yield from (Problem(stem, row, "is missing: by the record it has a row here") for row in missing)
    if len(found) == len(wanted) and not missing:
        for (file, row), due in zip(found, wanted, strict=True):
            if row != due:
                yield Problem(file, row, f"the rows are not in their order: here belongs {due}")
                return


def check_shortcut(reports: Iterable[FileReport]) -> Iterator[Problem]:
    """Metadata alone must not tell rejected from accepted images."""
    for finding in findings(contest for report in reports for contest in report.contests):
        if finding.is_shortcut:
            yield Problem("sft", None, f"a shortcut: metadata alone predicts the verdict ({finding})")
