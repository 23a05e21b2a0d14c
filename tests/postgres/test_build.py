"""Whole builds on PostgreSQL: the bytes are those of SQLite, and neither a kill nor a lost database is paid twice.

The models are the world behind a counting server, as in the kill tests, so that a call is counted where it is paid.
"""

import json
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.output.verify import examine
from tests.kill.promise import Kill, repeats
from tests.kill.victim import GONE_S, Build, ended, kill
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
    assert on.finish() == 0, on.told()
    assert len(on.seen()) > 2 * ON_THE_WAY
    return on


def same(build: Build, other: Build, disturbances: list[Kill]) -> None:
    """The same bytes, by the same calls; what was made again was on its way at a disturbance, and stands in the ledger."""
    assert build.digests() == other.digests() != {}, build.told()
    assert not examine(build.out).problems
    seen = build.seen()
    assert {one.digest for one in seen} == {one.digest for one in other.seen()}
    again = list(repeats(seen, disturbances))
    assert not [one.told(disturbances) for one in again if one.reason == "broken"]
    assert len(again) <= 2 * 8  # run.concurrency, and answers just sent
    rows = pq.read_table(build.out / "ledger.parquet", columns=["call_key", "outcome"]).to_pylist()
    assert len(seen) <= len(rows) <= len(seen) + 8 * len(disturbances)
    assert set(Counter(row["outcome"] for row in rows)) <= {"ok", "Refused", "Lost"}


def silent(build: Build) -> None:
    """No password lies in the output, nor in anything that was said."""
    for path in (p for folder in (build.out, build.server.folder) for p in folder.rglob("*") if p.is_file()):
        found = path.read_bytes()
        assert PASSWORD.encode() not in found, path
        assert QUOTED.encode() not in found, path


def test_the_bytes_are_those_of_sqlite_and_every_command_reads_it(build, on_sqlite):
    build.start()
    assert build.finish() == 0, build.told()
    same(build, on_sqlite, [])
    silent(build)
    url = build.settings["run.database"]
    assert not (build.out / "run.db").exists()
    for command in ("verify", "report"):
        x2i(command, build.out)
    here, there = figures(build.out, "--database", url), figures(on_sqlite.out)
    assert here["answers"] == there["answers"]
    assert [without(run) for run in here["runs"]] == [without(run) for run in there["runs"]]
    policy = ["--json", "--set", "policy.reflection_rounds=1"]
    replayed = [x2i("whatif", on.out, *policy, *more) for on, more in ((build, ["--database", url]), (on_sqlite, []))]
    assert json.loads(replayed[0].stdout) == json.loads(replayed[1].stdout)
    assert "give the URL with --database" in x2i("journal", build.out, check=False).stderr


def figures(out: Path, *more: object):
    return json.loads(x2i("journal", out, "--json", *more).stdout)


def without(run: dict[str, object]) -> dict[str, object]:
    """The figures of a run, but for who it is: the database's URL is part of the manifest."""
    return {name: value for name, value in run.items() if name != "fingerprint"}


def test_a_second_build_is_refused_and_a_killed_one_goes_on(build, on_sqlite, models, tmp_path):
    second = Build(tmp_path / "second", models, "second", build.settings)
    build.start()
    try:
        assert build.calls(ON_THE_WAY), build.told()
        second.start()
        assert second.finish() == 1
        assert "another build of this data set is at work with postgresql+psycopg://x2i:***@" in second.words()
        assert second.seen() == []
        killed = kill(build.victims("driver")[0], build.victims("raylet"))
        old = build.pid
        build.start()  # at once: the lock went with the driver
        assert build.finish() == 0, build.told()
    finally:
        second.end()
    same(build, on_sqlite, [killed])
    silent(build)
    assert ended(old, GONE_S) == ended(build.pid, GONE_S) == []


def test_a_database_that_goes_away_stops_the_build_which_goes_on_later(build, on_sqlite, postgres):
    build.start()
    assert build.calls(ON_THE_WAY), build.told()
    gone = time.time()
    postgres.stop()
    try:
        assert build.finish(90) == 1, build.told()
        stopped = Kill(gone, time.time())
        said = [line for line in build.words().splitlines() if line.startswith("x2i: ")]
        assert "Traceback" not in build.words()
        assert len(said) == 1, build.told()
        assert "is its server up, and is the URL right?" in said[0]
        assert "type the same command again to go on" in said[0]
        assert ended(build.pid, GONE_S) == []
    finally:
        postgres.start()
    build.start()
    assert build.finish() == 0, build.told()
    same(build, on_sqlite, [stopped])
    silent(build)
