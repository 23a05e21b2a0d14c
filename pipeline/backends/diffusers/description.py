"""What the diffusers backend says of itself. In: a model's folder or name, options. Out: `pipeline.backends.contract.Backend`."""

from collections.abc import Iterator
from concurrent.futures import Executor

from pipeline.backends.contract import Access, BareModel, InEngine, Options
from pipeline.backends.diffusers import options as own
from pipeline.storage.image_store import ImageStore


class DiffusersBackend:
    """Image pipelines of the library diffusers, whose weights are loaded in an engine."""

    needs_provider = False
    engine: InEngine = "must"
    reads_kits = True
    scores = False

    def problems(self, model: str, options: Options) -> Iterator[tuple[str, str]]:
        """See `Backend.problems`. Whether the weights are there is known only where they are loaded."""
        if not model.strip():
            yield (
                "model",
                "is empty; give the folder of a pipeline, or its name on the hub such as Qwen/Qwen-Image-Edit-2509",
            )
        yield from ((f"options.{name}", text) for name, text in own.option_problems(options))

    def identity(self, model: str, revision: str, options: Options) -> str:
        """See `Backend.identity`: "diffusers/MODEL@REVISION?OPTIONS"."""
        return own.identity(model, revision, own.checked(options))

    def fixed_size(self, options: Options) -> str | None:
        """None: an image has its sample's size, whatever size it was drawn at."""
        return None

    def open(self, access: Access, store: ImageStore, pool: Executor | None) -> BareModel:
        """See `Backend.open`. Raises EngineDead where the library or the weights are missing. The pool is not used."""
        # not above: whoever only checks a manifest should not load torch
        from pipeline.backends.diffusers.backend import DiffusersModel

        return DiffusersModel(access, store)
