"""SIGKILL of the driver, of a rung's actor, and of the raylet, at seeded moments of a build over HTTP.

Each time the data set is the same to the byte, only requests that were open or just answered come again, every call is in the
ledger, no call comes later than the grace after the driver's death, and no process is left.
"""

import json
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import pyarrow.parquet as pq
import pytest

from pipeline.output.verify import examine
from tests.kill.conftest import Figures, Reference
from tests.kill.counting import SeenRequest
from tests.kill.promise import GRACE_S, Kill, find_repeats
from tests.kill.victim import GONE_S, SMALL, Build, kill, wait_for_end

KINDS = ("driver", "actor", "raylet")
SETTLED_S = 90  # what a run may take to end by itself after its raylet's death
KILLS = [("driver", 5)]
MANY = [
    ("raylet", 6),
    ("actor", 1),
    *((KINDS[n % 3], n) for n in range(100, 100 + int(os.environ.get("X2I_KILLS", "60")))),
]


@dataclass
class Course:
    """The course of one build: its kills, and how it went on after each of them."""

    build: Build
    kills: list[Kill] = field(default_factory=list)
    moments: list[str] = field(default_factory=list)
    calls_after: list[str] = field(default_factory=list)
    gone_after: list[str] = field(default_factory=list)
    resumed_in: float = 0.0


@pytest.mark.parametrize(
    ("kind", "seed"), [*KILLS, *(pytest.param(kind, seed, marks=pytest.mark.slow) for kind, seed in MANY)]
)
def test_a_kill_costs_the_calls_in_flight_and_nothing_else(kind, seed, server, reference, tmp_path, figures):
    build = Build(tmp_path / "out", server, f"{kind}-{seed}")
    try:
        course = build_with_kills(build, kind, random.Random(seed), 2 if seed % 4 == 3 else 1, reference)
    finally:
        build.end()
    assert build.digests() == reference.digests, build.report()
    assert not examine(build.out).problems
    requests = build.requests()
    repeated = list(find_repeats(requests, course.kills))
    reasons = Counter(one.reason for one in repeated)
    assert not reasons["broken"], "\n".join(one.describe(course.kills) for one in repeated if one.reason == "broken")
    assert {one.digest for one in requests} == reference.request_digests
    lost = count_lost_calls(build, requests, len(course.kills))
    figures.append(
        Figures(
            kind=kind,
            moment=" ".join(course.moments),
            calls=len(requests),
            repeats=len(repeated),
            open=reasons["open"],
            just_sent=reasons["just sent"],
            lost=lost,
            calls_after=" ".join(course.calls_after),
            gone_after=" ".join(course.gone_after),
            resumed_in=f"{course.resumed_in:.1f}",
        )
    )


def build_with_kills(build: Build, kind: str, chance: random.Random, times: int, reference: Reference) -> Course:
    """Build to the end, with so many kills on the way."""
    course, left = Course(build), len(reference.request_digests)
    build.start()
    for number in range(times):
        share, before = chance.uniform(0.02, 0.9), len(build.requests())
        made = sum(one.run == build.runs for one in build.requests())
        reached = build.wait_for_calls(made + max(1, round(share * left)))
        time.sleep(chance.uniform(0, 0.2))
        victims = build.victims(kind) if reached else []
        if not victims:
            assert number > 0, f"the build ended before its kill\n{build.report()}"
            break  # the build ended before its second kill
        victim = chance.choice(victims)
        course.kills.append(kill(victim, build.victims("raylet") if kind == "driver" else ()))
        course.moments.append(f"{share:.2f}")
        left -= len(build.requests()) - before
        if kind != "actor":
            _resume(course, kind)
    began_again = time.time()
    assert build.finish() == 0, build.report()
    course.resumed_in = time.time() - began_again
    assert wait_for_end(build.pid, GONE_S) == [], build.report()
    return course


def _resume(course: Course, kind: str) -> None:
    """Start again as soon as the driver has ended; note when the last call and the last process of the killed run ended."""
    build, killed = course.build, course.kills[-1].sent
    code, old, run = build.finish(SETTLED_S), build.pid, build.runs
    assert code == (-9 if kind == "driver" else 1), f"code {code}\n{build.report()}"
    build.start()
    left = wait_for_end(old, GONE_S)
    assert left == [], f"{left} live on\n{build.report()}"
    course.gone_after.append(f"{time.time() - killed:.1f}")
    last = max((one.came for one in build.requests() if one.run == run), default=killed)
    assert last - killed < GRACE_S, f"a call came {last - killed:.2f} s after the {kind}'s death"
    course.calls_after.append(f"{max(0.0, last - killed):.2f}")


def count_lost_calls(build: Build, requests: list[SeenRequest], kills: int) -> int:
    """How many calls the ledger holds as lost. It must hold each call as often as the server saw it, and few others: calls that
    were written down but not yet sent at a kill.
    """
    rows = pq.read_table(build.out / "ledger.parquet", columns=["call_key", "outcome", "try"]).to_pylist()
    tries = Counter(row["call_key"] for row in rows)
    keys = keys_by_seed(build)
    for seed, count in Counter(one.seed for one in requests).items():
        if seed in keys:
            assert tries[keys[seed]] >= count, f"the call with seed {seed} was made {count} times\n{build.report()}"
    assert len(requests) <= len(rows) <= len(requests) + kills * int(SMALL["run.concurrency"])
    assert all(count == tries[key] for key, count in _last_tries(rows).items())
    outcomes = Counter(row["outcome"] for row in rows)
    assert set(outcomes) <= {"ok", "Refused", "Lost"}
    return outcomes["Lost"]


def _last_tries(rows) -> Counter[str]:
    last: Counter[str] = Counter()
    for row in rows:
        last[row["call_key"]] = max(last[row["call_key"]], row["try"])
    return last


def keys_by_seed(build: Build) -> dict[int, str]:
    """Seed -> key of every call in the record, single judgements included; no two calls have the same seed."""
    keys: dict[int, str] = {}
    for row in pq.read_table(build.out / "record", columns=["events"]).to_pylist():
        for event in row["events"]:
            payload = json.loads(event["payload"] or "{}")
            for call in (event, *payload.get("judgements", [])):
                if call["call_key"] is not None:
                    assert keys.setdefault(call["seed"], call["call_key"]) == call["call_key"]
    assert len(keys) > 150
    return keys
