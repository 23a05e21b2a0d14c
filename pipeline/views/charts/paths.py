"""Paths: what was reached against what it took, one line of points a series.

In: series of points. Out: SVG. Both scales begin at 0; the points of a series are joined in their order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from markupsafe import Markup
from matplotlib.axes import Axes

from pipeline.views.charts.ink import TEXT, ink, plot, sheet, svg

_HEIGHT, _LEFT, _RIGHT, _TOP, _FOOT, _STEPS = 250.0, 44.0, 26.0, 14.0, 42.0, 5


@dataclass(frozen=True)
class YieldPath:
    """A series: its name, its tone, and its points, each what it took and the share that was reached, 0 to 1."""

    name: str
    tone: str
    points: Sequence[tuple[float, float]]


def paths(key: str, title: str, taken: str, rows: Sequence[YieldPath]) -> Markup | None:
    """The series as one chart; `taken` names the scale below. None where no series has a point."""
    shown = [row for row in rows if row.points]
    if not shown:
        return None
    most = max(x for row in shown for x, _ in row.points)
    step = max(1, ceil(most / _STEPS))
    end = step * max(1, ceil(most / step))
    axes = plot(figure := sheet(_HEIGHT), _LEFT, _RIGHT, _TOP, _FOOT)
    axes.set_xlim(0, end)
    axes.set_ylim(0, 1)
    for percent in range(0, 101, 25):
        y = percent / 100
        axes.plot([0, end], [y, y], color=ink("line"), linewidth=1, clip_on=False)
        _write(axes, f"{percent} %", (0, y), (-_LEFT, -4))
    for tick in range(0, end + 1, step):
        _write(axes, str(tick), (tick, 0), (-3, -18))
    _write(axes, taken, (0, 0), (0, -36))
    for row in shown:
        xs, ys = zip(*row.points, strict=True)
        axes.plot(xs, ys, color=ink(row.tone), linewidth=2.5, clip_on=False, solid_capstyle="round")
        axes.plot(xs, ys, "o", color=ink(row.tone), markersize=8, markeredgewidth=0, clip_on=False)
        axes.annotate(
            row.name, (xs[-1], ys[-1]), (9, -4), textcoords="offset points",
            color=ink(row.tone), fontsize=TEXT, weight="bold", annotation_clip=False, parse_math=False,
        )  # fmt: skip
    words = (f"{r.name}: " + ", ".join(f"{100 * y:.0f} % for {x:.2f}" for x, y in r.points) for r in shown)
    return svg(figure, key, title, "; ".join(words))


def _write(axes: Axes, words: str, place: tuple[float, float], offset: tuple[float, float]) -> None:
    axes.annotate(words, place, offset, textcoords="offset points", color=ink("soft"), fontsize=TEXT - 1)
