"""A torch `DataLoader` that knows what it gave out, so that its state is exact with any number of workers.

In: a `TrajDataset` and a DataLoader's settings. Out: batches, and the state of a rank after any of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from torch.utils.data import DataLoader

from training.loader.dataset import TrajDataset
from training.loader.problem import LoaderProblem


class TrajLoader(DataLoader):  # type: ignore[misc]
    """Batches of `dataset`, epoch after epoch: each iteration reads the next one, from where a loaded state stood.

    `collate_fn` makes a batch of a list of rows; by default the list is the batch. An iteration that was left early begins again at
    the same place. Raises LoaderProblem for settings under which batches come in no fixed order.
    """

    def __init__(
        self,
        dataset: TrajDataset,
        batch_size: int = 1,
        *,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] = list,
        drop_last: bool = False,
        **options: Any,
    ) -> None:
        if not options.get("in_order", True):
            raise LoaderProblem(
                "in_order=False: batches would come in no fixed order, and no state could be exact; leave it out"
            )
        super().__init__(
            dataset, batch_size, num_workers=num_workers, collate_fn=collate_fn, drop_last=drop_last, **options
        )
        self._given = 0
        dataset.start(num_workers)  # refused here rather than in a worker
        dataset.warn_if_few(num_workers)

    @property
    def epoch(self) -> int:
        """The epoch that the next batch belongs to, or the next iteration."""
        return int(self.dataset.epoch)

    def __iter__(self) -> Iterator[Any]:
        epoch, self._given = self.epoch, 0
        for batch in super().__iter__():
            self._given += 1
            yield batch
        self.dataset.set_epoch(epoch + 1)
        self._given = 0

    def __len__(self) -> int:
        """How many batches this rank gets of the epoch, or of what is left of it."""
        cursor = self.dataset.start(self.num_workers)
        rest = [cursor.deal.length - rows for rows in cursor.given[self.dataset.rank]]
        return sum(rows // self.batch_size if self.drop_last else -(-rows // self.batch_size) for rows in rest)

    def state_dict(self) -> dict[str, Any]:
        """Where this rank stands after the batches that were given out; what workers read ahead comes again."""
        dataset: TrajDataset = self.dataset
        return dataset.state_dict(
            batches=self._given, batch_size=self.batch_size, workers=self.num_workers, drop_last=self.drop_last
        )

    def load_state_dict(self, state: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        """Go on from a state, as `TrajDataset.load_state_dict` does. Raises LoaderProblem once persistent workers run."""
        if self._iterator is not None:
            raise LoaderProblem("persistent workers run already: load the state before the first iteration")
        self.dataset.load_state_dict(state)
        self._given = 0
