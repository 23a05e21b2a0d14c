"""Whose an output folder is, and what may be done to it."""

import multiprocessing

import pytest
import yaml

from pipeline.output import lock
from pipeline.output.lock import OutputError, OutputIdentity
from pipeline.output.run_json import RunSummary
from pipeline.storage.batch import Batch
from pipeline.storage.entries import Entry
from pipeline.storage.outcomes import Outcomes

PLAN = OutputIdentity("a" * 64, {"name": "x", "quotas": {"direct": 5}, "run": {"concurrency": 1}})


MEANING = {
    "sources": [{"name": "edits", "content": "1" * 64}],
    "policy": {"rounds": 3, "escalate_on": ["x"]},
    "prompts": {"evaluate": "2" * 64, "plan": "3" * 64},
}
OTHER = {
    "sources": [{"name": "edits", "content": "4" * 64}, {"name": "more", "kind": "world"}],
    "policy": {"rounds": 2, "escalate_on": ["x", "y"]},
    "prompts": {"evaluate": "5" * 64, "plan": "3" * 64},
}


def finish(out, plan=PLAN, **failed):
    """An output of `plan` that says it is finished, with so many samples failed by reason."""
    content = {name: {} for name in ("kept_by_mode", "kept_by_split", "funnel", "categories", "quotas", "files")}
    content |= {
        "manifest": {},
        "prompts": {},
        "models": {},
        "versions": {},
        "counts": {},
        "cut_rank": None,
        "store": "store",
    }
    content |= {"format": "run/1", "name": "x", "fingerprint": plan.fingerprint, "shuffle_seed": 0, "finished_at": ""}
    content["reasons"] = {"discarded": {}, "failed": failed}
    (out / lock.RUN).write_text(RunSummary(**content).model_dump_json())


def test_a_fresh_folder_an_unfinished_one_and_a_finished_one(tmp_path):
    assert lock.settle(tmp_path, PLAN, overwrite=False) == "fresh"
    lock.write(tmp_path, PLAN)
    assert lock.settle(tmp_path, PLAN, overwrite=False) == "unfinished"
    finish(tmp_path)
    assert lock.settle(tmp_path, PLAN, overwrite=False) == "finished"
    wider = OutputIdentity(PLAN.fingerprint, {**PLAN.manifest, "run": {"concurrency": 9}})
    assert lock.settle(tmp_path, wider, overwrite=False) == "finished"


def test_other_quotas_go_on_from_the_same_outcomes(tmp_path):
    lock.write(tmp_path, PLAN)
    finish(tmp_path)
    more = OutputIdentity(PLAN.fingerprint, {**PLAN.manifest, "quotas": {"direct": 6}})
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
    other = OutputIdentity("b" * 64, PLAN.manifest)
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
    with lock.hold(path):
        ready.set()
        over.wait(600)


def test_two_builds_cannot_share_a_folder(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, over = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path, ready, over))
    other.start()
    assert ready.wait(300)
    with pytest.raises(OutputError, match="another build"), lock.hold(tmp_path):
        pass
    over.set()
    other.join()
    with lock.hold(tmp_path):
        pass


def test_a_file_is_no_output_folder(tmp_path):
    (tmp_path / "f").write_text("")
    with pytest.raises(OutputError, match="is a file"), lock.hold(tmp_path / "f"):
        pass


def refusal(out, plan):
    with pytest.raises(OutputError) as refused:
        lock.settle(out, plan, overwrite=False)
    return str(refused.value)


def test_a_refusal_shows_the_difference_and_what_may_be_done(tmp_path):
    lock.write(tmp_path, OutputIdentity("a" * 64, PLAN.manifest, MEANING))
    database = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "one")
    database.create()
    database.commit(Batch(entries=[Entry(f"k{n}", "plan", 1.0, "words") for n in range(1234)]))
    message = refusal(tmp_path, OutputIdentity("b" * 64, PLAN.manifest, OTHER))
    database.close()
    assert message.splitlines()[0].endswith("; 1,234 answers are journalled there. What differs:")
    assert message.splitlines()[1:5] == [
        "  the content of source edits changed",
        "  sources.more is new",
        "  policy.rounds: 3 -> 2",
        '  policy.escalate_on: ["x"] -> ["x", "y"]',
    ]
    assert "  prompt evaluate.j2 changed\n" in message
    assert "plan.j2" not in message
    assert "and so are the 1,234 answers, which were paid for" in message
    assert all(f"  {option} " in message for option in ("--fork", "--out DIR", "--overwrite"))


