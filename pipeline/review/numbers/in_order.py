"""A lot decided row by row, by a sequential plan.

In: a lot's population, the resolutions of a review, a `SequentialPlan`. Out: an `OrderedDecision`. The rows of the lot's random
sample count in the order of the queue, up to the first that is not settled: who may choose the order may choose the outcome.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.review.numbers.acceptance import accepted, settled
from pipeline.review.numbers.decisions import LotState
from pipeline.review.numbers.sequential import SequentialPlan
from pipeline.review.records import LotKey, LotPopulation, Resolution


@dataclass(frozen=True, slots=True)
class OrderedDecision:
    """`found` of the first `judged` rows are wrong; later ones are left aside, as the plan had stopped.

    `interval` are the plan's own bounds in words, empty while it is undecided. `missing` says what an undecided lot lacks.
    """

    key: LotKey
    state: LotState
    judged: int
    found: int
    most_rows: int
    interval: str = ""
    missing: str = ""


def decide_in_order(
    population: LotPopulation, resolutions: Iterable[Resolution], plan: SequentialPlan
) -> OrderedDecision:
    """The decision about one lot; `resolutions` may hold those of others, too."""
    drawn = [r for r in resolutions if r.item.cell.lot == population.key and r.item.draw == "lot"]
    judged = found = 0
    for resolution in sorted(drawn, key=lambda r: (r.item.position, r.item.sample_id)):
        if not settled(resolution):
            break
        judged += 1
        found += not accepted(resolution)
        state = plan.state(judged, found)
        if state != "undecided":
            words = plan.words(judged, found)
            return OrderedDecision(population.key, state, judged, found, plan.most_rows, words)
    missing = f"at most {plan.most_rows - judged:,} rows more are to be settled, in the order of the queue"
    if len(drawn) < plan.most_rows:
        missing += f"; {len(drawn):,} of {plan.most_rows:,} are drawn"
    return OrderedDecision(population.key, "undecided", judged, found, plan.most_rows, missing=missing)
