"""SIGKILL of the hub, the one actor without which no call may begin: the run stops with one line, and can go on."""

import time

import pytest

from pipeline.output.verify import examine
from tests.kill.promise import repeats
from tests.kill.victim import GONE_S, SMALL, Build, ended, kill

SLOTS = int(SMALL["run.concurrency"])
STOPS_S = 60
LAST_CALL_S = 3.0  # a rung learns of it by its next report; what was in flight until then is answered


@pytest.mark.slow
def test_a_hub_that_dies_stops_the_run_and_nothing_is_lost(server, reference, tmp_path):
    build = Build(tmp_path / "out", server, "hub")
    try:
        build.start()
        assert build.calls(len(reference.asked) // 3), build.told()
        (hub,) = build.victims("hub")
        killed = kill(hub)
        assert build.finish(STOPS_S) == 1, build.told()
        stopped = time.time() - killed.done
        assert "Traceback" not in build.words(), build.told()
        said = build.words().splitlines()[-1]
        assert said.startswith("x2i: the run stopped: the hub of the run died"), said
        assert "type the same command again to go on" in said
        assert ended(build.pid, GONE_S) == [], build.told()
        last = max(one.came for one in build.seen()) - killed.done
        assert last < LAST_CALL_S, f"a call came {last:.2f} s after the hub's death"
        build.start()
        assert build.finish() == 0, build.told()
    finally:
        build.end()
    assert build.digests() == reference.digests, build.told()
    assert not examine(build.out).problems
    again = list(repeats(build.seen(), []))
    assert len(again) <= SLOTS, "\n".join(one.told([killed]) for one in again)
    assert {one.digest for one in build.seen()} == reference.asked
    print(f"stopped {stopped:.1f} s after the hub's death, last call {last:.2f} s after it, {len(again)} made again")
