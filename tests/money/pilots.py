"""Records and ledgers of a ladder whose rates are known, without images: rows as `record/` holds them, calls as a ledger does."""

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pipeline.forecast.paths import chances
from stages.policy import Policy

TAKES = {"image": (600, 20, 8.0), "evaluation": (1500, 200, 2.0), "reflection": (1400, 150, 2.5)}
TAKES |= {"diagnosis": (2000, 80, 1.0), "plan": (1500, 150, 1.5)}


@dataclass
class Ladder:
    """A ladder with one judgement an image: `rates` by chance (`pipeline.forecast.paths`), plans of two steps."""

    rates: dict[str, float]
    policy: Policy
    seed: int = 0
    told: bool = True  # whether tokens are reported
    ledger: list[dict[str, Any]] = field(default_factory=list)
    _keys: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        assert set(self.rates) == set(chances(self.policy))

    def rows(self, samples: int, rl: float = 0.0) -> list[dict[str, Any]]:
        """So many rows in rank order; a share of them RL prompts that take their direct try alone."""
        return [self.row(rank, self.random.random() < rl) for rank in range(samples)]

    def frame(self) -> pd.DataFrame:
        """The calls so far."""
        return pd.DataFrame(self.ledger)

    def row(self, rank: int, rl: bool) -> dict[str, Any]:
        """One sample."""
        events: list[dict[str, Any]] = []
        status, mode = self._climb(events, rl)
        return {
            "rank": rank,
            "climb": "direct" if rl else "full",
            "split": "rl" if rl else "train",
            "status": status,
            "mode": mode,
            "reason": None if status == "kept" else "rendering_limit",
            "width": 512,
            "height": 512,
            "events": events,
        }

    def call(self, role: str, kind: str, outcome: str = "ok") -> str:
        """One call into the ledger; its key."""
        key, (read, written, seconds) = f"k{self.seed}-{next(self._keys)}", TAKES[kind]
        self.ledger.append(
            {
                "call_key": key,
                "role": role,
                "kind": kind,
                "seconds": seconds * self.random.uniform(0.5, 1.5),
                "input_tokens": read if self.told else None,
                "output_tokens": written if self.told else None,
                "images": int(kind == "image" and outcome == "ok"),
                "usd": None,
                "outcome": outcome,
            }
        )
        return key

    def _wins(self, chance: str) -> bool:
        return self.random.random() < self.rates[chance]

    def _shot(self, events: list[dict[str, Any]], role: str) -> None:
        for kind, who, what in (("generation", role, "image"), ("evaluation", "analyzer", "evaluation")):
            self._event(events, kind, who, what)

    def _event(self, events: list[dict[str, Any]], kind: str, role: str, what: str) -> None:
        payload = json.dumps({"judgements": []}) if kind == "evaluation" else None
        made_by = f"{role}:m@1"
        events.append({"kind": kind, "payload": payload, "made_by": made_by, "call_key": self.call(role, what)})

    def _climb(self, events: list[dict[str, Any]], rl: bool) -> tuple[str, str | None]:
        if not self._wins("answered"):
            self.call("baseline", "image", "Refused")
            return "discarded", None
        self._shot(events, "baseline")
        if self._wins("direct"):
            return "kept", "direct"
        if rl:
            return "kept", None
        for k in range(1, self.policy.reflection_rounds + 1):
            self._event(events, "reflection", "analyzer", "reflection")
            self._shot(events, "generator")
            if self._wins(f"reflection {k}"):
                return "kept", "reflection"
        self._event(events, "diagnosis", "analyzer", "diagnosis")
        if not self._wins("escalates"):
            return "discarded", None
        self._event(events, "decomposition", "analyzer", "plan")
        done = all(self._step(events, last) for last in (False, True))
        return ("kept", "multistep") if done else ("discarded", None)

    def _step(self, events: list[dict[str, Any]], last: bool) -> bool:
        for _ in range(self.policy.step_attempts):
            self._shot(events, "generator")
            if not self._wins("step"):
                continue
            if not last:
                return True
            self._event(events, "evaluation", "analyzer", "evaluation")
            if self._wins("final"):
                return True
        return False
