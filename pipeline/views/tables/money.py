"""Where the money went: what an accepted sample cost, by mode.

In: the ledger of an output, then stories, one at a time (`Money.add`). Out: a DataFrame. Only the calls of this run count: an
answer that an earlier run had paid for cost nothing here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.manifest.spec import RL
from pipeline.views.looks import ALL, LOST
from pipeline.views.story import Story, call_keys
from pipeline.views.tables.ledger import NAME
from stages.records import Mode


@dataclass
class Money:
    """US dollars of a run by what became of the samples. `total` is all that the ledger holds, placed with a sample or not.
    `modes` are those of the ladder, `answers` those that the record holds, `replayed` those of them for which the ledger knows no
    call of this run.

    The calls stand as sorted hashes of their keys with what all their tries cost: 16 bytes a call, whatever the size of the run.
    """

    keys: NDArray[np.uint64]
    usd: NDArray[np.float64]
    sent: NDArray[np.uint64]
    modes: Sequence[Mode]
    answers: int = 0
    replayed: int = 0
    spent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    samples: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> float:
        """All money of the run."""
        return float(self.usd.sum())

    @property
    def unplaced(self) -> float:
        """What was paid for calls of which the record keeps no trace: replies asked for again, samples begun beyond the cut."""
        return max(0.0, self.total - sum(self.spent.values()))

    def add(self, story: Story) -> None:
        """Count the money of one more sample."""
        self.samples[story.outcome] += 1
        keys = {key for event in story.trajectory.events for key in call_keys(event)}
        self.spent[story.outcome] += self._of(keys)
        self.answers += len(keys)
        self.replayed += len(keys) - int(np.isin(_hashed(list(keys)), self.sent).sum()) if keys else 0

    def by_mode(self) -> pd.DataFrame:
        """One row a mode, then `rl`, then `all` accepted: `accepted`, `own` and `charged`, US dollars per accepted sample.

        `charged` adds what the lost cost, and what cannot be placed, in equal parts to every accepted sample. NaN without samples.
        """
        accepted = sum(self.samples[mode] for mode in self.modes)
        burden = sum(self.spent[end] for end in LOST) + self.unplaced
        share = burden / accepted if accepted else 0.0
        rows = [self._row(key, (key,), 0.0 if key == RL else share) for key in (*self.modes, RL)]
        return pd.DataFrame([*rows, self._row(ALL, self.modes, share)]).set_index("key")

    def _row(self, key: str, ends: Iterable[str], share: float) -> dict[str, object]:
        n = sum(self.samples[end] for end in ends)
        own = sum(self.spent[end] for end in ends) / n if n else float("nan")
        return {"key": key, "accepted": n, "own": own, "charged": own + share}

    def _of(self, keys: set[str]) -> float:
        if not keys or not len(self.keys):
            return 0.0
        hashes = _hashed(list(keys))
        place = np.minimum(np.searchsorted(self.keys, hashes), len(self.keys) - 1)
        return float(self.usd[place[self.keys[place] == hashes]].sum())


def money(out: Path, modes: Sequence[Mode]) -> Money | None:
    """The money of an output whose ladder has these modes, no sample counted yet; None where no call has a known cost. Raises
    OSError or ValueError for a damaged file.
    """
    path = out / NAME
    if not path.exists():
        return None
    sent = pq.read_table(path, columns=["call_key", "usd"]).to_pandas()
    calls = sent.dropna()
    if calls.empty:
        return None
    keys, place = np.unique(_hashed(calls["call_key"].tolist()), return_inverse=True)
    usd = np.bincount(place, weights=calls["usd"]).astype(np.float64)
    return Money(keys, usd, np.unique(_hashed(sent["call_key"].tolist())), modes)


def _hashed(keys: list[str]) -> NDArray[np.uint64]:
    return pd.util.hash_array(np.array(keys, dtype=object), categorize=False)
