"""SIGKILL of the hub, the actor that permits every call: the run stops with one line, and a new start finishes it."""

import time

import pytest

from pipeline.output.verify import examine
from tests.kill.promise import find_repeats
from tests.kill.victim import GONE_S, SMALL, Build, kill, wait_for_end

SLOTS = int(SMALL["run.concurrency"])
STOPS_S = 60
LAST_CALL_S = 3.0  # a rung notices it at its next report; calls in flight until then are answered


@pytest.mark.slow
def test_a_hub_that_dies_stops_the_run_and_nothing_is_lost(server, reference, tmp_path):
    build = Build(tmp_path / "out", server, "hub")
    try:
        build.start()
        assert build.wait_for_calls(len(reference.request_digests) // 3), build.report()
        (hub,) = build.victims("hub")
        killed = kill(hub)
        assert build.finish(STOPS_S) == 1, build.report()
        stopped = time.time() - killed.done
        assert "Traceback" not in build.output(), build.report()
        last_line = build.output().splitlines()[-1]
        assert last_line.startswith("x2i: the run stopped: the hub of the run died"), last_line
        assert "type the same command again to go on" in last_line
        assert wait_for_end(build.pid, GONE_S) == [], build.report()
        last = max(one.came for one in build.requests()) - killed.done
        assert last < LAST_CALL_S, f"a call came {last:.2f} s after the hub's death"
        build.start()
        assert build.finish() == 0, build.report()
    finally:
        build.end()
    assert build.digests() == reference.digests, build.report()
    assert not examine(build.out).problems
    repeated = list(find_repeats(build.requests(), []))
    assert len(repeated) <= SLOTS, "\n".join(one.describe([killed]) for one in repeated)
    assert {one.digest for one in build.requests()} == reference.request_digests
    print(f"stopped {stopped:.1f} s after the hub's death, last call {last:.2f} s after it, {len(repeated)} made again")
