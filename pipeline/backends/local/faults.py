"""Errors of torch as errors of a model call (`stages.errors`).

In: whatever a library raised while it computed. Out: `OutOfMemory` for a batch that does not fit, `DeviceLost` where the device
is, ModelError for all else that concerns one call.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.backends.contract import DeviceLost
from pipeline.backends.local.batcher import OutOfMemory
from stages.errors import ModelError

_NO_ROOM = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")
_LOST = (
    "device-side assert",
    "illegal memory access",
    "illegal instruction",
    "misaligned address",
    "launch timed out",
    "unspecified launch failure",
    "cublas_status_not_initialized",
    "uncorrectable ecc",
    "device is lost",
    "gpu has fallen off the bus",
)


@contextmanager
def mapped(model: str) -> Iterator[None]:
    """Turn what `model` raises while it computes into errors of `stages.errors`, or OutOfMemory."""
    try:
        yield
    except ModelError:
        raise
    except (RuntimeError, MemoryError, ValueError, TypeError, ArithmeticError, LookupError, OSError) as error:
        raise fault(model, error) from error


def fault(model: str, error: BaseException) -> OutOfMemory | ModelError:
    """What an error of `model` means."""
    words = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    low = words.lower()
    if isinstance(error, MemoryError) or "outofmemory" in low or any(sign in low for sign in _NO_ROOM):
        return OutOfMemory(words)
    if any(sign in low for sign in _LOST):  # nothing that runs on this device succeeds any more in this process
        return DeviceLost(f"{model} lost its device: {words}")
    return ModelError(f"{model} failed: {words}")
