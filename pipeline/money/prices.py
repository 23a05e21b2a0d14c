"""The price table that comes with the package: list prices, dated, each with where it was read.

In: `prices.yaml` beside this file. Out: `PriceTable`. It is never complete and never quite up to date: a manifest's `prices`
go first (`pipeline.money.cost.price_of`), and what neither names has no price.
"""

from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from pipeline.money.spec import Price


class Listed(Price):
    """A price of the table: `source` is a page's address, `read` the day it was looked at (YYYY-MM-DD)."""

    source: str = Field(pattern=r"^https://\S+$")
    read: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    note: str | None = None


class PriceTable(BaseModel):
    """Prices by model name, without the vendor that gateways put before it; `version` is the month it was put together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = Field(pattern=r"^\d{4}-\d{2}$")
    currency: Literal["USD"]
    models: dict[str, Listed]


@cache
def table() -> PriceTable:
    """The table of the package. Raises pydantic.ValidationError when the file is damaged."""
    raw = yaml.safe_load((files("pipeline.money") / "prices.yaml").read_text(encoding="utf-8"))
    return PriceTable.model_validate(raw, strict=True)
