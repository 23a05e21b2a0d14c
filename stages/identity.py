"""Identity from content: sample ids, ranks, seeds and call keys are hashes, so order and machines change nothing.

In: the parts a thing is made of. Out: hex digests, or integers small enough for a signed 64-bit column.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import TypeAlias

from stages.protocols import ImageRequest, Request, Role, ScoreRequest

WAVE_SHIFT = 48
"""The bits of a rank below its wave."""

# one fixed spelling: the same parts must give the same digest on any machine and Python
_SPELLING = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)

Part: TypeAlias = "str | int | float | bool | Sequence[Part] | None"


def digest(*parts: Part) -> str:
    """SHA-256 (hex) of the parts' canonical JSON: unambiguous, whatever characters they hold."""
    return hashlib.sha256(_SPELLING.encode(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _number(*parts: Part, bits: int) -> int:
    return int(digest(*parts)[:16], 16) >> (64 - bits)


def sample_id(source: str, row_id: str, content: str) -> str:
    """The id of a sample: source, its row id there, and a digest of its content. 32 hex digits."""
    return digest("sample", source, row_id, content)[:32]


def rollout_id(first: str, number: int) -> str:
    """The id of the rollout `number` of the sample `first`, which is its rollout 0 itself. 32 hex digits."""
    return first if number == 0 else digest("rollout", first, number)[:32]


def rank(run_seed: int, sample: str, wave: int = 0) -> int:
    """Where a sample stands in the order of the run, in [0, 2^63): by the `wave` in which its row is read (below 2^15), within that
    by a hash of 48 bits. Rollouts of a row stand together, where the first one does."""
    return wave << WAVE_SHIFT | _number("rank", run_seed, sample, bits=WAVE_SHIFT)


def draw(run_seed: int, source: str, row_id: str) -> float:
    """The lot of a row, in [0, 1): a source sampled at a share keeps the rows below it, so a larger share keeps those, too."""
    return _number("draw", run_seed, source, row_id, bits=53) / 2**53


def call_seed(
    run_seed: int, sample: str, role: Role, rung: str, index: int, attempt: int, judgement: int, purpose: str
) -> int:
    """The seed of one call, in [0, 2^31). It never depends on which model answers."""
    return _number("seed", run_seed, sample, role, rung, index, attempt, judgement, purpose, bits=31)


def call_key(identity: str, request: Request) -> str:
    """The key of a call: who is asked, what is asked, with which images, for the how-manieth time.

    The seed is part of it: two samples that ask the same in the same words must not share one answer.
    """
    # an image asked for at another size is another image, and another text has another likelihood
    own: tuple[Part, ...] = ()
    if isinstance(request, ImageRequest):
        own = (request.width, request.height)
    elif isinstance(request, ScoreRequest):
        own = (request.text,)
    return digest(
        "call",
        identity,
        [[m.role, m.content] for m in request.messages],
        [image.sha256 for image in request.images],
        request.schema,
        own,
        request.seed,
        request.ordinal,
    )
