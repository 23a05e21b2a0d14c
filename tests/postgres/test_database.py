"""What the journal needs of PostgreSQL: locks that end with their holder, durable commits, and clear errors when it is away."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import RunStopped
from pipeline.storage.batch import Batch
from pipeline.storage.damage import count_unchecked, find_damage, mend
from pipeline.storage.database import held, open_engine
from pipeline.storage.entries import Entry
from pipeline.storage.outcomes import Outcomes
from stages.trajectory import Trajectory
from tests.postgres.server import PASSWORD, QUOTED
from tests.stages.test_ladder import sample

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
DEMO = ROOT / "manifests" / "demo.yaml"
RUN = "a" * 64
WITHOUT_PSYCOPG = "import sys; sys.modules['psycopg'] = None; from pipeline.cli import main; main()"
HOLD = """
import sys, time
from pipeline.storage.database import held, open_engine
with held(open_engine(sys.argv[1]), sys.argv[2]) as alone:
    print(alone, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def url(postgres) -> str:
    return str(postgres.database())


def test_one_build_of_a_data_set_at_a_time(url):
    engines = [open_engine(url) for _ in range(3)]
    with held(engines[0], RUN) as first, held(engines[1], RUN) as second, held(engines[2], "b" * 64) as other:
        assert (first, second, other) == (True, False, True)
    with held(engines[1], RUN) as again:
        assert again


def test_the_lock_ends_with_the_block_however_that_ends(url):
    engine = open_engine(url)
    with pytest.raises(ZeroDivisionError), held(engine, RUN):
        raise ZeroDivisionError
    with held(open_engine(url), RUN) as again:
        assert again


def test_the_lock_ends_with_its_process(url):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, url, RUN], cwd=ROOT, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"True\n"
        with held(open_engine(url), RUN) as second:
            assert not second
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    until = time.monotonic() + 60
    while not is_free(url):
        assert time.monotonic() < until


def is_free(url: str) -> bool:
    with held(open_engine(url), RUN) as alone:
        return alone


def test_the_lock_holds_no_transaction_open(postgres, url):
    engine = open_engine(url)
    name = engine.url.database
    with held(engine, RUN):
        states = postgres.execute(
            name, f"SELECT state FROM pg_stat_activity WHERE datname = '{name}' AND state LIKE 'idle%'"
        )
        assert states == [("idle",)]


def test_a_lock_whose_connection_was_lost_is_let_go_quietly(postgres, url, capfd):
    engine = open_engine(url)
    with held(engine, RUN) as alone:
        assert alone
        cut_connections(postgres, engine.url.database)
        Outcomes(url, RUN).create()
    assert capfd.readouterr() == ("", "")


def test_a_connection_cut_while_it_idled_is_replaced(postgres, url):
    outcomes = Outcomes(url, RUN)
    outcomes.create()
    cut_connections(postgres, outcomes.engine.url.database)
    assert outcomes.spent() == 0


def cut_connections(postgres, name: str | None) -> None:
    """End every connection to a database but the one that executes this."""
    others = f"datname = '{name}' AND pid != pg_backend_pid()"
    assert postgres.execute(name, f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")


def test_builds_that_begin_at_once_make_the_tables_once(url):
    start = threading.Barrier(8)

    def create(_: int) -> None:
        start.wait()
        Outcomes(url, RUN).create()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(8)))


def test_an_older_database_is_brought_up_to_date_once_by_builds_that_begin_at_once(postgres, url):
    outcomes = Outcomes(url, RUN)
    outcomes.create()
    outcomes.upsert([Trajectory(sample(id="a"), 1).accept("direct")])
    name = outcomes.engine.url.database
    postgres.execute(name, "DROP TABLE x2i_schema")
    for table in ("outcomes", "journal", "ledger", "open_calls"):
        postgres.execute(name, f"ALTER TABLE {table} DROP COLUMN checksum")
    start = threading.Barrier(8)

    def create(_: int) -> None:
        start.wait()
        Outcomes(url, RUN).create()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(8)))
    outcomes.upsert([Trajectory(sample(id="b"), 2).accept("direct")])
    assert [t.sample.id for t in outcomes.all()] == ["a", "b"]
    with outcomes.engine.connect() as connection:
        assert count_unchecked(connection, RUN) == 1
    postgres.execute(name, "UPDATE x2i_schema SET version = 99")
    with pytest.raises(RunStopped, match="install a newer x2i-ladder"):
        outcomes.create()


