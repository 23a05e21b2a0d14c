"""The number of calls a provider takes at once: reached quickly, left at once at the wish to slow down, reached again."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.traffic.adaptive import CALM, START, SUCCESSES_PER_STEP, Adaptive


def adaptive(most=64) -> Adaptive:
    return Adaptive(most, random.Random(1))


def test_it_starts_low_and_doubles_with_each_round_of_successes():
    pace = adaptive()
    seen = []
    for _ in range(5):
        seen.append(pace.slots)
        for _ in range(pace.slots):
            pace.answered()
    assert seen == [START, 8, 16, 32, 64]
    pace.answered()
    assert pace.slots == 64


def test_a_wave_of_wishes_to_slow_down_counts_once():
    pace = adaptive()
    for _ in range(100):
        pace.answered()
    for _ in range(40):
        pace.slowed(sent_at=9.0, now=10.0, retry_after=2.0)
    assert pace.slots == 48
    assert 12.0 <= pace.pause_until < 12.2
    pace.slowed(sent_at=12.5, now=13.0, retry_after=None)
    assert pace.slots == 36


def test_beyond_the_place_of_the_trouble_it_climbs_slowly():
    pace = adaptive()
    for _ in range(100):
        pace.answered()
    pace.slowed(9.0, 10.0, 0.0)
    for _ in range(SUCCESSES_PER_STEP + 1):  # a part is lost to rounding
        pace.answered()
    assert pace.slots == 49


def test_pauses_grow_wave_by_wave_until_all_goes_well():
    pace, now, lengths = adaptive(), 0.0, []
    for _ in range(9):
        pace.slowed(now, now, None)
        lengths.append(pace.pause_until - now)
        now = pace.pause_until + 0.01
    assert 0.3 < lengths[0] <= 0.5
    assert lengths[-1] > 7
    assert max(lengths) <= 10
    for _ in range(CALM):
        pace.answered()
    pace.slowed(now, now, None)
    assert pace.pause_until - now <= 0.5


@settings(max_examples=100)
@given(st.integers(1, 200), st.lists(st.sampled_from(["ok", "slow", "wait"]), max_size=300))
def test_it_stays_between_one_and_the_most(most, events):
    pace, now = adaptive(most), 0.0
    for event in events:
        now += 1.0
        if event == "ok":
            pace.answered()
        else:
            pace.slowed(now - 0.5, now, 3.0 if event == "wait" else None)
        assert 1 <= pace.slots <= most


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 128), st.integers(0, 2**32))
def test_after_a_minute_of_trouble_most_of_the_pace_is_back_in_a_few_rounds(most, seed):
    """Calls of a second; for a minute 9 of 10 are answered with the wish to slow down."""
    dice, pace = random.Random(seed), adaptive(most)
    for _ in range(most * 4):
        pace.answered()
    before, now = pace.slots, 0.0
    while now < 60:
        for _ in range(pace.slots):
            if dice.random() < 0.9:
                pace.slowed(now, now + 1, None)
            else:
                pace.answered()
        now = max(now + 1, pace.pause_until)
    rounds = 0
    while pace.slots < 0.9 * before:
        for _ in range(pace.slots):
            pace.answered()
        rounds += 1
        if pace.slots < before / 2:
            assert rounds <= 8
    assert rounds <= 25
