"""`x2i compare`: two builds side by side, as tables in the terminal or as a page in the report's style.

In: a `Comparison`. Out: rich tables, or one self-contained HTML file.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.output.share import Share
from pipeline.views.charts.whiskers import Dot, whiskers
from pipeline.views.comparison import Comparison, Versus
from pipeline.views.page import render, write
from pipeline.views.panels import TITLES
from pipeline.views.text import clip

_CELL, _MOST = 60, 40


def print_comparison(found: Comparison, console: Console) -> None:
    """Print all tables, what decides first."""
    a, b = (clip(r.run.name, 40) for r in (found.a, found.b))
    same = found.a.run.fingerprint == found.b.run.fingerprint
    heading = "same fingerprint: equal data sets" if same else "A and B differ"
    console.print(
        Text.assemble(("A ", "bold"), f"{found.a.out} ({a})   ", ("B ", "bold"), f"{found.b.out} ({b})   {heading}")
    )
    _print(console, "Samples", ("", "A", "B"), [(n, f"{r.a:,}", f"{r.b:,}") for n, r in found.counts.iterrows()])
    _print(
        console,
        "Kept, and calls per accepted sample (with the losses)",
        ("mode", "kept A", "kept B", "calls A", "calls B"),
        [
            (TITLES[str(mode)], f"{r['kept_a']:,.0f}", f"{r['kept_b']:,.0f}", *(_calls(r, side) for side in "ab"))
            for mode, r in found.modes.iterrows()
        ],
    )
    _print(
        console,
        "Passed, of those that could climb, with 95 % intervals",
        ("rung", "A", "B", "B - A"),
        [_versus(v) for v in found.rungs],
    )
    _print(
        console,
        "Mean scores",
        ("axis", "moment", "A", "B", "B - A"),
        [(*key, _number(r["a"]), _number(r["b"]), _number(r["b"] - r["a"], "+")) for key, r in found.scores.iterrows()],  # type: ignore[misc]
    )
    if found.truth:
        _print(console, "Truth, with 95 % intervals", ("", "A", "B", "B - A"), [_versus(v) for v in found.truth])
    else:
        _print(console, "Truth: not known of both", (), [])
    rows = [tuple(clip(cell, _CELL) for cell in row) for row in found.inputs]
    _print(console, f"What went in ({len(rows)} differences)", ("key", "A", "B"), rows[:_MOST])
    told = f"Samples in both: {found.shared:,}; another fate: {sum(n for *_, n in found.changed):,}"
    _print(console, told, ("in A", "in B", "samples"), [(TITLES[x], TITLES[y], f"{n:,}") for x, y, n in found.changed])


def comparison_page(found: Comparison, file: Path) -> Path:
    """Write the page and return its path. Raises OSError."""
    values = {
        "TITLES": TITLES,
        "found": found,
        "rungs": _dots("rungs", "Share that passed, by rung", found.rungs),
        "truth": _dots("truths", "Truth", found.truth),
        "delta": delta,
    }
    return write(file, render("compare.html.j2", values))


def delta(v: Versus) -> str:
    """The difference in points with its bounds, a dash without cases."""
    return "–" if v.change is None else "{:+.1f} ({:+.1f} to {:+.1f})".format(*v.change)


def _dots(key: str, title: str, rows: Sequence[Versus]) -> str | None:
    sides = [Dot(f"{v.name} {side}", share, tone) for v in rows for side, share, tone in _sides(v)]
    return whiskers(key, title, sides)


def _sides(v: Versus) -> tuple[tuple[str, Share, str], tuple[str, Share, str]]:
    return ("A", v.a, "axis-1"), ("B", v.b, "axis-3")


def _versus(v: Versus) -> tuple[str, ...]:
    """The cells of a row, broken where no figure is torn."""
    a, b = (str(share).replace(", ", ",\n") for share in (v.a, v.b))
    return v.name, a, b, delta(v).replace(" (", "\n(")


def _calls(row: "pd.Series[float]", side: str) -> str:
    return f"{_number(row[f'own_{side}'])} ({_number(row[f'charged_{side}'])})"


def _number(value: float, sign: str = "") -> str:
    return "–" if math.isnan(value) else f"{value:{sign}.2f}"


def _print(console: Console, title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """One table; words of manifests and data are text, never markup."""
    console.print()
    console.print(Text(title, "bold"))
    if not rows:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for n, name in enumerate(head):
        figure = n > 0 and all(str(row[n])[:1] in "+-–0123456789" for row in rows)
        table.add_column(
            name,
            justify="right" if figure else "left",
            header_style="dim",
            overflow="fold",
            no_wrap=any("\n" in str(row[n]) for row in rows),
        )
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console.print(table)
