"""A journal that was lost: the folder is refused, and what its record knows is taken over without a call."""

import io
import json
import shutil
import sqlite3
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from pipeline.build import Wish, build
from pipeline.errors import RunStopped
from pipeline.manifest.file import load
from pipeline.output import lock
from pipeline.output.lock import OutputError
from pipeline.output.verify import examine, verify
from pipeline.replay import recover as recovering
from pipeline.replay.figures import figures
from pipeline.replay.loss import refuse_lost_rows
from pipeline.replay.mend import mend_database
from pipeline.replay.recall import CARRIER
from pipeline.replay.whatif import whatif
from pipeline.storage.outcomes import Outcomes
from tests.pipeline.test_build import DEMO, hash_files, x2i

CHANGES = ["sources.0.count=24", "quotas={direct: 6, reflection: 2, multistep: 1, rl: 1}", "run.workers=1"]
OPTIONS = [word for change in CHANGES for word in ("--set", change)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("finished") / "out"
    x2i("build", DEMO, "--out", out, *OPTIONS)
    return out


@pytest.fixture
def out(finished, tmp_path):
    """A copy of a finished build."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


def again(out: Path, *changes: str, **wish: bool) -> str:
    """Build once more, in this process; what it prints. A build that has to climb would take Ray."""
    words = io.StringIO()
    console = Console(file=words, width=1000)
    build(load(str(DEMO), [*CHANGES, *changes]), out, Wish(**wish), console)
    return words.getvalue()


def lose(out: Path, *names: str) -> None:
    for name in names:
        for path in out.glob(name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def refusal(out: Path, *changes: str, **wish: bool) -> str:
    before = list_names(out)
    with pytest.raises(OutputError) as refused:
        again(out, *changes, **wish)
    assert list_names(out) == before  # nothing is made, or the next try would not be refused
    return str(refused.value)


def list_names(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if not path.name.startswith("run.db-"))


def sent(out: Path) -> list[str]:
    return sorted(map(str, pq.read_table(out / "ledger.parquet").to_pylist()))


def outcomes_of(out: Path) -> Outcomes:
    identity = lock.read(out)
    assert identity is not None
    return Outcomes(f"sqlite:///{out / lock.DATABASE}", identity.fingerprint)


@pytest.mark.parametrize(
    ("lost", "imports"),
    [
        (("run.db*", "run.json"), True),
        (("run.db*", "run.json", "sft", "rl", "pairs", "edit_pairs", "store"), True),
        (("run.db*", "run.json", "record"), False),
        (("run.db*", "run.json", "record", "sft", "rl", "pairs", "edit_pairs", "ledger.parquet"), False),
    ],
)
def test_results_without_a_database_are_refused_with_the_choice_said(out, lost, imports):
    lose(out, *lost)
    for _ in range(2):
        message = refusal(out)
        assert "holds results" in message
        assert "run.db, where their journal should be, is not there" in message
        assert "--overwrite" in message
        assert ("--import-record" in message) == imports
    if not imports:
        assert "has nothing to take over" in refusal(out, import_record=True)


def test_an_empty_database_a_fork_and_another_database_are_refused_alike(out, tmp_path):
    lose(out, "run.db*", "run.json")
    (out / "run.db").touch()
    assert "holds no journal" in refusal(out)
    assert "holds no journal" in refusal(out, "policy.reflection_rounds=1", fork=True)
    elsewhere = f"run.database=sqlite:///{tmp_path / 'other.db'}"
    message = refusal(out, elsewhere)
    assert "other.db, where their journal should be, is not there" in message
    assert "let run.database name the database" in message
    assert not (tmp_path / "other.db").exists()


def test_a_database_without_the_rows_of_the_record_is_refused(out):
    lose(out, "run.json")
    with sqlite3.connect(out / "run.db") as raw:
        for table in ("outcomes", "journal", "ledger"):
            raw.execute(f"delete from {table}")
    raw.close()
    count = sum(pq.read_metadata(path).num_rows for path in (out / "record").glob("*.parquet"))
    assert f"knows nothing of {count} samples of record/" in refusal(out)
    lose(out, "record")
    assert "holds no outcome or call of this build" in refusal(out)


def test_an_unfinished_build_is_not_begun_anew_with_another_database(out, tmp_path):
    """As it is when it was stopped while it climbed."""
    lose(out, "run.json", "ledger.parquet", "sft", "rl", "pairs", "edit_pairs", "record")
    other = f"sqlite:///{tmp_path / 'other.db'}"
    with Outcomes(other, "of another build") as shared:
        shared.create()
    message = refusal(out, f"run.database={other}")
    assert "holds no outcome or call of this build" in message
    assert "--import-record" not in message


def test_a_copy_from_before_the_end_is_refused_and_what_was_forgotten_on_purpose_is_not(out):
    names = [row["id"] for row in pq.read_table(out / "record", columns=["id"]).to_pylist()]
    outcomes = outcomes_of(out)
    outcomes.forget(names[:3])
    identity = lock.read(out)
    assert identity is not None
    refuse_lost_rows(out, outcomes, identity)  # their calls are in the ledger
    outcomes.close()
    lose(out, "run.json")
    with sqlite3.connect(out / "run.db") as raw:
        raw.execute("delete from journal")
        raw.execute("delete from ledger")
    raw.close()
    assert "knows nothing of 3 samples of record/" in refusal(out)


def test_the_import_pays_for_nothing_and_gives_the_same_bytes(out, finished):
    lose(out, "run.db*", "run.json")
    words = again(out, import_record=True)
    count = sum(pq.read_metadata(path).num_rows for path in (out / "record").glob("*.parquet"))
    assert f"Taken over from record/: {count} samples" in words
    assert "Starting Ray" not in words
    assert hash_files(out) == hash_files(finished)
    assert sent(out) == sent(finished)
    assert verify(out, workers=1) == []
    assert examine(out, workers=1).problems == []
    again(out)  # finished, and nothing is refused
    lose(out, "run.json")
    assert "Starting Ray" not in again(out)
    assert "Taken over from record/: 0 samples, 0 answers, 0 calls" in again(out, import_record=True)


def test_a_finished_output_gets_its_journal_back_and_answers_are_known_again(out, finished):
    lose(out, "run.db*")
    again(out, import_record=True)
    with sqlite3.connect(out / "run.db") as new, sqlite3.connect(finished / "run.db") as old:
        rows = [dict(c.execute("select call_key, answer from journal").fetchall()) for c in (new, old)]
    new.close()
    old.close()
    assert rows[0].keys() <= rows[1].keys()
    events = [e for row in pq.read_table(out / "record").to_pylist() for e in row["events"]]
    whole = [e for e in events if not json.loads(e["payload"] or "{}").get("judgements")]
    assert rows[0].keys() == {e["call_key"] for e in whole} - {None}
    for key, answer in rows[0].items():
        written, original = json.loads(answer), json.loads(rows[1][key])
        assert written.get("image") == original.get("image")
        assert (written.get("carrier") == CARRIER) == ("image" not in original)
    assert figures(out).runs[0].calls == figures(finished).runs[0].calls
    assert whatif(out, ["policy.thresholds.instruction=5"])


def test_an_import_that_is_killed_leaves_nothing_behind(out, monkeypatch):
    lose(out, "run.db*", "run.json")

    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(recovering, "_import_ledger", killed)
        with pytest.raises(Killed):
            again(out, import_record=True)
    assert "samples of record/" in refusal(out)
    assert "Starting Ray" not in again(out, import_record=True)


def test_a_record_of_a_fork_keeps_its_own_name(out):
    """Answers are known by what was asked: under another policy those that are asked alike are used again."""
    lose(out, "run.db*", "run.json")
    before = lock.read(out)
    assert before is not None
    recovering_of = Outcomes(f"sqlite:///{out / lock.DATABASE}", "f" * 64)
    recovering_of.create()
    recovering_of.close()
    recovering.recover(out, f"sqlite:///{out / lock.DATABASE}", recovering.ImageStore(str(out / "store")))
    assert {run.fingerprint for run in figures(out).runs} == {before.fingerprint}


def test_torn_samples_and_missing_files_are_said_and_not_taken_over(out):
    lose(out, "run.db*", "run.json")
    row = next(row for row in pq.read_table(out / "record").to_pylist() if row["events"])
    image = next(e["image_sha256"] for e in row["events"] if e["image_sha256"])
    (out / "store" / image[:2] / image).write_bytes(b"damaged")
    (path,) = (out / "record").glob("*.parquet")
    path.rename(path.with_name(path.name.replace("-of-00001", "-of-00002")))
    outcomes_of(out).create()
    done = recovering.recover(out, f"sqlite:///{out / lock.DATABASE}", recovering.ImageStore(str(out / "store")))
    assert (done.torn, done.files_missing) == (1, 1)
    assert "1 samples climb again" in str(done)
    path.with_name(path.name.replace("-of-00001", "-of-00002")).write_bytes(b"no parquet")
    with pytest.raises(OutputError, match="no record of a run can be read"):
        recovering.find_record(out)


def damage(out: Path, statement: str) -> None:
    with sqlite3.connect(out / "run.db") as raw:
        assert raw.execute(statement).rowcount == 1
    raw.close()


FLIPS = [
    "update outcomes set trajectory = replace(trajectory, 'instruction', 'instructiom') where rowid = 2",
    "update outcomes set trajectory = cast(x'ff' || substr(trajectory, 2) as text) where rowid = 2",
    "update outcomes set trajectory = cast(trajectory as blob) where rowid = 2",
    "update outcomes set rank = rank + 1 where rowid = 2",
    "update journal set answer = replace(answer, '{', '[') where rowid = 2",
    "update journal set created = created * 2 where rowid = 2",
    "update ledger set usd = 5.0 where rowid = 2",
    "update ledger set call_key = cast(x'ff' as text) where rowid = 2",
]


@pytest.mark.parametrize("flip", FLIPS)
def test_every_flip_is_named_by_verify_and_mended(out, flip):
    damage(out, flip)
    problems = examine(out, workers=1).problems
    (row,) = (p for p in problems if p.file == lock.DATABASE)
    assert "is not what was written; x2i mend" in row.what
    if "outcomes" in flip:
        lose(out, "run.json")
        with pytest.raises(RunStopped, match=r"is not what was written.*x2i mend"):
            again(out)
    (line,) = mend_database(out)
    assert line.endswith("taken as it is" if "ledger" in flip else "deleted")
    assert mend_database(out) == []


def test_damage_to_the_file_is_named_by_verify_and_by_a_build(out):
    lose(out, "run.db-*")
    data = (out / "run.db").read_bytes()
    (out / "run.db").write_bytes(data[: len(data) * 2 // 3])
    assert any(problem.file == lock.DATABASE for problem in examine(out, workers=1).problems)
    lose(out, "run.json")
    with pytest.raises(RunStopped, match=r"is damaged. Ways out: .*\.recover.*--import-record.*--overwrite"):
        again(out)


def test_rows_of_an_older_version_are_counted_and_a_lost_database_is_noted(out):
    with sqlite3.connect(out / "run.db") as raw:
        raw.execute("update outcomes set checksum = null")
    raw.close()
    examination = examine(out, workers=1)
    assert examination.problems == []
    assert any("were written before rows had checksums" in note for note in examination.notes)
    lose(out, "run.db*")
    assert any("run.db is not there" in note for note in examine(out, workers=1).notes)
