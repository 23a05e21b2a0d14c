"""Several rendered rows in one sequence of tokens, none of which sees another.

In: `Rendered` rows, in order, and a length. Out: `Packed` sequences of exactly that length: what a model that takes position ids
and a mask needs to compute the same as for each row alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.render.rendered import IGNORED, Rendered, RenderProblem

PADDING = -1
"""The sequence id of padding."""


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Rows in one sequence of L tokens.

    input_ids, labels, weights  as in `Rendered`, each [L]
    position_ids                int64 [L], from 0 in every row
    sequence_ids                int64 [L], the number of the row in `rows`; -1 for padding
    """

    rows: tuple[Rendered, ...]
    input_ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    position_ids: NDArray[np.int64]
    sequence_ids: NDArray[np.int64]

    @property
    def attends(self) -> NDArray[np.bool_]:
        """Block attention, bool [L, L]: whether the token of a line may see that of a column. Padding sees padding alone."""
        return block_attention(self.sequence_ids)


def block_attention(sequence_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Causal attention within each sequence, bool [..., L, L] for ids [..., L]. No line is empty, so that no softmax is."""
    length = sequence_ids.shape[-1]
    same: NDArray[np.bool_] = sequence_ids[..., :, None] == sequence_ids[..., None, :]
    return same & np.tri(length, dtype=np.bool_)


def pack(rendered: Iterable[Rendered], length: int, pad: int = 0) -> Iterator[Packed]:
    """Rows in their order, as many as fit, in sequences of `length` tokens; the rest is the token `pad`.

    Nothing is held back beyond the sequence that is being filled, so that a loader may stop after any. Raises RenderProblem for a
    row that is longer: `training.render.truncation` cuts it, or leave it out.
    """
    rows: list[Rendered] = []
    filled = 0
    for row in rendered:
        if len(row) > length:
            raise RenderProblem(
                f"row {row.id}: {len(row)} tokens do not fit into a sequence of {length}; truncate it, leave it out, or "
                "make the sequences longer"
            )
        if filled + len(row) > length:
            yield packed(rows, length, pad)
            rows, filled = [], 0
        rows.append(row)
        filled += len(row)
    if rows:
        yield packed(rows, length, pad)


def packed(rows: Sequence[Rendered], length: int, pad: int = 0) -> Packed:
    """These rows in one sequence. Raises ValueError where they do not fit."""
    lengths = [len(row) for row in rows]
    rest = length - sum(lengths)
    if rest < 0:
        raise ValueError(f"{sum(lengths)} tokens do not fit into {length}")
    labels = [_without_first(row.labels, IGNORED) for row in rows]
    weights = [_without_first(row.weights, 0) for row in rows]
    return Packed(
        rows=tuple(rows),
        input_ids=np.concatenate([*(row.input_ids for row in rows), np.full(rest, pad, np.int64)]),
        labels=np.concatenate([*labels, np.full(rest, IGNORED, np.int64)]),
        weights=np.concatenate([*weights, np.zeros(rest, np.float32)]),
        position_ids=np.concatenate([np.arange(n, dtype=np.int64) for n in (*lengths, rest)]),
        sequence_ids=np.repeat(np.array([*range(len(rows)), PADDING]), (*lengths, rest)),
    )


def _without_first(values: NDArray[np.generic], nothing: int) -> NDArray[np.generic]:
    """The values with nothing in the first place: no token of its own row predicts the first one, that of another must not."""
    changed = values.copy()
    changed[:1] = nothing
    return changed
