"""Servers that a run starts: replicas as Ray actors, calls spread over them, and what happens when any of them dies."""

import asyncio
import os
import signal
import sys
import uuid
from contextlib import suppress
from pathlib import Path

import pytest
import ray

from pipeline.backends.openai.backend import OpenAIModel
from pipeline.backends.openai.check import reachable
from pipeline.backends.openai.client import close_clients
from pipeline.backends.openai.secrets import MASK
from pipeline.backends.openai.spec import Provider, Started
from pipeline.engines.servers import launch
from pipeline.engines.servers.launch import Servers, running
from pipeline.engines.servers.process import LINE_SHOWN
from pipeline.errors import RunStopped
from pipeline.run.session import session
from pipeline.storage.image_store import ImageStore
from stages.errors import Transient
from stages.protocols import Message, TextRequest
from tests.servers.family import marked, wait_until

FAKE = str(Path(__file__).with_name("fake.py"))


@pytest.fixture(scope="module", autouse=True)
def _ray(tmp_path_factory):
    with session(None, tmp_path_factory.mktemp("ray") / "ray.log"):
        yield


@pytest.fixture
def mark():
    word = f"mark-{uuid.uuid4().hex}"
    yield word
    left = marked(word)
    for number in left:
        os.kill(number, signal.SIGKILL)
    assert not left, "something of a server is left"


def provider(mark, *habits, **spec):
    command = [sys.executable, "-S", FAKE, "{port}", mark, *habits]
    return Provider(server={"command": command, "startup_s": 60, "stop_s": 1, **spec})


def ask(asked, count):
    """The processes that answered `count` calls made at once; errors where there was no answer."""
    model = OpenAIModel("fake", "1", {"structured": "none"}, "mine", asked, ImageStore("memory://"))

    async def calls():
        requests = [TextRequest((Message("user", "?"),), (), "plan", n, 1) for n in range(count)]
        replies = await asyncio.gather(*map(model.ask, requests), return_exceptions=True)
        await close_clients()
        return [reply if isinstance(reply, Exception) else reply.usage.input_tokens for reply in replies]

    return asyncio.run(calls())


def servers_of(mark):
    return [number for number, line in marked(mark).items() if "leash.py" not in line]


def test_replicas_share_the_calls_and_one_that_dies_comes_back_where_it_was(mark, tmp_path):
    told, failures = [], []
    asked = {"mine": provider(mark, replicas=2, restarts=1), "other": Provider(base_url="http://127.0.0.1:9/v1")}
    with running(asked, tmp_path / "servers", None, told.append) as servers:
        servers.on_failure(failures.append)
        mine, other = servers.providers["mine"], servers.providers["other"]
        assert other == asked["other"]
        assert isinstance(mine, Started)
        assert len(set(mine.addresses)) == 2
        assert sum("is ready at http://127.0.0.1:" in line for line in told) == 2
        answered = ask(mine, 8)
        assert {answered.count(number) for number in servers_of(mark)} == {4}
        assert asyncio.run(reachable("mine", mine)) is None

        victim = servers_of(mark)[0]
        os.kill(victim, signal.SIGKILL)
        later = [ask(mine, 4) for _ in range(3)]  # those that met its end are told to try again, the others go on
        assert all(isinstance(reply, int | Transient) for replies in later for reply in replies)
        assert all(isinstance(reply, int) for reply in later[-1])
        wait_until(lambda: len(servers_of(mark)) == 2)
        wait_until(lambda: any("is restarting" in line or "is ready" in line for line in told[2:]))
        assert servers.providers["mine"] == mine

        def kill_all():
            for number in servers_of(mark):
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            return failures

        wait_until(kill_all)  # each of them may come back once
        assert len(failures) == 1
        assert "(by signal 9); its log" in failures[0]
    assert sorted(p.name for p in (tmp_path / "servers").iterdir()) == ["mine-0.log", "mine-1.log"]


def test_an_actor_that_is_killed_takes_its_server_along_and_comes_back(mark, tmp_path):
    with running({"mine": provider(mark, "family", restarts=1)}, tmp_path, None, lambda _: None) as servers:
        mine = servers.providers["mine"]
        before = set(wait_until(lambda: len(marked(mark)) == 5 and marked(mark)))
        (kept,) = servers._kept
        os.kill(ray.get(kept.actor.process.remote()), signal.SIGKILL)
        after = wait_until(lambda: before.isdisjoint(now := marked(mark)) and len(now) == 5 and now)
        assert after
        wait_until(lambda: isinstance(ask(mine, 1)[0], int))


def test_a_server_that_does_not_come_up_ends_the_run_in_its_words(mark, tmp_path):
    words = r"server mine ended before .* RuntimeError: the weights are gone; all of it: "
    with pytest.raises(RunStopped, match=words), running({"mine": provider(mark, "last-words")}, tmp_path, None, print):
        pytest.fail("it came up")


KEY = "sk-0123456789-abcdefgh"


@pytest.mark.parametrize(
    ("habits", "shown"),
    [
        (["gone", f"print={KEY}"], f"listening {MASK}"),
        (["gone", f"print={'x' * (LINE_SHOWN - 20)}{KEY}"], f"x{MASK}"),  # it would be cut in its middle
        (["gone", f"long={KEY}"], "listening"),  # the part of the log that is read begins in its middle
    ],
)
def test_a_key_that_a_server_prints_is_never_shown(mark, tmp_path, monkeypatch, habits, shown):
    monkeypatch.setenv("X2I_TEST_KEY", KEY)
    monkeypatch.setattr(launch, "TELL_S", 0)
    lines = []
    asked = provider(mark, *habits)
    asked = asked.model_copy(update={"api_key_env": "X2I_TEST_KEY"})
    with pytest.raises(RunStopped) as stopped, running({"mine": asked}, tmp_path, None, lines.append):
        pytest.fail("it came up")
    assert shown in str(stopped.value)
    for words in (*lines, str(stopped.value)):
        assert not any(part in words for part in ("sk-0", "0123456789", "abcdefgh"))
    assert "\n" not in str(stopped.value)


def test_what_servers_hold_is_counted(mark, tmp_path):
    asked = {"a": provider(mark, cpus=0.5, replicas=2), "b": provider(mark, cpus=0.25)}
    assert Servers(asked, tmp_path, "127.0.0.1", print, frozenset()).held == {"GPU": 0, "CPU": 1.25}


def test_what_no_machine_has_is_not_waited_for(mark, tmp_path):
    words = r"server mine needs 800 GPU on one node, and none has more than \d+; lower"
    with pytest.raises(RunStopped, match=words), running({"mine": provider(mark, gpus=800)}, tmp_path, None, print):
        pytest.fail("it came up")
