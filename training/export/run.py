"""An export from beginning to end: count what would be lost, refuse, write aside, take the name.

In: the folder of an output, a form, where to write. Out: `ExportReport`; with `export`, a folder that is whole.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from training.export.forms import ExportForm
from training.export.intact import check_images
from training.export.losses import TOO_LONG, FormLoss, too_long
from training.export.place import ExportPlace, aside, check_place
from training.export.problem import ExportProblem
from training.export.prompts import read_prompt
from training.export.shards import SPLITS, count_rows, files, read_columns
from training.render.decompose import decompose
from training.render.rendered import RenderProblem
from training.row import RowProblem, read_row

Tell = Callable[[int, int], None]
"""Told after each row: rows read so far, and rows there are."""
VERSIONS = {"sft": "traj/2", "pairs": "pairs/3"}


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What is to be exported, and how. `decompose`: as single-turn rows. `max_tokens`: BAGEL's cap, where it is not the default."""

    source: Path
    form: ExportForm
    model: Path | None = None
    decompose: bool = False
    allow_lossy: bool = False
    overwrite: bool = False
    max_tokens: int | None = None

    @property
    def loses(self) -> tuple[FormLoss, ...]:
        """What the form loses, with the cap of this order."""
        if self.max_tokens is None:
            return self.form.loses
        return tuple(too_long(self.max_tokens) if loss is TOO_LONG else loss for loss in self.form.loses)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The rows of an order, and how many of them lose what; `written` by split, after an export."""

    rows: int
    lost: tuple[tuple[FormLoss, int], ...]
    written: tuple[tuple[str, int], ...] = ()

    @property
    def lossy(self) -> bool:
        """Whether any row loses anything."""
        return any(count for _, count in self.lost)

    @property
    def lines(self) -> list[str]:
        """What is lost, a line for each kind."""
        return [f"{count} of {self.rows} rows {loss.words}" for loss, count in self.lost if count]


def check(order: ExportOrder) -> ExportReport:
    """Count what the export would lose; images are not read. Raises ExportProblem where there is nothing to export, or an option
    does not fit the form.
    """
    _check_options(order)
    counts: Counter[str] = Counter()
    total = 0
    for _, where, columns in _rows(order, images=False):
        try:
            for shown in _blank(order, columns, where):
                total += 1
                counts.update(loss.name for loss in order.loses if loss.affects(shown))
        except (KeyError, TypeError, IndexError) as error:
            raise ExportProblem(f"{where}: {error!r} is missing or no value of its kind; run `x2i verify`") from error
    if not total:
        raise ExportProblem(f"{order.source}: it holds no rows of {' or '.join(order.form.products)} to export")
    return ExportReport(total, tuple((loss, counts[loss.name]) for loss in order.loses))


def export(order: ExportOrder, out: Path, tell: Tell = lambda done, total: None) -> ExportReport:
    """Write the export to `out`. Raises ExportProblem, and then nothing is left of it: where it would lose something that was not
    allowed, a row cannot be exported, or no row is left.
    """
    check_place(out.absolute(), order.source.absolute(), order.overwrite)
    report = check(order)
    if report.lossy and not order.allow_lossy:
        raise ExportProblem("; ".join([*report.lines, "say --allow-lossy to export all the same"]))
    with aside(out.absolute(), order.source.absolute(), order.overwrite) as folder:
        place = ExportPlace(folder, out.absolute(), order.source.absolute(), order.model)
        try:
            written = _write(order, place, report.rows, tell)
        except (RowProblem, RenderProblem) as error:
            raise ExportProblem(str(error)) from error
        if not sum(count for _, count in written):
            raise ExportProblem(
                f"no row of {order.source} fits {order.form.trainer} {order.form.name}; nothing was written"
            )
        order.form.finish(place)
    return replace(report, written=written)


def _check_options(order: ExportOrder) -> None:
    """Raises ExportProblem for an option that this form has no use for."""
    form = order.form
    name = f"{form.trainer} {form.name}"
    if order.decompose and (form.products != ("sft",) or not form.decomposes):
        raise ExportProblem(f"{name} takes rows as they are; leave --decompose out")
    if order.max_tokens is not None and TOO_LONG not in form.loses:
        raise ExportProblem(f"{name} has no limit of tokens; leave --max-tokens out")
    if order.model is not None and not form.needs_model:
        raise ExportProblem(f"{name} needs no model; leave --model out")


def _write(order: ExportOrder, place: ExportPlace, total: int, tell: Tell) -> tuple[tuple[str, int], ...]:
    written, done = [], 0

    def items(split: str) -> Iterator[Any]:
        nonlocal done
        for _, where, columns in _rows(order, images=True, only=split):
            yield from _items(order, columns, where)
            done += 1
            tell(done, total)

    for split in SPLITS:
        if any(_files(order, split)):
            written.append((split, order.form.write(split, items(split), place)))
    return tuple(written)


def _items(order: ExportOrder, columns: dict[str, Any], where: str) -> Iterator[Any]:
    """What a writer takes of a row: a training row, a prompt, a pair. Raises ExportProblem, RowProblem."""
    try:
        check_images(columns, where)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, ExportProblem):
            raise
        raise ExportProblem(f"{where}: images and their sha256 do not match ({error!r}); run `x2i verify`") from error
    match order.form.products:
        case ("sft",):
            row = read_row(columns, where)
            yield from decompose(row) if order.decompose else (row,)
        case ("rl",):
            yield read_prompt(columns, where)
        case _:
            yield columns


def _blank(order: ExportOrder, columns: dict[str, Any], where: str) -> Iterator[dict[str, Any]]:
    """The rows that would be exported of a row, without the bytes of their images."""
    if not order.decompose:
        yield columns
        return
    blank = [{"bytes": b"", "path": None}] * columns["n_images"]
    yield from (row.columns() for row in decompose(read_row({**columns, "images": blank}, where)))


def _files(order: ExportOrder, split: str) -> Iterator[Path]:
    """The shards of an order."""
    for product in order.form.products:
        yield from files(order.source, product, split)


def _rows(order: ExportOrder, images: bool, only: str | None = None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Split, place and columns of each row. Raises ExportProblem for shards of another version."""
    for split in SPLITS if only is None else (only,):
        for path in _files(order, split):
            if count_rows(path):
                for where, columns in read_columns(path, images):
                    _check_version(order.form, columns, where)
                    yield split, where, columns


def _check_version(form: ExportForm, columns: dict[str, Any], where: str) -> None:
    if form.products == ("sft",) and columns.get("schema_version") != VERSIONS["sft"]:
        version = columns.get("schema_version")
        raise ExportProblem(
            f"{where}: schema_version is {version!r}, this reads {VERSIONS['sft']}; build the shards again"
        )
    if set(form.products) <= {"pairs", "edit_pairs"} and "references_sha256" not in columns:
        raise ExportProblem(f"{where}: it is no row of {VERSIONS['pairs']}; build the shards again")
