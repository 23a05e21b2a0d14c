"""The process that counts the lead's figures counts what the server would, comes back when it dies, and goes with the server."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.review.errors import ReviewError
from pipeline.review.preparing import prepare
from pipeline.review.web.counting import FiguresProcess, ReviewPlace
from pipeline.review.web.desk import ReviewDesk
from pipeline.review.web.figures import lead_figures

ROOT = Path(__file__).parents[3]
HOLD = """
import sys
from pathlib import Path
from pipeline.review.web.counting import FiguresProcess, ReviewPlace
if __name__ == "__main__":
    with FiguresProcess(ReviewPlace(sys.argv[1], sys.argv[2], Path(sys.argv[3]))) as count:
        count()
        print(count._process.pid, flush=True)
        sys.stdin.read()
"""


def place_of(store, out: Path) -> ReviewPlace:
    return ReviewPlace(f"sqlite:///{out / 'review' / 'review.sqlite'}", store.fingerprint, out)


def test_figures_are_those_of_the_server_and_come_again_after_a_kill(reviewed):
    with prepare(reviewed) as store, FiguresProcess(place_of(store, reviewed)) as count:
        expected = lead_figures(ReviewDesk(store, reviewed))
        assert [line.code for line in count().lots] == [line.code for line in expected.lots]
        os.kill(count._process.pid, signal.SIGKILL)
        with pytest.raises(ReviewError, match="load the page again"):
            count()
        assert [line.items for line in count().lots] == [line.items for line in expected.lots]


@pytest.mark.slow
def test_it_ends_with_a_server_that_was_killed(reviewed, tmp_path):
    script = tmp_path / "hold.py"
    script.write_text(HOLD, encoding="utf-8")
    with prepare(reviewed) as store:
        place = place_of(store, reviewed)
    command = [sys.executable, str(script), place.url, place.fingerprint, str(reviewed)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        counting = int(server.stdout.readline())
        server.kill()
    for _ in range(600):
        if not _is_there(counting):
            return
        time.sleep(0.05)
    pytest.fail("the process that counts outlived its server")


def _is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
