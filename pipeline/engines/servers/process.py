"""One replica of a server, from its start to its end: on a leash, with its log, watched until it answers, started again.

In: a `ServerReplica`, which says what to start and where. Out: its state, as it changes, and a process that ends with this one. It
knows nothing of Ray, which says on what node and with which GPUs this process runs.
"""

import http.client
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from pipeline.backends.openai.server import ServerSpec
from pipeline.engines.environment import server_environment
from pipeline.engines.servers.port import ReservedPort, is_free
from pipeline.errors import one_line

LOOK_S = 0.2
ANSWER_S = 5.0
PORTS_TRIED = 3
LINES_SHOWN = 6
LINE_SHOWN = 200
MOST_READ = 64 << 10  # bytes of a log
_LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True)
class ServerReplica:
    """What to start: replica `number` of the provider `name`, reached at `host`; its words go to `log`; it works in `folder`.

    `kept`: see `kept_variables`; `key_env` and `withheld`: `own_key` and `others` of `server_environment`. `port`: the one it had
    before, None for a free one.
    """

    name: str
    number: int
    spec: ServerSpec
    log: str
    folder: str
    host: str
    kept: Mapping[str, str] = field(default_factory=dict)
    key_env: str | None = None
    withheld: frozenset[str] = frozenset()
    port: int | None = None

    @property
    def title(self) -> str:
        """As messages call it."""
        return f"server {self.name}" + (
            f" ({self.number + 1} of {self.spec.replicas})" if self.spec.replicas > 1 else ""
        )


@dataclass(frozen=True)
class ServerState:
    """How a replica fares. `words`: what it says last, or why it failed; `restarts`: how often it began again.

    Each line of its log begins a line of `words`, and is whole: a key in it must be masked before it is cut (`in_short`).
    """

    kind: Literal["starting", "ready", "restarting", "failed", "stopped"] = "starting"
    port: int | None = None
    words: str = ""
    restarts: int = 0


