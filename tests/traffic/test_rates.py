"""Rates: no window of a minute ever holds more than the provider grants, and what is granted is used."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.traffic.rates import RateWindows, Window

CALLS = st.lists(
    st.tuples(st.floats(0, 20), st.integers(1, 400), st.floats(0, 1.2), st.floats(0, 90)), min_size=1, max_size=120
)


def most_in_a_minute(sent: list[tuple[float, float]]) -> float:
    return max(sum(n for at, n in sent if start <= at < start + 60) for start, _ in sent)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 90), st.integers(400, 3000), CALLS)
def test_no_minute_holds_more_than_is_granted(requests, tokens, calls):
    """Calls come at any time, reserve up to 400 tokens, and use up to what they reserved, some time later."""
    rates, now = RateWindows(requests, tokens), 0.0
    sent: list[tuple[float, float]] = []
    held: dict[int, float] = {}
    settles: list[tuple[float, int, float]] = []
    for ticket, (gap, reserved, share, takes_s) in enumerate(calls):
        now += gap
        for at, other, used in sorted(s for s in settles if s[0] <= now):
            rates.settle(other, int(used))
            held[other] = int(used)
            settles.remove((at, other, used))
        while (ready := rates.ready_at(reserved, now)) > now:
            now = ready
        rates.take(ticket, reserved, now)
        held[ticket] = reserved
        sent.append((now, ticket))
        settles.append((now + takes_s, ticket, reserved * min(share, 1.0)))
    assert most_in_a_minute([(at, 1) for at, _ in sent]) <= requests
    used = {ticket: int(amount) for _, ticket, amount in settles}
    assert most_in_a_minute([(at, used.get(ticket, held[ticket])) for at, ticket in sent]) <= tokens


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 600))
def test_the_whole_rate_is_used_by_who_always_wants_more(limit):
    rates, now, sent = RateWindows(limit, None), 0.0, 0
    while now < 300:
        now = rates.ready_at(1, now)
        rates.take(sent, 1, now)
        sent += 1
    assert sent >= 5 * limit * 0.97 - 1


def test_tokens_that_were_not_used_are_free_again():
    window = Window(100, 60)
    window.take(1, 100, 0.0)
    assert window.ready_at(40, 1.0) == 60
    window.settle(1, 30)
    assert window.ready_at(40, 1.0) == 1.0
    assert window.ready_at(71, 1.0) == 60


def test_what_is_larger_than_the_limit_goes_alone():
    window = Window(100, 60)
    assert window.ready_at(250, 0.0) == 0
    window.take(1, 250, 0.0)
    assert window.ready_at(1, 5.0) == 60
    assert window.ready_at(250, 60.0) == 60


def test_a_call_that_was_not_sent_gives_its_place_back():
    rates = RateWindows(1, 50)
    rates.take(1, 50, 0.0)
    assert rates.ready_at(50, 1.0) == 60
    rates.unsent(1)
    assert rates.ready_at(50, 1.0) == 1.0
