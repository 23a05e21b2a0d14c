"""`x2i compare`: two builds side by side, as tables in the terminal or as a page in the report's style.

In: a `Comparison`. Out: rich tables, or one self-contained HTML file.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.views.charts.paths import YieldPath, paths
from pipeline.views.charts.whiskers import Dot, whiskers
from pipeline.views.comparison import Comparison, Versus
from pipeline.views.page import render, write
from pipeline.views.tables.effort import EffortPoint
from pipeline.views.text import clip

_CELL, _MOST = 60, 40
_TONES = {"A": "axis-1", "B": "axis-3"}


def print_comparison(both: Comparison, console: Console) -> None:
    """Print all tables, what decides first."""
    a, b = (clip(r.run.name, 40) for r in (both.a, both.b))
    same = both.a.run.fingerprint == both.b.run.fingerprint
    heading = "same fingerprint: equal data sets" if same else "A and B differ"
    console.print(
        Text.assemble(("A ", "bold"), f"{both.a.out} ({a})   ", ("B ", "bold"), f"{both.b.out} ({b})   {heading}")
    )
    titles = both.looks.titles
    _print(console, "Samples", ("", "A", "B"), [(n, f"{r.a:,}", f"{r.b:,}") for n, r in both.counts.iterrows()])
    _print(console, "Yield against images", ("", "A", "B", "B - A"), list(_yields(both)))
    reached = [(f"up to {title}", _point(a), _point(b)) for title, a, b in both.effort]
    _print(console, "Images per sample that climbed, and accepted of these", ("station", "A", "B"), reached)
    _print(
        console,
        "Kept, and calls per accepted sample (with the losses)",
        ("mode", "kept A", "kept B", "calls A", "calls B"),
        [
            (titles[str(mode)], *(_number(r[f"kept_{side}"], digits=0) for side in "ab"), *(_calls(r, s) for s in "ab"))
            for mode, r in both.modes.iterrows()
        ],
    )
    _print(
        console,
        "Passed, of those that could climb, with 95 % intervals",
        ("station", "A", "B", "B - A"),
        [_versus(v) for v in both.stations],
    )
    _print(
        console,
        "Mean scores",
        ("axis", "moment", "A", "B", "B - A"),
        [(*key, _number(r["a"]), _number(r["b"]), _number(r["b"] - r["a"], "+")) for key, r in both.scores.iterrows()],  # type: ignore[misc]
    )
    if both.truth:
        _print(console, "Truth, with 95 % intervals", ("", "A", "B", "B - A"), [_versus(v) for v in both.truth])
    else:
        _print(console, "Truth: not known of both", (), [])
    rows = [tuple(clip(cell, _CELL) for cell in row) for row in both.inputs]
    _print(console, f"What went in ({len(rows)} differences)", ("key", "A", "B"), rows[:_MOST])
    heading = f"Samples in both: {both.shared:,}; another fate: {sum(n for *_, n in both.changed):,}"
    _print(
        console, heading, ("in A", "in B", "samples"), [(titles[x], titles[y], f"{n:,}") for x, y, n in both.changed]
    )


def comparison_page(both: Comparison, file: Path) -> Path:
    """Write the page and return its path. Raises OSError."""
    values = {
        "looks": both.looks,
        "shown": both,
        "stations": _dots("stations", "Share that passed, by station", both.stations),
        "effort": _paths(both),
        "truth": _dots("truths", "Truth", both.truth),
        "delta": delta,
    }
    return write(file, render("compare.html.j2", values, both.looks))


def delta(v: Versus) -> str:
    """The difference in points with its bounds, a dash without cases."""
    return "–" if v.change is None else "{:+.1f} ({:+.1f} to {:+.1f})".format(*v.change)


def _yields(both: Comparison) -> Iterator[tuple[str, ...]]:
    yield _versus(both.yielded)
    if both.at_equal is not None:
        images, a, b = both.at_equal
        yield (
            f"accepted, with {images:.2f} images each",
            f"{100 * a:.1f} %",
            f"{100 * b:.1f} %",
            f"{100 * (b - a):+.1f}",
        )
    for name, row in both.images.iterrows():
        yield str(name), _number(row["a"]), _number(row["b"]), _number(row["b"] - row["a"], "+")


def _point(point: EffortPoint | None) -> str:
    if point is None:
        return "–"
    return f"{point.images:.2f} images: {100 * (point.accepted.rate or 0.0):.1f} %"


def _paths(both: Comparison) -> Markup | None:
    """The accepted share against images per sample, one point for each image more that a sample may take."""
    sides = (("A", both.a.effort), ("B", both.b.effort))
    drawn = [YieldPath(side, _TONES[side], effort.at_most()) for side, effort in sides]
    return paths("effort", "Accepted, of all that climbed, against images", "images per sample that climbed", drawn)


def _dots(key: str, title: str, rows: Sequence[Versus]) -> Markup | None:
    sides = [Dot(f"{v.name} {side}", share, _TONES[side]) for v in rows for side, share in (("A", v.a), ("B", v.b))]
    return whiskers(key, title, sides)


def _versus(v: Versus) -> tuple[str, ...]:
    """The cells of a row, broken where no figure is torn."""
    a, b = (str(share).replace(", ", ",\n") for share in (v.a, v.b))
    return v.name, a, b, delta(v).replace(" (", "\n(")


def _calls(row: "pd.Series[float]", side: str) -> str:
    return f"{_number(row[f'own_{side}'])} ({_number(row[f'charged_{side}'])})"


def _number(value: float, sign: str = "", digits: int = 2) -> str:
    return "–" if math.isnan(value) else f"{value:{sign},.{digits}f}"


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
