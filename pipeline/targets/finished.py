"""What counts towards a quota: a finished sample, its slot, and the fates it can meet. In: plain values. Out: `Finished`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from pipeline.manifest.spec import RL
from stages.records import Mode, Split, Status

Slot: TypeAlias = str
"""What a quota counts: a mode of the ladder, or `RL`."""
Fate = Literal["kept", "surplus", "discarded", "failed"]
FATES: tuple[Fate, ...] = get_args(Fate)

Quotas: TypeAlias = Mapping[Slot, int | None]
"""How many to keep of each slot; None means all. Every slot of the ladder is named."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What the cut needs to know of an outcome."""

    rank: int
    id: str
    status: Status
    mode: Mode | None
    split: Split
    group: str = ""

    @property
    def order(self) -> tuple[int, str, str]:
        """By rank; equal ranks by group, which is the id itself where there is none, then by id."""
        return self.rank, self.group or self.id, self.id

    @property
    def slot(self) -> Slot | None:
        """The quota it counts towards; None when it is out. An RL prompt the ladder gave up on is still a prompt."""
        if self.split == "rl":
            return None if self.status == "failed" else RL
        return self.mode if self.status == "accepted" else None
