"""A real server process on its leash: it starts, answers, ends, and whatever is killed, nothing of it is left."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
import uuid
from pathlib import Path

import pytest

from pipeline.backends.openai.server import ServerSpec
from pipeline.engines.servers import leash
from pipeline.engines.servers.port import ReservedPort, is_free
from pipeline.engines.servers.process import ServerProcess, ServerReplica, in_short
from tests.servers.family import marked, wait_until

FAKE = str(Path(__file__).with_name("fake.py"))


@pytest.fixture
def mark():
    """A word in the command line of every process of a server, by which they are found."""
    word = f"mark-{uuid.uuid4().hex}"
    yield word
    for number in marked(word):
        os.kill(number, signal.SIGKILL)


@pytest.fixture
def start(tmp_path, mark):
    begun = []

    def begin(*habits, key_env=None, withheld=frozenset(), **spec):
        command = (sys.executable, "-S", FAKE, "{port}", mark, *habits)
        made = ServerSpec(command=command, **{"startup_s": 60, "stop_s": 1, **spec})
        log = str(tmp_path / "servers" / "mine-0.log")
        replica = ServerReplica("mine", 0, made, log, str(tmp_path), "127.0.0.1", {}, key_env, withheld)
        process = ServerProcess(replica)
        begun.append(process)
        process.start()
        return process

    yield begin
    for process in begun:
        process.stop()


def is_(process, kind):
    return lambda: process.state.kind == kind


def get(process, path="/v1/models", data=None):
    with urllib.request.urlopen(f"http://127.0.0.1:{process.state.port}{path}", data, timeout=10) as answer:
        return answer.read().decode()


def test_it_answers_and_ends_with_all_its_family(start, mark, tmp_path):
    process = start("family", "deaf")
    wait_until(is_(process, "ready"))
    assert "fake" in get(process)
    # two leashes, the server, and two of its family
    assert len(wait_until(lambda: len(marked(mark)) == 5 and marked(mark))) == 5
    process.stop()
    assert marked(mark) == {}
    assert process.state.kind == "stopped"
    assert is_free(process.state.port)
    assert "listening" in (tmp_path / "servers" / "mine-0.log").read_text()


@pytest.mark.parametrize("victim", ["outer leash", "inner leash", "server"])
def test_whoever_is_killed_nothing_is_left(start, mark, victim):
    process = start("family", restarts=0)
    wait_until(is_(process, "ready"))
    wait_until(lambda: len(marked(mark)) == 5)
    outer, inner = sorted(number for number, line in marked(mark).items() if leash.__file__ in line)
    server = min(children(inner))  # an orphan is a later one
    os.kill({"outer leash": outer, "inner leash": inner, "server": server}[victim], signal.SIGKILL)
    wait_until(lambda: not marked(mark))
    wait_until(is_(process, "failed"))


def children(parent):
    tasks = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(task) for task in tasks]


def test_the_end_of_the_holder_is_the_end_of_the_server(mark, tmp_path):
    """As the actor's death: its end of the pipe closes, whatever killed it."""
    command = [sys.executable, "-I", "-S", leash.__file__, "1", sys.executable, "-S", FAKE, "{port}", mark, "family"]
    code = (
        "import subprocess, sys, time; subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True);"
        "time.sleep(600)"
    )
    reserved = ReservedPort()
    words = [word.replace("{port}", str(reserved.port)) for word in command]
    holder = subprocess.Popen([sys.executable, "-S", "-c", code, *words])
    wait_until(lambda: not is_free(reserved.port))
    holder.kill()
    holder.wait()
    wait_until(lambda: not marked(mark))
    reserved.release()


def test_one_that_ends_early_fails_in_its_last_words(start, tmp_path):
    process = start("last-words")
    wait_until(is_(process, "failed"))
    words = in_short(process.state.words)
    assert words.startswith("server mine ended before it was ready (with status 3); its log ends: ")
    assert "loading weights | RuntimeError: the weights are gone; all of it:" in words
    assert "\n" not in words
    assert str(tmp_path) in words


def test_a_program_that_is_not_there_is_named(tmp_path):
    spec = ServerSpec(command=("no-such-program", "{port}"), stop_s=1)
    process = ServerProcess(ServerReplica("mine", 0, spec, str(tmp_path / "log"), str(tmp_path), "127.0.0.1"))
    process.start()
    wait_until(is_(process, "failed"))
    assert "no-such-program cannot be run: No such file or directory" in process.state.words
    process.stop()


def test_one_that_never_gets_well_fails_in_time(start, mark):
    process = start("ill", startup_s=1.5)
    wait_until(is_(process, "failed"))
    assert "did not answer /health within 1.5 s (startup_s); its log ends: listening" in in_short(process.state.words)
    assert marked(mark) == {}


def test_one_that_dies_is_started_again_at_its_port(start):
    process = start("mortal", restarts=1)
    wait_until(is_(process, "ready"))
    port = process.state.port
    with pytest.raises(OSError, match=r"."):
        get(process, "/die", b"")
    wait_until(lambda: process.state.restarts == 1 and process.state.kind == "ready")
    assert process.state.port == port
    with pytest.raises(OSError, match=r"."):
        get(process, "/die", b"")
    wait_until(is_(process, "failed"))
    assert "ended by itself (with status 9)" in process.state.words


def test_restarts_that_fail_are_counted(start, tmp_path):
    process = start("mortal", f"once={tmp_path / 'once'}", restarts=2)
    wait_until(is_(process, "ready"))
    with pytest.raises(OSError, match=r"."):
        get(process, "/die", b"")
    wait_until(is_(process, "failed"))
    assert process.state.restarts == 2
    assert "I come up but once" in process.state.words


def test_it_sees_what_it_needs_and_what_the_manifest_names(start, monkeypatch):
    set_here = (
        "FROM_OUTSIDE",
        "RAY_OF_NO_USE",
        "OMP_NUM_THREADS",
        "HF_HOME",
        "HF_KEY_OF_ANOTHER",
        "OTHER_KEY",
        "OWN_KEY",
    )
    for name in (*set_here, "NAMED_ONE", "ALL_OF_THESE", "OTHER_NAMED"):
        monkeypatch.setenv(name, "1")
    others = frozenset({"HF_KEY_OF_ANOTHER", "OTHER_KEY", "OTHER_NAMED", "ALL_OF_A_KEY"})
    process = start(
        env={"FROM_MANIFEST": "2"}, inherit=("NAMED_ONE", "ALL_OF_*", "OTHER_NAMED"), key_env="OWN_KEY", withheld=others
    )
    wait_until(is_(process, "ready"))
    seen = json.loads(get(process, "/env"))
    passed = {"HF_HOME", "OWN_KEY", "NAMED_ONE", "ALL_OF_THESE", "OTHER_NAMED", "FROM_MANIFEST", "PATH", "HOME"}
    assert passed <= set(seen)
    assert not set(seen) & {"FROM_OUTSIDE", "RAY_OF_NO_USE", "OMP_NUM_THREADS", "HF_KEY_OF_ANOTHER", "OTHER_KEY"}


def test_a_port_is_not_given_twice():
    ports = [ReservedPort() for _ in range(20)]
    assert len({reserved.port for reserved in ports}) == 20
    with pytest.raises(OSError, match="cannot be had"):
        ReservedPort(ports[0].port)
    ports[0].release()
    ReservedPort(ports[0].port).release()
    for reserved in ports[1:]:
        reserved.release()


def test_a_port_that_is_listened_at_is_not_free():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert not is_free(listening.getsockname()[1])
