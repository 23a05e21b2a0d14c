"""A build that starts its own server: killed while the server works for it, and typed again."""

import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import yaml

from tests.servers.family import marked, wait_until

ROOT = Path(__file__).parents[2]
SERVER = "[%s, -m, pipeline, serve, world, --port, '{port}', --workers, '1']"
SMALL = {
    "sources.0.count": 3,
    "sources.0.size": 96,
    "output.image.size": 96,
    "run.workers": 1,
    "policy.reflection_rounds": 1,
    "policy.judging": "{judgements: 1}",
}
pytestmark = pytest.mark.slow


def test_nothing_is_left_of_its_server_when_the_driver_is_killed(tmp_path, monkeypatch):
    monkeypatch.setenv("X2I_BASE_URL", "http://127.0.0.1:9/v1")
    mark, out = f"mark-{uuid.uuid4().hex}", tmp_path / "out"
    server = f"{{world: {{server: {{command: {SERVER % sys.executable}, env: {{MARK: {mark}}}}}}}}}"
    words = [w for key, value in {**SMALL, "providers": server}.items() for w in ("--set", f"{key}={value}")]
    manifest = str(ROOT / "manifests" / "world-over-http.yaml")
    command = [sys.executable, "-m", "pipeline", "build", manifest, "--out", str(out), *words]
    killed = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    assert any("server world is ready at http://127.0.0.1:" in line for line in killed.stdout)
    assert marked(mark)
    wait_until(lambda: list((out / "store").rglob("*")))
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    wait_until(lambda: not marked(mark))

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert not marked(mark)
    assert (out / "servers" / "world-0.log").read_text().count("--- ") == 2
    kept = yaml.safe_load((out / "manifest.lock.yaml").read_text())
    assert "127.0.0.1" not in str(kept)  # where a server happened to be is no part of what was built
