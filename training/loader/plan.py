"""What a stream reads of an epoch: the shards, the order, the deal and the cursor put together, without torch.

In: shards, seed, what is shuffled, the remainder policy. Out: cursors, states, and rows in order.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from training.loader.cursor import Cursor, Identity, read_state, read_states
from training.loader.deal import Deal, Remainder
from training.loader.footers import Shards
from training.loader.groups import GroupReader, Wanted
from training.loader.order import EpochOrder, Shuffle
from training.loader.problem import LoaderProblem
from training.row import TrainingRow


@dataclass(frozen=True)
class ReadingPlan:
    """How a data set is read, epoch after epoch. Holds no open file, so it travels to worker processes."""

    shards: Shards
    seed: int
    shuffle: Shuffle
    remainder: Remainder
    read_ahead: int = 1

    def __post_init__(self) -> None:
        """Raises LoaderProblem for a setting that means nothing."""
        for name, value, known in (
            ("shuffle", self.shuffle, get_args(Shuffle)),
            ("remainder", self.remainder, get_args(Remainder)),
        ):
            if value not in known:
                raise LoaderProblem(f"{name}: {value!r} is none of {', '.join(known)}; give one of them")
        if not isinstance(self.seed, int):
            raise LoaderProblem(f"seed: {self.seed!r} is no whole number; give one")
        if not isinstance(self.read_ahead, int) or self.read_ahead < 0:
            raise LoaderProblem(f"read_ahead: {self.read_ahead!r} is no number of row groups; give 0 or more")

    @property
    def identity(self) -> Identity:
        """What states of this plan are known by."""
        return Identity(self.shards.identity, self.seed, self.shuffle, self.shards.rows)

    def begin(self, epoch: int, world: int, workers: int) -> Cursor:
        """The begin of an epoch. Raises LoaderProblem where `drop` would leave nothing to anybody."""
        deal = Deal(((0, self.shards.rows),), world, workers, self.remainder)
        if not deal.length:
            raise LoaderProblem(
                f"{self.shards.place.urls[0]}: {self.shards.rows} rows for {world * workers} streams ({world} ranks x {workers} "
                "workers) leave nothing to each with remainder='drop'; use fewer, or remainder='pad' or 'wrap'"
            )
        return Cursor.begin(epoch, deal)

    def resume(self, state: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Cursor:
        """Where a state, or the states of all ranks, stood. What stood at the end of an epoch begins the next."""
        if isinstance(state, Sequence) and not isinstance(state, str) and state:
            cursor = read_states(state, self.identity)
        else:
            cursor = read_state(state, self.identity).cursor
        return self.begin(cursor.epoch + 1, cursor.deal.world, cursor.deal.workers) if cursor.is_done else cursor

    def warn_if_few(self, world: int, workers: int) -> None:
        """One warning where row groups have to be read by several streams, with the numbers."""
        units, streams = len(self.shards.units), world * workers
        if units < streams:
            warnings.warn(
                f"{self.shards.place.urls[0]}: {units} row groups for {streams} streams ({world} ranks x {workers} workers): every "
                f"row is still given to one stream, but a row group is read by about {-(-streams // units)} of them; build with "
                f"output.ranks: {world} or more",
                stacklevel=4,
            )

    def rows(self, cursor: Cursor, rank: int, worker: int, *, images: bool = True) -> Iterator[TrainingRow]:
        """What one stream still reads. Padding has no loss and no `next_special`, so that it counts for nothing."""
        reader = GroupReader(self.shards, images=images, read_ahead=self.read_ahead)
        for row, padding in reader.rows(self._wanted(cursor, rank, worker)):
            yield _without_loss(row) if padding else row

    def _wanted(self, cursor: Cursor, rank: int, worker: int) -> Iterator[Wanted]:
        units = self.shards.units
        order = EpochOrder([unit.rows for unit in units], self.seed, cursor.epoch, self.shuffle)
        for portion in cursor.deal.portions(rank, worker, cursor.given[rank][worker]):
            for unit, rows in order.reads(portion.start, portion.stop):
                yield Wanted(units[unit], rows, portion.padding)


def _without_loss(row: TrainingRow) -> TrainingRow:
    # the tokens that open a trained segment, and the one that ends an answer, are trained where `next_special` names them
    silent = (replace(segment, loss=0.0, next_special=None) for segment in row.segments)
    return replace(row, segments=tuple(silent))