def test_a_changed_row_is_named_and_mended(postgres, url):
    outcomes = Outcomes(url, RUN)
    outcomes.create()
    outcomes.upsert([Trajectory(sample(id=name), 1).accept("direct") for name in ("a", "b")])
    outcomes.commit(Batch(entries=[Entry("k", "plan", 1.5, "words")]))
    postgres.execute(outcomes.engine.url.database, "UPDATE outcomes SET rank = 7 WHERE id = 'b'")
    postgres.execute(outcomes.engine.url.database, "UPDATE journal SET kind = 'image'")
    with pytest.raises(RunStopped, match="sample b is not what was written"):
        list(outcomes.all())
    with outcomes.engine.begin() as connection:
        damaged = list(find_damage(connection))
        for row in damaged:
            mend(connection, row)
    assert [row.name for row in damaged] == ["the outcome of sample b", "the answer to call k"]
    assert [t.sample.id for t in outcomes.all()] == ["a"]
    assert outcomes.answers(["k"]) == {}


def test_a_commit_is_durable_whatever_the_server_is_set_to(postgres, url):
    name = open_engine(url).url.database
    postgres.execute("postgres", f"ALTER DATABASE {name} SET synchronous_commit = off")
    with open_engine(url).connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
        connection.rollback()
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"


def test_a_read_only_engine_refuses_to_write(url):
    Outcomes(url, RUN).create()
    looking = Outcomes(url, RUN, looking=True)
    assert list(looking.all()) == []
    with pytest.raises(SQLAlchemyError, match="read-only"):
        looking.commit(Batch(entries=[Entry("k", "plan", 1.0, "words")]))


def test_two_runs_that_keep_the_same_answers_do_not_wait_for_each_other_for_ever(url):
    Outcomes(url, RUN).create()
    keys = [f"{n:064}" for n in range(40)]
    start = threading.Barrier(2)

    def keep(run: str, mine: list[str]) -> None:
        outcomes = Outcomes(url, run)
        start.wait()
        for _ in range(40):
            outcomes.commit(Batch(entries=[Entry(key, "plan", 1.0, "words") for key in mine]))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(keep, (RUN, "b" * 64), (keys, keys[::-1])))
    assert set(Outcomes(url, RUN).answers(keys)) == set(keys)


def test_half_characters_and_zero_bytes_come_back(url):
    outcomes = Outcomes(url, RUN)
    outcomes.create()
    entry = Entry("k", "plan", 1.0, 'zero \0 half \ud800 quote " percent %s')
    outcomes.commit(Batch(entries=[entry]))
    assert outcomes.answers(["k"]) == {"k": entry}


@pytest.mark.parametrize(
    ("name", "password", "port", "words"),
    [
        ("postgres", "wrong", None, "password authentication failed"),
        ("postgres", QUOTED, 1, "refused"),
        ("nowhere", QUOTED, None, 'database "nowhere" does not exist'),
    ],
)
def test_a_server_that_cannot_be_reached_is_one_line(postgres, tmp_path, name, password, port, words):
    wrong = postgres.url(name, password).replace(f":{postgres.port}/", f":{port or postgres.port}/")
    line = failure_line(["build", DEMO, "--out", tmp_path / "out", "--set", f"run.database={wrong}"])
    assert words in line
    assert "is its server up, and is the URL right?" in line
    assert "type the same command again" in line
    for command in (["journal"], ["whatif", "--set", "policy.reflection_rounds=1"]):
        line = failure_line([command[0], tmp_path / "out", *command[1:], "--database", wrong])
        assert words in line


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql+psycopg://me:secret@127.0.0.1/x", "pip install 'x2i-ladder[postgres]'"),
        ("postgres://me:secret@127.0.0.1/x", "write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"),
    ],
)
def test_what_cannot_be_opened_names_the_remedy(tmp_path, url, words):
    command = [sys.executable, "-c", WITHOUT_PSYCOPG]
    line = failure_line(["build", DEMO, "--out", tmp_path / "out", "--set", f"run.database={url}"], command)
    assert words in line
    assert words in failure_line(["journal", tmp_path / "out", "--database", url], command)


def failure_line(arguments: list[object], command: list[str] | None = None) -> str:
    """The one line of standard error with which a command fails; it must hold no password."""
    done = subprocess.run(
        [*(command or [sys.executable, "-m", "pipeline"]), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    for secret in (PASSWORD, QUOTED, "wrong", "secret"):
        assert secret not in done.stderr
    return done.stderr
