"""Verify: is an output what it claims to be?

In: the folder of an output. Out: every problem, one line each; an empty list when all is well. It needs neither Ray nor the
models. Corrupt input of any kind is a problem in the list, never an error.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from pipeline.output import cross_checks, record
from pipeline.output.file_checks import FileReport, check_file, row_ids
from pipeline.output.install import CARD
from pipeline.output.originals import examine_originals, unopenable
from pipeline.output.problem import Problem, one_line
from pipeline.output.rebuild import Content, Expected, Told, manifest_of, rebuild
from pipeline.output.run_json import NAME, RunSummary, read, store_root
from pipeline.output.schema import PRODUCTS, Product
from pipeline.output.shortcut import findings
from pipeline.storage.image_store import ImageStore
from pipeline.workers import process_pool

T = TypeVar("T")
_AT_ONCE = 16  # originals a process examines at a time
_UNFIT = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, RuntimeError)


@dataclass(frozen=True)
class Examination:
    """Every problem, and what is worth knowing and no problem: how often the judge was right, and what metadata tell."""

    problems: list[Problem]
    notes: list[str]


def verify(out: Path, workers: int | None = None) -> list[Problem]:
    """All problems of the output in `out`. `workers` processes read it; by default one a core."""
    return _Check(out, workers).run()


def examine(out: Path, workers: int | None = None) -> Examination:
    """As `verify`, with notes."""
    check = _Check(out, workers)
    problems = check.run()
    contests = [contest for report in check.reports for contest in report.contests]
    told = [f"metadata against verdicts: {f}" for f in findings(contests) if f.contests]
    return Examination(problems, _truth(out, check.summary) + told)


def _truth(out: Path, summary: RunSummary | None) -> list[str]:
    from pipeline.output.truth_check import (
        accepted_right,
    )  # brings the world and OpenCV: only where there may be a truth

    root = None if summary is None else store_root(summary, out)
    try:
        count = None if root is None else accepted_right(out, ImageStore(root))
    except (OSError, ImportError, pa.ArrowException, *_UNFIT) as error:
        return [f"the truth could not be checked ({one_line(error)})"]
    return [] if count is None else [str(count)]


class _Check:
    """One verification: the record first, then what follows from it, then the files against that."""

    def __init__(self, out: Path, workers: int | None) -> None:
        self.out = out
        self.summary: RunSummary | None = None
        self.reports: list[FileReport] = []
        self._problems: list[Problem] = []
        self._files = [(p, str(f.relative_to(out))) for p in PRODUCTS for f in sorted((out / p).rglob("*.parquet"))]
        self._workers = (os.cpu_count() or 1) if workers is None else workers

    def run(self) -> list[Problem]:
        """Every problem."""
        try:
            self.summary = read(self.out)
        except FileNotFoundError:
            self._note(NAME, "is missing: the output is not finished")
        except (OSError, ValueError, RecursionError) as error:
            self._note(NAME, f"cannot be read ({one_line(error)})")
        with process_pool(self._workers) if self._workers > 1 and self._files else nullcontext() as pool:
            self._examine(pool)
        found = [problem for report in self.reports for problem in report.problems]
        if self.summary is not None:
            found += cross_checks.check_files(self.summary, self.reports)
            if not (self.out / CARD).exists():
                self._note(CARD, "is missing: the data set has no card")
        return found + self._problems + list(cross_checks.check_shortcut(self.reports))

    def _note(self, file: str, what: str) -> None:
        self._problems.append(Problem(file, None, what))

    def _examine(self, pool: Executor | None) -> None:
        recorded = [(p, name) for p, name in self._files if p == "record"]
        others = [(p, name) for p, name in self._files if p != "record"]
        self._check(recorded, [None] * len(recorded), pool)
        told = [r for report in self.reports for r in report.told]
        whole = all(report.rows == len(report.told) for report in self.reports)  # else its own problems say enough
        content = self._rebuilt(told) if recorded and whole else None
        if content is None:
            self._check(others, [None] * len(others), pool)
            return
        found = _run(pool, row_ids, [(name, self.out, p) for p, name in others])
        ids = {name: rows for (_, name), rows in zip(others, found, strict=True)}
        self._check(others, self._expected(content, ids, self._views(told, content, pool)), pool)
        for _, name in recorded:
            ids[name] = [r.trajectory.sample.id for r in told if r.file == name]
        self._problems += cross_checks.check_rows(content, ids)
        self._problems += cross_checks.check_about(content, self.reports)

    def _expected(
        self, content: Content, ids: Mapping[str, list[str] | None], views: Mapping[str, str]
    ) -> list[Expected]:
        """What each file of `ids` is compared with, by the rows it holds."""
        units = {f"{part.product}/{part.stem}": {u.id: u for u in part.units} for part in content.parts}
        found = []
        for name, rows in ids.items():
            due = units.get(cross_checks.stem_of(name), {})
            here = {row: due[row] for row in rows or () if row in due}
            used = {sha256 for unit in here.values() for sha256 in unit.images} & views.keys()
            found.append(Expected(content.frame, here, {sha256: views[sha256] for sha256 in used}))
        return found

    def _check(
        self, files: Sequence[tuple[Product, str]], expected: Sequence[Expected | None], pool: Executor | None
    ) -> None:
        given = [(name, self.out, product, e) for (product, name), e in zip(files, expected, strict=True)]
        for (_, name), report in zip(files, _run(pool, check_file, given), strict=True):
            crashed = Problem(name, None, "a process that read files crashed")
            self.reports.append(report or FileReport(name, problems=[crashed]))

    def _rebuilt(self, told: Sequence[Told]) -> Content | None:
        if self.summary is None:
            return None
        try:
            manifest = manifest_of(self.summary)
        except _UNFIT as error:
            self._note(NAME, f"its manifest cannot be read ({one_line(error)})")
            return None
        self._problems += cross_checks.check_record(told, manifest.policy, self.summary.models)
        try:
            content = rebuild(self.summary, manifest, told)
        except _UNFIT as error:
            self._note("record", f"no rows can be built from it ({one_line(error)})")
            return None
        self._problems += cross_checks.check_summary(self.summary, content)
        self._problems += cross_checks.check_fates(told, content)
        return content

    def _views(self, told: Sequence[Told], content: Content, pool: Executor | None) -> dict[str, str]:
        """Of each original that rows hold the sha256 of its view, made again from the store; and is the store whole?"""
        assert self.summary is not None
        root = store_root(self.summary, self.out)
        if root is None:
            return {}
        if what := unopenable(root):
            self._note(NAME, what)
            return {}
        viewed = {sha256 for part in content.parts for unit in part.units for sha256 in unit.images}
        owners = {sha256: r for r in told for sha256 in record.images(r.trajectory)}
        wanted = [(sha256, sha256 in viewed) for sha256 in owners]
        chunks = [wanted[n : n + _AT_ONCE] for n in range(0, len(wanted), _AT_ONCE)]
        views: dict[str, str] = {}
        for found in _run(pool, examine_originals, [(chunk, root, content.frame.view) for chunk in chunks]):
            if found is None:
                self._note(NAME, "a process that read originals crashed: not all images were compared")
            for original in found or ():
                if original.problem is not None:
                    owner = owners[original.sha256]
                    self._problems.append(Problem(owner.file, owner.trajectory.sample.id, original.problem))
                if original.view is not None:
                    views[original.sha256] = original.view
        return views


def _run(pool: Executor | None, function: Callable[..., T], given: Sequence[tuple[Any, ...]]) -> list[T | None]:
    """`function` of each of `given`; None where the process that worked on it crashed."""
    if pool is None:
        return [function(*args) for args in given]
    try:
        pending = [pool.submit(function, *args) for args in given]
    except BrokenProcessPool:
        return [None] * len(given)
    found: list[T | None] = []
    for result in pending:
        try:
            found.append(result.result())
        except BrokenProcessPool:
            found.append(None)
    return found
