"""The charts: markup that a strict page takes, in colours that both themes have, legible in both."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.output.share import Share
from pipeline.views.charts.bars import Bar, BarPart, bars
from pipeline.views.charts.curves import Curve, curves
from pipeline.views.charts.ink import ink, plot, sheet, svg
from pipeline.views.charts.paths import YieldPath, paths
from pipeline.views.charts.whiskers import Dot, whiskers
from pipeline.views.looks import mode_looks
from pipeline.views.probe.probe import StyleFinding
from stages.policy import Policy
from stages.rungs import RUNGS, read_recipe

RECIPES = [read_recipe(Policy()), read_recipe(Policy(ladder=("best_of", "reflect")))]
LOOKS = mode_looks(*RECIPES)
CSS = Path("pipeline/templates/report.css").read_text("utf-8") + LOOKS.style
ALLOWED = {
    *("class", "viewBox", "role", "aria-labelledby", "id", "href", "d", "x", "y", "fill", "text-anchor"),
    *("stroke-width", "stroke-linecap", "stroke-dasharray", "font-size", "font-weight"),
}
AA = 4.5


def drawn() -> list[str]:
    shares = [Dot("A <b> $x_1$ & more", Share(3, 40), "mode-best_of"), Dot("all", Share(40, 40), "on")]
    return [
        str(
            bars(
                "b",
                "Bars",
                [Bar("one $", [BarPart(2, "mode-direct", "2"), BarPart(1, "score-3")], "3 calls"), Bar("none", [])],
            )
        ),
        str(whiskers("w", "Shares", shares)),
        str(paths("p", "Yield", "images", [YieldPath("A $", "axis-1", [(1.0, 0.4), (2.5, 0.7)])])),
        str(curves("c", "Means", ["first", "last"], [Curve("quality", "axis-3", [4.5, None])], (1, 3, 5))),
    ]


@pytest.mark.parametrize("markup", drawn())
def test_a_strict_page_takes_it(markup: str) -> None:
    root = ElementTree.fromstring(markup)
    assert {name for node in root.iter() for name in node.attrib} <= ALLOWED
    assert {node.tag for node in root.iter()} <= {"svg", "title", "desc", "path", "defs", "use", "text"}
    assert "#5e" not in markup
    assert "url(" not in markup
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    assert {str(n.get("href"))[1:] for n in root.iter("use")} <= set(ids)
    classes = {c for node in root.iter() for c in (node.get("class") or "").split()}
    assert not {c for c in classes if not re.search(rf"\.{c}\b[ ,]", CSS)}


def test_words_are_text_and_the_same_figure_is_the_same_markup() -> None:
    chart = drawn()[1]
    assert "A &lt;b&gt; $x_1$ &amp; more" in chart
    assert "A <b> $x_1$ & more: 7.5 % (2.6-19.9, 3 of 40)" in ElementTree.fromstring(chart).findtext("desc", "")
    assert drawn()[1] == chart


def test_every_rung_of_the_package_is_tested_here() -> None:
    assert set(LOOKS.modes) == {rung.mode for rung in RUNGS.values()}


def test_a_mode_cannot_take_the_colour_of_something_else() -> None:
    """Its tone has a prefix, so a mode called `on` or `left` is no tone of the page's own."""
    assert ink("mode-on") != ink("on")
    assert ink("mode-on") == ink("mode-on")


def test_paths_without_a_point_are_none() -> None:
    assert paths("p", "Yield", "images", [YieldPath("A", "axis-1", [])]) is None


def test_a_colour_of_no_theme_is_refused() -> None:
    figure = sheet(20)
    plot(figure, 0, 0, 0, 0).plot([0, 1], [0, 1], color="red")
    with pytest.raises(ValueError, match="no tone of the page"):
        svg(figure, "k", "t", "d")
    with pytest.raises(KeyError):
        ink("red")


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=4))
def test_every_share_stays_inside_its_chart(counts: list[tuple[int, int]]) -> None:
    chart = whiskers("w", "t", [Dot(str(n), Share(a, a + b)) for n, (a, b) in enumerate(counts)])
    assert (chart is None) == all(a + b == 0 for a, b in counts)
    if chart is not None:
        places = [float(u.get("x", "nan")) for u in ElementTree.fromstring(chart).iter("use")]
        assert len(places) == sum(a + b > 0 for a, b in counts)
        assert all(0 <= x <= 360 for x in places)


def test_a_scale_goes_no_further_than_all() -> None:
    """Shares that are certain stand at the right end, and a rate that they are compared with is on the scale."""
    certain = Dot("all", StyleFinding(40, 1.0, 1.0, 1.0, ()))
    for around, least in ((None, "95 %"), (0.5, "50 %")):
        chart = ElementTree.fromstring(whiskers("w", "t", [certain], around) or "")
        ticks = [text for element in chart.iter("text") if (text := element.text or "").endswith(" %")]
        assert {least, "100 %", "100.0 %"} <= set(ticks)
        assert not [tick for tick in ticks if float(tick[:-2]) > 100]


def palettes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    tones = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]
    own, modes = tones[:3], tones[3:]
    return {name: a | b for name, a, b in zip(("light", "dark", "print"), own, modes, strict=True)}


def contrast(a: str, b: str) -> float:
    """WCAG 2.2, relative luminance and contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_text_is_legible_in_every_theme(theme: str) -> None:
    tone = palettes()[theme]
    words = ("ink", "soft", "faint", "bad", "on", "lead", "axis-1", "axis-2", "axis-3", "axis-4")
    pairs = [(word, ground) for word in words for ground in ("paper", "card")]
    pairs += [(word, "on-wash") for word in ("ink", "soft", "faint", "bad", "on")]
    pairs += [(word, "wash") for word in ("ink", "soft", "faint")]
    pairs += [("card", band) for band in ("on", "bad", "image", "text", *LOOKS.tones.values()) if band in tone]
    weak = {p: round(contrast(tone[p[0]], tone[p[1]]), 2) for p in pairs if contrast(tone[p[0]], tone[p[1]]) < AA}
    assert not weak


def test_all_themes_have_the_same_tones() -> None:
    light, dark, printed = palettes().values()
    assert set(light) == set(dark) == set(printed)
    assert set(re.findall(r"var\(--([\w-]+)\)", CSS)) <= set(light)
