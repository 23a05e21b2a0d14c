"""Any set of approved rows is released exactly; a release that is killed leaves the old one whole."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.output.record import recorded
from pipeline.output.shards import Targets
from pipeline.release import place
from pipeline.release.approval import BuiltRow, approve
from pipeline.release.check import examine_release
from pipeline.release.place import NAME, release_aside
from pipeline.release.rewrite import rewrite
from pipeline.review.records import CellKey, LotKey, Resolution, ReviewItem
from tests.output.test_crash import wait_until
from tests.review.release.scenes import ids, verdict

ROOT = Path(__file__).parents[3]
LOTS = [LotKey(outcome, "made", "generator") for outcome in ("direct", "reflection", "rl")]


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_approved_rows_are_released_exactly_in_every_product(build, tmp_path_factory, data):
    kept = [r.trajectory.sample.id for r in recorded(build.out) if r.fate == "kept"]
    approved = data.draw(st.sets(st.sampled_from(kept)))
    targets = Targets(*(data.draw(st.integers(1_000, 100_000)) for _ in range(2)), data.draw(st.integers(1, 9)), 4)
    folder = tmp_path_factory.mktemp("rewritten")
    files = rewrite(build.out, folder, approved, targets)
    before, after = ids(build.out), ids(folder)
    for product, names in before.items():
        assert after[product] == [name for name in names if name in approved], product
    assert sum(f.rows for n, f in files.items() if n.startswith("record")) == len(approved)


@settings(max_examples=200)
@given(data=st.data())
def test_what_is_approved_follows_from_treatment_and_verdicts_alone(data):
    treatments = {
        lot: data.draw(st.sampled_from(["accepted", "screened", "dropped", "overridden", "not drawn"])) for lot in LOTS
    }
    rows, resolutions = [], {}
    for n in range(data.draw(st.integers(0, 8))):
        row = BuiltRow(f"s{n}", data.draw(st.sampled_from(LOTS)), "c1")
        rows.append(row)
        item = ReviewItem(
            row.sample_id, data.draw(st.sampled_from(["c1", "c0"])), CellKey(row.lot, "count", "wide"), "lot", n
        )
        said = tuple(verdict(item, who, data.draw(st.sampled_from(["accept", "reject", "unsure"]))) for who in "ab")
        said = said[: data.draw(st.integers(0, 2))]
        opinions = {v.opinion for v in said}
        agreed = next(iter(opinions)) if len(said) == 2 and len(opinions) == 1 else None
        if data.draw(st.booleans()):
            resolutions[row.sample_id] = Resolution(item, agreed, len(opinions) > 1, False, said)
    approval = approve(rows, treatments, resolutions)
    assert set(approval.released) | set(approval.withdrawn) == {row.sample_id for row in rows}
    for row in rows:
        r = resolutions.get(row.sample_id)
        r = r if r is not None and r.item.content_hash == "c1" else None
        spoken = [] if r is None else [v.opinion for v in r.verdicts]
        treatment = treatments[row.lot]
        released = treatment != "dropped" and all(opinion == "accept" for opinion in spoken)
        if treatment == "screened":
            released = r is not None and r.opinion == "accept"
        assert (row.sample_id in approval.released) == released
        assert (row.sample_id in approval.withdrawn) != released


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.slow
def test_a_release_that_is_killed_leaves_the_old_one_whole(reviewed):
    reviewed.judge(lambda item: "accept")
    reviewed.release()
    old = bytes_of(reviewed.target)
    writer = subprocess.Popen([sys.executable, "-m", "tests.review.release.writer", str(reviewed.out)], cwd=ROOT)
    try:
        wait_until(lambda: list(reviewed.out.glob(".release-*/sft")))
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    left = list(reviewed.out.glob(".release-*"))
    assert bytes_of(reviewed.target) == old or examine_release(reviewed.target, 1).problems == []
    reviewed.release()
    assert not list(reviewed.out.glob(".release-*")), left
    assert examine_release(reviewed.target, 1).problems == []


def test_where_folders_cannot_be_swapped_at_a_stroke_the_old_one_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(place, "_exchange", lambda first, second: False)
    target = tmp_path / "release"
    for words in ("old", "new"):
        with release_aside(target) as folder:
            (folder / NAME).write_text(words)
    assert (target / NAME).read_text() == "new"
    assert [p.name for p in tmp_path.iterdir() if p.name != ".release.lock"] == ["release"]
    # killed between the two renames: the old release is aside, nothing is in its place
    os.rename(target, tmp_path / ".release-123-old")
    try:
        with release_aside(target):
            assert (target / NAME).read_text() == "new"
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert (target / NAME).read_text() == "new"
    assert not list(tmp_path.glob(".release-*"))
