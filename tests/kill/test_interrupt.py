"""Ctrl-C, SIGTERM, SIGHUP: after the first signal answers on their way are awaited, a second one stops at once; no answer is lost.

The server holds its answers back, so that it is certain which calls are on their way when the signal comes.
"""

import re
import signal
import time

import pytest

from tests.kill.promise import Kill, find_repeats
from tests.kill.victim import GONE_S, SMALL, Build, wait_for_end

SLOTS = int(SMALL["run.concurrency"])
QUIET_S = 2.0
COUNTED_S = 0.6  # after this time, the run knows how many calls are on their way
AT_ONCE_S = 120.0  # the answers are held back for ever: a build that waited for them would not end at all
ARRIVING_S = 0.05  # a response that left the server may not be here yet


@pytest.fixture
def waiting_build(request, server, reference, tmp_path):
    """A build that has climbed for a while and now waits for as many answers as it may have under way."""
    build = Build(tmp_path / "out", server, re.sub(r"\W+", "-", request.node.name).strip("-"))
    build.start()
    try:
        assert build.wait_for_calls(len(reference.request_digests) // 3), build.report()
        server.hold(build.case)
        wait_until_full(build)
        time.sleep(COUNTED_S)
        yield build
    finally:
        server.release(build.case)
        build.end()


def wait_until_full(build: Build) -> None:
    until = time.monotonic() + 60
    while count_open_calls(build) < SLOTS:
        assert build.is_alive(), build.report()
        assert time.monotonic() < until, f"{count_open_calls(build)} calls on their way\n{build.report()}"
        time.sleep(0.02)


def count_open_calls(build: Build) -> int:
    return sum(one.sent is None for one in build.requests())


def finish_and_compare(build: Build, reference) -> None:
    build.start()
    assert build.finish() == 0, build.report()
    assert build.digests() == reference.digests
    assert {one.digest for one in build.requests()} == reference.request_digests


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_one_signal_waits_for_answers_on_their_way(number, waiting_build, server, reference):
    build = waiting_build
    sent = len(build.requests())
    build.send_signal(number)
    time.sleep(QUIET_S)
    assert build.is_alive(), f"it did not wait for its answers\n{build.report()}"
    assert len(build.requests()) == sent, "it went on calling"
    server.release(build.case)
    assert build.finish(120) == 130, build.report()
    assert len(build.requests()) == sent
    output = build.output()
    assert "Traceback" not in output
    assert f"{SLOTS} calls in flight" in output
    assert "type the same command again to go on" in output.splitlines()[-1]
    assert wait_for_end(build.pid, GONE_S) == []
    finish_and_compare(build, reference)
    assert not list(find_repeats(build.requests(), []))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_stops_at_once_and_keeps_what_arrived(number, waiting_build, server, reference):
    build = waiting_build
    build.send_signal(number)
    time.sleep(1)
    assert build.is_alive(), build.report()
    second_signal = time.time()
    build.send_signal(number)
    assert build.finish(AT_ONCE_S) == 130, build.report()
    took = time.time() - second_signal
    assert "Traceback" not in build.output()
    assert "type the same command again to go on" in build.output().splitlines()[-1]
    assert wait_for_end(build.pid, GONE_S) == []
    server.release(build.case)
    finish_and_compare(build, reference)
    repeated = list(find_repeats(build.requests(), [Kill(second_signal, second_signal)]))
    late = [one for one in repeated if one.before.sent is not None and one.before.sent < second_signal - ARRIVING_S]
    assert not late, "\n".join(one.describe([Kill(second_signal, second_signal)]) for one in late)
    assert len(repeated) == SLOTS  # each call that was given up, and no other
    print(f"stopped {took:.1f} s after the second {number.name}")
