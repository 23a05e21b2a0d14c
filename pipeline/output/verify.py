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

from pipeline.manifest.forms import PRODUCTS, Product
from pipeline.output import cross_checks, record
from pipeline.output.database_checks import check_database
from pipeline.output.file_checks import FileReport, check_file, row_ids
from pipeline.output.forms import describe_other_form
from pipeline.output.group_checks import check_groups
from pipeline.output.install import CARD
from pipeline.output.lock import LOCK
from pipeline.output.places import list_files, stem_of
from pipeline.output.problem import Problem, one_line
from pipeline.output.rebuild import Content, Expected, manifest_of, rebuild
from pipeline.output.record import Recorded
from pipeline.output.run_json import NAME, RunSummary, read, store_root
from pipeline.output.selection import prompt_numbers, select
from pipeline.output.shortcut import findings
from pipeline.output.stored_images import StoredImage, examine_images, store_problem
from pipeline.output.token_checks import check_tokens
from pipeline.storage.image_store import ImageStore
from pipeline.workers import process_pool

T = TypeVar("T")
_AT_ONCE = 16  # images a process examines at a time
_UNFIT = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, RuntimeError)


@dataclass(frozen=True)
class Examination:
    """Every problem, and notes that are no problems: how often the judge was right, and what metadata say of verdicts."""

    problems: list[Problem]
    notes: list[str]


def verify(out: Path, workers: int | None = None) -> list[Problem]:
    """All problems of the output in `out`. `workers` processes read it; by default one a core."""
    return _Check(out, workers).run()


def examine(out: Path, workers: int | None = None, database: str | None = None) -> Examination:
    """As `verify`, with notes, and with the database that the output was made from; `database` is its URL, where the output does
    not hold it."""
    check = _Check(out, workers)
    problems = check.run()
    damage, unchecked = ([], []) if check.summary is None else check_database(out, check.summary, database)
    contests = [contest for report in check.reports for contest in report.contests]
    shortcuts = [f"metadata against verdicts: {f}" for f in findings(contests) if f.contests]
    held = sum(report.images for report in check.reports)
    right = held - sum(report.altered for report in check.reports)
    images = [f"images in rows: {right} of {held} are as their sha256 says"] if held else []
    if check.is_published:
        images.append("the store is not here: rows were not compared with the originals of their images")
    return Examination(problems + damage, [*_truth_notes(out, check.summary), *shortcuts, *images, *unchecked])


