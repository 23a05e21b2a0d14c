"""Verify: is an output what it claims to be?

In: the folder of an output. Out: every problem, one line each; an empty list when all is well. It needs neither Ray nor the
models. Corrupt input of any kind is a problem in the list, never an error.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.output import cross_checks
from pipeline.output.file_checks import Fact, FileReport, check_file
from pipeline.output.install import CARD
from pipeline.output.problem import Problem, one_line
from pipeline.output.run_json import NAME, RunSummary, read, store_root
from pipeline.output.schema import PRODUCTS, Product
from pipeline.output.shortcut import findings
from pipeline.store import ImageStore
from pipeline.workers import process_pool


@dataclass(frozen=True)
class Examination:
    """Every problem, and what is worth knowing and no problem: how often the judge was right, and what metadata tell."""

    problems: list[Problem]
    notes: list[str]


def verify(out: Path, workers: int | None = None) -> list[Problem]:
    """All problems of the output in `out`. `workers` processes read its files; by default one a core."""
    summary, problems = _summary(out)
    return problems + _problems(out, summary, _reports(out, workers))


def examine(out: Path, workers: int | None = None) -> Examination:
    """As `verify`, with notes."""
    summary, problems = _summary(out)
    reports = _reports(out, workers)
    contests = [contest for report in reports for contest in report.contests]
    told = [f"metadata against verdicts: {f}" for f in findings(contests) if f.contests]
    return Examination(problems + _problems(out, summary, reports), _truth(out, summary) + told)


def notes(out: Path, workers: int | None = None) -> list[str]:
    """The notes of `examine` alone. It reads the files as `verify` does: call `examine` where both are wanted."""
    return examine(out, workers).notes


def _truth(out: Path, summary: RunSummary | None) -> list[str]:
    from pipeline.output.truth_check import (
        accepted_right,
    )  # brings the world and OpenCV: only where there may be a truth

    root = None if summary is None else store_root(summary, out)
    try:
        count = None if root is None else accepted_right(out, ImageStore(root))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        return [f"the truth could not be checked ({one_line(error)})"]
    return [] if count is None else [str(count)]


def _problems(out: Path, summary: RunSummary | None, reports: Sequence[FileReport]) -> list[Problem]:
    problems = [problem for report in reports for problem in report.problems]
    if summary is not None:
        problems += cross_checks.check_files(summary, reports)
        if not (out / CARD).exists():
            problems.append(Problem(CARD, None, "is missing: the data set has no card"))
        if all(report.rows is not None for report in reports):
            problems += _across(out, summary, reports)
    return problems + list(cross_checks.check_shortcut(reports))


def _summary(out: Path) -> tuple[RunSummary | None, list[Problem]]:
    try:
        return read(out), []
    except FileNotFoundError:
        return None, [Problem(NAME, None, "is missing: the output is not finished")]
    except (OSError, ValueError) as error:
        return None, [Problem(NAME, None, f"cannot be read ({one_line(error)})")]


def _reports(out: Path, workers: int | None) -> list[FileReport]:
    files = [(p, str(path.relative_to(out))) for p in PRODUCTS for path in sorted((out / p).rglob("*.parquet"))]
    count = min(len(files), (os.cpu_count() or 1) if workers is None else workers)
    if count <= 1:
        return [check_file(name, out, product) for product, name in files]
    with process_pool(count) as pool:
        pending = [(name, pool.submit(check_file, name, out, product)) for product, name in files]
        reports = []
        for name, result in pending:
            try:
                reports.append(result.result())
            except BrokenProcessPool:
                reports.append(FileReport(name, problems=[Problem(name, None, "a process that read files crashed")]))
    return reports


def _across(out: Path, summary: RunSummary, reports: Sequence[FileReport]) -> Iterator[Problem]:
    facts = {product: _facts(reports, product) for product in PRODUCTS}
    record, sft = facts["record"], facts["sft"]
    rows = [*sft, *facts["rl"]]
    yield from cross_checks.check_law(summary, record)
    yield from cross_checks.check_record(summary, record)
    yield from cross_checks.check_rows(record, rows)
    yield from cross_checks.check_splits(rows)
    yield from cross_checks.check_pairs(record, [f for f in sft if f.split == "train"], facts["pairs"])
    root = store_root(summary, out)
    if root is not None:
        yield from cross_checks.check_store(record, root)


def _facts(reports: Sequence[FileReport], product: Product) -> list[Fact]:
    return [fact for report in reports if report.name.startswith(f"{product}/") for fact in report.facts]
