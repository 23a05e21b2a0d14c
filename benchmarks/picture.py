"""The README's picture: the report of a build as a browser shows it. In: a build's folder, a file to write. Out: a PNG.

The head of the page and the flow of the ladder stand above one multi-step story, cut to `STORY` pixels.
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

WIDTH, STORY, GAP = 1280, 640, 24


def shots(page: Page) -> list[Image.Image]:
    """Screenshots of the head of the page, and of a multi-step story. Raises ValueError for a report without a flow."""
    story = page.locator("article[data-mode=multistep]").first
    flow = page.locator("svg.funnel").locator("xpath=ancestor::div[contains(@class, 'card')][1]").bounding_box()
    if flow is None:
        raise ValueError("the report shows no flow")
    story_shot = story.screenshot()
    page.set_viewport_size({"width": WIDTH, "height": round(flow["y"] + flow["height"])})
    page.evaluate("scrollTo(0, 0)")
    both = (page.screenshot(), story_shot)
    head, below = (Image.open(io.BytesIO(shot)).convert("RGB") for shot in both)
    return [head, below.crop((0, 0, below.width, min(below.height, STORY)))]


def picture(out: Path, target: Path) -> None:
    """Write the picture of `out`'s report. Raises FileNotFoundError without a Chromium or a report."""
    chromium = shutil.which("chromium")
    if chromium is None or not (out / "report.html").is_file():
        raise FileNotFoundError(f"this needs chromium on PATH and {out}/report.html; run make build-dataset first")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
        page.goto((out / "report.html").resolve().as_uri())
        parts = shots(page)
        ground = parts[0].getpixel((2, 2))
        browser.close()
    whole = Image.new("RGB", (WIDTH, sum(p.height + GAP for p in parts)), ground)
    top = 0
    for part in parts:
        whole.paste(part, ((WIDTH - part.width) // 2, top))
        top += part.height + GAP
    target.parent.mkdir(parents=True, exist_ok=True)
    whole.save(target, optimize=True)  # a palette would change the colours that the story speaks of


if __name__ == "__main__":
    picture(Path(sys.argv[1]), Path(sys.argv[2]))
