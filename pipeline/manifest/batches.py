"""Which models of a manifest answer later, by way of which batch.

In: a `Manifest`. Out: the batch of a model, the backend whose options and identity it has, and what is wrong, as (place, text).
"""

import re
from collections.abc import Iterator

from pipeline.backends.batch.description import NAME, asked_by
from pipeline.backends.batch.spec import BatchSpec
from pipeline.manifest.generators import place_of
from pipeline.manifest.spec import Manifest, ModelSpec
from pipeline.typed import suggestion


def batch_of(manifest: Manifest, spec: ModelSpec) -> BatchSpec | None:
    """The batch by way of which a model answers; None for one that is asked directly."""
    return None if spec.batch is None else manifest.batches.get(spec.batch)


def backend_of(manifest: Manifest, spec: ModelSpec) -> str:
    """The name of the backend whose options and identity a model has: behind a batch API, that of the API itself."""
    return asked_by(spec.backend, batch_of(manifest, spec))


def price_share(manifest: Manifest, spec: ModelSpec) -> float:
    """What a call of a model costs, as a share of the price listed, from 0 to 1."""
    batch = batch_of(manifest, spec)
    return 1.0 if batch is None else batch.price_share


def batches_used(manifest: Manifest) -> dict[str, BatchSpec]:
    """The batches that a role goes by, by name."""
    names = {spec.batch for _, spec in manifest.models if spec.batch is not None}
    return {name: batch for name, batch in manifest.batches.items() if name in names}


def batch_providers(manifest: Manifest) -> set[tuple[str, str]]:
    """(provider, model) of each model that a batch API is asked for."""
    asked = ((batch_of(manifest, spec), spec.model) for _, spec in manifest.models)
    return {(batch.provider, model) for batch, model in asked if batch is not None and batch.provider is not None}


def batch_problems(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """What is wrong with batches and the models that go by them."""
    for name, batch in manifest.batches.items():
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
            yield f"batches.{name}", "names a folder too; use letters, digits, - and _ in its name"
        if batch.provider is not None and batch.provider not in manifest.providers:
            known = (
                suggestion(batch.provider, manifest.providers, "providers") if manifest.providers else "add it there"
            )
            yield f"batches.{name}.provider", f"providers does not name {batch.provider!r}; {known}"
        elif batch.provider is not None and manifest.providers[batch.provider].server is not None:
            remedy = "name one with a base_url, or ask it directly (backend: openai)"
            yield (
                f"batches.{name}.provider",
                f"the server of {batch.provider} ends with each pass of the build; {remedy}",
            )
    for role, spec in manifest.models:
        if (spec.backend == NAME) != (spec.batch is not None):
            yield (
                f"models.{place_of(role)}.batch",
                "backend: batch and the name of a batch go together; give both or neither",
            )
        elif spec.batch is not None and spec.batch not in manifest.batches:
            known = suggestion(spec.batch, manifest.batches, "batches") if manifest.batches else "add it there"
            yield f"models.{place_of(role)}.batch", f"batches does not name {spec.batch!r}; {known}"
