"""Reviews of a table of rows whose truth is known, many of them, without a database: what the numbers of a review promise.

In: a finished build of the world. Out: lines of Markdown: how often a lot is rejected under its plan, and how often the interval
of the Analyzer's precision holds the true one. The table is made larger by drawing rows of the build again and again.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from pipeline.output import run_json
from pipeline.output.record import recorded
from pipeline.output.truth_rows import choose, inspected
from pipeline.review.draw import draw, populations_of
from pipeline.review.frame import FrameRow, frame_row
from pipeline.review.numbers.decisions import decide_all
from pipeline.review.numbers.plans import LotPlan
from pipeline.review.numbers.scored import FinalScores, final_scores
from pipeline.review.numbers.summary import summarise
from pipeline.review.records import GoldAnswer, HumanVerdict, Opinion, Resolution, ReviewItem
from pipeline.review.settings import ReviewSettings
from pipeline.storage.image_store import ImageStore
from stages.policy import Policy

SIZE = 5000
"""Rows of the table, so that a sample is a small part of its lot."""
KNOWN = 40
"""Known items of each kind, wrong and right, in a review."""
Estimate: TypeAlias = tuple[float, float, float]
"""A share and its interval."""


@dataclass(frozen=True)
class KnownRow:
    """A row of the frame, what the Analyzer said of it, and whether it is right."""

    row: FrameRow
    final: FinalScores | None
    right: bool


def known_rows(out: Path) -> list[KnownRow]:
    """The rows of a build of the world with their truth."""
    summary = run_json.read(out)
    policy = Policy.model_validate(summary.manifest["policy"])
    store = ImageStore(run_json.store_root(summary, out) or "")
    found = inspected(out, store, choose(out), lambda r: (r.trajectory.current().image.sha256,), 1)
    right = {r.trajectory.sample.id: all(f.right for f in by_image.values()) for r, by_image in found}
    rows = []
    for read in recorded(out):
        t = read.trajectory
        row = frame_row(t, policy)
        if row is not None and row.cell.lot.outcome != "rl" and t.sample.id in right:
            rows.append(KnownRow(row, final_scores(t, policy.thresholds), right[t.sample.id]))
    return rows


def enlarge(rows: Sequence[KnownRow], seed: int) -> list[KnownRow]:
    """`SIZE` rows drawn from these, each with an id of its own."""
    chosen = random.Random(seed).choices(rows, k=SIZE)
    return [replace(known, row=replace(known.row, sample_id=f"{n:05d}")) for n, known in enumerate(chosen)]


def with_wrong(rows: Sequence[KnownRow], share: float, seed: int) -> list[KnownRow]:
    """The same rows, of each lot exactly this share wrong."""
    order = random.Random(seed).sample(range(len(rows)), len(rows))
    result = list(rows)
    for lot in {known.row.cell.lot for known in rows}:
        places = [n for n in order if rows[n].row.cell.lot == lot]
        # at least the share: the plan speaks of lots that are as bad as this, or worse
        wrong = set(places[: -int(-share * len(places) // 1)])
        for n in places:
            result[n] = replace(rows[n], right=n not in wrong)
    return result


def review(rows: Sequence[KnownRow], settings: ReviewSettings, errors: tuple[float, float]) -> list[Resolution]:
    """What people say of the items drawn by these settings. `errors`: how often a wrong row is accepted, and a right one
    rejected.
    """
    right = {known.row.sample_id: known.right for known in rows}
    chance = random.Random(settings.seed)
    resolutions = []
    for item in draw([known.row for known in rows], settings):
        errs = chance.random() < errors[right[item.sample_id]]
        resolutions.append(_resolved(item, "accept" if right[item.sample_id] != errs else "reject"))
    return resolutions


def _resolved(item: ReviewItem, opinion: Opinion) -> Resolution:
    verdict = HumanVerdict("", item.sample_id, item.content_hash, "Ann", opinion, "accept")
    return Resolution(item, opinion, False, False, (verdict,))


def rejections(rows: Sequence[KnownRow], draws: int) -> Iterator[str]:
    """How often lots are rejected, by the share that is wrong and by how reviewers err."""
    yield "| wrong rows | reviewers | the plan allows for it | lots rejected |"
    yield "|---|---|---|---|"
    table = enlarge(rows, 1)
    settings = ReviewSettings(floor=0, lost=0)
    populations = populations_of([known.row for known in table], settings)
    for share in (0.2, settings.limiting):
        planted = with_wrong(table, share, 2)
        for error, allowed in ((0.0, False), (0.05, False), (0.05, True)):
            plan = LotPlan.of(settings, error, error) if allowed else LotPlan.of(settings)
            rejected = lots = 0
            for seed in range(draws):
                said = review(planted, replace(settings, seed=seed), (error, error))
                states = [decision.state for decision in decide_all(populations, said, plan).values()]
                rejected += states.count("rejected")
                lots += len(states)
            err = f"err in {error:.0%}" if error else "do not err"
            yield f"| {share:.0%} | {err} | {'yes' if allowed else 'no'} | {rejected:,} of {lots:,} ({rejected / lots:.1%}) |"


def coverage(rows: Sequence[KnownRow], draws: int) -> Iterator[str]:
    """How often the 95 % interval of the Analyzer's precision holds the true one: as people saw it, and corrected for their errors,
    which known items measured.
    """
    yield "| reviewers | true precision | as seen: mean | intervals hold it | corrected: mean | intervals hold it | mean width |"
    yield "|---|---|---|---|---|---|---|"
    table = enlarge(rows, 1)
    for known in (table, with_wrong(table, 0.2, 2)):
        scores = {one.row.sample_id: one.final for one in known}
        passed = [one.right for one in known if one.final is not None and one.final.passed]
        truth = sum(passed) / len(passed)
        for error in (0.0, 0.05):
            pairs = [_precision(known, scores, error, seed) for seed in range(draws)]
            plain, corrected = zip(*pairs, strict=True)
            err = f"err in {error:.0%}" if error else "do not err"
            width = sum(high - low for _, low, high in corrected) / draws
            cells = " | ".join(_held(shares, truth) for shares in (plain, corrected))
            yield f"| {err} | {truth:.1%} | {cells} | {100 * width:.1f} points |"


def _held(shares: Sequence[Estimate], truth: float) -> str:
    """The mean of estimates, and how many of their intervals hold the truth."""
    held = sum(low <= truth <= high for _, low, high in shares)
    mean = sum(rate for rate, _, _ in shares) / len(shares)
    return f"{mean:.1%} | {held} of {len(shares)} ({held / len(shares):.1%})"


def _precision(
    rows: Sequence[KnownRow], scores: Mapping[str, FinalScores | None], error: float, seed: int
) -> tuple[Estimate, Estimate]:
    """The estimate of one review with its interval, as seen and corrected."""
    settings = ReviewSettings(seed=seed)
    populations = populations_of([known.row for known in rows], settings)
    numbers = summarise(populations, review(rows, settings, (error, error)), _known_answers(error, seed), scores)
    share, corrected = numbers.analyzer[0].precision, numbers.precision
    assert corrected is not None
    seen = share.rate or 0.0, share.low or 0.0, 1.0 if share.high is None else share.high
    return seen, (corrected.rate, corrected.low, corrected.high)


def _known_answers(error: float, seed: int) -> list[GoldAnswer]:
    """What people say of known items, `KNOWN` wrong ones and as many right ones."""
    chance = random.Random(seed)
    opinions: tuple[Opinion, Opinion] = ("reject", "accept")
    answers = []
    for n, expected in enumerate(opinions * KNOWN):
        given = opinions[1 - opinions.index(expected)] if chance.random() < error else expected
        answers.append(GoldAnswer("Ann", f"known-{n}", expected, given, ""))
    return answers
