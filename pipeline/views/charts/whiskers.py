"""Dots with whiskers: shares, or other rates of 0 to 1, and their 95 % intervals, one a row.

In: named shares. Out: SVG. A row without a case is left out; the scale is cut to what is there, and its ends are written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from markupsafe import Markup

from pipeline.views.charts.ink import TEXT, WIDTH, ink, plot, sheet, svg
from pipeline.views.text import clip

_ROW, _FOOT, _EDGE, _NAME = 42.0, 22.0, 6.0, 36
_TICKS = (5, 10, 20, 25)


class Rate(Protocol):
    """A rate of 0 to 1 with its interval, over `of` cases; None where there was none."""

    @property
    def rate(self) -> float | None:
        """The rate itself."""

    @property
    def low(self) -> float | None:
        """The lower end of its interval."""

    @property
    def high(self) -> float | None:
        """The upper end."""

    @property
    def of(self) -> int:
        """Over how many cases."""
        ...


@dataclass(frozen=True)
class Dot:
    """A share, its name and tone."""

    name: str
    share: Rate
    tone: str = "ink"


def whiskers(key: str, title: str, rows: Sequence[Dot], around: float | None = None) -> Markup | None:
    """The rows as one chart on a common scale in percent, which holds the rate `around`; None when no row has a case."""
    shown = [r for r in rows if r.share.of]
    if not shown:
        return None
    low, high, step = _scale(shown, around)
    height = _ROW * len(shown) + _FOOT
    figure = sheet(height)
    axes = plot(figure, 0, 0, 0, 0)
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)

    def at(rate: float | None) -> float:
        return _EDGE + (100 * (rate or 0.0) - low) / (high - low) * (WIDTH - 2 * _EDGE)

    for tick in range(low, high + 1, step):
        x = at(tick / 100)
        axes.plot([x, x], [18, height - _FOOT], color=ink("line"), linewidth=1, clip_on=False)
        side = "left" if tick == low else "right" if tick == high else "center"
        place = {"left": 0.0, "right": WIDTH, "center": x}[side]
        axes.text(place, height - 5, f"{tick} %", color=ink("soft"), fontsize=TEXT - 1.5, ha=side)
    for n, row in enumerate(shown):
        y = n * _ROW + 29
        axes.text(0, y - 15, clip(row.name, _NAME), color=ink("ink"), fontsize=TEXT, parse_math=False)
        figure_ = f"{100 * (row.share.rate or 0.0):.1f} %"
        axes.text(WIDTH, y - 15, figure_, color=ink("ink"), fontsize=TEXT, ha="right", weight="bold")
        axes.plot(
            [at(0 if low == 0 else low / 100), WIDTH - _EDGE], [y, y], color=ink("track"), linewidth=1, clip_on=False
        )
        axes.plot([at(row.share.low), at(row.share.high)], [y, y], color=ink(row.tone), linewidth=3, clip_on=False)
        axes.plot([at(row.share.rate)], [y], "o", color=ink(row.tone), markersize=10, markeredgewidth=0, clip_on=False)
    return svg(figure, key, title, "; ".join(f"{r.name}: {r.share}" for r in shown))


def _scale(rows: Sequence[Dot], around: float | None) -> tuple[int, int, int]:
    """Both ends and the distance of ticks, in percent: at most six ticks, none outside 0 to 100."""
    also = [] if around is None else [around]
    least = 100 * min([*also, *(r.share.low or 0.0 for r in rows)])
    most = 100 * max([*also, *(r.share.high or 0.0 for r in rows)])
    for step in _TICKS:
        low, high = min(100 - step, int(least // step) * step), min(100, int(-(-most // step)) * step)
        if (high - low) / step <= 5:
            return low, max(high, low + step), step
    return 0, 100, 25
