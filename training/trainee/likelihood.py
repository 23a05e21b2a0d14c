"""How likely a model holds tokens to be.

In: a model, sequences. Out: log-probabilities of chosen tokens; logits are made for these alone, since a vocabulary is wide.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training.render.packing import Packed


def token_logits(model: Any, packed: Packed, places: NDArray[np.int64]) -> Any:
    """The logits, float32 [N, vocabulary], by which the model predicts the tokens at `places` [N], each at least 1.

    Rows that are packed do not see one another.
    """
    device = next(model.parameters()).device
    alone = len(packed.rows) == 1 and packed.sequence_ids[-1] >= 0
    # the mask of one row is the causal one, which attention kernels have built in
    mask = None if alone else torch.from_numpy(packed.attends).to(device)[None, None]
    out = model(
        input_ids=torch.from_numpy(packed.input_ids).to(device)[None],
        position_ids=torch.from_numpy(packed.position_ids).to(device)[None],
        attention_mask=mask,
        logits_to_keep=torch.from_numpy(places - 1).to(device),
        use_cache=False,
    )
    return out.logits[0].float()


def token_losses(model: Any, packed: Packed, places: NDArray[np.int64]) -> Any:
    """-log P of the tokens at `places`, float32 [N]."""
    logits = token_logits(model, packed, places)
    return torch.nn.functional.cross_entropy(
        logits, torch.from_numpy(packed.input_ids[places]).to(logits.device), reduction="none"
    )
