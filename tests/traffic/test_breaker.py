"""The breaker: opens when nothing answers, lets one call through to find out, gives up after the run's patience."""

import pytest

from pipeline.traffic.breaker import (
    FAILURES,
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    MISCONFIGURED,
    MISCONFIGURED_LATER,
    Breaker,
)


@pytest.fixture
def opened() -> Breaker:
    """Open since 10.0; its first failure was at 0.0."""
    breaker = Breaker("a", patience_s=100.0)
    for n in range(FAILURES - 1):
        breaker.failed(n, 0.0, "connection refused")
    breaker.failed(99, 10.0, "connection refused")
    return breaker


def test_it_opens_only_when_failures_last(opened):
    assert opened.wait_s(10.0) == FIRST_WAIT_S
    burst = Breaker("a", 100.0)
    for n in range(50):
        burst.failed(n, 1.0, "503")
    assert burst.wait_s(1.0) is None  # all at one moment: a burst
    flaky = Breaker("a", 100.0)
    for n in range(100):
        flaky.failed(n, float(n), "503")
        if n % 5 == 0:
            flaky.answered()
    assert flaky.wait_s(100.0) is None


def test_one_probe_at_a_time_decides(opened):
    assert opened.wait_s(11.0) is None
    opened.sent(200)
    assert opened.wait_s(11.0) == FIRST_WAIT_S
    opened.failed(5, 12.0, "of a call sent long ago")
    assert opened.wait_s(12.0) == FIRST_WAIT_S
    opened.failed(200, 13.0, "still nothing")
    assert opened.wait_s(13.0) == 2 * FIRST_WAIT_S
    assert opened.wait_s(15.0) is None
    opened.sent(201)
    opened.slowed(15.0, "429")  # even "slow down" comes from a provider that is there
    assert opened.wait_s(15.0) is None
    assert not opened.is_open


def test_a_probe_that_was_never_sent_leaves_its_place(opened):
    opened.sent(200)
    opened.unanswered(200)
    assert opened.wait_s(11.0) is None


def test_waits_grow_to_a_limit(opened):
    now, waits = 11.0, []
    for ticket in range(300, 310):
        opened.sent(ticket)
        opened.failed(ticket, now, "nothing")
        waits.append(opened.wait_s(now))
        now += waits[-1]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_S


def test_it_gives_up_after_the_runs_patience_and_comes_back_all_the_same(opened):
    assert opened.why_given_up(109.0) is None
    assert opened.why_given_up(110.0) == "no answer from provider a for 110 s: connection refused"
    assert opened.wait_s(110.0) is None  # a probe may still go
    opened.sent(200)
    opened.answered()
    assert opened.why_given_up(111.0) is None


def test_a_model_that_is_turned_down_again_and_again_is_misconfigured_whatever_others_do():
    breaker = Breaker("a", 100.0)
    breaker.answered("painter")
    for _ in range(MISCONFIGURED):
        assert breaker.why_given_up(0.0) is None
        breaker.turned_down("unknown field 'seed'", "judge")
        breaker.answered("painter")
    assert breaker.why_given_up(0.0) == "provider a turned down 20 calls in a row: unknown field 'seed'"
    known = Breaker("a", 100.0)
    known.answered("judge")
    for _ in range(MISCONFIGURED_LATER):
        assert known.why_given_up(0.0) is None
        known.turned_down("400", "judge")
    assert known.why_given_up(0.0) is not None
    known.answered("judge")
    assert known.why_given_up(0.0) is None


def test_a_server_that_is_there_is_probed_every_second_and_given_up_after_twice_the_patience(opened):
    opened.server_checked(True)
    assert opened.wait_s(10.5) == 0.5
    for n in range(12):
        now = 11.0 + 2 * n
        assert opened.wait_s(now) is None
        opened.sent(500 + n)
        opened.failed(500 + n, now, "500")
        assert opened.wait_s(now) == FIRST_WAIT_S  # it does not grow
    assert opened.why_given_up(199.0) is None
    assert opened.why_given_up(200.0) == "provider a is there, and has answered none of 20 calls for 200 s: 500"
    opened.answered()
    assert opened.why_given_up(200.0) is None


def test_one_that_says_slow_down_for_ever_is_given_up_and_probed_later():
    breaker = Breaker("a", 100.0)
    for n in range(MISCONFIGURED):
        breaker.slowed(float(n), "429")
    assert breaker.why_given_up(199.0) is None
    assert breaker.why_given_up(200.0) == "provider a is there, and has answered none of 20 calls for 200 s: 429"
    assert breaker.wait_s(200.0) == FIRST_WAIT_S
    assert breaker.wait_s(200.0 + FIRST_WAIT_S) is None  # a probe
    breaker.answered()
    assert breaker.why_given_up(300.0) is None


def test_one_that_will_not_serve_us_stays_given_up_though_it_is_there(opened):
    opened.refused_service(11.0, "401")
    opened.server_checked(True)
    assert opened.why_given_up(11.0) == "401"
