"""A build as a process of its own, with all processes that it starts, to be killed and stopped.

In: a place for the output, a server, and settings. Out: its processes by kind, what it printed, and digests of its output.
All processes that a build starts are in its session, by which they are found after its death.
"""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.manifest.forms import PRODUCTS
from tests.kill.counting import CountingServer, SeenRequest
from tests.kill.promise import Kill

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "manifests" / "world-over-http.yaml"
SMALL = {
    "sources.0.count": 24,
    "sources.0.size": 128,
    "output.image.size": 128,
    "run.concurrency": 8,
    "run.workers": 1,
}
GONE_S = 30  # after this time, no process of a build that has ended may be left
HELPER = re.compile(rb"ray::(DashboardAgent|RuntimeEnvAgent)\b")
HUB = re.compile(rb"ray::Hub\b")
RUNG = re.compile(rb"ray::.*(Direct|Reflect|Multistep)")


@dataclass(frozen=True)
class Process:
    """One process. `began`: in ticks since boot, which differs where an id is used again."""

    pid: int
    began: int
    name: str
    title: bytes


def in_session(leader: int) -> list[Process]:
    """The processes of a session that are alive."""
    numbers = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    alive = [pair for number in numbers if (pair := _read_process(number)) is not None]
    return [process for process, session in alive if session == leader]


def _read_process(number: int) -> tuple[Process, int] | None:
    """A process and its session; None when it is not alive."""
    folder = Path(f"/proc/{number}")
    try:
        stat, title = (folder / "stat").read_text(), (folder / "cmdline").read_bytes()
    except OSError:  # it ended meanwhile
        return None
    name, _, rest = stat.partition("(")[2].rpartition(")")
    state, _, _, session, *more = rest.split()
    return None if state in "ZX" else (Process(number, int(more[15]), name, title.replace(b"\0", b" ")), int(session))


def wait_for_end(leader: int, within_s: float) -> list[Process]:
    """Wait until no process of a session is left; returns those that are left after `within_s` seconds.

    Two helpers of Ray are not waited for: they look for their killed driver for a minute, and make no call.
    """
    until = time.monotonic() + within_s
    while (left := [p for p in in_session(leader) if not HELPER.match(p.title)]) and time.monotonic() < until:
        time.sleep(0.1)
    return left


@dataclass
class Build:
    """`x2i build` of the demo over HTTP, into `out`, as `case` of `server`. `settings` go on top of `SMALL`."""

    out: Path
    server: CountingServer
    case: str
    settings: Mapping[str, object] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    runs: int = 0
    _sessions: list[int] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """The id of the driver, and of the session of everything that it started."""
        assert self.process is not None
        return self.process.pid

    def start(self, *flags: str) -> None:
        """Start it, or start it again with `flags`."""
        self.runs += 1
        sets = [
            word
            for key, value in {**SMALL, **self.settings, "run.max_failed": 1}.items()
            for word in ("--set", f"{key}={value}")
        ]
        environment = {**os.environ, "X2I_BASE_URL": self.server.url(self.case, self.runs), "COLUMNS": "200"}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline", "build", MANIFEST, "--out", self.out, *sets, *flags],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._sessions.append(self.process.pid)

    @property
    def _log(self) -> Path:
        return self.server.folder / f"{self.case}-{self.runs}.log"

    def output(self) -> str:
        """What the last run printed."""
        return self._log.read_text(errors="replace")

    def report(self) -> str:
        """For the message of a failed assertion: the end of what every run printed, and of Ray's log."""
        logs = [*sorted(self.server.folder.glob(f"{self.case}-*.log")), self.out / "ray.log"]
        return "\n".join(f"--- {p.name}\n{p.read_text(errors='replace')[-4000:]}" for p in logs if p.exists())

    def finish(self, within_s: float = 240) -> int:
        """Wait for its exit code. A build that goes on for longer is killed with all its processes; the code is then -9."""
        assert self.process is not None
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.end()
            return self.process.wait()

    def end(self) -> None:
        """Kill every process that is left of any run."""
        for session in self._sessions:
            for left in in_session(session):
                _kill(left.pid)
        if self.process is not None:
            self.process.wait()

    def requests(self) -> list[SeenRequest]:
        """The requests that the server saw from all runs of this build."""
        return self.server.requests(self.case)

    def is_alive(self) -> bool:
        """True while the driver runs."""
        return self.process is not None and self.process.poll() is None

    def send_signal(self, number: int) -> None:
        """Send the driver a signal; SIGINT goes to everybody, as from a terminal."""
        if number == signal.SIGINT:
            os.killpg(self.pid, number)
        else:
            os.kill(self.pid, number)

    def wait_for_calls(self, count: int, within_s: float = 180) -> bool:
        """Wait until this run has made so many calls; False when it ends before."""
        until = time.monotonic() + within_s
        while sum(request.run == self.runs for request in self.requests()) < count:
            if not self.is_alive():
                return False
            assert time.monotonic() < until, f"the build does not make {count} calls\n{self.report()}"
            time.sleep(0.01)
        return True

    def victims(self, kind: str) -> list[Process]:
        """What may be killed as a `kind`: the driver, a rung's actor, the hub, or the raylet."""
        everything = in_session(self.pid)
        if kind == "driver":
            return [p for p in everything if p.pid == self.pid]
        if kind == "raylet":
            return [p for p in everything if p.name == "raylet"]
        if kind == "hub":
            return [p for p in everything if HUB.match(p.title)]
        return [p for p in everything if RUNG.match(p.title)]

    def digests(self) -> dict[str, str]:
        """sha256 of every file whose bytes are promised."""
        files = (f for product in PRODUCTS for f in sorted((self.out / product).rglob("*.parquet")))
        return {str(f.relative_to(self.out)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def kill(victim: Process, others: Sequence[Process] = ()) -> Kill:
    """SIGKILL `victim`; wait until it is gone, and the `others`, which die with it."""
    sent = time.time()
    _kill(victim.pid)
    until = sent + 10
    while any(_is_running(process) for process in (victim, *others)):
        assert time.time() < until, f"{victim} does not die"
        time.sleep(0.002)
    return Kill(sent, time.time())


def _is_running(process: Process) -> bool:
    current = _read_process(process.pid)
    return current is not None and current[0].began == process.began


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
