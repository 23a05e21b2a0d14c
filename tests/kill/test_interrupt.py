"""Ctrl-C and SIGTERM: the first lets what was sent come home, the second stops at once; nothing that arrived is asked again.

The server holds its answers back, so that it is certain what is on its way when the signal comes.
"""

import re
import signal
import time

import pytest

from tests.kill.promise import Kill, repeats
from tests.kill.victim import GONE_S, SMALL, Build, ended

SLOTS = int(SMALL["run.concurrency"])
QUIET_S = 2.0
COUNTED_S = 0.6  # after which the run knows how many calls are on their way
AT_ONCE_S = 15.0  # Ray takes some seconds to come down
ARRIVING_S = 0.05  # a response that left the server may not be here yet


@pytest.fixture
def held(request, server, reference, tmp_path):
    """A build that has climbed for a while and waits for as many answers as it may."""
    build = Build(tmp_path / "out", server, re.sub(r"\W+", "-", request.node.name).strip("-"))
    build.start()
    try:
        assert build.calls(len(reference.asked) // 3), build.told()
        server.hold(build.case)
        waiting(build)
        time.sleep(COUNTED_S)
        yield build
    finally:
        server.release(build.case)
        build.end()


def waiting(build: Build) -> None:
    until = time.monotonic() + 60
    while on_their_way(build) < SLOTS:
        assert build.alive(), build.told()
        assert time.monotonic() < until, f"{on_their_way(build)} calls on their way\n{build.told()}"
        time.sleep(0.02)


def on_their_way(build: Build) -> int:
    return sum(one.sent is None for one in build.seen())


def finished(build: Build, reference) -> None:
    build.start()
    assert build.finish() == 0, build.told()
    assert build.digests() == reference.digests
    assert {one.digest for one in build.seen()} == reference.asked


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_once_lets_what_was_sent_come_home(number, held, server, reference):
    build = held
    sent = len(build.seen())
    build.tell(number)
    time.sleep(QUIET_S)
    assert build.alive(), f"it did not wait for its answers\n{build.told()}"
    assert len(build.seen()) == sent, "it went on calling"
    server.release(build.case)
    assert build.finish(60) == 130, build.told()
    assert len(build.seen()) == sent
    words = build.words()
    assert "Traceback" not in words
    assert f"{SLOTS} calls in flight" in words
    assert "type the same command again to go on" in words.splitlines()[-1]
    assert ended(build.pid, GONE_S) == []
    finished(build, reference)
    assert not list(repeats(build.seen(), []))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_twice_stops_at_once_and_keeps_what_arrived(number, held, server, reference):
    build = held
    build.tell(number)
    time.sleep(1)
    assert build.alive(), build.told()
    again = time.time()
    build.tell(number)
    assert build.finish(AT_ONCE_S) == 130, build.told()
    took = time.time() - again
    assert "Traceback" not in build.words()
    assert "type the same command again to go on" in build.words().splitlines()[-1]
    assert ended(build.pid, GONE_S) == []
    server.release(build.case)
    finished(build, reference)
    repeated = list(repeats(build.seen(), [Kill(again, again)]))
    late = [one for one in repeated if one.before.sent is not None and one.before.sent < again - ARRIVING_S]
    assert not late, "\n".join(one.told([Kill(again, again)]) for one in late)
    assert len(repeated) == SLOTS  # each call that was given up, and no other
    print(f"stopped {took:.1f} s after the second {number.name}")
