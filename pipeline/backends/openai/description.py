"""What the openai backend says about itself. In: a model's name and options. Out: see `pipeline.backends.contract.Backend`."""

from collections.abc import Iterator
from concurrent.futures import Executor

from pipeline.backends.contract import Access, BareModel, InEngine, Options
from pipeline.backends.openai import options as own
from pipeline.storage.image_store import ImageStore


class OpenAIBackend:
    """Models over HTTP, at any server that speaks the OpenAI API."""

    needs_provider = True
    engine: InEngine = "no"
    reads_kits = True
    scores = True

    def problems(self, model: str, options: Options) -> Iterator[tuple[str, str]]:
        """Only options can be wrong: what a server calls its models is its own affair."""
        return ((f"options.{name}", text) for name, text in own.Options.problems(options))

    def identity(self, model: str, revision: str, options: Options) -> str:
        """See `Backend.identity`: "openai/MODEL@REVISION?OPTIONS"."""
        return own.Options.checked(options).identity("openai", model, revision)

    def fixed_size(self, options: Options) -> str | None:
        """See `Backend.fixed_size`."""
        return own.fixed_size(options)

    def open(self, access: Access, store: ImageStore, pool: Executor | None) -> BareModel:
        """See `Backend.open`. The pool is not used: calls wait for a server, and nothing is computed here."""
        # not above: whoever only checks a manifest should not load an HTTP client
        from pipeline.backends.openai.backend import OpenAIModel

        if access.provider is None:
            raise ValueError("the openai backend needs a provider; name one of those under providers")
        return OpenAIModel(access.model, access.revision, access.options, access.name, access.provider, store)
