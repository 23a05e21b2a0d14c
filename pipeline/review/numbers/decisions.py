"""Whether a lot is accepted.

In: a lot's population, the resolutions of a review, a `LotPlan`. Out: a `LotDecision`. Only the lot's random sample counts. A
decision comes as soon as the rest of the sample could not change it, so it is exactly that of the whole sample, and its risks
are the plan's.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.review.numbers.acceptance import accepted, settled
from pipeline.review.numbers.bounds import most_wrong
from pipeline.review.numbers.plans import LotPlan, SingleSample, least_sample, single_sample
from pipeline.review.records import LotKey, LotPopulation, Resolution

LotState = Literal["accepted", "rejected", "undecided"]


@dataclass(frozen=True, slots=True)
class LotDecision:
    """A decision about the lot `key`: of a random `sample` at most `most` rows may be wrong; `found` of `judged` are.

    `confidence`: the probability with which this plan rejects a lot of limiting quality, reviewers' errors included. `upper`:
    so much of the lot may be wrong at most, at that plan's asked confidence; only where the whole sample is judged, else None.
    `remaining`: at most so many rows more are to be judged. `waiting`: so many of them only a lead can settle. `missing`
    says what an undecided lot lacks; empty where it is decided.
    """

    key: LotKey
    state: LotState
    sample: int
    most: int
    judged: int
    found: int
    confidence: float
    upper: float | None
    remaining: int
    waiting: int
    missing: str = ""


def decide(population: LotPopulation, resolutions: Iterable[Resolution], plan: LotPlan) -> LotDecision:
    """The decision about one lot; `resolutions` may hold those of others, too."""
    return _decide(population, [r for r in resolutions if r.item.cell.lot == population.key], plan)


def decide_all(
    populations: Iterable[LotPopulation], resolutions: Iterable[Resolution], plan: LotPlan
) -> dict[LotKey, LotDecision]:
    """The decision about every lot that shards hold."""
    by_lot: dict[LotKey, list[Resolution]] = defaultdict(list)
    for resolution in resolutions:
        by_lot[resolution.item.cell.lot].append(resolution)
    return {p.key: _decide(p, by_lot[p.key], plan) for p in populations if not p.key.lost}


def _decide(population: LotPopulation, resolutions: Iterable[Resolution], plan: LotPlan) -> LotDecision:
    single = single_sample(plan, population.size)
    drawn = sorted((r for r in resolutions if r.item.draw == "lot"), key=lambda r: (r.item.position, r.item.sample_id))
    # while a build grows a displaced item may still be there: the sample is the rows of lowest position
    drawn = drawn[: single.sample]
    judged = [r for r in drawn if settled(r)]
    found = sum(not accepted(r) for r in judged)
    open_rows = single.sample - len(judged)
    waiting = sum(bool(r.disputed or r.opinion == "unsure") for r in drawn if not settled(r))
    state: LotState = "undecided"
    if population.key.lost or single.most < 0 or not population.size:
        pass
    elif found > single.most:
        state = "rejected"
    elif found + open_rows <= single.most:
        state = "accepted"
    upper = None if open_rows or not single.sample else most_wrong(population.size, single.sample, found, plan)
    missing = _missing(population, plan, single, open_rows, len(drawn), waiting) if state == "undecided" else ""
    confidence = 1 - single.acceptance(plan.limiting) if population.size else 0.0
    remaining = open_rows if state == "undecided" and not population.key.lost else 0
    counts = single.sample, single.most, len(judged), found
    return LotDecision(population.key, state, *counts, confidence, upper, remaining, waiting, missing)


def _missing(
    population: LotPopulation, plan: LotPlan, single: SingleSample, open_rows: int, drawn: int, waiting: int
) -> str:
    if population.key.lost:
        return "no shard holds its rows, so nothing is to be accepted"
    if not population.size:
        return "the lot is empty"
    if single.most < 0:
        least = least_sample(plan, population.size)
        enough = single_sample(replace(plan, sample=least), population.size).most >= 0
        how = f"judge at least {least:,}" if enough else "train the reviewers, whose errors hide too much"
        return f"{single.sample:,} rows cannot show at {plan.confidence:.0%} that fewer than {plan.limiting:.0%} are wrong: {how}"
    parts = [f"{open_rows:,} of {single.sample:,} rows are still to be settled"]
    if waiting:
        parts.append(f"{waiting:,} of them by a lead")
    if drawn < single.sample:
        parts.append(f"{single.sample - drawn:,} of them are to be drawn first")
    return ", ".join(parts)


def undecided(decisions: Mapping[LotKey, LotDecision]) -> int:
    """At most so many rows more are to be judged until every lot is decided."""
    return sum(decision.remaining for decision in decisions.values())
