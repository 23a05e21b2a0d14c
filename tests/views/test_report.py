"""The report: self-contained, small, and every foreign word in it is text."""

import base64
import hashlib
import io
import re
import shutil
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.views import report as module
from pipeline.views.gallery import Frame, Section, drop_one
from pipeline.views.report import CAP, report
from pipeline.views.stories import Story
from pipeline.world.scene import Scene
from pipeline.world.truth import Truth
from stages.records import Trajectory
from tests.views.made_build import Build
from tests.views.page import Page

OUTSIDE = re.compile(r"^\s*(https?:|//|file:|ftp:)", re.IGNORECASE)
HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7*7 }} \x1b[31m\u202e \"'"


@pytest.fixture(scope="module")
def html(build: Path) -> str:
    return report(build).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_asks_nobody_for_anything(page: Page, html: str) -> None:
    for _, attrs in page.tags:
        for name in ("src", "href", "srcset", "data", "action", "poster", "xlink:href"):
            assert str(attrs.get(name, "#")).startswith(("data:image/jpeg;base64,", "#"))
        assert not any(name.startswith("on") or name == "style" for name in attrs)
    assert not any(OUTSIDE.match(v or "") for _, attrs in page.tags for v in attrs.values())
    assert "url(" not in html
    assert "@import" not in html
    assert not page.all("script") + page.all("link") + page.all("iframe")


def test_policy_allows_only_its_own_style(page: Page, html: str) -> None:
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in policy
    assert "unsafe" not in policy


def test_every_picture_says_what_it_is_and_is_small(page: Page) -> None:
    pictures = page.all("img")
    assert len(pictures) > 40
    for attrs in pictures:
        assert len(attrs["alt"] or "") > 5
        with Image.open(io.BytesIO(base64.b64decode((attrs["src"] or "").partition(",")[2]))) as image:
            assert max(image.size) <= 256
            assert image.format == "JPEG"
    assert any("rejected" in (attrs["alt"] or "") for attrs in pictures)
    assert any("Reference 1 of" in (attrs["alt"] or "") for attrs in pictures)


def test_tells_funnel_marks_and_reasons(page: Page) -> None:
    for words in (
        "120 planned samples",
        "Reflection 3",
        "loss on",
        "loss off",
        "pruned",
        "missing knowledge",
        "Multi-step",
    ):
        assert words in page.text
    drawing = next(s for s in page.all("svg") if s.get("class") == "funnel")
    assert drawing["role"] == "img"
    assert sum(tag == "article" for tag, _ in page.tags) >= 16


def test_same_build_same_page(build: Path, html: str) -> None:
    assert report(build).read_text(encoding="utf-8") == html
    assert [p.name for p in build.iterdir() if p.name.startswith("report")] == ["report.html"]


def test_foreign_words_are_text(tmp_path: Path) -> None:
    build = Build(tmp_path, side=48)
    sample = build.sample(instruction=HOSTILE, category=HOSTILE, explanation=HOSTILE, source=HOSTILE)
    build.add(build.chain(Trajectory(sample, 0), 1, True).accept("reflection"))
    build.add(Trajectory(build.sample(), 1).discard("refused", HOSTILE), "discarded")
    build.write(name=HOSTILE, models={HOSTILE: HOSTILE})
    html = report(tmp_path).read_text(encoding="utf-8")
    page = Page(html)
    assert not page.all("script")
    assert all(str(i["src"]).startswith("data:") for i in page.all("img"))
    assert html.count("</style>") == 1
    assert "alert(1)" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "\x1b" not in html
    assert "\u202e" not in html


def test_drops_samples_until_it_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = Build(tmp_path, side=256, noise=120)
    for rank in range(12):
        build.add(build.stepped(Trajectory(build.sample(), rank), 2))
    build.write()
    monkeypatch.setattr(module, "CAP", 1_000_000)
    path = report(tmp_path)
    assert path.stat().st_size <= 1_000_000
    assert 1 <= path.read_text(encoding="utf-8").count("<article") < 8
    monkeypatch.setattr(module, "CAP", 10_000)
    with pytest.raises(ValueError, match="without any sample"):
        report(tmp_path)


def test_many_large_noisy_images_stay_below_the_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = Build(tmp_path, side=700, noise=127)
    noisy = [build.image() for _ in range(4)]
    monkeypatch.setattr(build, "image", lambda side=None: noisy[build.random.randrange(4)])
    for rank in range(40):
        t = Trajectory(build.sample(references=tuple(noisy)), rank)
        build.add(build.chain(t, 3, True).accept("reflection") if rank % 2 else build.stepped(t, 5))
    assert report(build.write()).stat().st_size <= CAP


def test_a_lost_image_is_said_not_fatal(tmp_path: Path) -> None:
    build = Build(tmp_path, side=48)
    build.add(build.chain(Trajectory(build.sample(), 0), 0, True).accept("direct"))
    build.write()
    shutil.rmtree(tmp_path / "store")
    assert "is not in the store" in Page(report(tmp_path).read_text(encoding="utf-8")).text


def test_truth_is_told_where_it_is_known(tmp_path: Path) -> None:
    build = Build(tmp_path, side=256)
    t = build.add(build.chain(Trajectory(build.sample(references=()), 0), 0, True).accept("direct"))
    build.write()
    assert "truly right" not in report(tmp_path).read_text(encoding="utf-8")
    truth = Truth(Scene("white"), clauses=1, exotic=False, cause="prompt_too_complex")
    pq.write_table(pa.table({"id": [t.sample.id], "truth": [truth.dump()]}), tmp_path / "truth.parquet")
    assert "Accepted samples truly right: 0 of 1" in Page(report(tmp_path).read_text(encoding="utf-8")).text
    shutil.rmtree(tmp_path / "store")
    assert "truly right" not in report(tmp_path).read_text(encoding="utf-8")


def test_an_empty_build_has_a_page(tmp_path: Path) -> None:
    assert "None in this build" in report(Build(tmp_path).write()).read_text(encoding="utf-8")


def test_an_unfinished_build_has_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        report(tmp_path)


def test_sections_shrink_evenly_to_nothing() -> None:
    frame = Frame(Story({}), {})
    sections = [Section("direct", 2, [frame, frame]), Section("discarded", 1, [frame])]
    assert drop_one(sections)
    assert [len(s.frames) for s in sections] == [1, 1]
    assert drop_one(sections)
    assert drop_one(sections)
    assert not drop_one(sections)


@pytest.mark.slow
def test_a_browser_draws_it_without_complaint(build: Path, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("this test needs `chromium` on PATH (apt-get install chromium); it is not part of `make test`")
    picture = tmp_path / "report.png"
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--enable-logging=stderr",
        "--v=0",
    ]
    run = subprocess.run(
        [chromium, *flags, f"--user-data-dir={tmp_path}/profile", f"--screenshot={picture}", "--window-size=1280,3000",
         f"file://{report(build)}"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "CONSOLE" not in run.stderr  # a blocked style, image or script would be logged
    with Image.open(picture) as image:
        assert image.size == (1280, 3000)
        assert len(image.convert("RGB").getcolors(1 << 24) or []) > 500


def test_no_sample_is_shown_twice(html: str) -> None:
    ids = re.findall(r'<p class="meta"><code>([0-9a-f]+)</code>', html)
    assert len(ids) == len(set(ids)) > 16
