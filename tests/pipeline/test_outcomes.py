"""Outcomes: one row per sample, the last one counts, and it is durable."""

import sqlite3

from pipeline.storage.outcomes import Outcomes
from stages.trajectory import Trajectory
from tests.stages.test_ladder import sample


def test_upsert_replaces_and_runs_do_not_meet(tmp_path):
    url = f"sqlite:///{tmp_path / 'run.db'}"
    one, other = Outcomes(url, "one"), Outcomes(url, "other")
    one.create()
    other.create()
    first = Trajectory(sample(id="b"), 2**63 - 1).fail("transport", "503")
    one.upsert([first, Trajectory(sample(id="a"), 0).accept("direct")])
    one.upsert([Trajectory(sample(id="b"), 2**63 - 1).discard("refused", "no")])
    one.upsert([])
    assert [(t.sample.id, t.status) for t in one.all()] == [("a", "accepted"), ("b", "discarded")]
    assert list(other.all()) == []
    one.close()
    other.close()


def test_commits_are_synced(tmp_path):
    outcomes = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "one")
    outcomes.create()
    with outcomes.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    outcomes.close()
    with sqlite3.connect(tmp_path / "run.db") as raw:
        assert raw.execute("select count(*) from outcomes").fetchone() == (0,)
