"""Shares corrected for reviewers' errors: exact where errors are known, and intervals that hold the truth as often as they say."""

import numpy as np
import pytest

from pipeline.output.share import Share
from pipeline.review.numbers.corrected import correct
from pipeline.review.numbers.reviewers import GoldErrors
from pipeline.review.numbers.weighting import CellTally, weighted_share

NONE = Share(0, 100)


def seen(hits, of, size=1e9):
    return weighted_share([CellTally(size, of, hits, of - hits)])


def errors(missed, alarms):
    return GoldErrors(missed, alarms, Share(0, missed.of + alarms.of))


def test_without_errors_the_share_stays():
    plain = seen(170, 200)
    corrected = correct(plain, errors(Share(0, 10**7), Share(0, 10**7)))
    assert (corrected.rate, corrected.low, corrected.high) == pytest.approx(
        (plain.rate, plain.low, plain.high), abs=1e-6
    )


def test_known_errors_are_taken_out():
    # of 1,000 rows 800 are right: 760 of them accepted, and 20 of the 200 wrong ones
    corrected = correct(seen(780, 1000), errors(Share(10**5, 10**6), Share(5 * 10**4, 10**6)))
    assert corrected.rate == pytest.approx(0.8, abs=1e-6)
    assert corrected.low < 0.8 < corrected.high


@pytest.mark.parametrize(
    ("plain", "known"),
    [
        (seen(5, 10), errors(Share(0, 9), Share(0, 50))),
        (seen(5, 10), errors(Share(0, 50), Share(0, 9))),
        (seen(5, 10), errors(Share(45, 50), Share(0, 50))),
        (weighted_share([]), errors(NONE, NONE)),
    ],
)
def test_where_little_is_known_nothing_is_corrected(plain, known):
    assert correct(plain, known) is None


@pytest.mark.parametrize("truth", [0.8, 0.95, 0.99])
def test_the_interval_holds_the_truth(truth):
    random, error, of, wrong, right, times = np.random.default_rng(3), 0.05, 250, 40, 80, 400
    accepted = random.binomial(of, truth * (1 - error) + (1 - truth) * error, times)
    missed, alarms = random.binomial(wrong, error, times), random.binomial(right, error, times)
    held = 0
    for hits, m, f in zip(accepted.tolist(), missed.tolist(), alarms.tolist(), strict=True):
        corrected = correct(seen(hits, of), errors(Share(m, wrong), Share(f, right)))
        held += corrected.low <= truth <= corrected.high
    assert held / times >= 0.93
