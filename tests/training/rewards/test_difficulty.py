"""How hard prompts are: the figures of rollouts, and the command against a server of the world, killed and gone on."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.storage.image_store import ImageStore
from tests.output.factory import RECIPE, Maker
from tests.training.rewards.rewarding import DEMO
from training.rewards.difficulty import NEVER, SCHEMA, SOLVED, UNMEASURED, Difficulty, measure, rollouts_of, write


@pytest.fixture
def maker(tmp_path):
    return Maker(ImageStore(str(tmp_path / "store")))


def test_the_figures_of_a_prompt(maker):
    rollouts = [maker.direct(1), maker.reflection(2, rounds=2), maker.discarded(3), maker.failed(4)]
    found = measure("p", "m@1", rollouts, RECIPE)
    assert (found.n, found.passes, found.lost, found.rung) == (3, 2, 1, "direct")
    assert found.outcome_mean == pytest.approx((1 + 1 + 0.25) / 3)
    assert found.outcome_std == pytest.approx(0.35355, abs=1e-4)
    assert found.images == pytest.approx((1 + 3 + 4) / 3)
    assert found.file == SOLVED
    assert measure("p", "m", [maker.multistep(5)] * 4, RECIPE).rung == "multistep"


def test_what_was_never_solved_and_what_was_never_seen_stand_apart(maker, tmp_path):
    never = measure("never", "m", [maker.discarded(1)] * 4, RECIPE)
    unseen = measure("unseen", "m", [maker.failed(2)] * 4, RECIPE)
    always = measure("always", "m", [maker.direct(3)] * 4, RECIPE)
    assert (never.rung, never.outcome_mean) == (None, 0.25)
    assert (unseen.n, unseen.outcome_mean, unseen.lost) == (0, None, 4)
    files = write([never, unseen, always], tmp_path)
    assert [file.name for file in files] == [SOLVED, NEVER, UNMEASURED]
    assert [pq.read_table(file)["id"].to_pylist() for file in files] == [["always"], ["never"], ["unseen"]]
    assert pq.read_schema(files[0]) == SCHEMA
    assert write([always], tmp_path) == [tmp_path / SOLVED]
    assert not (tmp_path / NEVER).exists()


def test_rollouts_are_samples_of_their_own_in_one_group(maker):
    sample = maker.start(1, split="rl", climb="direct").sample
    rollouts = rollouts_of(sample, 5)
    assert len({t.sample.id for t in rollouts}) == 5
    assert {t.sample.group for t in rollouts} == {sample.id}
    assert {t.sample.climb for t in rollouts} == {"full"}


def test_every_column_is_a_figure():
    assert SCHEMA.names == list(Difficulty.__dataclass_fields__)


def run(*arguments):
    return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, ["difficulty", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-n", "3"], "greater than or equal to 4"),
        (["--model", "http://127.0.0.1:1/v1", "--role", "generator"], "give one of them"),
        (["--set", "seed=1"], "name one with --manifest"),
        (["--manifest", DEMO, "--role", "painter"], "there is no painter"),
        (["--manifest", DEMO, "--model", "nowhere"], "is no address of a server"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, arguments, words):
    told = run(tmp_path, *arguments)
    assert told.exit_code == 2
    assert words in " ".join(told.output.replace("│", " ").split())


def test_a_server_that_is_not_there_is_named(tmp_path, capfd):
    told = run(tmp_path, "--manifest", DEMO, "--model", "http://127.0.0.1:1/v1", "--name", "m")
    assert told.exit_code == 1


def x2i(*arguments):
    return [sys.executable, "-m", "pipeline", *map(str, arguments)]


@pytest.fixture(scope="module")
def world():
    serving = subprocess.Popen(
        x2i("serve", "world", "--port", "0", "--workers", "2"), stdout=subprocess.PIPE, text=True
    )
    yield serving.stdout.readline().partition("=")[2].strip()
    serving.send_signal(signal.SIGTERM)
    serving.wait(30)


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    out = tmp_path_factory.mktemp("difficulty") / "demo"
    sets = ("sources.0.count=24", "splits.rl=0.3", "run.concurrency=8")
    subprocess.run(x2i("build", DEMO, "--out", out, *(word for s in sets for word in ("--set", s))), check=True)
    return out


@pytest.mark.slow
def test_killed_and_gone_on_nothing_is_paid_twice(build, world):
    command = x2i("difficulty", build, "--model", world, "--name", "world-baseline", "--limit", "4")
    first = subprocess.Popen(command, start_new_session=True)
    database = build / "difficulty" / "world-baseline" / "run.db"
    until = time.monotonic() + 120
    while not (database.exists() and _answers(database) >= 20):
        assert time.monotonic() < until
        assert first.poll() is None
        time.sleep(0.1)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    subprocess.run(command, check=True)
    ledger = pq.read_table(database.parent / "ledger.parquet").to_pylist()
    answered = Counter(call["call_key"] for call in ledger if call["outcome"] == "ok")
    assert max(answered.values()) == 1
    rows = [row for file in database.parent.glob("*solved.parquet") for row in pq.read_table(file).to_pylist()]
    assert len(rows) == 4
    assert all(row["n"] == 4 and row["model"] == "openai/world-baseline@1" for row in rows)
    calls = len(ledger)
    subprocess.run(command, check=True)
    assert pq.read_table(database.parent / "ledger.parquet").num_rows == calls
    assert subprocess.run(x2i("verify", build)).returncode == 0


def _answers(database):
    from pipeline.storage.database import answers_kept

    return answers_kept(database) or 0
