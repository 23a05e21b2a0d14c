"""What a row becomes for a model that reads and writes tokens.

In: nothing but values. Out: `Rendered`, and the `Span`s that say which tokens are whose.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IGNORED = -100
"""The label of a token that is not trained, as the losses of torch and transformers know it."""
END = "end"
"""The kind of the span that ends an answer; it is no segment, so its `segment` is -1."""


class RenderProblem(ValueError):
    """A row that cannot be rendered, or is too long; the message names row, segment and remedy."""


@dataclass(frozen=True, slots=True)
class Span:
    """The tokens [start, stop) of one segment, its opening labels and tokens included, and the weight of its loss (0: masked)."""

    segment: int
    kind: str
    index: int
    start: int
    stop: int
    loss: float


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A row as T tokens.

    input_ids, labels  int64 [T]; a label is the token itself where it is trained, -100 elsewhere. They stand in the same place:
                       the model shifts them
    weights            float32 [T], at least 0: the loss of the segment, 0 where it is masked
    spans              the segments in order, and last the end of the answer; what opens the turns belongs to none
    """

    id: str
    mode: str
    input_ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    spans: tuple[Span, ...]

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def trained(self) -> int:
        """The number of trained tokens."""
        return int(np.count_nonzero(self.weights))
