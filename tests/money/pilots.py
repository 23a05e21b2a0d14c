"""Records and ledgers of a ladder whose rates are known, without images: trajectories as `record/` holds them, calls as a ledger
does."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pipeline.forecast.measured import Climbs, read_climbs
from pipeline.forecast.paths import chances
from stages.policy import Policy
from stages.records import AxisScore, Checker, Evaluation, Event, ImageRef, Kind, Mode, Sample
from stages.rungs import read_recipe
from stages.trajectory import Trajectory

TAKES = {"image": (600, 20, 8.0), "evaluation": (1500, 200, 2.0), "reflection": (1400, 150, 2.5)}
TAKES |= {"diagnosis": (2000, 80, 1.0), "plan": (1500, 150, 1.5)}
VERDICT = Evaluation((AxisScore("instruction", 5, "as seen", True),), 0.0)


@dataclass
class Ladder:
    """The default ladder with one judgement an image: `rates` by chance (`pipeline.forecast.paths`), plans of two steps."""

    rates: dict[str, float]
    policy: Policy
    seed: int = 0
    reports_tokens: bool = True
    ledger: list[dict[str, Any]] = field(default_factory=list)
    _keys: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        assert set(self.rates) == set(chances(read_recipe(self.policy)))

    def trajectories(self, samples: int, rl: float = 0.0) -> list[Trajectory]:
        """So many in rank order; a share of them RL prompts that take the first rung alone."""
        return [self.trajectory(rank, self.random.random() < rl) for rank in range(samples)]

    def climbs(self, samples: int, rl: float = 0.0) -> Climbs:
        """The same as a pilot reads them."""
        return read_climbs(self.trajectories(samples, rl), read_recipe(self.policy))

    def frame(self) -> pd.DataFrame:
        """The calls so far."""
        return pd.DataFrame(self.ledger)

    def trajectory(self, rank: int, rl: bool) -> Trajectory:
        """One sample."""
        sample = Sample(
            id=f"{rank:032x}", source="made", row_id=str(rank), instruction="draw a star", explanation=None, references=(),
            first=None, applicable_axes=("instruction",), task="t2i", category="other", width=512, height=512,
            licence="CC0-1.0", leak_group=str(rank), split="rl" if rl else "train", climb="direct" if rl else "full",
            checker=Checker(),
        )  # fmt: skip
        events: list[Event] = []
        kept, mode = self._climb(events, rl)
        stations = tuple(dict.fromkeys(event.station for event in events)) or ("direct",)
        t = Trajectory(sample, rank, tuple(events), entered=stations)
        return t.accept(mode) if kept else t.discard("rendering_limit")

    def call(self, role: str, kind: str, outcome: str = "ok") -> str:
        """One call into the ledger; its key."""
        key, (read, written, seconds) = f"k{self.seed}-{next(self._keys)}", TAKES[kind]
        self.ledger.append(
            {
                "call_key": key,
                "role": role,
                "kind": kind,
                "seconds": seconds * self.random.uniform(0.5, 1.5),
                "input_tokens": read if self.reports_tokens else None,
                "output_tokens": written if self.reports_tokens else None,
                "images": int(kind == "image" and outcome == "ok"),
                "usd": None,
                "outcome": outcome,
            }
        )
        return key

    def _wins(self, chance: str) -> bool:
        return self.random.random() < self.rates[chance]

    def _shot(self, events: list[Event], station: str, role: str) -> None:
        self._event(events, station, "generation", role, "image")
        self._event(events, station, "evaluation")

    def _event(
        self, events: list[Event], station: str, kind: Kind, role: str = "analyzer", call: str | None = None
    ) -> None:
        payload = VERDICT if kind == "evaluation" else None
        image = ImageRef(f"{len(events):064x}", 512, 512, "PNG") if kind == "generation" else None
        key = self.call(role, call or kind)
        made_by = f"{role}:m@1"
        events.append(Event(kind, 1, station=station, payload=payload, image=image, made_by=made_by, call_key=key))

    def _climb(self, events: list[Event], rl: bool) -> tuple[bool, Mode | None]:
        if not self._wins("answered"):
            self.call("baseline", "image", "Refused")
            return False, None
        self._shot(events, "direct", "baseline")
        if self._wins("direct"):
            return True, "direct"
        if rl:
            return True, None
        for k in range(1, self.policy.reflection_rounds + 1):
            self._event(events, f"reflect {k}", "reflection")
            self._shot(events, f"reflect {k}", "generator")
            if self._wins(f"reflection {k}"):
                return True, "reflection"
        self._event(events, "multistep diagnosis", "diagnosis")
        if not self._wins("escalates"):
            return False, None
        self._event(events, "multistep", "decomposition", call="plan")
        done = all(self._step(events, last) for last in (False, True))
        return (True, "multistep") if done else (False, None)

    def _step(self, events: list[Event], last: bool) -> bool:
        for attempt in range(1, self.policy.step_attempts + 1):
            self._shot(events, "multistep", "generator")
            if not self._wins("step"):
                continue
            if not last:
                return True
            self._event(events, "multistep", "evaluation")
            if self._wins("final"):
                return True
            if self.policy.step_retry == "reflect" and attempt < self.policy.step_attempts:
                self._event(events, "multistep", "reflection")
        return False