def _truth_notes(out: Path, summary: RunSummary | None) -> list[str]:
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
        self._files = [(p, name) for p in PRODUCTS for name in list_files(out, p)]
        self._workers = (os.cpu_count() or 1) if workers is None else workers

    @property
    def is_published(self) -> bool:
        """True for a copy without its store and the lock of its build: its originals are elsewhere, on purpose."""
        root = None if self.summary is None else store_root(self.summary, self.out)
        elsewhere = root is not None and ("://" in root or not Path(root).exists())
        return elsewhere and not (self.out / LOCK).exists()

    def run(self) -> list[Problem]:
        """Every problem; of an output in another form, that alone: no rule here fits its rows."""
        if other := describe_other_form(self.out):
            name, _, what = other.partition(": ")
            return [Problem(name, None, what, of_form=True)]
        try:
            self.summary = read(self.out)
        except FileNotFoundError:
            self._note(NAME, "is missing: the output is not finished")
        except (OSError, ValueError, RecursionError) as error:
            self._note(NAME, f"cannot be read ({one_line(error)})")
        with process_pool(self._workers) if self._workers > 1 and self._files else nullcontext() as pool:
            self._examine(pool)
        problems = [problem for report in self.reports for problem in report.problems]
        if self.summary is not None:
            problems += cross_checks.check_files(self.summary, self.reports)
            if not (self.out / CARD).exists():
                self._note(CARD, "is missing: the data set has no card")
        return problems + self._problems + list(cross_checks.check_shortcut(self.reports))

    def _note(self, file: str, what: str) -> None:
        self._problems.append(Problem(file, None, what))

    def _examine(self, pool: Executor | None) -> None:
        record_files = [(p, name) for p, name in self._files if p == "record"]
        others = [(p, name) for p, name in self._files if p != "record"]
        self._check(record_files, [None] * len(record_files), pool)
        rows = [r for report in self.reports for r in report.recorded]
        whole = all(report.rows == len(report.recorded) for report in self.reports)  # else its own problems say enough
        content = self._rebuild(rows) if record_files and whole else None
        if content is None:
            self._check(others, [None] * len(others), pool)
            return
        read_ids = _run(pool, row_ids, [(name, self.out, p) for p, name in others])
        ids = {name: row_names for (_, name), row_names in zip(others, read_ids, strict=True)}
        self._check(others, self._expected(content, ids, self._views(rows, content, pool)), pool)
        for _, name in record_files:
            ids[name] = [r.trajectory.sample.id for r in rows if r.file == name]
        self._problems += cross_checks.check_rows(content, ids)
        self._problems += cross_checks.check_about(content, self.reports)

    def _expected(
        self, content: Content, ids: Mapping[str, list[str] | None], views: Mapping[str, str]
    ) -> list[Expected]:
        """What each file of `ids` is compared with, by the rows it holds."""
        units = {f"{part.product}/{part.stem}": {u.id: u for u in part.units} for part in content.parts}
        expected = []
        for name, row_names in ids.items():
            due = units.get(stem_of(name), {})
            here = {row: due[row] for row in row_names or () if row in due}
            used = {sha256 for unit in here.values() for sha256 in unit.images} & views.keys()
            expected.append(Expected(content.frame, here, {sha256: views[sha256] for sha256 in used}))
        return expected

    def _check(
        self, files: Sequence[tuple[Product, str]], expected: Sequence[Expected | None], pool: Executor | None
    ) -> None:
        arguments = [(name, self.out, product, e) for (product, name), e in zip(files, expected, strict=True)]
        for (_, name), report in zip(files, _run(pool, check_file, arguments), strict=True):
            crashed = Problem(name, None, "a process that read files crashed")
            self.reports.append(report or FileReport(name, problems=[crashed]))

    def _rebuild(self, rows: Sequence[Recorded]) -> Content | None:
        if self.summary is None:
            return None
        try:
            manifest = manifest_of(self.summary)
        except _UNFIT as error:
            self._note(NAME, f"its manifest cannot be read ({one_line(error)})")
            return None
        self._problems += cross_checks.check_record(rows, manifest.recipe, self.summary.models)
        if self.summary.selection_of is None:  # a selection may hold one rollout of a group without the others
            self._problems += check_groups(rows, {spec.name: spec.rollouts for spec in manifest.sources})
        try:
            content = rebuild(self.summary, manifest, rows)
            if self.summary.selection_of is not None:
                content = select(content, rows, self._prompt_numbers())
        except _UNFIT as error:
            self._note("record", f"no rows can be built from it ({one_line(error)})")
            return None
        self._problems += cross_checks.check_summary(self.summary, content)
        self._problems += cross_checks.check_fates(rows, content)
        return content

    def _prompt_numbers(self) -> dict[str, int]:
        return prompt_numbers([self.out / name for product, name in self._files if product == "rl"])

    def _views(self, rows: Sequence[Recorded], content: Content, pool: Executor | None) -> dict[str, str]:
        """The sha256 of each view, made again from the store, by original. Originals that are lost or damaged become problems."""
        assert self.summary is not None
        root = store_root(self.summary, self.out)
        if root is None:
            return {}
        if what := store_problem(root):
            self._note(NAME, what)
            return {}
        if self.is_published:
            return {}
        self._problems += check_tokens(rows, ImageStore(root))
        viewed = {sha256 for part in content.parts for unit in part.units for sha256 in unit.images}
        owners = {sha256: r for r in rows for sha256 in record.images(r.trajectory)}
        came_as = {pair: None for r in rows for pair in record.originals(r.trajectory)}
        stored = [StoredImage(sha256, sha256 in viewed, None) for sha256 in owners]
        stored += [StoredImage(sha256, False, original) for sha256, original in came_as]
        chunks = [stored[n : n + _AT_ONCE] for n in range(0, len(stored), _AT_ONCE)]
        views: dict[str, str] = {}
        for examined in _run(pool, examine_images, [(chunk, root, content.frame.view) for chunk in chunks]):
            if examined is None:
                self._note(NAME, "a process that read images crashed: not all images were compared")
            for original in examined or ():
                if original.problem is not None:
                    owner = owners[original.sha256]
                    self._problems.append(Problem(owner.file, owner.trajectory.sample.id, original.problem))
                if original.view is not None:
                    views[original.sha256] = original.view
        return views


def _run(pool: Executor | None, function: Callable[..., T], arguments: Sequence[tuple[Any, ...]]) -> list[T | None]:
    """`function` of each of `arguments`; None where the process that worked on it crashed."""
    if pool is None:
        return [function(*args) for args in arguments]
    try:
        pending = [pool.submit(function, *args) for args in arguments]
    except BrokenProcessPool:
        return [None] * len(arguments)
    results: list[T | None] = []
    for future in pending:
        try:
            results.append(future.result())
        except BrokenProcessPool:
            results.append(None)
    return results
