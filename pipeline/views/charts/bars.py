"""Stacked horizontal bars: parts of a whole, or amounts, one bar a row.

In: rows with their parts. Out: SVG. Row names stand above their bars, so that a long one needs no room beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipeline.views.charts.ink import TEXT, WIDTH, ink, plot, sheet, svg
from pipeline.views.text import clip

_ROW, _BAR, _NAME = 40.0, 15.0, 30


@dataclass(frozen=True)
class BarPart:
    """A piece of a bar: its amount, its tone (`ink.ink`), and words for it inside the bar where they fit."""

    amount: float
    tone: str
    words: str = ""


@dataclass(frozen=True)
class Bar:
    """One row: its name, its parts from left to right, and the figure at the right end of its name's line."""

    name: str
    parts: Sequence[BarPart]
    figure: str = ""


def bars(key: str, title: str, rows: Sequence[Bar], whole: float | None = None) -> Markup:
    """The rows as one chart. `whole`: the amount of a full-width bar (default: the longest row)."""
    sums = [sum(p.amount for p in row.parts) for row in rows]
    full = whole or max([*sums, 1e-9])
    height = _ROW * len(rows) + 4
    figure = sheet(height)
    axes = plot(figure, 0, 0, 0, 0)
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    for n, row in enumerate(rows):
        top = n * _ROW
        axes.text(0, top + 14, clip(row.name, _NAME), color=ink("ink"), fontsize=TEXT, parse_math=False)
        axes.text(WIDTH, top + 14, row.figure, color=ink("soft"), fontsize=TEXT, ha="right", parse_math=False)
        axes.barh(top + 20 + _BAR / 2, WIDTH, _BAR, color=ink("track"), clip_on=False)
        left = 0.0
        for part in row.parts:
            wide = WIDTH * part.amount / full
            if wide <= 0:
                continue
            axes.barh(top + 20 + _BAR / 2, wide, _BAR, left=left, color=ink(part.tone), clip_on=False)
            if part.words and wide > 9 * len(part.words) + 6:
                axes.text(
                    left + wide / 2,
                    top + 32,
                    part.words,
                    color=ink("paper"),
                    fontsize=TEXT - 2,
                    ha="center",
                    parse_math=False,
                )
            left += wide
    figures = (row.figure or ", ".join(p.words for p in row.parts if p.words) for row in rows)
    description = "; ".join(f"{row.name}: {words}" for row, words in zip(rows, figures, strict=True))
    return svg(figure, key, title, description)
