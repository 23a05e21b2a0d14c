"""A minute in which nine of ten requests are refused: no sample is lost, and the rate recovers soon after.

`pytest -m slow -s tests/faults/test_slow_down.py` prints the figures.
"""

import json
import os
import random
import time
from dataclasses import dataclass, field
from typing import Any

import pyarrow.parquet as pq
import pytest
from starlette.responses import JSONResponse

from pipeline.backends.world.server.app import app
from tests.faults.building import build
from tests.faults.server import error
from tests.serving import serving

BEFORE_S = 40.0
MINUTE_S = 60.0
SHARE = 0.9
RECENT_S = 5.0
SAMPLES = 900


@dataclass
class Slowing:
    """Refuses `SHARE` of all requests for a minute, from `BEFORE_S` after the first one. Records when it answered and refused."""

    app: Any
    dice: random.Random = field(default_factory=lambda: random.Random(5))
    begun: float | None = None
    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        now = time.monotonic()
        self.begun = now if self.begun is None else self.begun
        if BEFORE_S <= now - self.begun < BEFORE_S + MINUTE_S and self.dice.random() < SHARE:
            self.refused.append(now - self.begun)
            await JSONResponse(error("slow down", "rate_limit_exceeded"), 429, {"Retry-After": "1"})(
                scope, receive, send
            )
            return
        await self.app(scope, receive, send)
        self.answered.append(time.monotonic() - self.begun)

    def rate(self, since: float, until: float) -> float:
        """Answers a second between two times."""
        return sum(since <= t < until for t in self.answered) / (until - since)


@pytest.mark.slow
def test_a_minute_of_rate_limits(tmp_path):
    out, slowing = tmp_path / "out", Slowing(app(os.cpu_count() or 1))
    with serving(slowing) as url:
        build(out, url, [f"sources.0.count={SAMPLES}"])
    over = BEFORE_S + MINUTE_S
    before = slowing.rate(BEFORE_S / 2, BEFORE_S)
    recovered = next((t for t in half_seconds(over, slowing) if slowing.rate(t - RECENT_S, t) >= 0.9 * before), None)
    assert recovered is not None, "the rate never came back"
    print(
        f"answers a second: {before:.1f} before, {slowing.rate(BEFORE_S, over):.1f} during,"
        f" {slowing.rate(recovered, recovered + 20):.1f} after; {len(slowing.refused)} requests refused;"
        f" 90 % of the rate before {recovered - over:.1f} s after the minute"
    )
    counts = json.loads((out / "run.json").read_text())["counts"]
    assert counts["planned"] == SAMPLES == counts["kept"] + counts["discarded"]
    assert counts["failed"] == 0
    outcomes = pq.read_table(out / "ledger.parquet", columns=["outcome"])["outcome"].to_pylist()
    assert outcomes.count("RateLimited") == len(slowing.refused)


def half_seconds(since: float, slowing: Slowing) -> list[float]:
    """Times from `since` to the last answer, twice a second."""
    return [since + n / 2 for n in range(int(2 * (slowing.answered[-1] - since)))]
