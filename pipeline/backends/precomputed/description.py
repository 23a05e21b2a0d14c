"""What the precomputed backend says about itself: its images come with the samples (`columns.first` of a source).

In: the name and revision of the model that made them, and options that say how. Out: see `pipeline.backends.contract.Backend`.
"""

from collections.abc import Iterator
from concurrent.futures import Executor

from pipeline.backends.batch.description import BatchBackend
from pipeline.backends.contract import Access, BareModel, InEngine, Options
from pipeline.backends.later import LaterModel
from pipeline.storage.image_store import ImageStore

NAME = "precomputed"
_WORDS = "the baseline is precomputed: a sample brings one image along, and no further one can be made"


class PrecomputedBackend:
    """A model that has drawn already: the baseline alone, one image for each sample."""

    needs_provider = False
    reads_kits = False
    scores = False
    engine: InEngine = "no"

    def problems(self, model: str, options: Options) -> Iterator[tuple[str, str]]:
        """None: how an image was made is not for us to check."""
        return iter(())

    def identity(self, model: str, revision: str, options: Options) -> str:
        """See `Backend.identity`: "precomputed/MODEL@REVISION?OPTIONS", with every option that is given."""
        _, slash, rest = BatchBackend().identity(model, revision, options).partition("/")
        return NAME + slash + rest

    def fixed_size(self, options: Options) -> str | None:
        """None: an image has the size that it came with."""
        return None

    def open(self, access: Access, store: ImageStore, pool: Executor | None) -> BareModel:
        """A model that raises EngineDead: it makes no image."""
        return LaterModel(self.identity(access.model, access.revision, access.options), _WORDS)
