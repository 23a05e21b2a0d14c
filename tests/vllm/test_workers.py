"""An engine whose vLLM shares a tiny Qwen3-VL among two processes of its own, one of which is killed at work.

So it is with several GPUs: each worker of `tensor_parallel_size` is a process below the engine's.
"""

import asyncio
import importlib.util
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.run.session import session
from pipeline.storage.image_store import ImageStore
from tests.backends.cases.vllm import CASE
from tests.backends.contract_checks import answer, answers, in_engine, run
from tests.servers.family import wait_until
from tests.vllm.judge import LOAD

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("X2I_VLLM_MODEL") or importlib.util.find_spec("vllm") is None,
        reason="no vllm, or X2I_VLLM_MODEL is unset",
    ),
]


def workers(engine: int) -> list[int]:
    """vLLM's workers below an engine's process."""
    stats = [path.read_text() for path in Path("/proc").glob("[0-9]*/stat") if path.exists()]
    parts = [stat.partition(" (")[::2] for stat in stats]
    below = [(int(pid), rest.rpartition(") ")) for pid, rest in parts]
    return [pid for pid, (name, _, rest) in below if "Worker" in name and int(rest.split()[1]) == engine]


def is_alive(pid: int) -> bool:
    """Whether there is such a process, one aside that has ended and that nobody waited for."""
    line = Path(f"/proc/{pid}/cmdline")
    return line.exists() and line.read_bytes() != b""


def test_a_worker_that_is_killed_ends_its_engine_and_the_next_one_answers(tmp_path, monkeypatch):
    monkeypatch.setenv("VLLM_CPU_OMP_THREADS_BIND", "nobind")  # else each would want a memory node of its own
    store, log = ImageStore(str(tmp_path / "store")), tmp_path / "engines" / "e-0.log"
    with session(None, tmp_path / "ray.log"), CASE.accessible(tmp_path) as one:
        at = replace(one, options=one.options | {"load": {**LOAD, "tensor_parallel_size": 2}})
        requests = CASE.requests(store, 1)
        fleet = in_engine(at, store, tmp_path)
        engine = int(log.read_text().split()[1])
        first = workers(engine)
        assert len(first) == 2

        async def work():
            model = fleet.model(at)
            before = await answers(model, requests)
            under_way = [asyncio.create_task(answer(model, request)) for request in requests]
            await asyncio.sleep(0.5)
            assert not all(task.done() for task in under_way)
            os.kill(first[1], signal.SIGKILL)
            return before, await asyncio.gather(*under_way)

        before, after = run(work())
        assert after == before
        assert log.read_text(errors="replace").count(" begins\n") == 2
        second = workers(int(log.read_text(errors="replace").rpartition(" begins\n")[0].split()[-1]))
        assert len(second) == 2
    wait_until(lambda: not any(map(is_alive, [*first, *second])))
