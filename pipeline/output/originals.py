"""Are the originals in the store, undamaged, and what does the trained view of each look like?

In: a store, hashes of originals, and which of them rows hold. Out: per original the sha256 of its view made again, or what is
wrong with it, in words. Runs in worker processes; a store that cannot be read is an answer, not an error.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.output.problem import one_line
from pipeline.output.view import ViewSpec, encode
from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.opening import UNREADABLE

UNOPENABLE = (ImportError, OSError, ValueError, RuntimeError)  # fsspec: a protocol without its package, or unknown


@dataclass(frozen=True, slots=True)
class Original:
    """One original: `view` is the sha256 of its trained view, None where no row holds one; `problem` says what is wrong with it."""

    sha256: str
    view: str | None = None
    problem: str | None = None


def store_problem(root: str) -> str | None:
    """Why the store cannot be opened; None when it can."""
    try:
        ImageStore(root).path("")
    except UNOPENABLE as error:
        return f"the store {root} cannot be opened ({one_line(error)})"
    return None


def examine_originals(originals: Sequence[tuple[str, bool]], root: str, spec: ViewSpec) -> list[Original]:
    """Read each of `originals` (its hash, and whether rows hold its view)."""
    store = ImageStore(root)
    return [_examine(sha256, viewed, store, spec) for sha256, viewed in originals]


def _examine(sha256: str, viewed: bool, store: ImageStore, spec: ViewSpec) -> Original:
    try:
        data = store.get(sha256)
        view = hashlib.sha256(encode(data, spec)).hexdigest() if viewed else None
    except FileNotFoundError:
        return Original(sha256, problem=f"image {sha256[:16]} is not in the store {store.root}")
    except (*UNREADABLE, ImportError, RuntimeError) as error:
        return Original(sha256, problem=f"image {sha256[:16]} cannot be read from the store ({one_line(error)})")
    return Original(sha256, view)