class ServerProcess:
    """A replica at work. `start` returns at once; a thread keeps it going."""

    def __init__(self, replica: ServerReplica) -> None:
        self.state = ServerState()
        self._replica = replica
        self._over = threading.Event()
        self._leash: subprocess.Popen[bytes] | None = None
        self._reserved: ReservedPort | None = None
        self._log_begins = 0
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        """Begin; `state` says how it goes."""
        self._thread.start()

    def stop(self) -> None:
        """End it, and all that it started; returns when nothing is left."""
        self._over.set()
        self._thread.join()
        self._end()
        if self._reserved is not None:
            self._reserved.release()

    def _keep(self) -> None:
        try:
            problem = self._start_somewhere()
            while problem is None and not self._over.is_set():
                problem = self._until_it_ends()
        except OSError as error:
            problem = f"{self._replica.title} cannot be started: {one_line(error)}"
        self._end()
        words, kind = problem or "", "failed" if problem else "stopped"
        self.state = ServerState(kind, self.state.port, words, self.state.restarts)  # type: ignore[arg-type]

    def _start_somewhere(self) -> str | None:
        """Bring it up for the first time: at another port where a stranger was quicker. Returns what went wrong."""
        self._wait_for_the_one_before()
        for _ in range(PORTS_TRIED):
            self._reserved = ReservedPort(self._replica.port)
            problem = self._bring_up("starting")
            if problem is None or self._replica.port is not None or is_free(self._reserved.port):
                break
            self._reserved.release()
        return problem

    def _wait_for_the_one_before(self) -> None:
        """Where another process had this replica, its leash may still be ending it."""
        until = time.monotonic() + self._replica.spec.stop_s + ANSWER_S
        while self._replica.port and not is_free(self._replica.port) and time.monotonic() < until:
            if self._over.wait(LOOK_S):
                return

    def _until_it_ends(self) -> str | None:
        """Wait for the end of a server that runs, and bring it up again. Returns what went wrong for good."""
        leash = self._leash
        while leash is not None and leash.poll() is None:
            if self._over.wait(LOOK_S):
                return None
        problem: str | None = self._describe_end("ended by itself")
        while problem is not None and self.state.restarts < self._replica.spec.restarts and not self._over.is_set():
            self.state = ServerState("restarting", self.state.port, problem, self.state.restarts + 1)
            problem = self._bring_up("restarting")
        return problem

    def _bring_up(self, kind: Literal["starting", "restarting"]) -> str | None:
        """Launch it and wait until it answers; what went wrong, else None."""
        assert self._reserved is not None
        port, spec = self._reserved.port, self._replica.spec
        self._end()
        self._launch(port)
        self.state = ServerState(kind, port, "", self.state.restarts)
        give_up_at = time.monotonic() + spec.startup_s
        assert self._leash is not None
        while not self._over.is_set():
            if self._leash.poll() is not None:
                return self._describe_end("ended before it was ready")
            if _answers(f"http://{self._replica.host}:{port}{spec.health}"):
                self.state = ServerState("ready", port, "", self.state.restarts)
                return None
            if time.monotonic() > give_up_at:
                tail = self._tail()
                return (
                    f"{self._replica.title} did not answer {spec.health} within {spec.startup_s:g} s (startup_s){tail}"
                )
            self.state = ServerState(kind, port, self._last_line(), self.state.restarts)
            self._over.wait(LOOK_S)
        return None

    def _launch(self, port: int) -> None:
        replica, spec = self._replica, self._replica.spec
        command = spec.words(replica.host, port)
        Path(replica.log).parent.mkdir(parents=True, exist_ok=True)
        with open(replica.log, "ab") as log:
            log.write(f"--- {time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(command)}\n".encode())
            log.flush()
            self._log_begins = log.tell()
            self._leash = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_LEASH), str(spec.stop_s), *command],
                stdin=subprocess.PIPE,  # its other end is ours alone, so it closes when this process ends
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=replica.folder if os.path.isdir(replica.folder) else None,
                env=server_environment(spec.inherit, replica.key_env, replica.withheld, {**replica.kept, **spec.env}),
                start_new_session=True,
            )

    def _end(self) -> None:
        leash, self._leash = self._leash, None
        if leash is not None:
            pipe: IO[bytes] | None = leash.stdin
            if pipe is not None:
                pipe.close()
            leash.wait()

    def _describe_end(self, what: str) -> str:
        status = None if self._leash is None else self._leash.returncode
        how = f"by signal {status - 128}" if status is not None and status > 128 else f"with status {status}"
        return f"{self._replica.title} {what} ({how}){self._tail()}"

    def _tail(self) -> str:
        last = "".join(f"\n{line}" for line in self._lines()[-LINES_SHOWN:])
        return (
            f"; its log ends: {last}\n; all of it: {self._replica.log}"
            if last
            else f"; its log {self._replica.log} is empty"
        )

    def _last_line(self) -> str:
        return "".join(f"\n{line}" for line in self._lines()[-1:])

    def _lines(self) -> list[str]:
        """The whole lines at the end of what this start has written, without colour codes, control characters and empty lines."""
        with open(self._replica.log, "rb") as log:
            begin = max(self._log_begins, os.fstat(log.fileno()).st_size - MOST_READ)
            log.seek(begin)
            lines = log.read().decode("utf-8", "replace").splitlines()
        if begin > self._log_begins:
            lines = lines[1:]
        return [plain for line in lines if (plain := _plain(line))]


def in_short(words: str) -> str:
    """The words of a `ServerState` on one line, each line of its log cut to LINE_SHOWN characters."""
    first, *rest = words.split("\n")
    lines = [line if line.startswith("; all of it: ") else line[:LINE_SHOWN] for line in rest]
    shown = " | ".join(lines).replace(" | ; all of it: ", "; all of it: ")
    return first + shown


def _plain(line: str) -> str:
    without_colour = "".join(part.partition("m")[2] if n else part for n, part in enumerate(line.split("\x1b[")))
    return " ".join("".join(sign if sign.isprintable() else " " for sign in without_colour).split())


def _answers(address: str) -> bool:
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy reaches a machine of ours
    try:
        with straight.open(address, timeout=ANSWER_S) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError, http.client.HTTPException):
        return False
