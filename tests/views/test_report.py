"""The report: self-contained, small, and every foreign word in it is text."""

import base64
import hashlib
import io
import json
import re
import shutil
from pathlib import Path

import pytest
from markupsafe import Markup
from PIL import Image

from pipeline.output.record import Recorded
from pipeline.output.share import Share
from pipeline.output.truth_figures import TruthFigures
from pipeline.screening.dropped import Dropped, ScreenedRow, write_screened
from pipeline.sources.bad_row import Place
from pipeline.views import report as module
from pipeline.views.gallery import Exhibit, Section, fit
from pipeline.views.report import CAP, report
from pipeline.views.story import stories, story_of
from pipeline.views.tables import reading
from stages.policy import Policy
from stages.rungs import read_recipe
from stages.trajectory import Trajectory
from tests.views.made_build import Build
from tests.views.made_ladders import best_of_only, mixed
from tests.views.page import Page

RECIPE = read_recipe(Policy())
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
            assert str(attrs.get(name, "#")).startswith(("data:image/webp;base64,", "#"))
        assert not any(name.startswith("on") or name == "style" for name in attrs)
    assert not any(OUTSIDE.match(v or "") for _, attrs in page.tags for v in attrs.values())
    assert "url(" not in html
    assert "@import" not in html
    assert page.all("script") == [{}]
    assert not page.all("link") + page.all("iframe")


def test_policy_allows_only_its_own_style_and_script(page: Page, html: str) -> None:
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    for tag in ("style", "script"):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert inside is not None
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_every_picture_says_what_it_is_and_is_small(page: Page) -> None:
    pictures = page.all("img")
    assert len(pictures) > 40
    for attrs in pictures:
        assert len(attrs["alt"] or "") > 5
        with Image.open(io.BytesIO(base64.b64decode((attrs["src"] or "").partition(",")[2]))) as image:
            assert max(image.size) <= 256
            assert image.format == "WEBP"
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
    assert page.all("script") == [{}]
    assert all(str(i["src"]).startswith("data:") for i in page.all("img"))
    assert html.count("</style>") == html.count("</script>") == 1
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
    build = Build(tmp_path, side=400, noise=127)
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


