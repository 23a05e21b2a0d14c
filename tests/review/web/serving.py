"""The command itself, as a process of its own that can be killed.

In: the folder of a build, options. Out: a `ReviewServer`: its address, the links it printed, an end by SIGTERM or SIGKILL.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


class ReviewServer:
    """`x2i review OUT OPTIONS`, on a free port unless one is named."""

    def __init__(self, out: Path, *options: str, port: int = 0) -> None:
        command = [sys.executable, "-m", "pipeline", "review", str(out), "--port", str(port), *options]
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.base, self.links = "", {}
        wanted = 1 + len({o for n, o in enumerate(options) if n and options[n - 1] == "--invite"} | {"lead"})
        for _, line in zip(range(wanted), self.process.stdout, strict=False):
            if found := re.match(r"Review at (\S+)/ ", line):
                self.base = found[1]
            elif found := re.match(r"(.+?)(?: \(lead\))?: (http\S+)$", line):
                self.links[found[1]] = found[2]

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2])

    def kill(self) -> None:
        """As the kernel does it."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()
