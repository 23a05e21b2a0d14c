"""The frame of a real build, at work and finished, and a review that begins before its end."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.manifest.identity import resolved
from pipeline.output import lock
from pipeline.output.finalise import finalise
from pipeline.output.record import files, recorded
from pipeline.review.errors import ReviewError
from pipeline.review.frame import frame_row, read_frame, reviewed_hash
from pipeline.review.preparing import prepare, refresh
from pipeline.review.settings import ReviewSettings
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from stages.policy import Policy
from stages.records import AxisScore, Evaluation, Event
from stages.trajectory import Trajectory
from tests.output.factory import FINGERPRINT, IDENTITIES, PROMPTS, Maker, manifest
from tests.review.queue.made import judge

ALL = ReviewSettings(per_lot=3, floor=1, lost=2, overlap=0.0, gold_share=0.0)


class AtWork:
    """A build whose samples finish as a test says."""

    def __init__(self, out: Path, **sections) -> None:
        self.out, self.manifest = out, manifest(**sections)
        self.store = ImageStore(str(out / "store"))
        lock.write(out, lock.OutputIdentity(FINGERPRINT, resolved(self.manifest)))
        self.outcomes = Outcomes(f"sqlite:///{out / lock.DATABASE}", FINGERPRINT)
        self.outcomes.create()
        self.all = Maker(self.store).everything(2)

    def finish(self, first: int, last: int) -> None:
        self.outcomes.upsert(self.all[first:last])

    def end(self) -> None:
        self.outcomes.upsert(self.all)
        finalise(self.all, self.manifest, self.store, self.out, PROMPTS, FINGERPRINT, IDENTITIES, 1)


@pytest.fixture
def build(tmp_path) -> AtWork:
    out = tmp_path / "build"
    out.mkdir()
    return AtWork(out)


def test_a_review_begun_early_goes_on_to_the_end_of_the_build(build):
    third = len(build.all) // 3
    build.finish(0, third)
    store = prepare(build.out, settings=ALL)
    assert not store.frame().frozen
    said = [judge(store, name) for name in _people(store, "Ann", "Bob") for _ in range(3)]
    build.finish(third, 2 * third)
    refresh(build.out, store)
    build.finish(0, len(build.all))
    at_work = read_frame(build.out)
    build.end()
    finished = read_frame(build.out)
    assert (at_work.frozen, finished.frozen) == (False, True)
    assert at_work.hash == finished.hash
    hashes = {
        r.trajectory.sample.id: reviewed_hash(r.trajectory) for r in recorded(build.out) if r.trajectory.candidate
    }
    assert {row.sample_id: row.content_hash for row in finished.rows} == hashes
    again = prepare(build.out)
    assert again.frame().frozen
    assert again.settings() == ALL
    names = {item.sample_id for item in again.items()}
    assert {v.sample_id for v in said} <= names
    kept = {v.id for r in again.resolutions() for v in r.verdicts}
    assert kept == {v.id for v in said}
    revision = again.audit(1)[0].seq
    prepare(build.out)
    assert again.audit(1)[0].seq == revision, "nothing to do"
    for population in again.populations():
        drawn = [i for i in again.items() if i.cell.lot == population.key and i.draw in ("lot", "lost")]
        assert len(drawn) >= min(2, population.size)


def test_rows_that_became_surplus_are_asked_about_no_more(tmp_path):
    out = tmp_path / "build"
    out.mkdir()
    build = AtWork(out, quotas={"direct": 1, "reflection": None, "multistep": None, "rl": None})
    build.finish(0, len(build.all))
    store = prepare(out, settings=ALL)
    before = sum(i.cell.lot.outcome == "direct" for i in store.items())
    build.end()
    refresh(out, store)
    kept = [r.trajectory.sample.id for r in recorded(out) if r.fate == "kept" and r.trajectory.mode == "direct"]
    direct = [i.sample_id for i in store.items() if i.cell.lot.outcome == "direct"]
    assert len(direct) < before
    assert set(direct) <= set(kept)


def test_other_settings_draw_again(build):
    build.finish(0, len(build.all))
    store = prepare(build.out, settings=ALL)
    few = len(store.items())
    more = prepare(build.out, settings=replace(ALL, per_lot=50, lost=50, prompts=True))
    assert len(more.items()) > few
    assert len(prepare(build.out, settings=ALL).items()) == few


def test_no_build_is_one_clear_line(tmp_path):
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "none", tmp_path / "empty"):
        with pytest.raises(ReviewError, match=str(out)) as error:
            prepare(out)
        assert "\n" not in str(error.value)
    assert not (tmp_path / "none").exists()
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_damaged_summary_is_one_clear_line(build):
    (build.out / "run.json").write_text("{")
    with pytest.raises(ReviewError, match=r"run\.json"):
        prepare(build.out)


def test_a_release_is_not_reviewed(build):
    build.end()
    file = build.out / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"selection_of": "0" * 64}))
    with pytest.raises(ReviewError, match="is a release, not a build"):
        prepare(build.out)


def test_the_margin_is_narrow_where_another_point_would_have_turned_the_verdict(build):
    t = next(t for t in build.all if t.mode == "direct" and t.sample.split == "train")

    def margin(*scores):
        axes = tuple(AxisScore(a, s, "", True) for a, s in zip(t.sample.applicable_axes, scores, strict=True))
        return frame_row(_judged(t, Evaluation(axes, 0.0)), Policy()).cell.margin

    wide = [5] * len(t.sample.applicable_axes)
    assert margin(*wide) == "wide", "nothing is higher than 5"
    assert margin(4, *wide[1:]) == "narrow"
    assert margin(3, *wide[1:]) == "wide"
    assert margin(*wide[:-1], 3) == "narrow"
    assert margin(*wide[:-1], 2) == "narrow"
    assert margin(*wide[:-1], 4) == "wide"


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b[:100] + bytes(400) + b[500:]])
def test_a_damaged_record_is_named(build, damage):
    build.end()
    (file,) = files(build.out)
    path = Path(file)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ReviewError, match="is damaged") as caught:
        prepare(build.out, settings=ALL)
    assert str(path) in str(caught.value)


def test_another_build_in_the_same_folder_is_not_drawn_into_the_review(build):
    build.end()
    store = prepare(build.out, settings=ALL)
    items = store.items()
    finalise(build.all[::2], build.manifest, build.store, build.out, PROMPTS, "another", IDENTITIES, 1)
    with pytest.raises(ReviewError, match="holds another build"):
        refresh(build.out, store)
    assert store.items() == items
    assert prepare(build.out, settings=ALL).items() != items, "the other build has a review of its own"


def test_the_hash_follows_what_a_reviewer_sees(build):
    t = next(t for t in build.all if t.mode == "reflection" and t.sample.references)
    events = list(t.events)
    events[0] = replace(events[0], pruned=not events[0].pruned)
    others = [
        replace(t, mode="direct"),
        replace(t, sample=replace(t.sample, instruction="else")),
        replace(t, sample=replace(t.sample, explanation="else")),
        replace(t, sample=replace(t.sample, references=())),
        replace(t, events=tuple(events)),
        replace(t, events=t.events[:-1]),
    ]
    assert len({reviewed_hash(other) for other in (t, *others)}) == 7
    assert reviewed_hash(replace(t, rank=5, detail="x")) == reviewed_hash(t)


def _judged(t: Trajectory, verdict: Evaluation) -> Trajectory:
    kept = tuple(e for e in t.events if e.kind != "evaluation")
    event = Event("evaluation", 1, against="original", payload=verdict, image=t.current().image)
    return replace(t, events=kept).add(event)


def _people(store, *names):
    for name in names:
        store.invite(name, "reviewer")
        yield name
