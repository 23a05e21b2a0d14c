"""Intervals hold what they claim, over 200 seeds each, where the truth is known (a minute; run by `make test-review`)."""

from random import Random

import pytest

from pipeline.review.numbers.acceptance import count_accepted
from pipeline.review.numbers.analyzer import compare, judged_pairs
from pipeline.review.numbers.scored import FinalScores, KnownScores
from tests.review.numbers.synthetic import cell, drawn, lot

pytestmark = pytest.mark.slow

DESIGNS = {
    "one lot": ([1000], [0.05], 100, 0),
    "small cells": ([30] * 20, [0.06] * 20, 80, 2),
    "bad cells looked at closely": ([800, 60, 60], [0.04, 0.4, 0.3], 80, 20),
    "one large, many small": ([600, *[20] * 15], [0.03, *[0.2] * 15], 80, 3),
    "a small lot": ([25, 15, 8], [0.1, 0.2, 0.4], 20, 2),
}


@pytest.mark.parametrize("design", DESIGNS)
def test_the_interval_covers_the_truth(design):
    """200 seeds: 95 % of them, give or take what 200 can tell."""
    sizes, wrong, per_lot, floor = DESIGNS[design]
    cells = {cell(lot(), f"c{n}"): size for n, size in enumerate(sizes)}
    chances = dict(zip(cells, wrong, strict=True))
    covered = 0
    for seed in range(200):
        populations, rows, bad = drawn(cells, lambda c, r: r.random() < chances[c], per_lot, floor, Random(seed))
        share = count_accepted(populations, rows).share()
        right = 1 - sum(bad.values()) / sum(sizes)
        covered += share.low - 1e-9 <= right <= share.high + 1e-9
    assert covered >= 0.92 * 200


CELLS = {
    cell(lot("direct"), "colour", "wide"): (300, 0.1),
    cell(lot("direct"), "count", "narrow"): (60, 0.5),
    cell(lot("reflection"), "colour", "narrow"): (200, 0.25),
    cell(lot("discarded"), "colour", "narrow"): (120, 0.8),
}
"""Rows of each cell, and the share of them that is truly wrong: 20 % of what is kept."""


def test_its_true_precision_and_recall_lie_in_their_intervals():
    """In 95 % of 200 seeds, give or take what 200 can tell."""
    hits = {"precision": 0, "recall": 0, "too_lenient": 0, "too_strict": 0}
    for seed in range(200):
        rng = Random(seed)
        populations, rows, bad = drawn(
            {key: size for key, (size, _) in CELLS.items()}, lambda key, r: r.random() < CELLS[key][1], 60, 10, rng
        )
        known = KnownScores({r.item.sample_id: FinalScores((), not r.item.cell.lot.lost) for r in rows})
        verdict = compare(populations, judged_pairs(rows, known))[0]
        size = sum(n for n, _ in CELLS.values())
        kept = sum(n for key, (n, _) in CELLS.items() if not key.lot.lost)
        kept_bad = sum(n for key, n in bad.items() if not key.lot.lost)
        lost_right = size - kept - sum(n for key, n in bad.items() if key.lot.lost)
        true = {
            "precision": 1 - kept_bad / kept,
            "recall": (kept - kept_bad) / (kept - kept_bad + lost_right),
            "too_lenient": kept_bad / size,
            "too_strict": lost_right / size,
        }
        for name, value in true.items():
            share = getattr(verdict, name)
            hits[name] += share.low <= value <= share.high
    assert min(hits.values()) >= 184, hits
