"""`x2i journal`: what the journal of a build holds, what it saved and what was lost, in the terminal or as JSON.

In: the folder of a build, finished or not. Out: rich tables, 80 columns wide, or one JSON object.
"""

import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.replay.figures import Answers, JournalFigures, RunFigures
from pipeline.views.text import clip

_UNITS = ("bytes", "KB", "MB", "GB", "TB")


def as_json(figures: JournalFigures) -> str:
    """All figures as JSON: sizes in bytes, money in US dollars."""
    return json.dumps(asdict(figures), indent=2)


def print_journal(figures: JournalFigures, console: Console) -> None:
    """Print the answers by kind, the store, and every run of the database."""
    console.print(Text("Answers kept", "bold"))
    console.print(_kinds(figures.answers))
    size = "" if figures.size is None else f", {_size(figures.size)}"
    console.print(Text(f"{figures.images:,} images in the store, {_size(figures.image_size)}"))
    console.print(Text(f"{figures.database}{size}", "dim"), soft_wrap=True)
    for run in figures.runs:
        console.print()
        console.print(Text(f"Run {clip(run.fingerprint, 12)}" + (" (this folder's)" if run.own else ""), "bold"))
        console.print(_run(run))


def _kinds(answers: tuple[Answers, ...]) -> Table:
    table = _table("answers", "errors among them", "text")
    for kind in answers:
        table.add_row(clip(kind.kind, 32), f"{kind.count:,}", f"{kind.errors:,}", _size(kind.size))
    table.add_row(
        "all",
        *(f"{sum(getattr(k, n) for k in answers):,}" for n in ("count", "errors")),
        _size(sum(k.size for k in answers)),
    )
    return table


def _run(run: RunFigures) -> Table:
    table = _table("calls", "US dollars")
    table.add_row("sent", f"{run.calls:,}", _money(run.spent, run.calls))
    table.add_row("  of these lost at a kill", f"{run.lost:,}", _money(run.lost_usd, run.lost))
    table.add_row("under way, or lost since", f"{run.under_way:,}", "")
    table.add_row("answered from the journal", f"{run.hits:,}", f"{_money(run.saved, run.hits)} saved")
    if 0 < run.unpriced < run.hits:
        table.add_row("  of these without a price", f"{run.unpriced:,}", "")
    table.add_row("samples with an outcome", f"{run.outcomes:,}", "")
    return table


def _table(*names: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    table.add_column("", min_width=27)
    for name in names:
        table.add_column(name, justify="right", min_width=10)
    return table


def _money(usd: float, calls: int) -> str:
    """A sum; a dash where there are calls and none has a known price."""
    return f"{usd:,.2f}" if usd or not calls else "–"


def _size(size: float) -> str:
    """Bytes in the unit that fits."""
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:,.0f} {_UNITS[unit]}" if unit == 0 else f"{size:,.1f} {_UNITS[unit]}"
