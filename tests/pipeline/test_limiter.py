"""The shared limit: never exceeded, never lost, nobody starved."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.run import limiter
from pipeline.run.limiter import Limiter, Permits


def link(owner: Limiter, name: str) -> Permits:
    return Permits(lambda wanted: owner.lease(name, wanted), lambda count: owner.give_back(name, count))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.lists(st.integers(0, 25), min_size=1, max_size=4))
def test_calls_in_flight_never_exceed_the_capacity_and_all_permits_come_home(capacity, calls):
    async def scenario() -> tuple[int, int]:
        owner = Limiter(capacity)
        running = peak = 0

        async def call(permits: Permits) -> None:
            nonlocal running, peak
            async with permits.permit():
                running += 1
                peak = max(peak, running)
                await asyncio.sleep(0)
                running -= 1

        links = [link(owner, str(n)) for n in range(len(calls))]
        await asyncio.gather(*(call(links[n]) for n, count in enumerate(calls) for _ in range(count)))
        await asyncio.sleep(limiter.IDLE_S * 2)
        return peak, owner.free

    peak, free = asyncio.run(scenario())
    assert peak <= capacity
    assert free == capacity
    assert peak == 0 or sum(calls) > 0
    if sum(calls) >= 3 * capacity:
        assert peak == capacity  # and the slots are used


def test_a_long_queue_does_not_starve_the_other_holder():
    async def scenario() -> int:
        owner = Limiter(4)
        greedy, late = link(owner, "greedy"), link(owner, "late")
        done = 0

        async def call(permits: Permits) -> None:
            nonlocal done
            async with permits.permit():
                await asyncio.sleep(0.001)
            done += permits is greedy

        crowd = [asyncio.create_task(call(greedy)) for _ in range(400)]
        await asyncio.sleep(0.005)
        await call(late)
        before = done
        await asyncio.gather(*crowd)
        return before

    assert asyncio.run(scenario()) < 100


def test_permits_of_a_silent_holder_are_taken_back():
    async def scenario() -> int:
        owner = Limiter(2, patience_s=0.05)
        assert await owner.lease("dead", 2) == 1
        assert await owner.lease("dead", 2) == 1
        waiting = asyncio.create_task(owner.lease("alive", 1))
        await asyncio.sleep(0.1)
        owner.seen("alive")
        assert await waiting == 1
        owner.give_back("dead", 2)  # it was only slow: what was taken back does not count twice
        return owner.free

    assert asyncio.run(scenario()) == 1


def test_a_cancelled_call_gives_its_permit_on():
    async def scenario() -> None:
        owner = Limiter(1)
        permits = link(owner, "one")
        async with permits.permit():
            waiting = asyncio.create_task(permits.permit().__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        async with asyncio.timeout(1), permits.permit():
            pass

    asyncio.run(scenario())
