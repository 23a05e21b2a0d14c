"""A reward server of the project's own environment (X2I_PYTHON, else .venv), for reward functions in a trainer's environment."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("X2I_PYTHON") or str(ROOT / ".venv" / "bin" / "python")
SURE = ("models.analyzer.options={error_rate: 0.0, severe: 0.0}", "policy.judging.judgements=1")
GROUP = 4
"""The answers of planted_answers, which are one group."""


@contextmanager
def rewarded(folder: Path) -> Iterator[tuple[list[Any], list[Any]]]:
    """The planted answers and RL rows, while a server at X2I_REWARD_URL rewards them."""
    subprocess.run([PYTHON, "-m", "tests.trainers.planted_answers", folder], cwd=ROOT, check=True)
    out = str(folder / "judged")
    command = [PYTHON, "-m", "pipeline", "reward-server", "manifests/demo.yaml", "--port", "0", "--out", out]
    sets = [word for one in SURE for word in ("--set", one)]
    server = subprocess.Popen([*command, *sets], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        os.environ["X2I_REWARD_URL"] = server.stdout.readline().partition("=")[2].strip()
        os.environ["X2I_GROUP_SIZE"] = str(GROUP)
        yield json.loads((folder / "answers.json").read_text()), json.loads((folder / "rows.json").read_text())
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(600)


def check(rewards: list[float]) -> None:
    """One group: the whole answer, the half one, the one of two images (half for its length), words alone."""
    assert rewards[0] == 1.0
    assert 0 < rewards[1] < 1
    assert rewards[2] == 0.5
    assert rewards[3] == 0.0
