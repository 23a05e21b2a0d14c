"""From a matplotlib figure to inline SVG that obeys a strict page: no style, no foreign name, colours by class.

In: a figure drawn with the sentinel colours of `ink`, its title and description. Out: SVG markup. Each sentinel becomes a class
(`f-NAME` for fills, `s-NAME` for strokes), so that one drawing serves the light and the dark theme.
"""

import io
import re
from collections.abc import Iterator
from hashlib import sha256
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.views.looks import is_mode_tone

WIDTH, TEXT = 360.0, 13.0
_POINTS = 72.0
_TONES = (
    *("ink", "soft", "line", "track", "paper", "rl", "lost", "failed", "on", "bad", "image", "text"),
    *("score-1", "score-2", "score-3", "score-4", "score-5", "axis-1", "axis-2", "axis-3", "axis-4"),
)
_HEX = {tone: f"#5e{n:02x}e5" for n, tone in enumerate(_TONES)}
_NAMES = {colour: tone for tone, colour in _HEX.items()}
_KEPT = ("stroke-width", "stroke-dasharray", "stroke-linecap", "font-size", "font-weight", "text-anchor")
_XLINK = "{http://www.w3.org/1999/xlink}href"


def ink(tone: str) -> str:
    """The sentinel of a tone: one of the page's own, or that of a mode. Raises KeyError for any other."""
    if not is_mode_tone(tone):
        return _HEX[tone]
    colour = (
        f"#{sha256(tone.encode()).hexdigest()[:6]}"  # by its name alone, so that a chart is the same in every process
    )
    _NAMES[colour] = tone
    return colour


def sheet(height: float) -> Figure:
    """An empty figure, `WIDTH` units wide and `height` units high; a unit is a CSS pixel at full size."""
    return Figure(figsize=(WIDTH / _POINTS, height / _POINTS), dpi=_POINTS, frameon=False)


def plot(figure: Figure, left: float, right: float, top: float, bottom: float) -> Axes:
    """Bare axes with these margins in units: no frame, no ticks, no background."""
    high = figure.get_figheight() * _POINTS
    box = (left / WIDTH, bottom / high, (WIDTH - left - right) / WIDTH, (high - top - bottom) / high)
    axes = figure.add_axes(box, frameon=False)
    axes.set_xticks([])
    axes.set_yticks([])
    return axes


def svg(figure: Figure, key: str, title: str, description: str) -> Markup:
    """The figure as SVG. `key` keeps its ids apart from those of other charts of the page.

    Raises ValueError for a colour that is no sentinel: it would be wrong in one of the themes.
    """
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": key}):
        figure.savefig(file, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    drawn = ElementTree.fromstring(file.getvalue())
    root = ElementTree.Element("svg", {"class": "chart", "viewBox": drawn.get("viewBox", ""), "role": "img"})
    root.set("aria-labelledby", f"{key}-title {key}-desc")
    for name, words in (("title", title), ("desc", description)):
        ElementTree.SubElement(root, name, {"id": f"{key}-{name}"}).text = words
    for child in drawn:
        root.extend(list(_kept(child, key)))
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _kept(node: ElementTree.Element, key: str) -> Iterator[ElementTree.Element]:
    """`node` with what a page allows, groups dissolved."""
    name = node.tag.rpartition("}")[2]
    if name in ("metadata", "style"):
        return
    children = [kept for child in node for kept in _kept(child, key)]
    if name in ("g", "defs"):
        yield from children
        return
    copy = ElementTree.Element(name, _attributes(node, key))
    copy.text = node.text
    copy.extend(children)
    if name == "path" and node.get("id"):
        holder = ElementTree.Element("defs")
        holder.append(copy)
        yield holder
        return
    yield copy


def _attributes(node: ElementTree.Element, key: str) -> dict[str, str]:
    style = dict(part.split(":", 1) for part in node.get("style", "").split(";") if ":" in part)
    style = {name.strip(): value.strip() for name, value in style.items()}
    attributes: dict[str, str] = {n: _short(node.attrib[n]) for n in ("d", "x", "y") if n in node.attrib}
    attributes |= {n: style[n] for n in _KEPT if n in style}
    if "id" in node.attrib:
        attributes["id"] = f"{key}-{node.attrib['id']}"
    if _XLINK in node.attrib:
        attributes["href"] = f"#{key}-{node.attrib[_XLINK].removeprefix('#')}"
    classes = [c for name, letter in (("fill", "f"), ("stroke", "s")) for c in _class(style.get(name), letter)]
    if style.get("fill") == "none":
        attributes["fill"] = "none"
    if classes:
        attributes["class"] = " ".join(classes)
    return attributes


def _class(colour: str | None, letter: str) -> list[str]:
    if colour in (None, "none"):
        return []
    if colour not in _NAMES:
        raise ValueError(f"a chart is drawn in {colour}, which is no tone of the page; use ink()")
    return [f"{letter}-{_NAMES[colour]}"]


def _short(numbers: str) -> str:
    """Coordinates to a hundredth of a unit, on one line."""
    rounded = re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), numbers)
    return " ".join(rounded.split())
