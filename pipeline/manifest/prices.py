"""Whether a manifest's budget can be kept: a model without a price cannot be counted.

In: a `Manifest`. Out: (place, text) for each gap, in the words of the manifest.
"""

from collections.abc import Iterator, Mapping

from pipeline.backends.precomputed.description import NAME as PRECOMPUTED
from pipeline.backends.registry import backend
from pipeline.manifest.batches import backend_of, price_share
from pipeline.manifest.generators import DRAWERS, place_of
from pipeline.manifest.spec import Manifest, ModelSpec
from pipeline.money.cost import OTHER, of_size, price_of, reduced
from pipeline.money.prices import table
from pipeline.money.spec import Price
from stages.makers import role_of


def model_price(
    manifest: Manifest, spec: ModelSpec, listed: Mapping[str, Price], model: str | None = None
) -> Price | None:
    """The price of a role's model (of `model`, where another answers for it): the manifest's, else of those `listed`; less where a
    batch makes it so. None where it is unknown."""
    if spec.backend == PRECOMPUTED:
        return Price()  # it was paid elsewhere
    size = backend(backend_of(manifest, spec)).fixed_size(spec.options)
    price = of_size(price_of(model or spec.model, manifest.prices, listed), size)
    return None if price is None else reduced(price, price_share(manifest, spec))


def unpriced(manifest: Manifest) -> list[tuple[str, str]]:
    """With `run.budget_usd` set: each model that a role may ask, failover among them, whose calls cannot be priced."""
    if manifest.run.budget_usd is None:
        return []
    return [problem for role, spec in manifest.models for problem in _gaps(role, spec, manifest)]


def names(spec: ModelSpec) -> dict[str, str]:
    """Place within the spec -> name of a model that may be asked."""
    others = {f"failover.{n}.model": other.model for n, other in enumerate(spec.failover) if other.model is not None}
    return {"model": spec.model, **others}


def _gaps(role: str, spec: ModelSpec, manifest: Manifest) -> Iterator[tuple[str, str]]:
    if spec.backend == PRECOMPUTED:
        return
    size = backend(backend_of(manifest, spec)).fixed_size(spec.options)
    for place, model in names(spec).items():
        at = f"models.{place_of(role)}.{place}"
        price = of_size(price_of(model, manifest.prices, table().models), size)
        if price is None:
            yield at, f"run.budget_usd is set, but {model} has no price; give one in prices.{model}, 0 where it is free"
        elif role_of(role) in DRAWERS and isinstance(price.image, Mapping) and OTHER not in price.image:
            yield at, f"run.budget_usd is set, but {model} has prices for some sizes of image only; add other to prices"


def unused(manifest: Manifest) -> list[tuple[str, str]]:
    """Prices of the manifest that are no model's, where a model has none: perhaps the name is misspelt."""
    asked = {model for _, spec in manifest.models for model in names(spec).values()}
    if all(price_of(model, manifest.prices, table().models) for model in asked):
        return []
    known = asked | {model.rpartition("/")[2] for model in asked}
    told = ", ".join(sorted(asked))
    return [
        (f"prices.{name}", f"no model of this manifest is called so; they are {told}")
        for name in manifest.prices
        if name not in known
    ]
