"""The price of a model as a person types it: US dollars per million tokens, per image, per request.

In: an entry of a price table, or of the manifest's `prices`. Out: an immutable `Price`.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Dollars = Annotated[float, Field(ge=0)]


class Price(BaseModel):
    """What a model's calls cost, in US dollars; the parts add up.

    `image` is the price of one image made, or prices by size: `{"1024x1024": 0.04, "other": 0.17}`, where "other" stands for
    every size that is not listed. The size is the one that the option `size` asks for, else that of the sample.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_per_million: float = Field(0.0, ge=0)
    output_per_million: float = Field(0.0, ge=0)
    image: Dollars | dict[str, Dollars] = 0.0
    request: float = Field(0.0, ge=0)
