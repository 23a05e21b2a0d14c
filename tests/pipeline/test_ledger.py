"""The ledger: a row for every call sent, in the file that is made of it; a table made by an older version grows."""

from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from pipeline.storage.ledger import NAME, SCHEMA, Call, paid
from pipeline.storage.outcomes import Outcomes

CALL = Call("k", "analyzer", "m@1", "far", "evaluation", 5.0, 0.5, None, None, 0, None, "ok")


@pytest.fixture
def database(tmp_path):
    outcomes = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "one")
    outcomes.create()
    yield outcomes
    outcomes.close()


def write_and_read(outcomes, out):
    outcomes.write_ledger(out)
    assert sorted(p.name for p in out.iterdir() if not p.name.startswith("run.db")) == [NAME]
    return pq.read_table(out / NAME).to_pylist()


def test_every_retry_is_the_next_try_of_its_key(database, tmp_path):
    database.upsert([], [replace(CALL, outcome="Transient"), CALL])
    database.upsert([], [replace(CALL, provider="another")])  # as a resumed run would
    Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "other").upsert([], [CALL])
    rows = write_and_read(database, tmp_path)
    tries = sorted((r["try"], r["outcome"], r["provider"]) for r in rows)
    assert tries == [(1, "Transient", "far"), (2, "ok", "far"), (3, "ok", "another")]


def test_the_file_is_in_the_order_of_the_calls_and_keeps_what_is_not_known_null(database, tmp_path):
    database.upsert([], [replace(CALL, call_key=f"k{n}", started=float(-n % 7)) for n in range(20)])
    rows = write_and_read(database, tmp_path)
    assert [r["started"] for r in rows] == sorted(r["started"] for r in rows)
    assert {(r["input_tokens"], r["output_tokens"], r["usd"]) for r in rows} == {(None, None, None)}
    assert pq.read_schema(tmp_path / NAME).equals(SCHEMA)
    database.upsert([], [replace(CALL, call_key="later")])
    assert len(write_and_read(database, tmp_path)) == 21
    nobody = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "nobody")
    assert write_and_read(nobody, tmp_path) == []


def test_what_an_answer_cost_is_known_whichever_run_paid(database, tmp_path):
    other = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "other")
    database.upsert([], [replace(CALL, usd=9.0, outcome="TimedOut"), replace(CALL, call_key="free", usd=0.0), CALL])
    other.upsert([], [replace(CALL, usd=0.5), replace(CALL, call_key="no", usd=0.25, outcome="Refused")])
    with database.engine.connect() as connection:
        assert paid(connection, ["k", "free", "no", "nothing"]) == {"k": 0.5, "free": 0.0, "no": 0.25}
    assert (database.spent(), other.spent()) == (9.0, 0.75)
    other.close()


def test_a_ledger_of_an_older_version_grows(tmp_path):
    outcomes = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "one")
    outcomes.create()
    outcomes.upsert([], [CALL])
    with outcomes.engine.begin() as connection:
        for column in ("provider", "carrier", "checksum"):
            connection.execute(text(f"ALTER TABLE ledger DROP COLUMN {column}"))
        for table in ("journal", "open_calls", "hits", "x2i_schema"):
            connection.execute(text(f"DROP TABLE {table}"))
    for _ in range(2):
        outcomes.create()
    outcomes.upsert([], [replace(CALL, carrier="reasoning")])
    rows = [(r["try"], r["provider"], r["carrier"]) for r in write_and_read(outcomes, tmp_path)]
    assert rows == [(1, "", None), (2, "far", "reasoning")]
    outcomes.close()
