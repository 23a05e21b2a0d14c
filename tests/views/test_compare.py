"""`compare` and `show --html`: the same figures in terminal and page, and no foreign word acts in either."""

import io
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pipeline.output.share import Share
from pipeline.output.truth_figures import TruthFigures
from pipeline.views.compare import comparison_page, delta, print_comparison
from pipeline.views.comparison import Comparison, Versus, side_by_side
from pipeline.views.show_page import show_page
from pipeline.views.stories import ids, stories
from pipeline.views.tables import reading
from pipeline.views.tables.reading import read
from stages.records import Trajectory
from tests.views.made_build import Build
from tests.views.page import Page

HOSTILE = "[bold red]x[/] </script><script>alert(1)</script> \x1b[31m\u202e"


@pytest.fixture(scope="module")
def other(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same build with a hostile name, another policy, and three samples fewer."""
    out = shutil.copytree(build, tmp_path_factory.mktemp("other") / "demo")
    run = json.loads((out / "run.json").read_text())
    run |= {"name": HOSTILE, "fingerprint": "0" * 64}
    run["manifest"]["policy"] = {"reflection_rounds": 3, "words": HOSTILE}
    (out / "run.json").write_text(json.dumps(run))
    return out


@pytest.fixture(scope="module")
def found(build: Path, other: Path) -> Comparison:
    return side_by_side(read(build), read(other))


def printed(found: Comparison, width: int = 100) -> str:
    file = io.StringIO()
    print_comparison(found, Console(file=file, width=width))
    return file.getvalue()


def test_a_build_equals_itself(build: Path) -> None:
    same = read(build)
    found = side_by_side(same, same)
    assert not found.inputs
    assert not found.changed
    assert found.shared == 120
    assert {v.change[0] for v in found.rungs if v.change} == {0.0}
    assert "equal data sets" in printed(found)


def test_fates_that_changed_are_counted(tmp_path: Path) -> None:
    a, b = Build(tmp_path / "a", side=16), Build(tmp_path / "b", side=16)
    samples = [a.sample() for _ in range(4)]
    for n, sample in enumerate(samples):
        a.add(a.chain(Trajectory(sample, n), 0, True).accept("direct"))
    for n, sample in enumerate(samples[:3]):
        t = b.chain(Trajectory(sample, n), 1, n > 0)
        b.add(t.accept("reflection") if n else t.discard("rendering_limit", "no"), "kept" if n else "discarded")
    found = side_by_side(read(a.write()), read(b.write()))
    assert found.shared == 3
    assert found.changed == [("direct", "reflection", 2), ("direct", "discarded", 1)]
    assert (found.modes.loc["all", "kept_a"], found.modes.loc["all", "kept_b"]) == (4, 2)
    assert found.modes.loc["reflection", "own_b"] == 5


def test_terminal_and_page_tell_the_same(found: Comparison, tmp_path: Path) -> None:
    text, page = printed(found), Page(comparison_page(found, tmp_path / "c.html").read_text("utf-8"))
    for words in ("policy.words", "Truth", "Direct try", str(found.shared)):
        assert words in text
        assert words in page.text
    rate = found.rungs[0].a
    assert all(part in text for part in str(rate).split(", "))
    assert f"{rate.hits} of {rate.of}" in page.text


def test_foreign_words_do_not_act(found: Comparison, tmp_path: Path) -> None:
    text = printed(found, 200)
    html = comparison_page(found, tmp_path / "c.html").read_text("utf-8")
    assert "[bold red]x[/]" in text
    assert not set(text) & {"\x1b", "\u202e"}
    assert not set(html) & {"\x1b", "\u202e"}
    assert Page(html).all("script") == [{}]


def test_truth_is_compared_where_both_know_it(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = TruthFigures(Share(9, 10), {"direct": Share(4, 4)}, {}, {"quality": Share(1, 5)}, {}, Share(0, 0), ())
    monkeypatch.setattr(reading, "truth_figures", lambda *_: known)
    both = read(build)
    names = [v.name for v in side_by_side(both, both).truth]
    assert names[0] == "accepted truly right"
    assert "false fail, quality" in names
    monkeypatch.setattr(reading, "truth_figures", lambda *_: None)
    lacking = side_by_side(both, read(build))
    assert not lacking.truth
    assert "not known of both" in printed(lacking)


@given(st.integers(0, 200), st.integers(1, 200), st.integers(0, 200), st.integers(1, 200))
def test_a_difference_lies_within_its_bounds(a: int, more_a: int, b: int, more_b: int) -> None:
    change = Versus("x", Share(a, a + more_a), Share(b, b + more_b)).change
    assert change is not None
    middle, low, high = change
    assert -100 <= low <= middle <= high <= 100 + 1e-9


def test_the_published_difference() -> None:
    """Newcombe (1998), table II, example (a): 56/70 - 48/80 = 0.20, bounds 0.0524 and 0.3339."""
    assert Versus("x", Share(48, 80), Share(56, 70)).change == pytest.approx((20.0, 5.24, 33.39), abs=0.01)
    assert delta(Versus("x", Share(0, 0), Share(1, 2))) == "–"


def test_one_trajectory_is_a_page_of_its_own(build: Path, tmp_path: Path) -> None:
    told = next(s for s in stories(build) if s.mode == "multistep")
    path = show_page(build, told.id[:12])
    page = Page(path.read_text("utf-8"))
    assert path == build / f"show-{told.id[:16]}.html"
    path.unlink()
    assert [a["id"] for a in page.all("article")] == [told.id]
    assert all(str(i["src"]).startswith("data:") for i in page.all("img"))
    for words in ("tried before", "P plan", "judgements", told.word("instruction")):
        assert words in page.text
    elsewhere = show_page(build, next(iter(ids(build))), tmp_path / "one.html")
    assert elsewhere.is_file()
    with pytest.raises(LookupError):
        show_page(build, "nothing")
