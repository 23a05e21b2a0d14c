"""What samples take on their way up the ladder, as a distribution to draw from: the raw material of a forecast.

In: what was measured (`pipeline.forecast.measured`) or declared (`pipeline.forecast.declared`). Out: `Rates`: kinds of climb that
differ in cost or in outcome (*atoms*), and a way to draw how often each occurs, which is where the uncertainty lies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.manifest.prices import model_price
from pipeline.manifest.spec import Manifest, ModelSpec
from pipeline.money.cost import image_price
from pipeline.money.prices import table
from pipeline.money.spec import Price
from stages.records import Mode
from stages.rung import Call

Floats = NDArray[np.float64]
QUANTITIES = ("calls", "input_tokens", "output_tokens", "images", "usd", "seconds")
CALLS, INPUT, OUTPUT, IMAGES, USD, SECONDS = range(len(QUANTITIES))


@dataclass(frozen=True)
class Atoms:
    """Kinds of climb. `whole[atom, call, quantity]` is what the climb took, `first` what its first rung took alone.

    `ends` are places in `modes`, or their number where the sample was lost. `first_failed` says whether a call of the first rung
    failed for good, so that an RL prompt would be lost, too. `known[call, quantity]` is False where nobody can say: the amounts
    are 0 there, and no total may be made of them.
    """

    modes: tuple[Mode, ...]
    calls: tuple[Call, ...]
    whole: Floats
    first: Floats
    ends: NDArray[np.int64]
    first_failed: NDArray[np.bool_]
    known: NDArray[np.bool_]


@dataclass(frozen=True)
class Draw:
    """One possible world: the chance of each atom, and a factor on each [call, quantity]."""

    chances: Floats
    scale: Floats


class Rates(Protocol):
    """A distribution over possible worlds. `source` says in a phrase where it comes from, `notes` what to beware of."""

    @property
    def atoms(self) -> Atoms: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def notes(self) -> tuple[str, ...]: ...  # noqa: D102

    def draw(self, rng: np.random.Generator) -> Draw:
        """One world, as likely as what is known makes it."""
        ...


def place_of(end: Mode | None, modes: tuple[Mode, ...]) -> int:
    """What `Atoms.ends` holds for a sample accepted into this mode, or lost. Raises ValueError for a mode of another ladder."""
    if end is not None and end not in modes:
        raise ValueError(f"mode {end} is none of this ladder ({', '.join(modes)})")
    return len(modes) if end is None else modes.index(end)


def prices(manifest: Manifest) -> dict[str, Price | None]:
    """Role -> the price of the model that it asks first."""
    return {role: _price(spec, manifest, table().models) for role, spec in manifest.models}


def own_prices(manifest: Manifest) -> dict[str, Price]:
    """Role -> the price of its model where the manifest itself names one."""
    named = {role: _price(spec, manifest, {}) for role, spec in manifest.models}
    return {role: price for role, price in named.items() if price is not None}


def _price(spec: ModelSpec, manifest: Manifest, listed: Mapping[str, Price]) -> Price | None:
    return model_price(manifest, spec, listed)


def charged(price: Price, amounts: Mapping[int, Floats], sizes: NDArray[np.object_]) -> Floats:
    """The money of rows of [calls, tokens, images], images of `sizes`; NaN where a figure that the price asks for is missing."""
    by_size = {size: image_price(price, size) for size in set(sizes)}
    image = np.array([np.nan if by_size[size] is None else by_size[size] for size in sizes], dtype=float)
    usd = price.request * amounts[CALLS] + np.where(amounts[IMAGES] == 0, 0.0, amounts[IMAGES] * image)
    for rate, quantity in ((price.input_per_million, INPUT), (price.output_per_million, OUTPUT)):
        if rate:
            usd = usd + rate * amounts[quantity] / 1e6
    return np.asarray(usd, dtype=float)
