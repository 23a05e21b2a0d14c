"""SIGKILL of the driver, of a rung's actor, and of the raylet, at seeded moments of a build over HTTP.

Each time the data set is the same to the byte, the server saw again only what was open or just answered, every call is in the
ledger, nothing is called once the driver is dead for longer than the grace, and no process stays behind.
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
from tests.kill.counting import Seen
from tests.kill.promise import GRACE_S, Kill, repeats
from tests.kill.victim import GONE_S, SMALL, Build, ended, kill

KINDS = ("driver", "actor", "raylet")
SETTLED_S = 90  # what a run may take to end by itself after its raylet's death
KILLS = [("driver", 5), ("actor", 1), ("raylet", 6)]
MANY = [(KINDS[n % 3], n) for n in range(100, 100 + int(os.environ.get("X2I_KILLS", "60")))]


@dataclass
class Course:
    """What befell one build: when it was killed, and how that went."""

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
        course = disturbed(build, kind, random.Random(seed), 2 if seed % 4 == 3 else 1, reference)
    finally:
        build.end()
    assert build.digests() == reference.digests, build.told()
    assert not examine(build.out).problems
    seen = build.seen()
    again = list(repeats(seen, course.kills))
    reasons = Counter(one.reason for one in again)
    assert not reasons["broken"], "\n".join(one.told(course.kills) for one in again if one.reason == "broken")
    assert {one.digest for one in seen} == reference.asked
    lost = entered(build, seen, len(course.kills))
    figures.append(
        Figures(
            kind=kind,
            moment=" ".join(course.moments),
            calls=len(seen),
            repeats=len(again),
            open=reasons["open"],
            just_sent=reasons["just sent"],
            lost=lost,
            calls_after=" ".join(course.calls_after),
            gone_after=" ".join(course.gone_after),
            resumed_in=f"{course.resumed_in:.1f}",
        )
    )


def disturbed(build: Build, kind: str, chance: random.Random, times: int, reference: Reference) -> Course:
    """Build with so many kills on the way, to the end."""
    course, left = Course(build), len(reference.asked)
    build.start()
    for number in range(times):
        share, before = chance.uniform(0.02, 0.9), len(build.seen())
        made = sum(one.run == build.runs for one in build.seen())
        there = build.calls(made + max(1, round(share * left)))
        time.sleep(chance.uniform(0, 0.2))
        victims = build.victims(kind) if there else []
        if not victims:
            assert number > 0, f"the build ended before its kill\n{build.told()}"
            break  # little was left to be done after the first kill
        victim = chance.choice(victims)
        course.kills.append(kill(victim, build.victims("raylet") if kind == "driver" else ()))
        course.moments.append(f"{share:.2f}")
        left -= len(build.seen()) - before
        if kind != "actor":
            _resumed(course, kind)
    began_again = time.time()
    assert build.finish() == 0, build.told()
    course.resumed_in = time.time() - began_again
    assert ended(build.pid, GONE_S) == [], build.told()
    return course


def _resumed(course: Course, kind: str) -> None:
    """Start again once the driver has ended, at once; note when the last call and the last process of the killed run went."""
    build, killed = course.build, course.kills[-1].sent
    code, old, run = build.finish(SETTLED_S), build.pid, build.runs
    assert code == (-9 if kind == "driver" else 1), f"code {code}\n{build.told()}"
    build.start()
    left = ended(old, GONE_S)
    assert left == [], f"{left} live on\n{build.told()}"
    course.gone_after.append(f"{time.time() - killed:.1f}")
    last = max((one.came for one in build.seen() if one.run == run), default=killed)
    assert last - killed < GRACE_S, f"a call came {last - killed:.2f} s after the {kind}'s death"
    course.calls_after.append(f"{max(0.0, last - killed):.2f}")


def entered(build: Build, seen: list[Seen], kills: int) -> int:
    """How many calls the ledger holds as lost. It holds each call as often as the server saw it, and invents next to nothing:
    at most what was noted, and not yet sent, at a kill."""
    rows = pq.read_table(build.out / "ledger.parquet", columns=["call_key", "outcome", "try"]).to_pylist()
    tries = Counter(row["call_key"] for row in rows)
    keys = keys_by_seed(build)
    for seed, count in Counter(one.seed for one in seen).items():
        if seed in keys:
            assert tries[keys[seed]] >= count, f"the call with seed {seed} was made {count} times\n{build.told()}"
    assert len(seen) <= len(rows) <= len(seen) + kills * int(SMALL["run.concurrency"])
    assert all(count == tries[key] for key, count in _last_try(rows).items())
    outcomes = Counter(row["outcome"] for row in rows)
    assert set(outcomes) <= {"ok", "Refused", "Lost"}
    return outcomes["Lost"]


def _last_try(rows) -> Counter[str]:
    last: Counter[str] = Counter()
    for row in rows:
        last[row["call_key"]] = max(last[row["call_key"]], row["try"])
    return last


def keys_by_seed(build: Build) -> dict[int, str]:
    """The keys of all calls that the record tells of, single judgements included; a seed is that of one call."""
    keys: dict[int, str] = {}
    for row in pq.read_table(build.out / "record", columns=["events"]).to_pylist():
        for event in row["events"]:
            said = json.loads(event["payload"] or "{}")
            for made in (event, *said.get("judgements", [])):
                if made["call_key"] is not None:
                    assert keys.setdefault(made["seed"], made["call_key"]) == made["call_key"]
    assert len(keys) > 150
    return keys
