"""The database file: builds that begin at once, versions, and damage that is named."""

import multiprocessing
import sqlite3
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.exc import DatabaseError

from pipeline.errors import RunStopped, one_line
from pipeline.storage.batch import Batch
from pipeline.storage.calls import OpenCall
from pipeline.storage.entries import Entry
from pipeline.storage.ledger import Call
from pipeline.storage.migration import VERSION
from pipeline.storage.outcomes import Outcomes
from stages.trajectory import Trajectory
from tests.stages.test_ladder import sample

AT_ONCE, ROUNDS = 8, 12
OPEN = OpenCall("f" * 32, "k2", "analyzer", "m", "p", "plan", 2.5, 0.25)
CALL = Call("k1", "analyzer", "m", "p", "plan", 1.5, 0.1, 3, None, 0, 0.001, "ok")


def begin(folder: Path, number: int, barrier) -> list[str]:
    """Open and make one database after another, together with the other processes; the errors."""
    problems = []
    for n in range(ROUNDS):
        barrier.wait()
        outcomes = Outcomes(f"sqlite:///{folder / f'{n}.db'}", "one")
        try:
            outcomes.create()
            outcomes.upsert([Trajectory(sample(id=f"s{number}"), number).accept("direct")])
        except DatabaseError as error:
            problems.append(one_line(error))
        finally:
            outcomes.close()
    return problems


def test_builds_that_begin_at_once_all_get_their_database(tmp_path):
    for n in range(0, ROUNDS, 2):  # every second file is there, in the mode that SQLite begins with, and read meanwhile
        with sqlite3.connect(tmp_path / f"{n}.db") as plain:
            plain.execute("create table mine (x)")
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(AT_ONCE, mp_context=context) as pool:
        barrier = manager.Barrier(AT_ONCE)
        pending = [pool.submit(begin, tmp_path, number, barrier) for number in range(AT_ONCE)]
        assert [problem for future in pending for problem in future.result()] == []
    for n in range(ROUNDS):
        outcomes = Outcomes(f"sqlite:///{tmp_path / f'{n}.db'}", "one")
        assert [t.rank for t in outcomes.all()] == list(range(AT_ONCE))
        outcomes.close()


def test_a_build_that_begins_while_another_process_writes_waits_for_it(tmp_path):
    """SQLite gives up at once here: its own wait is only for those who ask after the mode is set."""
    path = tmp_path / "run.db"
    writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    writer.execute("create table mine (x)")
    writer.execute("begin immediate")
    release = threading.Timer(0.3, writer.execute, ["commit"])
    release.start()
    with opened(path) as outcomes:
        outcomes.create()
        assert list(outcomes.all()) == []
    release.join()
    writer.close()


@pytest.fixture
def file(tmp_path):
    """A database with two outcomes, an answer, a ledger row and an open call."""
    path = tmp_path / "run.db"
    with opened(path) as outcomes:
        outcomes.create()
        outcomes.upsert([Trajectory(sample(id=name), 1).accept("direct") for name in ("a", "b")])
        outcomes.commit(Batch(entries=[Entry("k1", "plan", 1.5, "words")], calls=[CALL], opened=[OPEN]))
    return path


def opened(path: Path) -> Outcomes:
    return Outcomes(f"sqlite:///{path}", "one")


def change(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as raw:
        for statement in statements:
            assert raw.execute(statement).rowcount != 0
    raw.close()


def test_a_changed_word_of_an_outcome_is_named(file):
    change(file, "update outcomes set trajectory = replace(trajectory, 'direct', 'Direct') where id = 'b'")
    with opened(file) as outcomes:
        for read in (lambda: list(outcomes.all()), lambda: outcomes.among(["b"])):
            with pytest.raises(RunStopped, match=r"the outcome of sample b is not what was written.*x2i mend"):
                read()
        assert list(outcomes.among(["a"])) == ["a"]


@pytest.mark.parametrize(("column", "value"), [("rank", "rank + 1"), ("reason", "'refused'"), ("id", "'c'")])
def test_every_column_of_an_outcome_counts(file, column, value):
    change(file, f"update outcomes set {column} = {value} where id = 'b'")
    with opened(file) as outcomes, pytest.raises(RunStopped, match="is not what was written"):
        list(outcomes.all())


def test_a_changed_answer_is_named(file):
    change(file, "update journal set answer = replace(answer, 'words', 'wordz')")
    with (
        opened(file) as outcomes,
        pytest.raises(RunStopped, match=r"answer to call k1 is not what was written.*x2i mend"),
    ):
        outcomes.answers(["k1"])


def test_a_changed_ledger_row_is_named(file, tmp_path):
    change(file, "update ledger set usd = 100.0")
    with opened(file) as outcomes, pytest.raises(RunStopped, match="ledger's row of try 1 of call k1"):
        outcomes.write_ledger(tmp_path)


def test_a_changed_open_call_is_named(file):
    change(file, "update open_calls set usd = 0.0")
    with opened(file) as outcomes, pytest.raises(RunStopped, match="open call of key k2"):
        outcomes.settle_open()


OLD = (
    "drop table x2i_schema",
    *(f"alter table {table} drop column checksum" for table in ("outcomes", "journal", "ledger", "open_calls")),
    *(f"alter table ledger drop column {column}" for column in ("provider", "carrier")),
)


def test_an_older_database_is_read_as_it_is_and_brought_up_to_date_by_a_build(file):
    with sqlite3.connect(file) as raw:
        for statement in OLD:
            raw.execute(statement)
    raw.close()
    looking = Outcomes(f"sqlite:///{file}", "one", looking=True)
    assert [t.sample.id for t in looking.all()] == ["a", "b"]
    assert looking.answers(["k1"])["k1"].text == "words"
    looking.close()
    with opened(file) as outcomes:
        outcomes.create()
        outcomes.create()
        outcomes.upsert([Trajectory(sample(id="c"), 2).accept("direct")])
        assert outcomes.settle_open() == 1
        assert [t.sample.id for t in outcomes.all()] == ["a", "b", "c"]
    with sqlite3.connect(file) as raw:
        assert raw.execute("select id from outcomes where checksum is not null").fetchall() == [("c",)]
        assert raw.execute("select version from x2i_schema").fetchall() == [(VERSION,)]
    raw.close()


def test_a_newer_database_is_refused(file):
    change(file, "update x2i_schema set version = 99")
    with opened(file) as outcomes, pytest.raises(RunStopped, match=r"version 99.*install a newer x2i-ladder"):
        outcomes.create()


@pytest.mark.parametrize("damage", ["cut", "garbled"])
def test_a_damaged_file_names_the_ways_out(file, damage):
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2] if damage == "cut" else b"garbage!" * (len(data) // 8))
    with opened(file) as outcomes, pytest.raises(DatabaseError) as raised:
        outcomes.write_ledger(file.parent)
    words = one_line(raised.value)
    assert all(way in words for way in ("a copy", "--import-record", ".recover", "--overwrite"))
    assert len(words.splitlines()) == 1
