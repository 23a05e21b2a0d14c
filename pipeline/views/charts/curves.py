"""Curves over the stations of the ladder: one line a series, each named at its right end.

In: series of values at the same places. Out: SVG. A missing value breaks the line.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pipeline.views.charts.ink import TEXT, WIDTH, ink, plot, sheet, svg

_HEIGHT, _LEFT, _RIGHT, _TOP, _FOOT, _APART = 230.0, 22.0, 100.0, 10.0, 26.0, 17.0
_LINE, _LETTER = 14.0, 6.2
"""How high a line of place names is, and how wide a letter of one, about."""


@dataclass(frozen=True)
class Curve:
    """A series: its name, its tone, and a value (or None) at every place."""

    name: str
    tone: str
    values: Sequence[float | None]


def curves(
    key: str,
    title: str,
    places: Sequence[str],
    rows: Sequence[Curve],
    ticks: Sequence[float],
    joined: int | None = None,
) -> Markup:
    """The series as one chart; `ticks` are the values written on the left, the first and the last of them the ends of the scale.
    `joined`: a line connects so many places, the first ones (default: all); the others are dots alone.
    """
    column = (WIDTH - _LEFT - _RIGHT) / max(len(places) - 1, 1)
    lines = max(1, -(-int(max(map(len, places)) * _LETTER) // int(column)))  # neighbours must not touch
    foot = _FOOT + _LINE * (lines - 1)
    height = _HEIGHT + _LINE * (lines - 1)
    figure = sheet(height)
    axes = plot(figure, _LEFT, _RIGHT, _TOP, foot)
    axes.set_xlim(0, max(len(places) - 1, 1))
    axes.set_ylim(ticks[0], ticks[-1])
    unit = (ticks[-1] - ticks[0]) / (height - _TOP - foot)
    for tick in ticks:
        axes.plot(axes.get_xlim(), [tick, tick], color=ink("line"), linewidth=1, clip_on=False)
        axes.annotate(
            f"{tick:g}", (0, tick), (-_LEFT, -4), textcoords="offset points", color=ink("soft"), fontsize=TEXT - 1
        )
    for x, place in enumerate(places):
        axes.annotate(
            place,
            (x, ticks[0]),
            (0, -20 - _LINE * (x % lines)),
            textcoords="offset points",
            color=ink("soft"),
            fontsize=TEXT - 2,
            ha="center",
            parse_math=False,
        )
    ends = _ends(rows, unit)
    for row in rows:
        points = [(x, v) for x, v in enumerate(row.values) if v is not None]
        values = [float("nan") if v is None else v for v in row.values]
        axes.plot(
            range(len(values[:joined])),
            values[:joined],
            color=ink(row.tone),
            linewidth=2.5,
            clip_on=False,
            solid_capstyle="round",
        )
        axes.plot(*zip(*points, strict=True), "o", color=ink(row.tone), markersize=7, markeredgewidth=0, clip_on=False)
        axes.annotate(
            row.name, (axes.get_xlim()[1], ends[row.name]), (12, -4), textcoords="offset points",
            color=ink(row.tone), fontsize=TEXT, weight="bold", annotation_clip=False, parse_math=False,
        )  # fmt: skip
    description = "; ".join(
        f"{r.name}: " + ", ".join(f"{p} {_words(v)}" for p, v in zip(places, r.values, strict=True)) for r in rows
    )
    return svg(figure, key, title, description)


def _words(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


def _ends(rows: Sequence[Curve], unit: float) -> dict[str, float]:
    """Where each name stands: at the last value of its curve, pushed apart so that no two touch."""
    last = {r.name: next((v for v in reversed(r.values) if v is not None), 0.0) for r in rows}
    placed: dict[str, float] = {}
    floor = float("-inf")
    for name in sorted(last, key=lambda n: last[n]):
        placed[name] = floor = max(last[name], floor + _APART * unit)
    over = max([0.0, *(v - max(last.values()) for v in placed.values())])
    return {name: v - over for name, v in placed.items()}
