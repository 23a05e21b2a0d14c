"""Owner and entrances: never above a limit, first come first served, nothing lost with a dead holder, and few messages.

The run's own limit, and the leases of calls that nothing else holds back, are in `tests/pipeline/test_limiter.py`.
"""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Drained
from pipeline.money.cost import Load
from pipeline.traffic import owner as owning
from pipeline.traffic.leases import USES
from pipeline.traffic.terms import After, ProviderOut
from stages.errors import EngineDead
from tests.traffic.wired import LOAD, Actor, owner, provider

HANGS_S = 30  # what takes so long on any machine does not end

OK = After("ok", tokens=10, usd=0.0)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 12), st.integers(2, 12), st.lists(st.integers(0, 12), min_size=1, max_size=4))
def test_calls_in_flight_never_exceed_run_or_provider_and_all_are_served(capacity, most, calls):
    async def scenario():
        to = owner(capacity, a=provider(concurrency=most), b=provider())
        running, peaks = {"a": 0, "b": 0}, {"a": 0, "run": 0}

        async def call(actor, name):
            ticket = await actor.enter(name, LOAD)
            running[name] += 1
            peaks["a"] = max(peaks["a"], running["a"])
            peaks["run"] = max(peaks["run"], sum(running.values()))
            await asyncio.sleep(0)
            running[name] -= 1
            actor.leave(ticket, OK)
            return 1

        actors = [Actor(to, str(n)) for n in range(len(calls))]
        jobs = (call(actors[n], "ab"[i % 2]) for n, count in enumerate(calls) for i in range(count))
        served = sum(await asyncio.gather(*jobs))
        for actor in actors:
            actor.entrance.flush()
        return served, peaks, to.in_flight

    served, peaks, left = asyncio.run(scenario())
    assert served == sum(calls)
    assert peaks["run"] <= capacity
    assert peaks["a"] <= most
    assert left == 0


def test_first_come_first_served():
    async def scenario():
        to, order = owner(1, a=provider()), []

        async def call(actor, name):
            ticket = await actor.enter("a", LOAD)
            order.append(name)
            actor.leave(ticket, OK)

        actors = [Actor(to, str(n)) for n in range(3)]
        held, jobs = await actors[0].enter("a", LOAD), []
        for n, actor in enumerate(actors):
            jobs += [asyncio.create_task(call(actor, (n, k))) for k in range(3)]
            await asyncio.sleep(0.01)
        actors[0].leave(held, OK)
        await asyncio.gather(*jobs)
        return order

    order = asyncio.run(scenario())
    for n in range(3):
        assert [k for actor, k in order if actor == n] == [0, 1, 2]
    assert {actor for actor, _ in order[:3]} == {0, 1, 2}  # a long queue of one actor does not hold up the others


def test_many_calls_take_few_messages():
    async def scenario():
        actor = Actor(owner(64, a=provider()), "one")

        async def call():
            for _ in range(20):
                ticket = await actor.enter("a", LOAD)
                await asyncio.sleep(0.01)
                actor.leave(ticket, OK)

        await asyncio.gather(*(call() for _ in range(32)))
        return actor.messages

    assert asyncio.run(scenario()) < 640 / 2


def test_under_a_budget_only_calls_that_may_cost_money_take_messages_of_their_own():
    async def scenario(load):
        actor = Actor(owner(4), "one", budget=True)
        for _ in range(USES):
            actor.leave(await actor.enter(None, load), OK)
            actor.entrance.flush()
        return actor.messages

    assert asyncio.run(scenario(Load(100, 0.0))) == 2
    assert asyncio.run(scenario(Load(100, 0.01))) == 2 * USES


def test_a_silent_holder_loses_its_tickets_and_its_money_counts_as_spent(monkeypatch):
    async def scenario():
        monkeypatch.setattr(owning, "PATIENCE_S", 0.05)
        to = owner(1, limit_usd=1.0, a=provider())
        dead, alive = Actor(to, "dead", True), Actor(to, "alive", True)
        ticket = await dead.enter("a", Load(1, 0.25))
        waiting = asyncio.create_task(alive.enter("a", Load(1, 0.25)))
        await asyncio.sleep(0.1)
        to.heard_from("alive")
        await waiting
        dead.leave(ticket, After("ok", usd=0.01))  # it was only slow: what was taken back does not count twice
        dead.entrance.flush()
        return to.budget.spent, to.in_flight

    assert asyncio.run(scenario()) == (0.25, 1)


def test_a_cancelled_call_gives_its_place_on():
    async def scenario():
        actor = Actor(owner(1, a=provider()), "one")
        held = await actor.enter("a", LOAD)
        waiting = asyncio.create_task(actor.enter("a", LOAD))
        await asyncio.sleep(0.02)
        waiting.cancel()
        actor.leave(held, OK)
        async with asyncio.timeout(HANGS_S):
            await actor.enter("a", LOAD)

    asyncio.run(scenario())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 0.4), st.floats(0, 1)), min_size=1, max_size=30), st.floats(0.1, 2))
