"""A release holds what people approved, all of it and nothing else, and says who approved it."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from pipeline.errors import BuildError
from pipeline.output import run_json
from pipeline.output.finalise import finalise
from pipeline.output.lock import hold
from pipeline.output.rebuild import manifest_of
from pipeline.output.record import recorded
from pipeline.release import release as room
from pipeline.release.check import examine_release
from pipeline.release.place import ReleaseError, release_aside
from pipeline.release.release import ReleaseOrder, ReleaseRefused, release
from pipeline.review.preparing import prepare
from pipeline.review.records import LotKey
from pipeline.review.settings import ReviewSettings
from pipeline.storage.image_store import ImageStore
from tests.output.factory import IDENTITIES, PROMPTS
from tests.review.release.scenes import WHOLE, copy_of, ids, rows, verdict


def first_of(mode):
    """Rejects the first item of a mode that comes."""
    seen = []

    def opinion(item):
        if item.cell.lot.outcome == mode and not seen:
            seen.append(item.sample_id)
            return "reject"
        return "accept"

    return opinion, seen


def test_what_people_rejected_is_in_no_product(reviewed):
    opinion, rejected = first_of("multistep")
    reviewed.judge(opinion)
    said = reviewed.release()

    kept = {r.trajectory.sample.id for r in recorded(reviewed.out) if r.fate == "kept"}
    before, after = ids(reviewed.out), ids(reviewed.target)
    assert set(after["record"]) == kept - set(rejected)
    for product in before:
        expected = [name for name in before[product] if name in kept and name not in rejected]
        assert after[product] == expected, product
    assert rejected[0] in before["sft"]
    assert rejected[0] in before["edit_pairs"] + before["pairs"]
    assert said.withdrawn == {"rejected": 1}
    assert said.reasons == {"image.artifact": 1}
    assert said.counts == {"kept": len(kept), "released": len(kept) - 1, "withdrawn": 1}


@pytest.mark.slow
def test_rows_are_those_of_the_build_and_the_release_verifies(reviewed):
    opinion, _ = first_of("reflection")
    reviewed.judge(opinion)
    reviewed.release()
    before, after = rows(reviewed.out), rows(reviewed.target)
    for product, held in after.items():
        assert held, product
        assert all(before[product][name] == row for name, row in held.items()), product
    assert examine_release(reviewed.target, 1).problems == []


@pytest.mark.slow
def test_verify_misses_nothing_of_a_release(reviewed):
    opinion, rejected = first_of("direct")
    reviewed.judge(opinion)
    reviewed.release()
    folder = reviewed.target
    shard = min((folder / "record").glob("*.parquet"))
    whole = shard.read_bytes()
    shard.write_bytes(
        next(
            p for p in (reviewed.out / "record").iterdir() if rejected[0] in str(pq.read_table(p)["id"].to_pylist())
        ).read_bytes()
    )
    found = "\n".join(map(str, examine_release(folder, 1).problems))
    assert "the file was changed after the release" in found
    assert "was withdrawn" in found
    shard.write_bytes(whole)
    (folder / "more.txt").write_text("x")
    assert [str(p) for p in examine_release(folder, 1).problems] == ["more.txt: is not listed in SHA256SUMS"]
    (folder / "more.txt").unlink()
    said = json.loads((folder / "release.json").read_text())
    (folder / "release.json").write_text(json.dumps(said | {"counts": said["counts"] | {"released": 1}}))
    found = [str(p) for p in examine_release(folder, 1).problems]
    assert any("says that 1 rows were released" in line for line in found)


def test_an_undecided_lot_is_no_release_and_the_refusal_says_what_is_missing(reviewed):
    with pytest.raises(ReleaseRefused, match=r"lot direct/made/baseline .* undecided, [0-9]+ of [0-9]+ rows are still"):
        reviewed.release()
    assert not reviewed.target.exists()


@pytest.mark.slow
def test_a_rejected_lot_is_dropped_or_screened(reviewed):
    bad = LotKey("direct", "made", "baseline")
    turn = iter(range(1000))
    reviewed.judge(lambda item: "reject" if item.cell.lot == bad and next(turn) % 3 else "accept")
    with pytest.raises(ReleaseRefused, match=r"--drop-lot direct/made/baseline.*--screen-lot direct/made/baseline"):
        reviewed.release()
    with pytest.raises(ReleaseError, match="there is no such lot; the lots are direct/made/baseline"):
        reviewed.release(drop=("direct",))
    with pytest.raises(ReleaseError, match="choose one"):
        reviewed.release(drop=("direct/made/baseline",), screen=("direct/made/baseline",))
    modes = {r.trajectory.sample.id: r.trajectory for r in recorded(reviewed.out)}

    dropped = reviewed.release(drop=("direct/made/baseline",))
    assert all(
        modes[name].mode != "direct" or modes[name].sample.split == "rl" for name in ids(reviewed.target)["record"]
    )
    assert set(dropped.withdrawn) == {"lot dropped"}
    assert examine_release(reviewed.target, 1).problems == []

    screened = reviewed.release(screen=("direct/made/baseline",))
    lot = next(lot for lot in screened.lots if lot.outcome == "direct")
    assert lot.treatment == "screened"
    assert lot.released == lot.rows - screened.withdrawn["rejected"] > 0
    assert examine_release(reviewed.target, 1).problems == []


@pytest.mark.slow
def test_of_a_screened_lot_only_what_people_accepted(build, tmp_path):
    reviewed = copy_of(
        build.out, tmp_path / "build", ReviewSettings(per_lot=2, floor=0, lost=0, limiting=0.9, overlap=0)
    )
    reviewed.judge(lambda item: "accept")
    said = reviewed.release(screen=("direct/made/baseline", "multistep/made/generator", "reflection/made/generator"))
    with prepare(reviewed.out) as store:
        accepted = {r.item.sample_id for r in store.resolutions()}
    assert set(ids(reviewed.target)["sft"]) == accepted
    assert set(said.withdrawn) == {"not judged"}


@pytest.mark.slow
def test_the_settings_of_the_review_name_screened_lots_too(build, tmp_path):
    key = LotKey("direct", "made", "baseline")
    settings = ReviewSettings(per_lot=2, floor=0, lost=0, limiting=0.9, overlap=0, screened=(key,))
    reviewed = copy_of(build.out, tmp_path / "build", settings)
    reviewed.judge(lambda item: "unsure" if item.cell.lot == key else "accept")
    said = reviewed.release()
    lot = next(lot for lot in said.lots if lot.outcome == "direct")
    assert (lot.treatment, lot.released) == ("screened", 0)


@pytest.mark.slow
def test_doubts_keep_a_row_out_of_an_accepted_lot(build, tmp_path):
    """Unsure, disputed, or rejected by the first of two: nothing is released against a doubt; a lead may settle it."""
    reviewed = copy_of(build.out, tmp_path / "build", replace(WHOLE, overlap=1.0))
    with prepare(reviewed.out) as store:
        unsure, disputed, doubted, settled = [i.sample_id for i in store.items() if i.cell.lot.outcome == "reflection"][
            :4
        ]
    said = {
        unsure: ("unsure", "unsure"),
        disputed: ("accept", "reject"),
        doubted: ("reject", None),
        settled: ("reject", "reject"),
    }
    reviewed.judge(lambda item: said.get(item.sample_id, ("accept",))[0], "anna")
    reviewed.judge(lambda item: said.get(item.sample_id, ("accept", "accept"))[1], "bo")
    with prepare(reviewed.out) as store:
        item = store.item(settled)
        store.adjudicate(verdict(item, "anna", "accept"))
    with pytest.raises(ReleaseRefused, match="undecided"):
        reviewed.release()
    summary = reviewed.release(override="a trial")
    released = set(ids(reviewed.target)["record"])
    assert settled in released
    assert not released & {unsure, disputed, doubted}
    assert summary.withdrawn == {"unsure": 1, "disputed": 1, "doubted": 1}


def test_an_override_is_recorded_with_what_it_overrode(reviewed):
    hostile = "because | <script>alert(1)</script>\n# so\x1b[31m"
    said = reviewed.release(override=hostile)
    card = (reviewed.target / "README.md").read_text("utf-8")
    assert "Released against the review or the checks" in card
    assert "\\<script\\>" in card
    assert "<script>" not in card
    assert "\x1b" not in card
    assert "\n# so" not in card
    assert any("undecided" in line for line in said.overridden)
    assert said.override == hostile
    assert {lot.treatment for lot in said.lots} == {"overridden", "not drawn"}
    with pytest.raises(ReleaseError, match="say why"):
        reviewed.release(override=" ")


def test_a_plan_that_was_changed_after_verdicts_is_said(reviewed):
    with prepare(reviewed.out) as store:
        store.configure(replace(WHOLE, limiting=0.6), "anna")
    reviewed.judge(lambda item: "accept")
    with prepare(reviewed.out) as store:
        store.configure(replace(WHOLE, limiting=0.4, floor=1), "anna")
        judged = len(store.verdicts())
    said = reviewed.release()
    assert said.plan_changes == [f"limiting to 0.4, after {judged} verdicts"]
    assert said.plan_changes[0] in (reviewed.target / "README.md").read_text("utf-8")


@pytest.mark.slow
def test_an_override_without_need_is_not_recorded(reviewed):
    reviewed.judge(lambda item: "accept")
    assert reviewed.release(override="to be safe").override is None
    assert "Released against" not in (reviewed.target / "README.md").read_text("utf-8")


@pytest.mark.slow
def test_a_damaged_build_is_not_released(reviewed):
    reviewed.judge(lambda item: "accept")
    (reviewed.out / "README.md").unlink()
    with pytest.raises(ReleaseRefused, match=r"x2i verify: README\.md: is missing"):
        reviewed.release()
    said = reviewed.release(override="the card is lost, the rows are not")
    assert said.overridden == ["x2i verify: README.md: is missing: the data set has no card"]


def rewrite_sample(reviewed, sample_id):
    """Build again with other words for one sample."""
    summary = run_json.read(reviewed.out)
    changed = []
    for r in recorded(reviewed.out):
        t = r.trajectory
        if t.sample.id == sample_id:
            t = replace(t, sample=replace(t.sample, instruction=t.sample.instruction + " please"))
        changed.append(t)
    store = ImageStore(str(reviewed.out / "store"))
    finalise(changed, manifest_of(summary), store, reviewed.out, PROMPTS, summary.fingerprint, IDENTITIES, 1)


@pytest.mark.slow
def test_a_verdict_about_other_content_does_not_count_and_is_named(build, tmp_path):
    """The build was made again: one sample has another text now, and what was said was about the old one."""
    reviewed = copy_of(build.out, tmp_path / "build", replace(WHOLE, limiting=0.1, confidence=0.9))
    reviewed.judge(lambda item: "accept")
    with prepare(reviewed.out) as store:
        target = next(item for item in store.items() if item.cell.lot.outcome == "reflection")
        stale = store.last("anna", 1000)
        name = next(v.id for v in stale if v.sample_id == target.sample_id)
    rewrite_sample(reviewed, target.sample_id)
    with pytest.raises(ReleaseRefused, match="undecided, 1 of"):
        reviewed.release()
    said = reviewed.release(override="let us see")
    assert said.ignored == [
        f"verdict {name} on sample {target.sample_id}: it is about other content than the build holds, and does not count"
    ]


@pytest.mark.slow
def test_there_is_no_release_of_a_release_nor_without_a_review(reviewed, build, tmp_path):
    reviewed.judge(lambda item: "accept")
    reviewed.release()
    with pytest.raises(ReleaseError, match="is a release already"):
        release(ReleaseOrder(reviewed.target, tmp_path / "again", workers=1))
    with pytest.raises(ReleaseError, match="nobody has reviewed it"):
        release(ReleaseOrder(build.out, tmp_path / "again", workers=1))
    assert not (build.out / "review").exists()
    assert not (tmp_path / "again").exists()
    (reviewed.out / "run.json").unlink()
    with pytest.raises(BuildError, match="not finished"):
        reviewed.release()


@pytest.mark.slow
def test_when_nothing_is_approved_nothing_is_written(reviewed):
    made = ("direct/made/baseline", "multistep/made/generator", "reflection/made/generator")
    prompts = ("rl/made/baseline", "rl/made/generator", "rl/made/given")
    with pytest.raises(ReleaseRefused, match="not one row is approved"):
        reviewed.release(drop=(*made, *prompts))
    assert not reviewed.target.exists()


def test_what_is_no_release_is_never_replaced(reviewed):
    reviewed.judge(lambda item: "accept")
    reviewed.target.mkdir()
    (reviewed.target / "thesis.txt").write_text("mine")
    with pytest.raises(ReleaseError, match="no release of x2i; name another place with --to"):
        reviewed.release()
    assert (reviewed.target / "thesis.txt").read_text() == "mine"
    other = reviewed.out / "other"
    with release_aside(other), pytest.raises(ReleaseError, match="is being written there"), release_aside(other):
        pass


@pytest.mark.parametrize("place", ["sft/mine", "store/mine", "release/mine", "review", "edit_pairs"])
def test_a_release_lies_not_among_the_files_of_its_build(reviewed, place):
    before = sorted(reviewed.out.rglob("*"))
    with pytest.raises(ReleaseError, match="leave --to out"):
        release(ReleaseOrder(reviewed.out, reviewed.out / place, workers=1))
    assert sorted(reviewed.out.rglob("*")) == before


@pytest.mark.slow
def test_a_build_that_goes_on_meanwhile_is_not_released(reviewed, monkeypatch):
    reviewed.judge(lambda item: "accept")

    def rewrite(*arguments):
        (reviewed.out / "run.json").write_text((reviewed.out / "run.json").read_text() + " ")
        return original(*arguments)

    original = room.rewrite
    monkeypatch.setattr(room, "rewrite", rewrite)
    with hold(reviewed.out), pytest.raises(ReleaseError, match="was written again meanwhile"):
        reviewed.release()
    assert not reviewed.target.exists()
