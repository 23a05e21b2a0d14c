"""Builds the demo over HTTP, as a user would. In: a folder, the address of a server, settings. Out: a finished build."""

import os
import subprocess
import sys
from pathlib import Path

import httpx2

from tests.backends.world.test_over_http import OVER_HTTP, ROOT

PATIENCE_S = 3600


def build(out: Path, url: str, settings: list[str]) -> None:
    """`x2i build` into `out` with the world at `url`, once that is ready; `settings` are KEY=VALUE."""
    assert httpx2.get(f"{url}/health", timeout=120).status_code == 200
    words = [word for setting in settings for word in ("--set", setting)]
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "build", str(OVER_HTTP), "--out", str(out), *words],
        cwd=ROOT,
        env=os.environ | {"X2I_BASE_URL": f"{url}/v1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
