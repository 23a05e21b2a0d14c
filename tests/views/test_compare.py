"""`compare` and `show --html`: the same figures in terminal and page, and no foreign word acts in either."""

import io
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pipeline.output.record import identifiers, recorded
from pipeline.output.share import Share
from pipeline.output.truth_figures import TruthFigures
from pipeline.views.compare import comparison_page, delta, print_comparison
from pipeline.views.comparison import Comparison, Versus, side_by_side
from pipeline.views.show_page import show_page
from pipeline.views.story import stories
from pipeline.views.tables import reading
from pipeline.views.tables.reading import read
from stages.policy import Policy
from stages.rungs import read_recipe
from stages.trajectory import Trajectory
from tests.views.made_build import Build
from tests.views.made_ladders import best_of_only, mixed
from tests.views.page import Page

HOSTILE = "[bold red]x[/] </script><script>alert(1)</script> \x1b[31m\u202e"


@pytest.fixture(scope="module")
def other(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same build with a hostile name, another policy, and three samples fewer."""
    out = shutil.copytree(build, tmp_path_factory.mktemp("other") / "demo")
    run = json.loads((out / "run.json").read_text())
    run |= {"name": HOSTILE, "fingerprint": "0" * 64}
    run["manifest"]["words"] = HOSTILE
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
    assert {v.change[0] for v in found.stations if v.change} == {0.0}
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
    for words in ("words", "Truth", "Direct", str(found.shared)):
        assert words in text
        assert words in page.text
    rate = found.stations[0].a
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
    told = next(s for s in stories(build, read_recipe(Policy())) if s.mode == "multistep")
    path = show_page(build, told.id[:12])
    page = Page(path.read_text("utf-8"))
    assert path == build / f"show-{told.id[:16]}.html"
    path.unlink()
    assert [a["id"] for a in page.all("article")] == [told.id]
    assert all(str(i["src"]).startswith("data:") for i in page.all("img"))
    for words in ("tried before", "P plan", "judgements", told.sample.instruction):
        assert words in page.text
    elsewhere = show_page(build, next(iter(identifiers(build))), tmp_path / "one.html")
    assert elsewhere.is_file()
    with pytest.raises(LookupError):
        show_page(build, "nothing")


def test_different_ladders_stand_side_by_side(build: Path, tmp_path: Path) -> None:
    others = best_of_only(tmp_path / "best"), mixed(tmp_path / "mixed")
    for out in others:
        for both in (side_by_side(read(build), read(out)), side_by_side(read(out), read(build))):
            text = printed(both, 140)
            page = Page(comparison_page(both, tmp_path / "c.html").read_text("utf-8"))
            for words in (
                "Best of n",
                "Multi-step",
                "Reflection 3",
                "Yield against images",
                "images per accepted sample",
            ):
                assert words in text
                assert words in page.text
            assert set(both.modes.index) == {*both.a.recipe.modes, *both.b.recipe.modes, "all"}
            assert {v.name for v in both.stations} >= {"Direct", "Best of n", "Multi-step"}


def test_yield_against_images_is_that_of_the_record(build: Path, tmp_path: Path) -> None:
    """Counted here by hand: images by their calls, of samples that climbed, RL prompts left out."""
    both = side_by_side(read(build), read(best_of_only(tmp_path)))
    for side, one in (("a", both.a), ("b", both.b)):
        rows = [r for r in recorded(one.out) if r.trajectory.entered and r.trajectory.sample.split != "rl"]
        images = {r.trajectory.sample.id: sum(e.kind == "generation" for e in r.trajectory.events) for r in rows}
        accepted = [r for r in rows if r.fate in ("kept", "surplus")]
        lost = [r for r in rows if r.fate in ("discarded", "failed")]
        own = sum(images[r.trajectory.sample.id] for r in accepted)
        assert one.effort.yielded == Share(len(accepted), len(rows))
        assert both.images.loc["images per sample that climbed", side] == pytest.approx(
            sum(images.values()) / len(rows)
        )
        assert both.images.loc["images per accepted sample", side] == pytest.approx(own / len(accepted))
        burden = sum(images[r.trajectory.sample.id] for r in lost)
        assert both.images.loc["with the losses", side] == pytest.approx((own + burden) / len(accepted))
        reached = one.effort.at_most()[-1]
        assert reached == pytest.approx((sum(images.values()) / len(rows), len(accepted) / len(rows)))
        assert one.effort.points()[-1].accepted == one.effort.yielded
    tries = both.b.effort.at_most()
    assert [round(images) for images, _ in tries] == [1, 2, 3, 4]
    assert both.at_equal is not None
    each, of_a, of_b = both.at_equal
    assert of_a == pytest.approx(both.a.effort.yielded.rate), "A took fewer images, so it is compared as it is"
    assert tries[1][1] <= of_b <= tries[2][1], "B at 2.4 images lies between two tries and three"
    assert 2 < each < 3
    assert f"accepted, with {each:.2f} images each" in printed(both, 140)
    assert [reached for _, reached in tries] == sorted(reached for _, reached in tries)
    assert tries[0][1] < tries[-1][1], "the first of four tries alone would have let fewer pass"
