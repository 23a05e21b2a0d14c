"""A batch as files: the whole ladder with workers in an environment of their own, killed and resumed; answers of every kind."""

import json
import subprocess
import sys

import pytest
import yaml

from pipeline.errors import RunStopped, Waiting
from pipeline.storage import letters
from tests.batches.climbing import WORKERS, Place, environment, worker

BATCHED = {"backend": "batch", "batch": "w"}
RAW = {
    "name": "b",
    "seed": 3,
    "sources": [{"kind": "world", "name": "w", "count": 10, "size": 96}],
    "batches": {"w": {"kind": "files", "poll_s": 0.05, "most_per_file": 4}},
    "models": {role: {"model": f"world-{role}"} | BATCHED for role in ("baseline", "generator", "analyzer")},
}


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    return environment(tmp_path_factory.mktemp("venv"))


def manifest(folder, **changes):
    folder.mkdir(exist_ok=True)
    (folder / "m.yaml").write_text(yaml.safe_dump(RAW | changes))
    return folder / "m.yaml"


def place(folder, *overrides):
    return Place(manifest(folder), folder / "out", *overrides)


def requests(at):
    """The requests that are out."""
    files = sorted((at.out / "batches" / "w" / "requests").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def answer(at, asked, name="w1", **parts):
    folder = at.out / "batches" / "w" / "answers" / asked["id"].partition("-")[0]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.jsonl").open("a") as file:
        file.write(json.dumps({"id": asked["id"], **parts}) + "\n")


def sent(at):
    """The samples climbed once, and what they asked is out."""
    left = at.climb()
    with pytest.raises(Waiting):
        at.office.exchange(left)
    return requests(at)


@pytest.mark.slow
def test_the_whole_ladder_by_workers_that_are_killed_is_that_of_the_same_models_asked_directly(tmp_path, python):
    """Two workers share the folder; one is killed while it answers, and what it had in hand is answered by others."""
    at = place(tmp_path / "b", "sources.w.count=6", "batches.w.most_per_file=50")
    left = at.climb()
    assert left == 6
    folder = at.out / "batches" / "w"
    folder.mkdir(parents=True)
    with (
        worker(python, folder, "--watch", 0.05, "--slow", 0.2),
        worker(python, folder, "--watch", 0.05, "--at-once", 3) as fast,
    ):
        at.office.exchange(left)
        fast.kill()
        at.climb()
    with worker(python, folder, "--watch", 0.05):
        assert at.climb_all() > 3
    world = {role: {"model": f"world-{role}"} for role in RAW["models"]}
    directly = Place(manifest(tmp_path / "d", models=world, batches={}), tmp_path / "d" / "out", "sources.w.count=6")
    assert at.rows() == directly.in_process()
    assert set(at.tries().values()) == {1}
    assert at.count("letters") == 0
    lines = [json.loads(line)["id"] for f in folder.glob("answers/*/*.jsonl") for line in f.read_text().splitlines()]
    assert len(lines) == len(set(lines)) == at.count("journal")


def test_a_build_that_does_not_wait_says_where_answers_are_awaited_and_asks_nothing_twice(tmp_path):
    at = place(tmp_path, "batches.w.wait_s=0")
    left = at.climb()
    with pytest.raises(Waiting, match=r"10 samples wait for 3 batches of w.*batches/w.*same command") as caught:
        at.office.exchange(left)
    assert caught.value.exit_code == 4
    before = requests(at)
    at.office.begin()
    assert at.climb() == 10
    with pytest.raises(Waiting):
        at.office.exchange(10)
    assert requests(at) == before
    assert len(before) == len({r["id"] for r in before}) == 10


def test_a_batch_that_is_renamed_while_requests_are_out_stops_the_run_instead_of_going_round(tmp_path):
    at = place(tmp_path, "batches.w.wait_s=0")
    sent(at)
    renamed = ("batches={v: {kind: files, wait_s: 0}}", *(f"models.{role}.batch=v" for role in RAW["models"]))
    at = place(tmp_path, *renamed)
    at.office.begin()
    left = at.climb()
    assert left == 10
    assert at.office.busy
    with pytest.raises(RunStopped, match=r"out with a batch .*\(10 with w\); name it again under models.ROLE.batch"):
        at.office.exchange(left)


def test_what_a_kill_left_half_sent_is_sent_once(tmp_path):
    """The job is written down, its file is not; then it is, and the note of it is lost."""
    at = place(tmp_path, "batches.w.wait_s=0")
    ids = {r["id"] for r in sent(at)}
    for file in (at.out / "batches" / "w" / "requests").iterdir():
        file.unlink()
    for _ in range(2):
        with at.outcomes.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE batch_jobs SET state = 'making'")
        at.office.begin()
        assert {r["id"] for r in requests(at)} == ids


@pytest.mark.parametrize(
    ("parts", "outcome", "ended"),
    [
        ({"error": {"kind": "refused", "message": "I will not."}}, "Refused", ("discarded", "refused")),
        ({"error": {"kind": "out_of_memory", "message": "CUDA out of memory"}}, "TooLong", ("failed", "too_long")),
        ({"error": {"kind": "failed", "message": "index out of range"}}, "ModelError", ("failed", "model_error")),
        ({"text": "I would rather not draw that."}, "Refused", ("discarded", "refused")),
        ({"image": "../../../store/x"}, "Malformed", None),
        ({"image": "answers/none.png"}, "Transient", None),
        ({}, "Malformed", None),
    ],
)
def test_an_answer_that_is_none_ends_its_sample_as_a_direct_one_would(tmp_path, parts, outcome, ended):
    at = place(tmp_path, "batches.w.wait_s=0", "sources.w.count=1")
    (asked,) = sent(at)
    answer(at, asked, **parts)
    at.office.begin()
    with at.outcomes.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT outcome, provider, role FROM ledger").all()
    assert rows == [(outcome, "w", "baseline")]
    left = at.climb()
    if ended is None:  # asked once more
        assert left == 1
        return
    (t,) = at.outcomes.all()
    assert (t.status, t.reason) == ended


def test_an_error_that_passes_is_asked_again_as_often_as_the_run_says(tmp_path):
    at = place(tmp_path, "batches.w.wait_s=0", "sources.w.count=1", "run.retries=2")
    for _ in range(3):
        (asked,) = sent(at)
        answer(at, asked, error={"kind": "transient", "message": "the machine was taken away"})
        at.office.exchange(1) if at.office.busy else None
        with at.outcomes.engine.connect() as connection:
            assert letters.count(connection, at.outcomes.run, "sent") == 0
    assert at.climb() == 0
    (t,) = at.outcomes.all()
    assert (t.status, t.reason) == ("failed", "transport")
    assert list(at.tries().values()) == [3]


def test_a_dead_engine_stops_the_run_in_its_own_words(tmp_path):
    at = place(tmp_path, "batches.w.wait_s=0", "sources.w.count=1")
    (asked,) = sent(at)
    answer(at, asked, error={"kind": "dead", "message": "no such weights"})
    with pytest.raises(RunStopped, match="batch w: no such weights"):
        at.office.begin()


def test_a_line_that_is_still_being_written_is_left_for_the_next_look(tmp_path):
    at = place(tmp_path, "batches.w.wait_s=0", "sources.w.count=1")
    (asked,) = sent(at)
    folder = at.out / "batches" / "w" / "answers" / asked["id"].partition("-")[0]
    folder.mkdir(parents=True)
    line = json.dumps({"id": asked["id"], "error": {"kind": "refused", "message": "no"}})
    (folder / "w.jsonl").write_text('{"half\n' + line)
    at.office.begin()
    assert at.count("ledger") == 0
    (folder / "w.jsonl").write_text(line + "\n")
    at.office.begin()
    assert at.count("ledger") == 1


def test_a_budget_reserves_before_a_file_is_sent(tmp_path):
    """Five images are paid for; the others go out once these have cost less than was reserved."""
    price = "prices={world-baseline: {image: 1.0}, world-generator: {image: 1.0}, world-analyzer: {}}"
    at = place(tmp_path, "batches.w.wait_s=0", price, "run.budget_usd=5.5")
    assert len(sent(at)) == 5
    assert at.outcomes.spent() == 5.0
    for asked in requests(at):
        answer(at, asked, error={"kind": "refused", "message": "no"})
    at.office.begin()
    assert at.outcomes.spent() == 0.0
    at.climb()
    assert len(sent(at)) == 5


def test_a_budget_that_is_spent_ends_the_run(tmp_path):
    price = "prices={world-baseline: {image: 9.0}, world-generator: {image: 9.0}, world-analyzer: {}}"
    at = place(tmp_path, price, "run.budget_usd=5.5")
    left = at.climb()
    with pytest.raises(RunStopped, match=r"0.00 US dollars are spent.*9.0000.*run.budget_usd"):
        at.office.exchange(left)
    assert requests(at) == []


ECHO = """
import argparse, sys, time
sys.path.insert(0, sys.argv.pop(1))
from worker import Answered, Declined, main

def load(arguments):
    def answer(requests):
        time.sleep(arguments.slow)
        if any(r.seed % 3 == 0 for r in requests):
            raise MemoryError("no room") if len(requests) > 1 else Declined("not this one")
        return [Answered(text="done " + r.id) for r in requests]
    return answer

parser = argparse.ArgumentParser()
parser.add_argument("--slow", type=float, default=0.0)
main(load, parser)
"""
"""A worker of the standard library alone. Of requests at once it fails where one of them is declined, as at a full memory."""


def echo(folder, *arguments):
    command = [sys.executable, "-I", "-c", ECHO, str(WORKERS), str(folder), *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def asking(folder, count):
    """A folder with requests in two files."""
    (folder / "requests").mkdir(parents=True)
    shared = {"format": "x2i-batch/1", "model": "m", "revision": "1", "options": {}, "kind": "text", "schema": "plan"}
    for n in range(count):
        line = shared | {"id": f"job{n % 2}-{n:064x}", "messages": [], "images": [], "seed": n}
        with (folder / "requests" / f"job{n % 2}.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
    return folder


def answers(folder):
    """The whole lines of all answers."""
    texts = [file.read_text() for file in folder.glob("answers/*/*.jsonl")]
    return [json.loads(line) for text in texts for line in text.split("\n")[:-1]]


def test_workers_share_the_requests_and_one_that_is_killed_loses_none(tmp_path):
    folder = asking(tmp_path, 60)
    first, second = echo(folder, "--slow", 0.02), echo(folder, "--slow", 0.02, "--at-once", 4)
    while len(answers(folder)) < 12:
        assert first.poll() is None
    first.kill()
    first.wait()
    assert second.wait(60) == 0
    assert echo(folder, "--slow", 0).wait(60) == 0
    given = answers(folder)
    assert sorted(a["id"] for a in given) == sorted(f"job{n % 2}-{n:064x}" for n in range(60))
    assert {a["id"] for a in given if "error" in a} == {f"job{n % 2}-{n:064x}" for n in range(0, 60, 3)}
    assert {a["error"]["kind"] for a in given if "error" in a} == {"refused"}


def test_shares_are_apart_and_make_the_whole(tmp_path):
    folder = asking(tmp_path, 20)
    assert echo(folder, "--shard", "1/2").wait(60) == 0
    assert 0 < len(answers(folder)) < 20
    assert echo(folder, "--shard", "2/2", "--at-once", 3).wait(60) == 0
    assert len(answers(folder)) == len({a["id"] for a in answers(folder)}) == 20


def test_an_answer_cut_short_by_a_kill_is_given_again(tmp_path):
    folder = asking(tmp_path, 4)
    (folder / "answers" / "job0").mkdir(parents=True)
    (folder / "answers" / "job0" / "dead.jsonl").write_text(f'{{"id": "job0-{0:064x}", "te')
    (folder / "claims").mkdir()
    (folder / "claims" / f"job0-{0:064x}").write_text("dead")
    assert echo(folder).wait(60) == 0
    assert len(answers(folder)) == 4
