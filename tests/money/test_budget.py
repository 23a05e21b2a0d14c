"""The budget: whatever is reserved and settled, the limit holds."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from pipeline.money.budget import Budget

USD = st.floats(0, 50) | st.sampled_from([0.0, 0.1, 0.2, 0.3, 1e-13, 1e-6])


class Spending(RuleBasedStateMachine):
    """Any order of reservations and settlements in which no call costs more than was reserved for it."""

    reserved = Bundle("reserved")

    def __init__(self) -> None:
        super().__init__()
        self.limit = 100.0
        self.budget = Budget(self.limit, 7.5)
        self.open: list[float] = []

    @rule(target=reserved, usd=USD)
    def reserve(self, usd):
        if not self.budget.reserve(usd):
            assert self.budget.spent + self.budget.in_flight + usd > self.limit - 1e-6
            return None
        self.open.append(usd)
        return usd

    @rule(usd=consumes(reserved), part=st.none() | st.floats(0, 1))
    def settle(self, usd, part):
        if usd is None:
            return
        before = self.budget.spent
        self.budget.settle(usd, None if part is None else usd * part)
        self.open.remove(usd)
        assert self.budget.spent - before == pytest.approx(usd if part is None else usd * part, abs=1e-9)

    @invariant()
    def the_limit_holds(self):
        budget = self.budget
        assert budget.spent + budget.in_flight <= self.limit + 1e-9
        assert budget.left == pytest.approx(self.limit - budget.spent - budget.in_flight, abs=1e-9)
        assert budget.in_flight == pytest.approx(sum(self.open), abs=1e-9)
        if not self.open:
            assert budget.in_flight == 0


TestSpending = Spending.TestCase
TestSpending.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.lists(USD, max_size=30))
def test_all_returned_is_all_there_was(amounts):
    """Sums of floats would leave a rounding error in flight, and the last call would never fit."""
    budget = Budget(math.fsum(amounts) + 1)
    assert all(budget.reserve(usd) for usd in amounts)
    for usd in sorted(amounts):
        budget.settle(usd, 0.0)
    assert (budget.in_flight, budget.spent) == (0, 0)


@given(st.floats(0, 1e9))
def test_the_budget_can_be_used_up_and_not_passed(limit):
    budget = Budget(limit, limit)
    assert budget.left == 0
    assert not budget.reserve(1e-12)


def test_without_a_limit_the_tally_goes_on():
    budget = Budget(None)
    assert budget.reserve(1e12)
    budget.settle(1e12, 3.0)
    assert (budget.spent, budget.left) == (3.0, math.inf)


def test_a_call_that_cost_more_than_was_reserved_is_counted_whole():
    budget = Budget(10, 0)
    assert budget.reserve(1)
    budget.settle(1, 25)
    assert (budget.spent, budget.left) == (25, 0)
    assert not budget.reserve(0.01)


@pytest.mark.parametrize("usd", [-1, math.nan, math.inf])
def test_what_is_no_amount_is_refused(usd):
    with pytest.raises(ValueError, match="amount"):
        Budget(1).reserve(usd)


def test_nothing_is_settled_twice():
    budget = Budget(10)
    budget.reserve(2)
    budget.settle(2, 1)
    with pytest.raises(ValueError, match="in flight"):
        budget.settle(2, 1)
