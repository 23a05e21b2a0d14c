"""What the transformers backend says about itself. In: a model's name, options. Out: see `pipeline.backends.contract.Backend`."""

from collections.abc import Iterator
from concurrent.futures import Executor

from pipeline.backends.contract import Access, BareModel, InEngine, Options
from pipeline.backends.local.libraries import library
from pipeline.backends.transformers import options as own
from pipeline.storage.image_store import ImageStore


class TransformersBackend:
    """Models of the transformers library, in an engine of this run."""

    needs_provider = False
    engine: InEngine = "must"
    reads_kits = True
    scores = True

    def problems(self, model: str, options: Options) -> Iterator[tuple[str, str]]:
        """Only options can be wrong here: whether a folder or a name holds a model shows when it is opened."""
        return ((f"options.{name}", text) for name, text in own.TransformersOptions.problems(options))

    def identity(self, model: str, revision: str, options: Options) -> str:
        """See `Backend.identity`: "transformers/MODEL@REVISION?OPTIONS"."""
        return own.TransformersOptions.checked(options).identity("transformers", model, revision)

    def fixed_size(self, options: Options) -> str | None:
        """None: Emu3 draws at the sample's size, and Janus at one that only its weights know."""
        return None

    def open(self, access: Access, store: ImageStore, pool: Executor | None) -> BareModel:
        """See `Backend.open`. Raises EngineDead where the library or the weights are missing."""
        # before anything is loaded: a wrong option needs no library to be found
        own.TransformersOptions.checked(access.options)
        for name in ("torch", "transformers"):
            library(name, "transformers")
        # not above: whoever only checks a manifest should not load torch
        from pipeline.backends.transformers.backend import TransformersModel

        return TransformersModel(access, store)
