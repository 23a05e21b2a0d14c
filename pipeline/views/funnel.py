"""The ladder drawn as one flow: a band as high as its samples enters on the left and is split rung by rung.

In: the rungs of a `Figures`. Out: a `FunnelPicture` of ribbons and labels in pixels, which the template draws as SVG; and `stairs`,
the same for a narrow screen. What passes peels off at the top, what leaves at the bottom, so the heights on the right add up to the
height on the left: nothing gets lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.views.figures import Rung
from pipeline.views.text import clip, spoken

_LEFT, _HEAD, _NODE = 8.0, 58.0, 8.0
_FLOW, _SLOT, _GAP = 200.0, 19.0, 7.0
_WIDTH, _LABELS, _WORDS = 1160.0, 462.0, 64


@dataclass(frozen=True)
class Ribbon:
    """A closed path in a tone (`active`, a mode, `aside` or `left`)."""

    path: str
    tone: str
    title: str


@dataclass(frozen=True)
class FunnelNode:
    """A rung: a bar at its place, with its name and count above."""

    x: float
    y: float
    height: float
    title: str
    entered: int


@dataclass(frozen=True)
class Label:
    """The end of a band: a figure and the words beside it."""

    x: float
    y: float
    figure: str
    words: str
    tone: str


@dataclass
class FunnelPicture:
    """All shapes of the drawing, and its size."""

    width: float = _WIDTH
    height: float = 0.0
    head: float = _HEAD
    node: float = _NODE
    ribbons: list[Ribbon] = field(default_factory=list)
    nodes: list[FunnelNode] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)


@dataclass(frozen=True)
class Band:
    """So many samples that leave a rung together: their tone, and where they go in words."""

    count: int
    tone: str
    words: str


@dataclass(frozen=True)
class Stair:
    """A rung read from top to bottom: what leaves it, and how many climb on."""

    title: str
    entered: int
    bands: list[Band]
    onward: int


def draw(rungs: Sequence[Rung]) -> FunnelPicture:
    """The picture of these rungs; rungs nobody entered are left out after the first."""
    shown = [r for n, r in enumerate(rungs) if n == 0 or r.entered]
    picture = FunnelPicture()
    scale = _FLOW / max(shown[0].entered, 1)
    column = (_WIDTH - _LABELS - _LEFT) / len(shown)
    ends = _WIDTH - _LABELS
    top = _HEAD
    bottom = _HEAD + _extent(shown, scale)
    picture.height = bottom + 10
    for n, rung in enumerate(shown):
        x = _LEFT + n * column
        height = _thick(rung.entered, scale)
        picture.nodes.append(FunnelNode(x, top, height, rung.title, rung.entered))
        y = top
        for band in _passing(rung):
            y = _peel(picture, band, scale, x, y, top, ends)
            top += _slot(band.count, scale) + _GAP
        foot = y + _thick(rung.onward, scale) + sum(_thick(b.count, scale) for b in _leaving(rung))
        for band in _leaving(rung):
            bottom -= _slot(band.count, scale)
            foot -= _thick(band.count, scale)
            _peel(picture, band, scale, x, foot, bottom, ends)
            bottom -= _GAP
        if rung.onward and n + 1 < len(shown):
            thick = _thick(rung.onward, scale)
            path = _ribbon(x + _NODE, y, x + column, top, thick)
            picture.ribbons.append(Ribbon(path, "active", f"{rung.onward} climb on"))
    return picture


def stairs(rungs: Sequence[Rung]) -> list[Stair]:
    """The same flow for a narrow screen: rung under rung."""
    shown = [r for n, r in enumerate(rungs) if n == 0 or r.entered]
    return [Stair(r.title, r.entered, [*_passing(r), *reversed(_leaving(r))], r.onward) for r in shown]


def _passing(rung: Rung) -> list[Band]:
    if not rung.passed:
        return []
    share = f"{100 * rung.passed / rung.climbing:.0f} % of {rung.climbing:,}"
    return [Band(rung.passed, rung.key.split()[0], f"accepted {_place(rung)}, {share}")]


def _leaving(rung: Rung) -> list[Band]:
    """Listed from the lowest lane up."""
    lost = rung.left.total()
    bands = [Band(lost, "left", _lost_words(rung))] if lost else []
    return [*bands, Band(rung.aside, "aside", "RL prompts, for one direct try only")] if rung.aside else bands


def _lost_words(rung: Rung) -> str:
    """The place and as many reasons as fit beside the band."""
    words = f"left {_place(rung)}"
    for n, (reason, count) in enumerate(rung.left.most_common()):
        longer = f"{words}{',' if n else ':'} {count:,} {spoken(reason)}"
        if len(longer) > _WORDS:
            return f"{words}, …" if n else clip(longer, _WORDS)
        words = longer
    return words


def _place(rung: Rung) -> str:
    kind, _, number = rung.key.partition(" ")
    if kind == "reflection":
        return f"in reflection {number}"
    return {"direct": "at the direct try", "diagnosis": "at diagnosis"}.get(kind, "step by step")


def _thick(count: int, scale: float) -> float:
    return max(count * scale, 1.5) if count else 0.0


def _slot(count: int, scale: float) -> float:
    """Room for a band and for one line of text beside it."""
    return max(_thick(count, scale), _SLOT)


def _extent(rungs: Sequence[Rung], scale: float) -> float:
    """The height that all bands need where they end, and at least that of every node where it stands."""
    bands = [b for r in rungs for b in (*_passing(r), *_leaving(r))]
    return max(sum(_slot(b.count, scale) + _GAP for b in bands), _thick(rungs[0].entered, scale) + _GAP)


def _peel(picture: FunnelPicture, band: Band, scale: float, x: float, y: float, lane: float, ends: float) -> float:
    """One band from its place in a node to the lane it keeps; returns where the next slice of the node begins."""
    thick = _thick(band.count, scale)
    middle = lane + (_slot(band.count, scale) - thick) / 2
    bend = x + _NODE + 90
    path = _ribbon(x + _NODE, y, bend, middle, thick, ends)
    picture.ribbons.append(Ribbon(path, band.tone, f"{band.count} {band.words}"))
    centre = lane + _slot(band.count, scale) / 2
    picture.labels.append(Label(ends + 10, centre, f"{band.count:,}", band.words, band.tone))
    return y + thick


def _ribbon(x0: float, y0: float, x1: float, y1: float, thick: float, on: float | None = None) -> str:
    """From (x0, y0) to (x1, y1) in one bend, then straight to `on`."""
    end = x1 if on is None else max(on, x1)
    mid = (x0 + x1) / 2
    return (
        f"M{x0:.1f} {y0:.1f}C{mid:.1f} {y0:.1f} {mid:.1f} {y1:.1f} {x1:.1f} {y1:.1f}H{end:.1f}V{y1 + thick:.1f}H{x1:.1f}"
        f"C{mid:.1f} {y1 + thick:.1f} {mid:.1f} {y0 + thick:.1f} {x0:.1f} {y0 + thick:.1f}Z"
    )
