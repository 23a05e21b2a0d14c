"""What a build is to end with beside its quotas. In: the `targets` mapping. Out: an immutable `TargetsSpec`."""

from typing import Annotated

from pydantic import Field

from pipeline.typed import Strict

Floor = Annotated[int, Field(ge=1)]


class TargetsSpec(Strict):
    """`categories`: category -> at least so many kept rows of it, RL prompts not counted."""

    categories: dict[str, Floor] = Field({})