def test_the_budget_is_never_exceeded_and_the_run_drains_when_it_is_spent(calls, limit):
    async def scenario():
        reasons, sent = [], 0
        to = owner(8, limit_usd=limit, drained=reasons)
        actor = Actor(to, "one", budget=True)

        async def call(reserved, share):
            nonlocal sent
            ticket = await actor.enter(None, Load(1, reserved))
            sent += 1
            await asyncio.sleep(0)
            assert to.budget.spent + to.budget.in_flight <= limit + 1e-9
            actor.leave(ticket, After("ok", usd=reserved * share))

        done = await asyncio.gather(*(call(*c) for c in calls), return_exceptions=True)
        actor.entrance.flush()
        return done, reasons, sent, to.budget

    done, reasons, sent, budget = asyncio.run(scenario())
    assert all(d is None or isinstance(d, Drained) for d in done)
    assert bool(reasons) == any(isinstance(d, Drained) for d in done)
    assert budget.spent <= limit + 1e-9
    assert budget.in_flight == 0
    assert sent == sum(d is None for d in done)
    if reasons:
        assert max(r for r, _ in calls) > budget.left - 1e-9


def test_money_that_calls_in_flight_may_give_back_is_waited_for():
    async def scenario():
        to = owner(8, limit_usd=1.0)
        actor = Actor(to, "one", budget=True)
        first = await actor.enter(None, Load(1, 0.9))
        second = asyncio.create_task(actor.enter(None, Load(1, 0.9)))
        await asyncio.sleep(0.03)
        assert not second.done()
        actor.leave(first, After("ok", usd=0.1))
        await second
        actor.leave(await second, After("ok", usd=0.5))
        with pytest.raises(Drained, match="budget"):
            await actor.enter(None, Load(1, 0.9))

    asyncio.run(scenario())


def test_calls_that_wait_end_when_the_run_drains():
    async def scenario():
        to = owner(1, a=provider())
        actor = Actor(to, "one")
        await actor.enter("a", LOAD)
        waiting = asyncio.create_task(actor.enter("a", LOAD))
        await asyncio.sleep(0.02)
        to.close("interrupt")
        with pytest.raises(Drained, match="interrupt"):
            await waiting

    asyncio.run(scenario())


def test_a_pause_holds_the_whole_provider_and_only_it():
    async def scenario():
        to = owner(8, a=provider(), b=provider())
        actor = Actor(to, "one")
        actor.leave(await actor.enter("a", LOAD), After("rate_limited", retry_after=0.2))
        actor.entrance.flush()
        began = asyncio.get_running_loop().time()
        assert to.held_up() == ("a pauses 1 s",)
        await actor.enter("b", LOAD)
        other = asyncio.get_running_loop().time() - began
        await actor.enter("a", LOAD)
        return other, asyncio.get_running_loop().time() - began

    other, paused = asyncio.run(scenario())
    assert other < 0.1
    assert 0.2 <= paused < 0.5


def test_a_provider_that_wants_no_call_for_longer_than_the_run_waits_is_given_up():
    async def scenario():
        actor = Actor(owner(8, patience_s=5.0, a=provider()), "one")
        actor.leave(await actor.enter("a", LOAD), After("rate_limited", retry_after=3600.0))
        actor.entrance.flush()
        with pytest.raises(EngineDead, match="provider a wants no call for 36"):
            await actor.enter("a", LOAD)

    asyncio.run(scenario())


def test_a_provider_that_turns_everything_down_is_given_up_in_its_words():
    async def scenario():
        actor = Actor(owner(8, a=provider()), "one")
        for _ in range(20):
            actor.leave(await actor.enter("a", LOAD), After("other", words="no such model"))
            actor.entrance.flush()
        with pytest.raises(EngineDead, match="turned down 20 calls in a row: no such model"):
            await actor.enter("a", LOAD)

    asyncio.run(scenario())


def test_a_dead_provider_is_given_up_at_once_and_probed_later():
    async def scenario():
        actor = Actor(owner(8, a=provider()), "one")
        actor.leave(await actor.enter("a", LOAD), After("dead", words="HTTP 401"))
        actor.entrance.flush()
        with pytest.raises(EngineDead, match="HTTP 401"):
            await actor.enter("a", LOAD)
        await asyncio.sleep(1.05)
        probe = await actor.enter("a", LOAD)
        with pytest.raises((EngineDead, ProviderOut)):
            await actor.enter("a", LOAD)
        actor.leave(probe, OK)
        actor.entrance.flush()
        await actor.enter("a", LOAD)

    asyncio.run(scenario())
