"""Whole builds on PostgreSQL: the same bytes as on SQLite, and no call is paid twice after a kill or the loss of the database.

The models are the world behind a counting server, as in the kill tests, so that a call is counted where it is paid.
"""

import json
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.output.verify import examine
from tests.kill.promise import Kill, find_repeats
from tests.kill.victim import GONE_S, Build, kill, wait_for_end
from tests.pipeline.test_build import x2i
from tests.postgres.server import PASSWORD, QUOTED

pytestmark = pytest.mark.slow
COUNT = 16
ON_THE_WAY = 40  # calls, of about 200


@pytest.fixture
def build(request, models, postgres, tmp_path):
    on = Build(tmp_path / "out", models, request.node.name, settings(postgres.database()))
    yield on
    on.end()


def settings(url: str | None = None) -> dict[str, object]:
    return {"sources.0.count": COUNT} | ({} if url is None else {"run.database": url})


@pytest.fixture(scope="module")
def on_sqlite(models, tmp_path_factory):
    on = Build(tmp_path_factory.mktemp("sqlite") / "out", models, "sqlite", settings())
    on.start()
    assert on.finish() == 0, on.report()
    assert len(on.requests()) > 2 * ON_THE_WAY
    return on


def check_same_build(build: Build, other: Build, disturbances: list[Kill]) -> None:
    """Check that both have the same bytes by the same calls; only calls under way at a disturbance are repeated."""
    assert build.digests() == other.digests() != {}, build.report()
    assert not examine(build.out).problems
    requests = build.requests()
    assert {one.digest for one in requests} == {one.digest for one in other.requests()}
    repeated = list(find_repeats(requests, disturbances))
    assert not [one.describe(disturbances) for one in repeated if one.reason == "broken"]
    assert len(repeated) <= 2 * 8  # run.concurrency, and answers just sent
    rows = pq.read_table(build.out / "ledger.parquet", columns=["call_key", "outcome"]).to_pylist()
    assert len(requests) <= len(rows) <= len(requests) + 8 * len(disturbances)
    assert set(Counter(row["outcome"] for row in rows)) <= {"ok", "Refused", "Lost"}


def check_no_password(build: Build) -> None:
    """Check that no password is in the output, or in anything that was printed."""
    for path in (p for folder in (build.out, build.server.folder) for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        assert PASSWORD.encode() not in data, path
        assert QUOTED.encode() not in data, path


def test_the_bytes_are_those_of_sqlite_and_every_command_reads_it(build, on_sqlite):
    build.start()
    assert build.finish() == 0, build.report()
    check_same_build(build, on_sqlite, [])
    check_no_password(build)
    url = build.settings["run.database"]
    assert not (build.out / "run.db").exists()
    for command in ("verify", "report"):
        x2i(command, build.out)
    here, there = read_figures(build.out, "--database", url), read_figures(on_sqlite.out)
    assert here["answers"] == there["answers"]
    assert [without_fingerprint(run) for run in here["runs"]] == [without_fingerprint(run) for run in there["runs"]]
    policy = ["--json", "--set", "policy.reflection_rounds=1"]
    replayed = [x2i("whatif", on.out, *policy, *more) for on, more in ((build, ["--database", url]), (on_sqlite, []))]
    assert json.loads(replayed[0].stdout) == json.loads(replayed[1].stdout)
    assert "give the URL with --database" in x2i("journal", build.out, check=False).stderr


def read_figures(out: Path, *more: object):
    return json.loads(x2i("journal", out, "--json", *more).stdout)


def without_fingerprint(run: dict[str, object]) -> dict[str, object]:
    """The figures of a run without its fingerprint, which differs: the database's URL is part of the manifest."""
    return {name: value for name, value in run.items() if name != "fingerprint"}


def test_a_second_build_is_refused_and_a_killed_one_goes_on(build, on_sqlite, models, tmp_path):
    second = Build(tmp_path / "second", models, "second", build.settings)
    build.start()
    try:
        assert build.wait_for_calls(ON_THE_WAY), build.report()
        second.start()
        assert second.finish() == 1
        assert "another build of this data set is at work with postgresql+psycopg://x2i:***@" in second.output()
        assert second.requests() == []
        killed = kill(build.victims("driver")[0], build.victims("raylet"))
        old = build.pid
        build.start()  # at once, because the lock ended with the driver
        assert build.finish() == 0, build.report()
    finally:
        second.end()
    check_same_build(build, on_sqlite, [killed])
    check_no_password(build)
    assert wait_for_end(old, GONE_S) == wait_for_end(build.pid, GONE_S) == []


def test_a_database_that_goes_away_stops_the_build_which_goes_on_later(build, on_sqlite, postgres):
    build.start()
    assert build.wait_for_calls(ON_THE_WAY), build.report()
    gone = time.time()
    postgres.stop()
    try:
        assert build.finish(90) == 1, build.report()
        stopped = Kill(gone, time.time())
        lines = [line for line in build.output().splitlines() if line.startswith("x2i: ")]
        assert "Traceback" not in build.output()
        assert len(lines) == 1, build.report()
        assert "is its server up, and is the URL right?" in lines[0]
        assert "type the same command again to go on" in lines[0]
        assert wait_for_end(build.pid, GONE_S) == []
    finally:
        postgres.start()
    build.start()
    assert build.finish() == 0, build.report()
    check_same_build(build, on_sqlite, [stopped])
    check_no_password(build)
