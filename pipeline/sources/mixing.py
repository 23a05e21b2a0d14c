"""How much of a source takes part: the keys that every kind of source has.

In: the keys `weight`, `sample`, `cap` and `caps` of a source. Out: an immutable `SourceShare`. `pipeline.planning` acts on it.
"""

from typing import Annotated

from pydantic import Field

from pipeline.typed import Strict

Limit = Annotated[int, Field(ge=1)]


class SourceShare(Strict):
    """`weight`: the source's share beside the weights of the others. `sample`: the share of its rows that is taken, by a hash of
    each row's id. `cap`: so many of its samples at most, and `caps`: of each of these categories, the first in the order of the
    run.

    A row that is left out so is no sample: nothing is asked about it, and it counts nowhere as planned.
    """

    # left out where nobody set them, so that a build without them is the same build as ever
    weight: float | None = Field(None, gt=0, exclude_if=lambda value: value is None)
    sample: float | None = Field(None, gt=0, le=1, exclude_if=lambda value: value is None)
    cap: Limit | None = Field(None, exclude_if=lambda value: value is None)
    caps: dict[str, Limit] = Field({}, exclude_if=lambda value: not value)

    def __hash__(self) -> int:
        """A mapping has no hash of its own."""
        return hash(self.model_dump_json())
