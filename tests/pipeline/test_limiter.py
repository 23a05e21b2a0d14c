"""The run's own limit on calls in flight: never exceeded, never lost, nobody starved; for calls with a provider and without."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Drained
from pipeline.money.cost import Load
from pipeline.traffic import leases
from pipeline.traffic import owner as owning
from pipeline.traffic.leases import USES
from pipeline.traffic.terms import After
from tests.traffic.wired import LOAD, Actor, owner, provider

HANGS_S = 30  # what takes so long on any machine does not end

OK = After("ok", tokens=10, usd=0.0)
NOTHING = Load(0, 0.0)
DEAR = Load(10, 0.01)


class InFlight:
    """Makes calls, and counts those in flight at once: all of them, and by provider."""

    def __init__(self):
        self.now, self.most = {}, {}

    async def call(self, actor, name=None, load=NOTHING, seconds=0.0):
        ticket = await actor.enter(name, load)
        for what in (name, "run"):
            self.now[what] = self.now.get(what, 0) + 1
            self.most[what] = max(self.most.get(what, 0), self.now[what])
        await asyncio.sleep(seconds)
        for what in (name, "run"):
            self.now[what] -= 1
        actor.leave(ticket, OK)


async def all_home(to, actors):
    """Wait until idle tickets are given back, and report what is still out."""
    for actor in actors:
        actor.entrance.flush()
    await asyncio.sleep(leases.IDLE_S * 2)
    return to.in_flight


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.lists(st.integers(0, 25), min_size=1, max_size=4))
def test_calls_in_flight_never_exceed_the_capacity_and_all_tickets_come_home(capacity, calls):
    async def scenario():
        to, seen = owner(capacity), InFlight()
        actors = [Actor(to, str(n)) for n in range(len(calls))]
        await asyncio.gather(*(seen.call(actors[n]) for n, count in enumerate(calls) for _ in range(count)))
        return seen.most.get("run", 0), await all_home(to, actors)

    peak, left = asyncio.run(scenario())
    assert peak <= capacity
    assert left == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.booleans())
def test_all_places_can_be_used_at_once(capacity, holders, mixed):
    async def scenario():
        to, all_there = owner(capacity, a=provider()), asyncio.Barrier(capacity)
        for _ in range(2 * capacity):  # the provider has shown that it takes so many
            to._lanes["a"]._adaptive.answered()
        actors = [Actor(to, str(n)) for n in range(holders)]

        async def call(n):
            name = "a" if mixed and n % 2 else None
            ticket = await actors[n % holders].enter(name, LOAD if name else NOTHING)
            await all_there.wait()
            actors[n % holders].leave(ticket, OK)

        async with asyncio.timeout(HANGS_S):
            await asyncio.gather(*(call(n) for n in range(capacity)))

    asyncio.run(scenario())


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 12),
    st.integers(1, 6),
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from([("a", LOAD), ("b", LOAD), (None, NOTHING), (None, DEAR)])),
        max_size=60,
    ),
)
def test_one_limit_holds_over_calls_with_a_provider_and_without_with_a_price_and_without(capacity, most, calls):
    async def scenario():
        to, seen = owner(capacity, limit_usd=100.0, a=provider(concurrency=most), b=provider()), InFlight()
        actors = [Actor(to, str(n), budget=True) for n in range(3)]
        async with asyncio.timeout(HANGS_S):
            await asyncio.gather(*(seen.call(actors[n], name, load) for n, (name, load) in calls))
        return seen.most, await all_home(to, actors), to.budget.in_flight

    peaks, left, money = asyncio.run(scenario())
    assert peaks.get("run", 0) <= capacity
    assert peaks.get("a", 0) <= min(most, capacity)
    assert (left, money) == (0, 0)


def test_a_paced_call_has_no_place_while_it_waits_for_its_provider():
    async def scenario():
        to, seen = owner(2, a=provider(requests_per_minute=1)), InFlight()
        actor = Actor(to, "one")
        await seen.call(actor, "a", LOAD)
        paced = [asyncio.create_task(seen.call(actor, "a", LOAD)) for _ in range(10)]
        async with asyncio.timeout(HANGS_S):
            await asyncio.gather(*(seen.call(actor, seconds=0.001) for _ in range(40)))
        for waiting in paced:
            waiting.cancel()
        return seen.most

    peaks = asyncio.run(scenario())
    assert peaks == {"a": 1, None: 2, "run": 2}


def test_a_paced_call_takes_none_of_its_providers_pace_nor_money_while_the_run_has_no_place_for_it():
    async def scenario():
        to = owner(2, limit_usd=1.0, a=provider(requests_per_minute=60))
        busy, paced = Actor(to, "busy", budget=True), Actor(to, "paced", budget=True)
        taken = [await busy.enter(None, NOTHING) for _ in range(2)]
        waiting = [asyncio.create_task(paced.enter("a", Load(1, 0.1))) for _ in range(2)]
        await asyncio.sleep(0.05)
        before = to.budget.in_flight, any(call.done() for call in waiting)
        for ticket in taken:
            busy.leave(ticket, OK)
        async with asyncio.timeout(HANGS_S):
            await asyncio.gather(*waiting)
        return before, to.budget.in_flight

    before, after = asyncio.run(scenario())
    assert before == (0, False)
    assert after == 0.2


@pytest.mark.parametrize("name", [None, "a"])
def test_a_long_queue_does_not_starve_the_other_holder_nor_the_other_kind_of_call(name):
    async def scenario():
        to, seen = owner(4, a=provider()), InFlight()
        greedy, late, done = Actor(to, "greedy"), Actor(to, "late"), []

        async def one():
            await seen.call(greedy, seconds=0.001)
            done.append(1)

        crowd = [asyncio.create_task(one()) for _ in range(400)]
        await asyncio.sleep(0.005)
        await seen.call(late, name, NOTHING if name is None else LOAD)
        before = len(done)
        await asyncio.gather(*crowd)
        return before

    assert asyncio.run(scenario()) < 100


def test_a_long_queue_of_paced_calls_does_not_starve_the_others():
    async def scenario():
        to, seen = owner(4, a=provider()), InFlight()
        greedy, late, done = Actor(to, "greedy"), Actor(to, "late"), []

        async def one():
            await seen.call(greedy, "a", LOAD, seconds=0.001)
            done.append(1)

        crowd = [asyncio.create_task(one()) for _ in range(200)]
        await asyncio.sleep(0.03)
        await seen.call(late)
        before = len(done)
        await asyncio.gather(*crowd)
        return before

    assert asyncio.run(scenario()) < 50


def test_calls_without_pace_take_few_messages():
    async def scenario():
        to, seen = owner(4), InFlight()
        actor = Actor(to, "one")
        await asyncio.gather(*(seen.call(actor, seconds=0.001) for _ in range(400)))
        return actor.messages

    assert asyncio.run(scenario()) <= 2.5 * 400 / USES


def test_tickets_of_a_silent_holder_are_taken_back(monkeypatch):
    async def scenario():
        monkeypatch.setattr(owning, "PATIENCE_S", 0.3)
        to = owner(2)
        dead, alive = Actor(to, "dead"), Actor(to, "alive")
        held = [await dead.enter(None, NOTHING) for _ in range(2)]
        waiting = asyncio.create_task(alive.enter(None, NOTHING))
        await asyncio.sleep(0.4)
        assert not waiting.done()
        to.heard_from("alive")
        await waiting
        for ticket in held:
            dead.leave(ticket, OK)  # it was only slow: what was taken back does not count twice
        await asyncio.sleep(leases.IDLE_S * 2)
        return to.in_flight

    assert asyncio.run(scenario()) == 1


def test_a_cancelled_call_gives_its_ticket_on():
    async def scenario():
        actor = Actor(owner(1), "one")
        held = await actor.enter(None, NOTHING)
        waiting = asyncio.create_task(actor.enter(None, NOTHING))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        actor.leave(held, OK)
        async with asyncio.timeout(HANGS_S):
            await actor.enter(None, NOTHING)

    asyncio.run(scenario())


def test_calls_without_pace_that_wait_end_when_the_run_drains_and_when_the_owner_is_gone():
    async def scenario(act):
        to = owner(1)
        actor = Actor(to, "one")
        await actor.enter(None, NOTHING)
        waiting = asyncio.create_task(actor.enter(None, NOTHING))
        await asyncio.sleep(0.01)
        act(to)
        async with asyncio.timeout(HANGS_S):
            await waiting

    with pytest.raises(Drained, match="interrupt"):
        asyncio.run(scenario(lambda to: to.close("interrupt")))

    def lose(to):
        (group,) = to._queue
        group.answered.set_exception(ConnectionError("the hub is gone"))

    with pytest.raises(ConnectionError, match="gone"):
        asyncio.run(scenario(lose))
