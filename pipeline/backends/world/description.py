"""What the world says about itself as a backend. In: a preset's name, options. Out: see `pipeline.backends.contract.Backend`."""

from collections.abc import Iterator
from concurrent.futures import Executor

from pipeline.backends.contract import Access, BareModel, InEngine, Options
from pipeline.backends.world import options as own
from pipeline.storage.image_store import ImageStore


class WorldBackend:
    """The embedded world, which runs in this process or in an engine."""

    needs_provider = False
    engine: InEngine = "may"
    reads_kits = False
    scores = False

    def problems(self, model: str, options: Options) -> Iterator[tuple[str, str]]:
        """See `Backend.problems`."""
        return own.problems(model, options)

    def identity(self, model: str, revision: str, options: Options) -> str:
        """See `Backend.identity`: "world/MODEL@REVISION?OPTIONS"."""
        return own.identity(model, revision, options)

    def fixed_size(self, options: Options) -> str | None:
        """None: an image of the world has its sample's size."""
        return None

    def open(self, access: Access, store: ImageStore, pool: Executor | None) -> BareModel:
        """See `Backend.open`. All work is done in the pool; without one, as in an engine, in one thread."""
        # not above: whoever only checks a manifest should not load the renderer
        from pipeline.backends.world.backend import WorldModel, one_thread

        return WorldModel(access.model, access.revision, access.options, store, pool or one_thread())
