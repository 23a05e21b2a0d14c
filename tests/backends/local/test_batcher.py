"""Batches: whatever arrives in whatever order, each job gets its own result, and no batch mixes shapes or outgrows its limit."""

import asyncio
import threading
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.backends.local.batcher import Batcher, OutOfMemory
from pipeline.backends.local.faults import mapped
from stages.errors import Malformed, ModelError, TooLong


class Device:
    """Doubles numbers; has room for `room` at once; notes the batches that it was asked for."""

    def __init__(self, room=100):
        self.room = room
        self.batches = []
        self.threads = set()
        self.gate = threading.Event()
        self.gate.set()

    def run(self, shape, jobs):
        self.gate.wait(30)
        self.threads.add(threading.current_thread())
        self.batches.append((shape, list(jobs)))
        if len(jobs) > self.room:
            raise OutOfMemory(f"no room for {len(jobs)}")
        return [Malformed(str(job), "negative") if job < 0 else 2 * job for job in jobs]


def submit_all(batcher, jobs):
    async def run():
        return await asyncio.gather(*(batcher.submit(shape, job) for shape, job in jobs), return_exceptions=True)

    return asyncio.run(run())


@settings(deadline=None)  # a busy machine may take its time
@given(
    jobs=st.lists(st.tuples(st.sampled_from("abc"), st.integers(-3, 50)), max_size=20),
    most=st.integers(1, 6),
    room=st.integers(1, 8),
)
def test_each_job_gets_its_own_result(jobs, most, room):
    device = Device(room)
    results = submit_all(Batcher(device.run, most, 0.0), jobs)
    for (_, job), result in zip(jobs, results, strict=True):
        assert isinstance(result, Malformed) if job < 0 else result == 2 * job
    of_shape = {shape: sorted(job for s, job in jobs if s == shape) for shape, _ in jobs}
    for shape, all_jobs in of_shape.items():
        worked_on = [job for s, batch in device.batches if s == shape and len(batch) <= room for job in batch]
        assert sorted(worked_on) == all_jobs
    assert all(len(batch) <= most for _, batch in device.batches)
    assert len(device.threads) <= 1


def test_waiting_jobs_of_one_shape_are_answered_together():
    device = Device()
    assert submit_all(Batcher(device.run, 4, 5.0), [("a", n) for n in range(8)]) == [2 * n for n in range(8)]
    assert [len(batch) for _, batch in device.batches] == [4, 4]


def test_a_straggler_waits_no_longer_than_it_may():
    device = Device()
    assert submit_all(Batcher(device.run, 4, 0.01), [("a", 1)]) == [2]
    assert device.batches == [("a", [1])]


def test_a_size_that_held_is_remembered_for_its_shape():
    device = Device(room=2)
    batcher = Batcher(device.run, 8, 0.05)

    async def run():
        await asyncio.gather(*(batcher.submit("a", n) for n in range(8)))
        first = len(device.batches)
        await asyncio.gather(*(batcher.submit("a", n) for n in range(4)))
        return device.batches[first:]

    assert [len(batch) for _, batch in asyncio.run(run())] == [2, 2]
    assert batcher.most_of("a") == 2
    assert batcher.most_of("b") == 8


def test_no_room_even_for_one_is_that_jobs_own_fault():
    device = Device(room=0)
    results = submit_all(Batcher(device.run, 4, 0.01), [("a", 1), ("a", 2)])
    assert all(isinstance(result, TooLong) for result in results)


def test_an_error_of_a_batch_reaches_all_its_jobs_and_the_next_batch_goes_on():
    calls = []

    def run(shape, jobs):
        calls.append(jobs)
        if len(calls) == 1:
            raise ModelError("the model failed")
        return jobs

    batcher = Batcher(run, 2, 0.01)

    async def both():
        first = await asyncio.gather(batcher.submit("a", 1), batcher.submit("a", 2), return_exceptions=True)
        return first, await batcher.submit("a", 3)

    first, second = asyncio.run(both())
    assert all(isinstance(error, ModelError) for error in first)
    assert second == 3


def test_a_job_that_is_cancelled_before_it_begins_is_dropped():
    device = Device()

    async def run():
        batcher = Batcher(device.run, 1, 0.0)
        device.gate.clear()
        first = asyncio.create_task(batcher.submit("a", 1))
        dropped = asyncio.create_task(batcher.submit("a", 2))
        last = asyncio.create_task(batcher.submit("a", 3))
        await asyncio.sleep(0.05)
        dropped.cancel()
        await asyncio.sleep(0)
        device.gate.set()
        return await asyncio.gather(first, dropped, last, return_exceptions=True)

    first, dropped, last = asyncio.run(run())
    assert (first, last) == (2, 6)
    assert isinstance(dropped, asyncio.CancelledError)
    assert device.batches == [("a", [1]), ("a", [3])]


def test_a_shape_that_is_asked_all_the_time_does_not_starve_another():
    device = Device()

    async def run():
        batcher = Batcher(device.run, 2, 0.0)
        jobs = [("a", 1), ("b", 2), *(("a", n) for n in range(3, 9))]
        await asyncio.gather(*(batcher.submit(shape, job) for shape, job in jobs))

    asyncio.run(run())
    assert [shape for shape, _ in device.batches][:2] == ["a", "b"]


@pytest.mark.parametrize(("most", "wait_s"), [(0, 1.0), (1, -1.0)])
def test_impossible_sizes_are_refused(most, wait_s):
    with pytest.raises(ValueError, match="at least 1 call"):
        Batcher(Device().run, most, wait_s)


def test_a_batch_that_found_no_room_leaves_none_of_its_memory_behind():
    """An error holds the frames in which it was raised; the halves run without them."""
    tensors = []

    def run(shape, jobs):
        assert [tensor() for tensor in tensors] == [None] * len(tensors)
        tensor = Device()
        tensors.append(weakref.ref(tensor))
        with mapped("m"):
            if len(jobs) > 2:
                raise RuntimeError("CUDA out of memory")
        return list(jobs)

    assert submit_all(Batcher(run, 8, 5.0), [("a", n) for n in range(8)]) == list(range(8))
    assert len(tensors) == 7


def test_a_second_event_loop_is_refused_and_never_waited_on():
    batcher = Batcher(Device().run, 2, 0.0)
    assert submit_all(batcher, [("a", 1)]) == [2]
    (error,) = submit_all(batcher, [("a", 1)])
    assert isinstance(error, RuntimeError)
    assert "open the model anew" in str(error)
