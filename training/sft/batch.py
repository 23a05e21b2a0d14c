"""The rows of a step as sequences, and their loss.

In: rendered rows. Out: `Packed` sequences; the loss of one, and of which kind of segment how much of it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training.render.packing import Packed, pack, packed
from training.render.rendered import Rendered
from training.render.truncation import Lost, truncate
from training.sft.settings import SftSettings
from training.trainee.likelihood import token_logits


@dataclass(frozen=True)
class KindLoss:
    """Of one kind of segment: the sum of -log P over its trained tokens, and their number."""

    total: float
    tokens: int


def fitting(rows: Sequence[Rendered], settings: SftSettings, length: int) -> tuple[list[Rendered], list[Lost]]:
    """The rows of at most `length` tokens, and what was lost of those that were longer."""
    kept, lost = [], []
    for row in rows:
        if len(row) > length and settings.too_long == "leave_out":
            lost.append(Lost(row.id, len(row), row.trained, row.spans))
            continue
        short, cut = truncate(row, length)
        kept.append(short)
        lost += [cut] if cut else []
    return kept, lost


def sequences(rows: Sequence[Rendered], length: int, packing: bool) -> Iterator[Packed]:
    """The rows in sequences without padding, as many in each as fit into `length`; one in each without `packing`."""
    groups = (one.rows for one in pack(rows, length)) if packing else ((row,) for row in rows)
    for group in groups:
        yield packed(group, sum(map(len, group)))


def kinds_of(one: Packed) -> NDArray[np.str_]:
    """The kind of segment of each token [L]; empty for tokens that belong to none."""
    kinds = np.full(len(one.input_ids), "", dtype="<U16")
    at = 0
    for row in one.rows:
        for span in row.spans:
            kinds[at + span.start : at + span.stop] = span.kind
        at += len(row)
    return kinds


def sequence_loss(model: Any, one: Packed) -> tuple[Any, dict[str, KindLoss]]:
    """The sum of weight x -log P over the trained tokens (SAIR Eq. 1), and what each kind has of it, unweighted."""
    places = np.flatnonzero(one.weights)
    logits = token_logits(model, one, places)
    device = logits.device
    losses = torch.nn.functional.cross_entropy(
        logits, torch.from_numpy(one.labels[places]).to(device), reduction="none"
    )
    kinds, values = kinds_of(one)[places], losses.detach().cpu().numpy().astype(np.float64)
    by_kind = {
        str(kind): KindLoss(float(values[kinds == kind].sum()), int((kinds == kind).sum())) for kind in np.unique(kinds)
    }
    return (losses * torch.from_numpy(one.weights[places]).to(device)).sum(), by_kind


def no_loss(model: Any, pad: int) -> Any:
    """A loss of zero through the whole model, for a process that has no rows while others step."""
    ids = torch.tensor([[pad]], device=next(model.parameters()).device)
    return model(input_ids=ids, use_cache=False).logits.float().sum() * 0.0
