"""What the lead sees: all numbers of the review, and the decision about each lot.

In: a desk. Out: `LeadFigures`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pipeline.review.claims import lot_code
from pipeline.review.errors import ReviewError
from pipeline.review.numbers.decisions import LotDecision, decide_all, undecided
from pipeline.review.numbers.dispositions import LotDisposition, dispositions
from pipeline.review.numbers.effective import ReviewerErrors
from pipeline.review.numbers.planner import ReviewTeam, forecast_review
from pipeline.review.numbers.plans import LotPlan
from pipeline.review.numbers.summary import ReviewNumbers, summarise
from pipeline.review.records import LotKey, LotPopulation, Resolution
from pipeline.review.resolving import for_the_lead
from pipeline.review.web.desk import ReviewDesk
from pipeline.review.web.forms import TeamForm

_PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class LotLine:
    """A lot: its rows, how many of its items are settled, and the decision; None where no shard holds its rows. `ways`: what may
    become of it where it is rejected.
    """

    key: LotKey
    rows: int
    items: int
    settled: int
    decision: LotDecision | None
    ways: Sequence[LotDisposition] = ()

    @property
    def code(self) -> str:
        """The lot as a form names it."""
        return lot_code(self.key)


@dataclass(frozen=True, slots=True)
class LeadFigures:
    """The figures of one moment. `open_rows`: so many rows more, at most, until all lots are decided. `scored`: whether the
    Analyzer's scores are read by now; `trouble` says why not, if they cannot be; `plan_trouble` why reviewers' errors are not in
    the plan, if they cannot be. `growing`: the build is still at work.
    """

    numbers: ReviewNumbers
    lots: Sequence[LotLine]
    plan: LotPlan
    disputes: int
    open_rows: int
    scored: bool
    trouble: str
    plan_trouble: str
    growing: bool


def lead_figures(desk: ReviewDesk) -> LeadFigures:
    """The figures of now."""
    store = desk.store
    populations, resolutions = store.populations(), list(store.resolutions())
    known = desk.scores.known(_PATIENCE_S)
    numbers = summarise(populations, resolutions, store.gold_answers(), known, desk.thresholds())
    plan, plan_trouble = _plan(desk, numbers)
    decisions = decide_all(populations, resolutions, plan)
    by_lot = {key: list(some) for key, some in groupby(sorted(resolutions, key=_lot), key=_lot)}
    return LeadFigures(
        numbers,
        [_line(p, by_lot.get(p.key, []), decisions.get(p.key), plan) for p in populations],
        plan,
        sum(map(for_the_lead, resolutions)),
        undecided(decisions),
        known is not None,
        desk.scores.trouble,
        plan_trouble,
        not store.frame().frozen,
    )


def planned(desk: ReviewDesk, figures: LeadFigures, form: TeamForm) -> dict[str, Any]:
    """What a team can decide of this review's lots in its time, with the errors that known items measured."""
    settings, plan = desk.store.settings(), figures.plan
    lots = [lot for lot in figures.lots if not lot.key.lost]
    errors = ReviewerErrors(plan.false_accept, plan.false_reject)
    try:
        team = ReviewTeam(
            form.people, form.hours, form.days, form.seconds, settings.overlap, settings.judges, settings.gold_share, errors
        )  # fmt: skip
        forecast = forecast_review(team, [lot.rows for lot in lots], plan.limiting, plan.confidence, form.good)
    except ValueError as error:
        raise ReviewError(str(error)) from error
    return {"forecast": forecast, "lots": list(zip([lot.key for lot in lots], forecast.lots, strict=True))}


def _plan(desk: ReviewDesk, numbers: ReviewNumbers) -> tuple[LotPlan, str]:
    """The plan with the errors that known items measured, as a release decides by it; without them where it cannot be."""
    settings, errors = desk.store.settings(), numbers.gold
    try:
        return LotPlan.of(settings, *errors.in_plans), ""
    except ValueError as error:
        return LotPlan.of(settings), f"no lot can be released: {error}"


def _line(
    population: LotPopulation, resolutions: Sequence[Resolution], decision: LotDecision | None, plan: LotPlan
) -> LotLine:
    settled = sum(r.opinion is not None and not for_the_lead(r) for r in resolutions)
    ways: Sequence[LotDisposition] = ()
    if decision is not None and decision.state == "rejected":
        ways = dispositions(population.size, decision, ReviewerErrors(plan.false_accept, plan.false_reject))
    return LotLine(population.key, population.size, len(resolutions), settled, decision, ways)


def _lot(resolution: Resolution) -> LotKey:
    return resolution.item.cell.lot