def test_truth_is_told_where_it_is_known(build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = shutil.copytree(build, tmp_path / "demo")
    assert 'id="truth"' not in report(out).read_text(encoding="utf-8")
    direct, quality, needless = {"direct": Share(50, 50)}, {"quality": Share(1, 9)}, {"all": Share(3, 30)}
    kept = [s.id for s in stories(build, RECIPE) if s.trained and s.fate == "kept" and s.mode == "reflection"]
    wrong, needing = ("0" * 64, kept[-1]), (kept[-2],)
    known = TruthFigures(Share(90, 100), direct, quality, {}, needless, Share(0, 0), ("A note.",), wrong, needing)
    monkeypatch.setattr(reading, "truth_figures", lambda *_: known)
    page = Page(report(out).read_text(encoding="utf-8"))
    for words in (
        "90.0 % 82.6–94.5, 90 of 100",
        "below the 97 % aimed for",
        "Needless thinking: in 10.0 %",
        "Not measured in this build: false fails, trained critiques",
        "A note.",
        f"Accepted, but not right: {'0' * 16} , {kept[-1][:16]}",
        f"Thought needlessly: {kept[-2][:16]}",
        "x2i show DIR ID",
    ):
        assert words in page.text
    shown = [str(a["id"]) for a in page.all("article")]
    assert {kept[-1], kept[-2]} <= set(shown)
    assert {f"#{kept[-1]}", f"#{kept[-2]}"} <= {a["href"] for a in page.all("a")}


@pytest.mark.parametrize(
    ("error", "words"),
    [(FileNotFoundError("x"), "images that the truth speaks of are gone"), (KeyError("k"), "damaged (")],
)
def test_truth_that_cannot_be_measured_is_said(
    build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(reading, "truth_figures", fails)
    text = Page(report(shutil.copytree(build, tmp_path / "demo")).read_text(encoding="utf-8")).text
    assert "Truth Not measured: " in text
    assert words in text


def test_an_older_output_says_what_it_does_not_know(tmp_path: Path) -> None:
    build = Build(tmp_path, side=16)
    build.add(build.chain(Trajectory(build.sample(), 0), 1, True).accept("reflection"))
    text = Page(report(build.write()).read_text(encoding="utf-8")).text
    assert "Each image was judged once" in text
    assert "no ledger of its calls" in text


def test_tells_agreement_and_ledger(page: Page) -> None:
    for words in ("First and repeated judgement", "First and second judge", "AC1", "not reported", "RateLimited"):
        assert words in page.text
    assert "in vain" in page.text


def test_every_loss_leads_to_its_sample(page: Page) -> None:
    shown = {a["id"] for a in page.all("article")}
    links = {str(a["href"])[1:] for a in page.all("a")}
    assert shown <= links
    assert {link for link in links if len(link) == 32} == shown
    assert sum("see " in w and "in the gallery" in w for w in page.words) >= 4


def test_every_id_is_there_once_and_every_link_has_its_end(page: Page) -> None:
    ids = [str(attrs["id"]) for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {str(a["href"])[1:] for a in (*page.all("a"), *page.all("use"))} <= set(ids)


def test_an_empty_build_has_a_page(tmp_path: Path) -> None:
    assert "None in this build" in report(Build(tmp_path).write()).read_text(encoding="utf-8")


def test_an_unfinished_build_has_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        report(tmp_path)


def test_sections_shrink_evenly_to_nothing(tmp_path: Path) -> None:
    build = Build(tmp_path, side=16)
    row = Recorded(build.chain(Trajectory(build.sample(), 0), 0, True), "kept")
    shown = Exhibit(story_of(row, RECIPE), Markup("x" * 10))
    sections = [Section("direct", 2, [shown, shown]), Section("discarded", 1, [shown])]
    assert fit(sections, 29) == 20
    assert [len(s.exhibits) for s in sections] == [1, 1]
    assert fit(sections, 0) == 0
    assert fit(sections, -1) == 0


def test_no_sample_is_shown_twice(html: str) -> None:
    ids = re.findall(r'<article class="card sample" id="([0-9a-f]+)"', html)
    assert len(ids) == len(set(ids)) > 16


def test_a_ladder_of_one_rung_has_a_report_of_its_own(tmp_path: Path) -> None:
    page = Page(report(best_of_only(tmp_path)).read_text("utf-8"))
    for words in (
        "the best of several direct tries",
        "accepted among several direct tries",
        "Best of n",
        "unsolved",
        "chosen",
    ):
        assert words in page.text
    for words in ("Reflection 1", "Multi-step", "solved directly"):
        assert words not in page.text
    shown = {str(a["data-mode"]) for a in page.all("article")}
    assert shown == {"best_of", "discarded"}


def test_a_mixed_ladder_shows_every_rung_a_strangers_too(tmp_path: Path) -> None:
    html = report(mixed(tmp_path)).read_text("utf-8")
    page = Page(html)
    for words in (
        "Mine & yours",
        "by a rung of one's own",
        "accepted on a rung of one's own",
        "image of mine",
        "attempt 2 of best of",
    ):
        assert words in page.text
    assert "--mode-quality: #335577" in html
    ids = [str(attrs["id"]) for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids)), "a mode called like a section of the page has another anchor"
    assert {"quality", "mode-quality"} <= set(ids)
    for _, attrs in page.tags:
        for tone in re.findall(r"\b[tfs]-mode-\w+", str(attrs.get("class") or "")):
            assert f".{tone}" in html


def test_rows_that_stayed_out_are_counted_and_the_first_ones_shown(build: Path, tmp_path: Path) -> None:
    shutil.copytree(build, tmp_path / "b")
    run = json.loads((tmp_path / "b" / "run.json").read_text("utf-8"))
    assert "Left out before it cost anything" not in report(tmp_path / "b").read_text("utf-8")
    counts = {"contaminated": 4, "sample": 9}
    (tmp_path / "b" / "run.json").write_text(json.dumps(run | {"left_out": counts}))
    screened = (
        ScreenedRow(
            "s", Place("a.jsonl", n, n), str(n), f"prompt {n} {HOSTILE}", Dropped("contaminated", f"is row {n}")
        )
        for n in range(4)
    )
    write_screened(screened, tmp_path / "b" / "screened.parquet")
    html = report(tmp_path / "b").read_text("utf-8")
    section = html[html.index('id="left-out"') : html.index("</section>", html.index('id="left-out"'))]
    assert re.findall(r'<th scope="row">(.*?)</th><td class="n" data-is="rows">(\d+)', section) == [
        ("sample", "9"),
        ("contaminated", "4"),
    ]
    assert [f"prompt {n} " in section for n in range(4)] == [True, True, True, False]
    assert "s, a.jsonl: row 1: is row 1" in section
    assert "<script" not in section
