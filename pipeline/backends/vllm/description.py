"""What the vllm backend says about itself. In: a model's name and options. Out: see `pipeline.backends.contract.Backend`."""

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Literal

from pipeline.backends.contract import Access, BareModel, Options
from pipeline.backends.vllm import options as own
from pipeline.storage.image_store import ImageStore


class VllmBackend:
    """Models that read, by vLLM's offline engine."""

    needs_provider = False
    engine: Literal["must"] = "must"
    reads_kits = False
    scores = True

    def problems(self, model: str, options: Options) -> Iterator[tuple[str, str]]:
        """Options alone can be told to be wrong without the library; whether the weights are there shows when it starts."""
        return ((f"options.{name}", text) for name, text in own.VllmOptions.problems(options))

    def identity(self, model: str, revision: str, options: Options) -> str:
        """See `Backend.identity`: "vllm/MODEL@REVISION?OPTIONS"."""
        return own.VllmOptions.checked(options).identity("vllm", model, revision)

    def fixed_size(self, options: Options) -> str | None:
        """See `Backend.fixed_size`: it draws nothing."""
        return None

    def open(self, access: Access, store: ImageStore, pool: Executor | None) -> BareModel:
        """See `Backend.open`. The pool is not used: vLLM has its own."""
        # not above: whoever only checks a manifest should not load the rest
        from pipeline.backends.vllm.backend import VllmModel

        return VllmModel(access, store)
