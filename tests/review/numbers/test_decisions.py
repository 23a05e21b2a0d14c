"""A lot is accepted or rejected exactly as its whole random sample would decide."""

import pytest

from pipeline.review.numbers.decisions import decide, decide_all, undecided
from pipeline.review.numbers.plans import LotPlan, single_sample
from tests.review.numbers.synthetic import agreed, cell, item, lot, population, said, settled_by_lead, waiting

LOT = lot()
CELL = cell(LOT)
SAMPLE = LotPlan(limiting=0.10, confidence=0.95, sample=100)


def judge(size, opinions, plan=SAMPLE, draw="lot"):
    """A lot of `size` rows; of its items, in the order of the queue, what was said; None: nothing yet."""
    items = [item(f"{n:04}", CELL, draw, n) for n in range(len(opinions))]
    resolutions = [waiting(i) if o is None else agreed(i, o) for i, o in zip(items, opinions, strict=True)]
    return decide(population({CELL: size}), resolutions, plan)


def test_the_settings_of_a_review_allow_four_wrong_rows_of_a_hundred():
    assert single_sample(SAMPLE, 10_000).most == 4


def test_a_good_lot_is_accepted_and_a_bad_one_rejected():
    assert judge(10_000, ["reject"] * 4 + ["accept"] * 96).state == "accepted"
    assert judge(10_000, ["reject"] * 5 + ["accept"] * 95).state == "rejected"


def test_it_is_decided_once_the_rest_cannot_change_it():
    early = judge(10_000, ["reject"] * 5 + [None] * 95)
    assert (early.state, early.judged, early.found, early.upper) == ("rejected", 5, 5, None)
    assert judge(10_000, ["accept"] * 96 + [None] * 4).state == "accepted"
    still = judge(10_000, ["accept"] * 95 + [None] * 5)
    assert (still.state, still.remaining) == ("undecided", 5)
    assert "5 of 100 rows are still to be settled" in still.missing


def test_rows_that_were_not_drawn_at_random_do_not_count():
    assert judge(10_000, ["reject"] * 100, draw="floor").judged == 0


def test_only_a_lead_settles_doubt_and_doubt_that_stays_is_no_acceptance():
    items = [item(f"{n:04}", CELL, "lot", n) for n in range(100)]
    doubt = agreed(items[0], "unsure")
    rest = [agreed(i, "accept") for i in items[1:95]] + [waiting(i) for i in items[95:]]
    before = decide(population({CELL: 10_000}), [doubt, *rest], SAMPLE)
    assert (before.state, before.waiting, before.judged) == ("undecided", 1, 94)
    assert "1 of them by a lead" in before.missing
    after = settled_by_lead(items[0], "unsure", said(items[0], "ada", "unsure"))
    assert decide(population({CELL: 10_000}), [after, *rest], SAMPLE).found == 1


def test_a_lot_that_was_judged_whole_is_known():
    decision = judge(10, ["accept"] * 10)
    assert (decision.state, decision.most, decision.upper, decision.confidence) == ("accepted", 0, 0.0, 1.0)
    assert judge(30, ["reject"] * 3 + ["accept"] * 27).state == "rejected"  # 10 % of it are wrong
    assert judge(30, ["reject"] * 2 + ["accept"] * 28).state == "accepted"


def test_a_sample_that_can_show_nothing_says_how_many_it_takes():
    decision = judge(10_000, ["accept"] * 20, LotPlan(sample=20))
    assert (decision.state, decision.most) == ("undecided", -1)
    assert "judge at least 29" in decision.missing
    blind = judge(200, ["accept"] * 100, LotPlan(sample=100, false_accept=0.95))
    assert "train the reviewers" in blind.missing


def test_only_as_many_rows_as_the_plan_takes_are_its_sample():
    assert judge(10_000, ["accept"] * 100 + ["reject"] * 50).found == 0


def test_lost_rows_and_empty_lots_are_never_accepted():
    key = lot("discarded")
    where = cell(key)
    decision = decide(population({where: 5}), [agreed(item("a", where, "lost"), "accept")], SAMPLE)
    assert (decision.state, decision.remaining) == ("undecided", 0)
    assert "no shard" in decision.missing
    assert decide_all([population({where: 5})], [], SAMPLE) == {}
    assert judge(0, []).state == "undecided"


def test_each_lot_is_decided_by_its_own_rows():
    other = cell(lot("direct"))
    rows = [agreed(item(f"a{n}", CELL), "reject") for n in range(40)]
    rows += [agreed(item(f"b{n}", other), "accept") for n in range(20)]
    decisions = decide_all([population({CELL: 40}), population({other: 20})], rows, SAMPLE)
    assert [d.state for d in decisions.values()] == ["rejected", "accepted"]
    assert undecided(decisions) == 0


@pytest.mark.parametrize(
    "values", [{"limiting": 0.0}, {"confidence": 1.0}, {"sample": 0}, {"false_accept": 0.6, "false_reject": 0.4}]
)
def test_a_plan_that_means_nothing_is_refused(values):
    with pytest.raises(ValueError, match=r"give|train"):
        LotPlan(**values)
