"""The shards as a torch `IterableDataset`: rows for training loops, with a state to resume from.

In: a place of sft shards, a seed, and which rank of how many this is. Out: rows (`TrainingRow`, or what `transform` makes of
them), as many for every rank. `TrajLoader` counts what it gives out; with a `DataLoader` of your own you say how many batches.
"""

import gc
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any

import pyarrow as pa
import torch
from torch import distributed
from torch.utils.data import IterableDataset, get_worker_info

from training.loader.cursor import Cursor, as_json, read_state
from training.loader.deal import Remainder
from training.loader.files import ShardPlace
from training.loader.footers import open_shards
from training.loader.order import Shuffle
from training.loader.plan import ReadingPlan
from training.loader.problem import LoaderProblem
from training.row import TrainingRow

_EPOCH, _BY_WORKERS, _TOLD = 0, 1, 2


class TrajDataset(IterableDataset):  # type: ignore[misc]
    """Rows of the shards at `place`: a folder, a pattern, files, on this machine or at any URL that fsspec opens.

    `rank` and `world` default to torch.distributed's, else to the environment's RANK and WORLD_SIZE, else to 0 of 1. `transform` is
    called with each row where it is read, in the worker. `storage_options` go to fsspec. Raises LoaderProblem and RowProblem.
    """

    def __init__(
        self,
        place: str | PathLike[str] | Sequence[str],
        *,
        seed: int = 0,
        shuffle: Shuffle = "rows",
        remainder: Remainder = "drop",
        rank: int | None = None,
        world: int | None = None,
        transform: Callable[[TrainingRow], Any] | None = None,
        read_ahead: int = 1,
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        # The first conversion makes pyarrow import pandas: here once, for all workers that are forked, not in each of them.
        pa.array(["text"]).to_numpy(zero_copy_only=False)
        shards = open_shards(ShardPlace.of(place, storage_options))
        self.plan = ReadingPlan(shards, seed, shuffle, remainder, read_ahead)
        self.rank, self.world = _seat(rank, world)
        self._transform = transform
        self._loaded: Cursor | None = None
        # Shared with worker processes, which persistent ones need to learn of a new epoch.
        self._shared = torch.zeros(3, dtype=torch.int64).share_memory_()
        self._cursor, self._worker, self._read = self.start(1), 0, 0

    @property
    def epoch(self) -> int:
        """The epoch that is read, or read next."""
        return int(self._shared[_EPOCH])

    def set_epoch(self, epoch: int) -> None:
        """The epoch to read next. As with torch's DistributedSampler, call it before each: without it the order stays the same.

        TrajLoader does it by itself. Warns where a loaded state stands in a later epoch.
        """
        if self._loaded and epoch < self._loaded.epoch:
            warnings.warn(
                f"set_epoch({epoch}): the state that was loaded stands in epoch {self._loaded.epoch}; it is left unused",
                stacklevel=2,
            )
        if epoch != self.epoch:
            self._shared[_EPOCH] = epoch
            self._read = 0
            self._cursor = self.start(1)

    def start(self, workers: int) -> Cursor:
        """Where the epoch begins for so many workers (0 counts as 1): at the loaded state, or at its first row."""
        if self._loaded and self._loaded.epoch == self.epoch:
            return self._loaded.dealt(self.world, max(1, workers), self.plan.remainder)
        return self.plan.begin(self.epoch, self.world, max(1, workers))

    def warn_if_few(self, workers: int) -> None:
        """Warns, once and in one rank, where row groups have to be read by several streams."""
        if self.rank == 0 and not self._shared[_TOLD]:
            self._shared[_TOLD] = 1
            self.plan.warn_if_few(self.world, max(1, workers))

    def __iter__(self) -> Iterator[Any]:
        info = get_worker_info()
        workers, number = (info.num_workers, info.id) if info else (1, 0)
        self._cursor = self.start(workers)
        self._worker = (number + self._cursor.turn[self.rank]) % workers
        self._read = 0
        if info:
            self._shared[_BY_WORKERS] = 1
            # what a worker inherited stays shared with the others: the garbage collector would write to each of its pages
            gc.freeze()
        if number == 0:
            self.warn_if_few(workers)
        return self._rows(self._cursor, self._worker)

    def _rows(self, cursor: Cursor, worker: int) -> Iterator[Any]:
        for row in self.plan.rows(cursor, self.rank, worker):
            self._read += 1
            yield self._transform(row) if self._transform else row

    def iter_text(self) -> Iterator[TrainingRow]:
        """This rank's rows of the epoch, from its begin, images without their bytes: image pages are never read."""
        return self.plan.rows(self.plan.begin(self.epoch, self.world, 1), self.rank, 0, images=False)

    def state_dict(
        self, *, batches: int | None = None, batch_size: int = 1, workers: int = 0, drop_last: bool = False
    ) -> dict[str, Any]:
        """Where this rank stands, counting what it was given; the other ranks count as in step.

        With a DataLoader that has workers, say how many `batches` came out of it since this epoch (or the loaded state) began, and
        with which settings: what its workers read ahead is not given out yet. Raises LoaderProblem where that is left out.
        """
        if get_worker_info():
            given = self._cursor.given[self.rank][self._worker] + self._read
            return as_json(self._cursor.at(self.rank, self._worker, given), self.plan.identity, self.rank, self._worker)
        if batches is None:
            if self._shared[_BY_WORKERS]:
                raise LoaderProblem(
                    "state_dict(): worker processes read ahead, so say what was given out: state_dict(batches=n, batch_size=b, "
                    "workers=w); TrajLoader counts by itself"
                )
            return as_json(self._cursor.after(self._read, 1), self.plan.identity, self.rank)
        cursor = self.start(workers).after(batches, batch_size)
        if drop_last and all(cursor.deal.length - rows < batch_size for ranks in cursor.given for rows in ranks):
            cursor = self.plan.begin(cursor.epoch + 1, self.world, max(1, workers))
        return as_json(cursor, self.plan.identity, self.rank)

    def load_state_dict(self, state: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        """Go on from a state, on any number of ranks and workers; from the states of all ranks if they were not in step.

        With the numbers it was saved with, rows come in the same order as without a stop. With others, what is left is dealt anew.
        """
        if info := get_worker_info():
            self._loaded = self._worker_start(state, info.id, info.num_workers)
            self._shared[_EPOCH] = self._loaded.epoch
            return
        if isinstance(state, Mapping) and state.get("worker") is not None:
            raise LoaderProblem("state: of one worker only; make one of all with training.loader.stateful.rank_state()")
        self._loaded = self.plan.resume(state)
        self._shared[_EPOCH] = self._loaded.epoch
        self._shared[_BY_WORKERS] = 0
        self._cursor, self._read = self.start(1), 0

    def _worker_start(self, state: Any, number: int, workers: int) -> Cursor:
        """The cursor of a worker's own state, which torchdata's StatefulDataLoader brings to the worker that saved it."""
        saved = read_state(state, self.plan.identity)
        cursor = saved.cursor
        seat = self.rank, (number + cursor.turn[saved.rank]) % cursor.deal.workers
        if (saved.rank, saved.worker) != seat or (cursor.deal.world, cursor.deal.workers) != (self.world, workers):
            raise LoaderProblem(
                f"state: of worker {saved.worker} of {cursor.deal.workers}, rank {saved.rank} of {cursor.deal.world}, not of "
                f"worker {number} of {workers}, rank {self.rank} of {self.world}; for other numbers see training.loader.stateful"
            )
        return cursor


def _seat(rank: int | None, world: int | None) -> tuple[int, int]:
    """Which rank this is, of how many."""
    if (rank is None) != (world is None):
        raise LoaderProblem("rank and world belong together: give both, or neither")
    if rank is None or world is None:
        joined = distributed.is_available() and distributed.is_initialized()
        rank = distributed.get_rank() if joined else int(os.environ.get("RANK", "0"))
        world = distributed.get_world_size() if joined else int(os.environ.get("WORLD_SIZE", "1"))
    if not 0 <= rank < world:
        raise LoaderProblem(f"rank {rank} of {world}: ranks are numbered 0 to world - 1")
    return rank, world