def test_many_differences_are_cut_short(tmp_path):
    lock.write(tmp_path, OutputIdentity("a" * 64, PLAN.manifest, {str(n): n for n in range(30)}))
    message = refusal(tmp_path, OutputIdentity("b" * 64, PLAN.manifest, {str(n): "x" * 500 for n in range(30)}))
    assert "... and 18 more" in message
    assert max(map(len, message.splitlines()[1:-5])) < 90


def test_a_lock_of_an_older_version_is_compared_as_far_as_it_goes(tmp_path):
    old = {
        **PLAN.manifest,
        "policy": {"rounds": 3, "gone": 1},
        "sources": [{"name": "edits", "path": "/old/edits.json"}],
    }
    (tmp_path / lock.LOCK).write_text(yaml.safe_dump({"fingerprint": "a" * 64, "manifest": old}))
    assert lock.read(tmp_path) == OutputIdentity("a" * 64, old)
    meaning = {"policy": {"rounds": 2, "new": 1}, "sources": [{"name": "edits", "path": "edits.json", "content": "1"}]}
    lines = refusal(tmp_path, OutputIdentity("b" * 64, PLAN.manifest, meaning)).splitlines()
    assert lines[1] == "  policy.rounds: 3 -> 2"
    assert "an older version" in lines[2]
    assert lines[3] == "Say which you want:"


def test_a_fork_of_what_is_unfinished_goes_on_in_the_folder(tmp_path):
    lock.write(tmp_path, PLAN)
    (tmp_path / "run.db").write_text("journal")
    other = OutputIdentity("b" * 64, PLAN.manifest)
    assert lock.settle(tmp_path, other, overwrite=False, fork=True) == "unfinished"
    assert (tmp_path / "run.db").read_text() == "journal"
    assert lock.settle(tmp_path, PLAN, overwrite=False, fork=True) == "unfinished"


def test_a_fork_never_leaves_a_mix(tmp_path, monkeypatch):
    """Killed at any moment, the folder is the old output as it was, or an unfinished one."""
    other = OutputIdentity("b" * 64, PLAN.manifest, OTHER)
    lock.write(tmp_path, PLAN)
    finish(tmp_path)
    assert lock.settle(tmp_path, other, overwrite=False, fork=True) == "unfinished"
    assert lock.settle(tmp_path, PLAN, overwrite=False) == "finished"  # killed while it climbs

    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(lock, "write", killed)
        with pytest.raises(Killed):
            lock.take_over(tmp_path, other)
    assert lock.settle(tmp_path, PLAN, overwrite=False) == "unfinished"
    finish(tmp_path)
    lock.take_over(tmp_path, other)
    assert not (tmp_path / lock.RUN).exists()
    assert lock.read(tmp_path) == other
    assert lock.settle(tmp_path, other, overwrite=False) == "unfinished"
    finish(tmp_path, other)
    lock.take_over(tmp_path, other)  # it is its own: other quotas, say, replace it in one go
    assert lock.settle(tmp_path, other, overwrite=False) == "finished"
    lock.write(tmp_path, PLAN)
    assert lock.settle(tmp_path, PLAN, overwrite=False) == "unfinished"  # what lies there is not what the lock says


def test_what_people_said_of_an_output_outlives_it(tmp_path):
    (tmp_path / "review").mkdir()
    (tmp_path / "review" / "review.sqlite").write_bytes(b"verdicts")
    assert lock.read(tmp_path) is None, "as after a clearing that was cut short"
    lock.write(tmp_path, PLAN)
    lock.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["review"]
