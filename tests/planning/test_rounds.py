"""Rounds of targets over a plan in waves: the same rows whatever is killed, and goals that are met."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipeline.manifest.identity import fingerprint
from pipeline.manifest.spec import Manifest
from pipeline.output.chosen import choose, target_problem
from pipeline.planning.book import PlanBook
from pipeline.run.rounds import Rounds
from pipeline.run.standing import read_known, read_planned
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from pipeline.storage.rounds import RoundLog
from stages.trajectory import Trajectory, load
from tests.planning.test_waves import planning
from tests.sources.tables import make_manifest, table, write_jsonl

STORE = ImageStore("memory://rounds")
QUOTAS = {"direct": 12, "reflection": 8, "multistep": 6, "rl": 0}
FLOORS = {"text": 7, "motion": 5}


@pytest.fixture
def manifest(tmp_path):
    dice = random.Random(3)
    kinds = ["text", "motion", *["other"] * 8]
    sources = [
        table(
            write_jsonl(
                tmp_path / f"{name}.jsonl", [{"prompt": f"{name} {n}", "kind": dice.choice(kinds)} for n in range(400)]
            ),
            name=name,
            columns={"category": "kind"},
        )
        for name in ("a", "b")
    ]
    return lambda **values: make_manifest(
        *sources, **{"quotas": QUOTAS, "targets": {"categories": FLOORS}, "splits": {"rl": 0.1}, **values}
    )


class Killed(Exception):
    """The build was killed."""


class Ladder:
    """What is fed ends by a lot of its own, in an order that differs each time, until `kill_after` outcomes have come."""

    def __init__(self, outcomes: Outcomes, kill_after: int) -> None:
        self.outcomes = outcomes
        self.left = kill_after
        self.fed: list[Trajectory] = []

    def climb(self) -> bool:
        random.shuffle(self.fed)
        while self.fed:
            self.left -= 1
            if self.left < 0:
                raise Killed
            self.outcomes.upsert([end(self.fed.pop())])
        return True


def climb(folder: Path, manifest: Manifest, kill_after: int = 10**9) -> tuple[list[Trajectory], Rounds]:
    """Build in `folder` without Ray."""
    outcomes = Outcomes(f"sqlite:///{folder / 'run.db'}", "f" * 64)
    outcomes.create()
    ladder = Ladder(outcomes, kill_after)
    with PlanBook(folder / "plan.db", "one") as book, planning(book, manifest, 32) as planner:
        todo = 1
        while todo:
            rounds = Rounds(planner, read_known(outcomes, STORE, print), manifest, outcomes)
            rounds.wait = ladder.climb
            todo = 0
            for page in rounds.pages():
                ladder.fed += [load(row.text) for row in page.todo]
                todo += len(page.todo)
        done = read_planned(outcomes, rounds.ranks.items())
    chosen = choose(done, manifest, rounds.before)
    kept = [t for t in done if chosen.fates[t.sample.id] == "kept"]
    RoundLog(outcomes.engine, outcomes.run).keep(t.sample.id for t in kept)
    return kept, rounds


def end(t: Trajectory) -> Trajectory:
    if t.sample.split == "rl":
        return t.accept(None)
    lot = random.Random(t.sample.id).random()
    scarce = t.sample.category == "motion"
    for mode, share in (("direct", 0.4), ("reflection", 0.6), ("multistep", 0.75)):
        if lot < share * (0.4 if scarce else 1.0):
            return t.accept(mode)
    return t.discard("unsolved")


def count(kept: list[Trajectory]) -> tuple[dict[Any, int], dict[str, int]]:
    return dict(Counter(t.mode for t in kept)), dict(Counter(t.sample.category for t in kept))


def test_the_goals_are_met_exactly_and_a_kill_changes_nothing(manifest, tmp_path):
    kept, rounds = climb(tmp_path, manifest())
    modes, categories = count(kept)
    assert modes == {mode: n for mode, n in QUOTAS.items() if n}
    assert all(categories[name] >= floor for name, floor in FLOORS.items())
    assert rounds.missing == ()
    assert len(rounds.ranks) < 400, "and not everything was begun"
    folder = tmp_path / "killed"
    folder.mkdir()
    for after in (1, 20):
        with pytest.raises(Killed):
            climb(folder, manifest(), after)
    again, resumed = climb(folder, manifest())
    assert again == kept
    assert resumed.ranks == rounds.ranks


def test_larger_goals_keep_every_row(manifest, tmp_path):
    kept, rounds = climb(tmp_path, manifest())
    more = manifest(quotas={**QUOTAS, "direct": 20}, targets={"categories": FLOORS | {"text": 12}})
    after, later = climb(tmp_path, more)
    assert {t.sample.id for t in kept} <= {t.sample.id for t in after}
    modes, categories = count(after)
    assert modes["direct"] == 20
    assert categories["text"] >= 12
    assert list(later.ranks.items())[: len(rounds.ranks)] == list(rounds.ranks.items())


def test_what_no_source_has_is_said(manifest, tmp_path):
    _, rounds = climb(tmp_path, manifest(targets={"categories": {"portrait": 3}}))
    (line,) = [one.line() for one in rounds.missing]
    assert line.startswith("targets.categories.portrait: 3 of 3 rows are missing: no source has a row of this category")


def test_targets_that_no_build_could_meet_are_refused(manifest):
    problem = target_problem(manifest(targets={"categories": {"text": 40}}))
    assert problem is not None
    assert "ask for 40 rows together, and the quotas of direct, reflection, multistep hold 26; lower" in problem
    assert target_problem(manifest()) is None
    assert fingerprint(manifest(), {}) == fingerprint(manifest(targets={}), {})


def test_bad_rows_are_begun_as_failures(manifest, tmp_path):
    path = write_jsonl(tmp_path / "c.jsonl", [{"prompt": "" if n % 4 == 0 else f"c {n}"} for n in range(200)])
    made = make_manifest(table(path), quotas=QUOTAS, targets={"categories": {"other": 26}}, splits={"rl": 0.0})
    kept, rounds = climb(tmp_path, made)
    assert len(kept) == 26
    assert rounds.missing == ()
