"""What the rest of the house knows of a backend: what it says about itself, and the model that it opens.

In: nothing. Out: `Backend`, which every backend implements in a light module of its own folder, `Access`, which says what to
open, and `BareModel`, what comes of it. `pipeline.backends.registry` lists the backends.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pipeline.backends.openai.spec import Provider
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead
from stages.protocols import Model

Options = Mapping[str, Any]
"""The options of a model, as a manifest gives them."""
InEngine = Literal["no", "may", "must"]
"""Whether a backend's models run in an engine: never, where the manifest says so, or always."""


class DeviceLost(EngineDead):
    """Nothing more can be computed in this process; one that is started anew may find the device well again."""


class BareModel(Model, Protocol):
    """A model without the wrappers that pace, retry and record its calls."""

    @property
    def max_output_tokens(self) -> int | None:
        """How many tokens a reply may have, at least 1; None where no limit is sent."""
        ...


@dataclass(frozen=True)
class Access:
    """One model as one provider serves it, or one engine hosts it.

    `provider` is None for a model without one; `name` is then that of its engine, or of its backend where it runs in this process.
    `batch` calls of one shape may be answered together, the first waiting at most `batch_wait_s` seconds for others.
    """

    backend: str
    name: str
    provider: Provider | None
    model: str
    revision: str
    options: dict[str, Any] = field(default_factory=dict)
    batch: int = 1
    batch_wait_s: float = 0.05


class Backend(Protocol):
    """A backend's description of itself. Whoever imports it must not pay for the libraries that its models need."""

    @property
    def needs_provider(self) -> bool:
        """Whether a model is reached at one of the manifest's providers (True), or runs in this process (False)."""
        ...

    @property
    def engine(self) -> InEngine:
        """Whether its models run in an engine, that is, in an actor that all rungs share (`pipeline.engines`)."""
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

        In an engine there is no pool, and the model's methods must never block the event loop. Raises ValueError where `problems`
        has something to say, EngineDead where a library or the weights are missing.
        """
        ...
