"""The price table that comes with the package: list prices, each with its date and source.

In: `prices.yaml` beside this file. Out: `PriceTable`. It is never complete and never quite up to date: the `prices` of a
manifest go first (`pipeline.money.cost.price_of`), and a model that neither lists has no price.
"""

from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from pipeline.money.spec import Price


class ListedPrice(Price):
    """A price of the table. `source`: the address of the page with the price; `read`: the day it was read (YYYY-MM-DD)."""

    source: str = Field(pattern=r"^https://\S+$")
    read: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    note: str | None = None


class PriceTable(BaseModel):
    """Prices by model name, without the vendor that gateways put before it. `version`: the month of its compilation (YYYY-MM)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = Field(pattern=r"^\d{4}-\d{2}$")
    currency: Literal["USD"]
    models: dict[str, ListedPrice]


@cache
def table() -> PriceTable:
    """The table of the package. Raises pydantic.ValidationError when the file is damaged."""
    raw = yaml.safe_load((files("pipeline.money") / "prices.yaml").read_text(encoding="utf-8"))
    return PriceTable.model_validate(raw, strict=True)
