"""A real vLLM server that the launcher starts: it comes up, answers, and nothing of it is left when its driver is killed.

X2I_VLLM_COMMAND is the command, with {port} in it; it serves a tiny random Qwen3-VL as tiny-qwen3vl.
"""

import asyncio
import os
import shlex
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from pipeline.backends.openai.backend import OpenAIModel
from pipeline.backends.openai.check import look
from pipeline.backends.openai.client import close_clients
from pipeline.backends.openai.spec import Provider
from pipeline.engines.servers.launch import running
from pipeline.run.session import session
from pipeline.storage.image_store import ImageStore
from stages.protocols import Message, ScoreRequest
from tests.servers.family import marked, wait_until

COMMAND = os.environ.get("X2I_VLLM_COMMAND", "")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not COMMAND, reason="X2I_VLLM_COMMAND names no vLLM server")]
DRIVER = """
import sys, time
from pathlib import Path
from tests.vllm.test_launched import started
with started(Path(sys.argv[1]), sys.argv[2]):
    print("up", flush=True)
    time.sleep(600)
"""


def started(folder, mark):
    """The server, up, from a driver of its own."""
    from contextlib import ExitStack

    stack = ExitStack()
    stack.enter_context(session(None, folder / "ray.log"))
    server = {"command": shlex.split(COMMAND), "env": {"MARK": mark}, "startup_s": 300}
    stack.enter_context(running({"mine": Provider(server=server)}, folder, None, print))
    return stack


def test_it_starts_answers_and_ends(tmp_path):
    mark = f"mark-{uuid.uuid4().hex}"
    with session(None, tmp_path / "ray.log"):
        server = {"command": shlex.split(COMMAND), "env": {"MARK": mark}, "startup_s": 300}
        with running({"mine": Provider(server=server)}, tmp_path / "servers", None, print) as servers:
            mine = servers.providers["mine"]
            assert asyncio.run(look("mine", mine)).models == ("tiny-qwen3vl",)
            assert asyncio.run(score(mine)).total < 0
        assert not marked(mark)
    assert "Application startup complete" in (tmp_path / "servers" / "mine-0.log").read_text()


async def score(provider):
    model = OpenAIModel("tiny-qwen3vl", "1", {}, "mine", provider, ImageStore("memory://launched"))
    try:
        return await model.score(ScoreRequest((Message("user", "what is it?"),), (), "a red square", 1, 1))
    finally:
        await close_clients()


def test_nothing_is_left_when_its_driver_is_killed(tmp_path):
    mark = f"mark-{uuid.uuid4().hex}"
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path), mark],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert driver.stdout is not None
    assert any(line == "up\n" for line in driver.stdout)
    assert len(marked(mark)) > 3  # the leashes, the server, and its engine
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    wait_until(lambda: not marked(mark))
