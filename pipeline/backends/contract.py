"""What the rest of the house knows of a backend: what it says about itself, and the model that it opens.

In: nothing. Out: `Backend`, which every backend implements in a light module of its own folder, `Access`, which says what to
open, and `BareModel`, what comes of it. `pipeline.backends.registry` lists the backends.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.backends.openai.spec import Provider
from pipeline.storage.image_store import ImageStore
from stages.protocols import Model

Options = Mapping[str, Any]
"""The options of a model, as a manifest gives them."""


class BareModel(Model, Protocol):
    """A model without the wrappers that pace, retry and record its calls."""

    @property
    def max_output_tokens(self) -> int | None:
        """How many tokens a reply may have, at least 1; None where no limit is sent."""
        ...


@dataclass(frozen=True)
class Access:
    """One model as one provider serves it. `provider` is None for a backend that runs in this process; `name` is then its own."""

    backend: str
    name: str
    provider: Provider | None
    model: str
    revision: str
    options: dict[str, Any] = field(default_factory=dict)


class Backend(Protocol):
    """A backend's description of itself. Whoever imports it must not pay for the libraries that its models need."""

    @property
    def needs_provider(self) -> bool:
        """Whether a model is reached at one of the manifest's providers (True), or runs in this process (False)."""
        ...

    @property
    def reads_kits(self) -> bool:
        """Whether its image models may be asked in the words of another prompt kit than the default one."""
        ...

    @property
    def scores(self) -> bool:
        """Whether its models say how likely a text is (`stages.protocols.Scorer`); else their `score` raises EngineDead."""
        ...

    def problems(self, model: str, options: Options) -> Iterable[tuple[str, str]]:
        """What is wrong with a model's name and options: (field, "problem; remedy"), with field "model" or "options.NAME"."""
        ...

    def identity(self, model: str, revision: str, options: Options) -> str:
        """Model, revision and every option that changes answers; never where the model is.

        Raises ValueError where `problems` has something to say.
        """
        ...

    def fixed_size(self, options: Options) -> str | None:
        """The size, as "WIDTHxHEIGHT", of every image that is made with these options; None where the sample decides."""
        ...

    def open(self, access: Access, store: ImageStore, pool: Executor | None) -> BareModel:
        """The model, which reads and writes images in `store` and may work in `pool`. Heavy libraries are imported here.

        Raises ValueError where `problems` has something to say.
        """
        ...
