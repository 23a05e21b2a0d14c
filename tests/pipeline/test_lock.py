"""Whose an output folder is, and what may be done to it."""

import multiprocessing

import pytest

from pipeline import lock
from pipeline.lock import OutputError, Plan
from pipeline.output.run_json import RunSummary

PLAN = Plan("a" * 64, {"name": "x", "quotas": {"direct": 5}, "run": {"concurrency": 1}})


def finish(out, **failed):
    """An output that says it is finished, with so many samples failed by reason."""
    told = {name: {} for name in ("kept_by_mode", "kept_by_split", "funnel", "categories", "quotas", "files")}
    told |= {
        "manifest": {},
        "prompts": {},
        "models": {},
        "versions": {},
        "counts": {},
        "cut_rank": None,
        "store": "store",
    }
    told |= {"format": "run/1", "name": "x", "fingerprint": PLAN.fingerprint, "shuffle_seed": 0, "finished_at": ""}
    told["reasons"] = {"discarded": {}, "failed": failed}
    (out / lock.RUN).write_text(RunSummary(**told).model_dump_json())


def test_a_fresh_folder_an_unfinished_one_and_a_finished_one(tmp_path):
    assert lock.settle(tmp_path, PLAN, overwrite=False) == "fresh"
    lock.write(tmp_path, PLAN)
    assert lock.settle(tmp_path, PLAN, overwrite=False) == "unfinished"
    finish(tmp_path)
    assert lock.settle(tmp_path, PLAN, overwrite=False) == "finished"
    wider = Plan(PLAN.fingerprint, {**PLAN.manifest, "run": {"concurrency": 9}})
    assert lock.settle(tmp_path, wider, overwrite=False) == "finished"


def test_other_quotas_go_on_from_the_same_outcomes(tmp_path):
    lock.write(tmp_path, PLAN)
    finish(tmp_path)
    more = Plan(PLAN.fingerprint, {**PLAN.manifest, "quotas": {"direct": 6}})
    assert lock.settle(tmp_path, more, overwrite=False) == "unfinished"


def test_samples_that_failed_in_transport_are_tried_again_and_no_others(tmp_path):
    lock.write(tmp_path, PLAN)
    finish(tmp_path, input=3, malformed=1)
    assert lock.settle(tmp_path, PLAN, overwrite=False) == "finished"
    finish(tmp_path, transport=1)
    assert lock.settle(tmp_path, PLAN, overwrite=False) == "unfinished"


def test_a_damaged_run_json_is_said(tmp_path):
    lock.write(tmp_path, PLAN)
    (tmp_path / lock.RUN).write_text("{")
    with pytest.raises(OutputError, match=r"run\.json: cannot be read"):
        lock.settle(tmp_path, PLAN, overwrite=False)


def test_another_fingerprint_is_refused_unless_overwritten(tmp_path):
    lock.write(tmp_path, PLAN)
    (tmp_path / "sft").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    other = Plan("b" * 64, PLAN.manifest)
    with pytest.raises(OutputError, match="--overwrite"):
        lock.settle(tmp_path, other, overwrite=False)
    assert lock.settle(tmp_path, other, overwrite=True) == "fresh"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["notes.txt"]


def test_a_folder_that_is_not_ours_is_never_touched(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    (tmp_path / "store").mkdir()
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="not an output of x2i"):
            lock.settle(tmp_path, PLAN, overwrite)
    assert (tmp_path / "thesis.tex").exists()
    assert (tmp_path / "store").exists()


def test_a_lock_half_written_does_not_lock_us_out(tmp_path):
    (tmp_path / lock.ASIDE).write_text("fing")  # the disk was full
    assert lock.settle(tmp_path, PLAN, overwrite=False) == "fresh"
    lock.write(tmp_path, PLAN)
    assert lock.read(tmp_path) == PLAN


def test_a_damaged_lock_is_said_and_can_be_overwritten(tmp_path):
    (tmp_path / lock.LOCK).write_text("][")
    with pytest.raises(OutputError, match="--overwrite"):
        lock.settle(tmp_path, PLAN, overwrite=False)
    assert lock.settle(tmp_path, PLAN, overwrite=True) == "fresh"


def _hold(path, ready, over):
    with lock.held(path):
        ready.set()
        over.wait(20)


def test_two_builds_cannot_share_a_folder(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, over = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path, ready, over))
    other.start()
    assert ready.wait(20)
    with pytest.raises(OutputError, match="another build"), lock.held(tmp_path):
        pass
    over.set()
    other.join()
    with lock.held(tmp_path):
        pass


def test_a_file_is_no_output_folder(tmp_path):
    (tmp_path / "f").write_text("")
    with pytest.raises(OutputError, match="is a file"), lock.held(tmp_path / "f"):
        pass
