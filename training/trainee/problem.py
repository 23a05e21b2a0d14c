"""What training refuses: one line that says what, and what to do. Nothing else comes in or goes out."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from math import isfinite

NEEDED = ("torch", "transformers", "accelerate", "safetensors")


class TrainProblem(ValueError):
    """Settings, a model or shards that cannot be trained with; the message is one line."""


def check_installed() -> None:
    """Raises TrainProblem where the extra is missing."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise TrainProblem(f"training needs {', '.join(missing)}: pip install 'x2i-ladder[train]'")


def check_finite(norm: float) -> None:
    """Raises TrainProblem where the gradient, whose norm this is, is no number: a step along it would spoil the weights."""
    if not isfinite(norm):
        raise TrainProblem(
            "the gradient is no number any more; go on from the last checkpoint with a lower learning_rate and another --out"
        )


@contextmanager
def explained_memory(advice: str) -> Iterator[None]:
    """Turns a device that runs out of memory into a TrainProblem that ends with `advice`."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise TrainProblem(f"the device ran out of memory; {advice}") from error
