"""The pages in a real headless Chromium: both widths, both themes, no complaint, nothing sideways, and controls that work."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from pipeline.output.record import identifiers
from pipeline.views.compare import comparison_page
from pipeline.views.comparison import side_by_side
from pipeline.views.inspection.page import inspection_page
from pipeline.views.report import report
from pipeline.views.show_page import show_page
from pipeline.views.tables.reading import read
from stages.policy import Policy
from stages.rungs import read_recipe
from tests.screening.inspected import inspected
from tests.views.made_ladders import MIXED, best_of_only, mixed

pytestmark = pytest.mark.slow
WIDTHS, THEMES = (390, 1280), ("light", "dark")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("these tests need `chromium` on PATH (apt-get install chromium); they are not part of `make test`")
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(build: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    here, best, mix = read(build), best_of_only(folder / "best_of"), mixed(folder / "mixed")
    return {
        "report": report(build),
        "best_of": report(best),
        "mixed": report(mix),
        "ladders": comparison_page(side_by_side(here, read(best)), folder / "ladders.html"),
        "show": show_page(build, next(iter(identifiers(build))), folder / "show.html"),
        "compare": comparison_page(side_by_side(here, here), folder / "compare.html"),
        "inspect": inspection_page(inspected(folder), folder / "inspect.html"),
    }


def opened(context: BrowserContext, address: str) -> tuple[Page, list[str]]:
    page, complaints = context.new_page(), []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else complaints.append(r.url))
    page.goto(address)
    return page, complaints


@pytest.fixture
def desk(browser: Browser, pages: dict[str, Path]) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield opened(context, pages["report"].as_uri())[0]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["report", "show", "compare", "best_of", "mixed", "ladders", "inspect"])
def test_draws_without_complaint(
    browser: Browser, pages: dict[str, Path], tmp_path: Path, name: str, width: int, theme: str
) -> None:
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme) as context:  # type: ignore[arg-type]
        page, complaints = opened(context, pages[name].as_uri())
        over = page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
        shot = tmp_path / f"{name}-{width}-{theme}.png"
        page.screenshot(path=shot, full_page=True)
        hidden = page.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth).length")
    assert not complaints
    assert over <= 0
    assert hidden == 0
    with Image.open(shot) as image:
        assert image.width == width
        assert (sum(image.convert("RGB").getpixel((2, 2))) < 200) == (theme == "dark")  # type: ignore[arg-type]
        assert len(image.convert("RGB").getcolors(1 << 24) or []) > 200


def test_the_flow_fits_the_screen(browser: Browser, pages: dict[str, Path]) -> None:
    for width, shown, other in ((390, ".flow-narrow", ".flow-wide"), (1280, ".flow-wide", ".flow-narrow")):
        with browser.new_context(viewport={"width": width, "height": 900}) as context:
            page, _ = opened(context, pages["report"].as_uri())
            assert page.locator(shown).is_visible()
            assert not page.locator(other).is_visible()


@pytest.mark.parametrize("theme", THEMES)
def test_modes_have_the_colours_of_their_rungs(browser: Browser, pages: dict[str, Path], theme: str) -> None:
    recipe = read_recipe(Policy(ladder=MIXED))
    with browser.new_context(color_scheme=theme) as context:  # type: ignore[arg-type]
        page, _ = opened(context, pages["mixed"].as_uri())
        for rung in recipe.rungs:
            hexes = getattr(rung.look, theme)
            colour = f"rgb({', '.join(str(int(hexes[i : i + 2], 16)) for i in (1, 3, 5))})"
            assert page.locator(f"#mode-{rung.mode} .dot rect").evaluate("e => getComputedStyle(e).fill") == colour


def test_a_phone_stacks_the_stories(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.new_context(viewport={"width": 390, "height": 900}) as context:
        page, _ = opened(context, pages["report"].as_uri())
        over = page.locator(".strip").evaluate_all("all => Math.max(...all.map(s => s.scrollWidth - s.clientWidth))")
        lefts = page.locator("#mode-multistep .beat").evaluate_all(
            "all => all.map(b => b.getBoundingClientRect().left)"
        )
    assert over <= 0
    assert len(set(lefts)) == 1


def test_the_filter_leaves_what_was_asked_for(desk: Page) -> None:
    samples = desk.locator("article.sample:visible")
    everything = samples.count()
    desk.select_option("#filter [name=mode]", "reflection")
    assert 0 < samples.count() < everything
    assert set(samples.evaluate_all("all => all.map(s => s.dataset.mode)")) == {"reflection"}
    assert not desk.locator("#mode-direct").is_visible()
    desk.click("#filter button")
    expect(samples).to_have_count(everything)
    desk.select_option("#filter [name=reason]", "refused")
    assert set(samples.evaluate_all("all => all.map(s => s.dataset.reason)")) == {"refused"}
    desk.click("#filter button")
    wanted = str(desk.locator("article.sample").nth(5).get_attribute("id"))
    desk.fill("#filter [name=words]", wanted[:12])
    assert samples.evaluate_all("all => all.map(s => s.id)") == [wanted]
    assert "1 of" in desk.locator("#filter output").inner_text()
    desk.fill("#filter [name=words]", f"#{wanted[:12]}")
    assert samples.count() == 1
    row = str(desk.locator("article.sample").nth(5).get_attribute("data-row"))
    desk.fill("#filter [name=words]", row)
    assert wanted in samples.evaluate_all("all => all.map(s => s.id)")
    desk.fill("#filter [name=words]", "no such words anywhere")
    assert samples.count() == 0
    assert desk.locator("#filter output").inner_text() == "No sample fits; Show all brings them back."


def test_a_permalink_leads_to_its_sample_even_through_a_filter(desk: Page) -> None:
    link = desk.locator("#mode-multistep .permalink").first
    wanted = str(link.get_attribute("href"))
    link.click()
    assert desk.url.endswith(wanted)
    desk.select_option("#filter [name=mode]", "direct")
    assert not desk.locator(wanted).is_visible()
    desk.evaluate("location.hash = ''")
    desk.evaluate(f"location.hash = '{wanted[:14]}'")
    desk.locator(f"[id='{wanted[1:]}']").wait_for(state="visible")
    assert desk.locator(f"[id='{wanted[1:]}']").evaluate("s => Math.abs(s.getBoundingClientRect().top)") < 60


def test_it_is_whole_without_script(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 900}) as context:
        page, _ = opened(context, pages["report"].as_uri())
        assert not page.locator("#filter").is_visible()
        assert page.locator("article.sample").count() == page.locator("article.sample:visible").count() > 16
        page.locator("#mode-reflection details summary").first.click()
        assert page.locator("#mode-reflection details[open]").count() == 1


def test_the_keyboard_reaches_strips_and_shows_where_it_is(desk: Page) -> None:
    strip = desk.locator("#mode-multistep .strip").first
    strip.focus()
    desk.keyboard.press("ArrowRight")
    expect(strip).not_to_have_js_property("scrollLeft", 0)
    assert strip.evaluate("s => getComputedStyle(s).outlineStyle") == "solid"
