"""The ladder drawn as one flow: a band as high as its samples enters on the left and is split station by station.

In: the counts of the stations (`pipeline.output.funnel`). Out: a `FunnelPicture` of ribbons and labels in pixels, which the
template draws as SVG; and `stairs`, the same for a narrow screen. What passes peels off at the top, what leaves at the bottom, so
the heights on the right add up to the height on the left: nothing gets lost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.output.funnel import StationCount
from pipeline.views.looks import mode_tone
from pipeline.views.text import clip, spoken

_LEFT, _TITLE, _NODE, _BEND = 8.0, 18.0, 8.0, 90.0
_FLOW, _SLOT, _GAP, _STOREY = 200.0, 19.0, 7.0, 40.0
_WIDTH, _LABELS, _WORDS, _LONGEST = 1160.0, 462.0, 64, 24
_LETTER = 8.0
"""How wide a letter of a station's title is, about."""


@dataclass(frozen=True)
class Ribbon:
    """A closed path in a tone (`active`, that of a mode, `aside` or `left`)."""

    path: str
    tone: str
    title: str


@dataclass(frozen=True)
class FunnelNode:
    """A station: a bar at its place, with its name and count above, the name's baseline at `title_y`."""

    x: float
    y: float
    height: float
    title_y: float
    title: str
    entered: int


@dataclass(frozen=True)
class FunnelLabel:
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
    node: float = _NODE
    ribbons: list[Ribbon] = field(default_factory=list)
    nodes: list[FunnelNode] = field(default_factory=list)
    labels: list[FunnelLabel] = field(default_factory=list)


@dataclass(frozen=True)
class Band:
    """So many samples that leave a station together: their tone, and where they go in words."""

    count: int
    tone: str
    words: str


@dataclass(frozen=True)
class Stair:
    """A station read from top to bottom: what leaves it, and how many climb on."""

    title: str
    entered: int
    bands: list[Band]
    onward: int


def draw(stations: Sequence[StationCount]) -> FunnelPicture:
    """The picture of these stations; those that nobody entered are left out after the first."""
    shown = _shown(stations)
    picture = FunnelPicture()
    scale = _FLOW / max(shown[0].entered, 1)
    column = (_WIDTH - _LABELS - _LEFT) / len(shown)
    ends = _WIDTH - _LABELS
    storeys = _storeys(shown, column)
    top = head = _TITLE + _STOREY * storeys
    bottom = head + _extent(shown, scale)
    picture.height = bottom + 10
    for n, count in enumerate(shown):
        x = _LEFT + n * column
        height = _thick(count.entered, scale)
        title = clip(count.station.title, _LONGEST)
        picture.nodes.append(FunnelNode(x, top, height, _TITLE + _STOREY * (n % storeys), title, count.entered))
        y = top
        for band in _passing(count):
            y = _peel(picture, band, scale, x, y, top, ends)
            top += _slot(band.count, scale) + _GAP
        foot = y + _thick(count.went_on, scale) + sum(_thick(b.count, scale) for b in _leaving(count))
        for band in _leaving(count):
            bottom -= _slot(band.count, scale)
            foot -= _thick(band.count, scale)
            _peel(picture, band, scale, x, foot, bottom, ends)
            bottom -= _GAP
        if count.went_on and n + 1 < len(shown):
            thick = _thick(count.went_on, scale)
            path = _ribbon(x + _NODE, y, x + column, top, thick)
            picture.ribbons.append(Ribbon(path, "active", f"{count.went_on} climb on"))
    return picture


def stairs(stations: Sequence[StationCount]) -> list[Stair]:
    """The same flow for a narrow screen: station under station."""
    return [
        Stair(c.station.title, c.entered, [*_passing(c), *reversed(_leaving(c))], c.went_on) for c in _shown(stations)
    ]


def _shown(stations: Iterable[StationCount]) -> list[StationCount]:
    return [count for n, count in enumerate(stations) if n == 0 or count.entered]


def _storeys(shown: Sequence[StationCount], column: float) -> int:
    """Over how many lines the titles are spread, in turn, so that neighbours do not touch."""
    letters = max(len(words) for c in shown for words in (c.station.title[:_LONGEST], f"{c.entered:,} entered"))
    return max(1, -(-int(letters * _LETTER) // int(column)))


def _passing(count: StationCount) -> list[Band]:
    if not count.passed:
        return []
    share = f"{100 * count.passed / count.climbing:.0f} % of {count.climbing:,}"
    return [Band(count.passed, mode_tone(count.mode), clip(f"accepted {count.station.place}, {share}", _WORDS))]


def _leaving(count: StationCount) -> list[Band]:
    """Listed from the lowest lane up."""
    lost = count.left.total()
    bands = [Band(lost, "left", _lost_words(count))] if lost else []
    return [*bands, Band(count.stopped, "aside", "RL prompts, whose climb ends here")] if count.stopped else bands


def _lost_words(count: StationCount) -> str:
    """The place and as many reasons as fit beside the band."""
    words = f"left {count.station.place}"
    for n, ((_, reason), lost) in enumerate(count.left.most_common()):
        longer = f"{words}{',' if n else ':'} {lost:,} {spoken(reason)}"
        if len(longer) > _WORDS:
            return f"{words}, …" if n else clip(longer, _WORDS)
        words = longer
    return words


def _thick(count: int, scale: float) -> float:
    return max(count * scale, 1.5) if count else 0.0


def _slot(count: int, scale: float) -> float:
    """Room for a band and for one line of text beside it."""
    return max(_thick(count, scale), _SLOT)


def _extent(shown: Sequence[StationCount], scale: float) -> float:
    """The height that all bands need where they end, and at least that of every node where it stands."""
    bands = [b for count in shown for b in (*_passing(count), *_leaving(count))]
    return max(sum(_slot(b.count, scale) + _GAP for b in bands), _thick(shown[0].entered, scale) + _GAP)


def _peel(picture: FunnelPicture, band: Band, scale: float, x: float, y: float, lane: float, ends: float) -> float:
    """One band from its place in a node to the lane it keeps; returns where the next slice of the node begins."""
    thick = _thick(band.count, scale)
    middle = lane + (_slot(band.count, scale) - thick) / 2
    bend = min(x + _NODE + _BEND, ends)
    path = _ribbon(x + _NODE, y, bend, middle, thick, ends)
    picture.ribbons.append(Ribbon(path, band.tone, f"{band.count} {band.words}"))
    centre = lane + _slot(band.count, scale) / 2
    picture.labels.append(FunnelLabel(ends + 10, centre, f"{band.count:,}", band.words, band.tone))
    return y + thick


def _ribbon(x0: float, y0: float, x1: float, y1: float, thick: float, on: float | None = None) -> str:
    """From (x0, y0) to (x1, y1) in one bend, then straight to `on`."""
    end = x1 if on is None else max(on, x1)
    mid = (x0 + x1) / 2
    return (
        f"M{x0:.1f} {y0:.1f}C{mid:.1f} {y0:.1f} {mid:.1f} {y1:.1f} {x1:.1f} {y1:.1f}H{end:.1f}V{y1 + thick:.1f}H{x1:.1f}"
        f"C{mid:.1f} {y1 + thick:.1f} {mid:.1f} {y0 + thick:.1f} {x0:.1f} {y0 + thick:.1f}Z"
    )
