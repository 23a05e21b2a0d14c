"""What the batch backend says about itself. In: a model's name and options. Out: see `pipeline.backends.contract.Backend`.

A model is asked by way of one of the manifest's `batches`. Where that is a provider's batch API, the model is the one that the
openai backend asks, with the same options and the same identity (`asked_by`).
"""

import json
from collections.abc import Iterator
from concurrent.futures import Executor
from urllib.parse import quote

from pipeline.backends.batch.spec import BatchSpec
from pipeline.backends.contract import Access, BareModel, InEngine, Options
from pipeline.backends.later import LaterModel
from pipeline.storage.image_store import ImageStore

NAME, API = "batch", "openai"


def asked_by(backend: str, batch: BatchSpec | None) -> str:
    """The backend whose options and identity a model has: openai for one behind a batch API, else the one named."""
    return API if batch is not None and batch.kind == API else backend


class BatchBackend:
    """Models whose answers come later."""

    needs_provider = False
    reads_kits = True
    scores = False
    engine: InEngine = "no"

    def problems(self, model: str, options: Options) -> Iterator[tuple[str, str]]:
        """None: what a worker makes of options is its own affair."""
        return iter(())

    def identity(self, model: str, revision: str, options: Options) -> str:
        """See `Backend.identity`: "batch/MODEL@REVISION?OPTIONS", with every option that is given."""
        named = "&".join(f"{name}={_canonical(options[name])}" for name in sorted(options))
        return f"{NAME}/{model}@{revision}" + (f"?{named}" if named else "")

    def fixed_size(self, options: Options) -> str | None:
        """None: a worker is asked for the sample's size."""
        return None

    def open(self, access: Access, store: ImageStore, pool: Executor | None) -> BareModel:
        """A model that raises EngineDead: nobody can be asked here and now."""
        words = f"{access.model} is on a batch: its answers come later, so it cannot be asked directly"
        return LaterModel(self.identity(access.model, access.revision, access.options), words)


def _canonical(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    return quote(text, safe='{}[]":,._-/')
