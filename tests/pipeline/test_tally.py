"""The tally: every sample counts once, and feeding is gated by quotas and by the oldest unfinished sample."""

from collections import Counter

from pipeline.output.cut import Finished
from pipeline.run.tally import Delta, Tally

SLOTS = {"direct": None, "reflection": None, "multistep": None, "rl": None}


def make_finished(n: int, mode="direct") -> tuple[int, Finished]:
    return n, Finished(10 * n, f"s{n}", "accepted", mode, "train")


def test_a_repeated_report_counts_once():
    tally = Tally(9, [], SLOTS | {"direct": 4})
    for _ in range(3):
        gate = tally.add(Delta(finished=[make_finished(n) for n in range(3)]))
    assert gate.bound is None
    assert tally.progress().kept["direct"] == 3
    assert tally.progress().done == 3
    assert tally.add(Delta(finished=[make_finished(7)])).bound == 70


def test_the_bound_only_falls():
    tally = Tally(9, [make_finished(8)[1]], SLOTS | {"direct": 2})
    assert tally.add(Delta(finished=[make_finished(6)])).bound == 80
    assert tally.add(Delta(finished=[make_finished(2)])).bound == 60


def test_the_oldest_unfinished_sample_gates():
    tally = Tally(9, [], SLOTS)
    assert tally.add(Delta(finished=[make_finished(1), make_finished(2)])).low == 0
    assert tally.add(Delta(finished=[make_finished(0), make_finished(4)])).low == 3
    assert tally.add(Delta(finished=[make_finished(0)])).low == 3


def test_counters_add_up():
    tally = Tally(9, [], SLOTS)
    for by in (2, -1, 4):
        tally.add(Delta(Counter({("direct", "calls"): by})))
    assert tally.progress().counts["direct", "calls"] == 5
