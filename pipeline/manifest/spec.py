"""The manifest: what to build, as a person types it.

In: plain data. Out: an immutable `Manifest` without contradictions. `pipeline.manifest.file` reads it from a file,
`pipeline.manifest.identity` says which parts of it identify a run.
"""

from collections.abc import Generator
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from pipeline.backends.openai.spec import Fallback, Provider
from pipeline.backends.registry import backend, unknown
from pipeline.backends.world.source import WorldSpec
from pipeline.errors import BuildError
from pipeline.money.spec import Price
from pipeline.sources.spec import TableSpec
from pipeline.typed import Strict, shown, suggestion
from prompts.catalogue import DEFAULT_KIT, kits
from stages.policy import Policy
from stages.protocols import Role
from stages.rung import Recipe
from stages.rungs import complete, read_recipe

SourceSpec = Annotated[TableSpec | WorldSpec, Field(discriminator="kind")]


class ManifestError(BuildError):
    """The manifest cannot be used; each problem is one line that names file, field, problem and remedy."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


RL = "rl"
"""The slot of RL prompts, beside the modes of the ladder."""

Plain = float | int | str | bool


class ModelSpec(Strict):
    """One model: which backend serves it, its name and revision there, and the backend's options (sampling).

    Over HTTP, `provider` names the endpoint that is asked first and `failover` those that are asked next when it is out. `kit`
    names the words in which an image model is asked.
    """

    backend: str = "world"
    model: str
    revision: str = "1"
    options: dict[str, Plain | dict[str, Any]] = Field({})
    provider: str | None = None
    failover: tuple[Fallback, ...] = ()
    kit: str = DEFAULT_KIT

    @field_validator("kit")
    @classmethod
    def _is_a_kit(cls, value: str) -> str:
        if value not in kits():
            raise ValueError(f"there is no prompt kit {value}; {suggestion(value, kits(), 'kits')}")
        return value

    @field_validator("backend")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if problem := unknown(value):
            raise ValueError(problem)
        return value

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        needs_provider = backend(self.backend).needs_provider
        if needs_provider and self.provider is None:
            raise ValueError(f"the {self.backend} backend needs a provider; name one of those under providers")
        if not needs_provider and (self.provider or self.failover):
            raise ValueError(f"the {self.backend} backend asks no provider; leave provider and failover out")
        if self.kit != DEFAULT_KIT and not backend(self.backend).reads_kits:
            raise ValueError(f"the {self.backend} backend reads the default prompts alone; leave kit {self.kit} out")
        return self

    @property
    def providers(self) -> tuple[str, ...]:
        """Who is asked, in order."""
        return () if self.provider is None else (self.provider, *(other.provider for other in self.failover))


class ModelSpecs(Strict):
    """The models by their role. Iterating yields role and spec of each model that is there.

    The second analyzer judges where `policy.judging.second` says so, and must be left out where that is off.
    """

    baseline: ModelSpec
    generator: ModelSpec
    analyzer: ModelSpec
    second_analyzer: ModelSpec | None = None

    @model_validator(mode="after")
    def _asks_judges_in_one_way(self) -> Self:
        for role, spec in self:
            if spec.kit != DEFAULT_KIT and role not in ("baseline", "generator"):
                raise ValueError(f"kit {spec.kit} of the {role} has words for image models alone; leave it out there")
        return self

    @property
    def kits(self) -> dict[Role, str]:
        """The kit of each image model."""
        return {"baseline": self.baseline.kit, "generator": self.generator.kit}

    def __iter__(self) -> Generator[tuple[str, Any], None, None]:
        return ((role, spec) for role, spec in super().__iter__() if spec is not None)


Quota = Annotated[int, Field(ge=0)]


class Splits(Strict):
    """Shares of the samples, from 0 to 1, by leak group; the rest is train. `rl_climb`: how far a prompt of the RL split climbs."""

    validation: float = Field(0.05, ge=0, lt=1)
    rl: float = Field(0.1, ge=0, lt=1)
    rl_climb: Literal["direct", "full", "none"] = "direct"

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        if self.validation + self.rl > 1:
            raise ValueError(f"validation {self.validation} and rl {self.rl} exceed 1 together; lower one of them")
        return self


class ImageOutput(Strict):
    """Size (pixels, or [width, height]) and encoding (png, webp:1-100, jpeg:1-100) of the images that are trained on."""

    size: tuple[int, int] = (512, 512)
    encoding: str = Field("png", pattern=r"^(png|(webp|jpeg):([1-9][0-9]?|100))$")

    @field_validator("size", mode="before")
    @classmethod
    def _read_size(cls, value: Any) -> Any:
        sides = (value, value) if isinstance(value, int) else value
        if not isinstance(sides, list | tuple) or len(sides) != 2 or not all(type(side) is int for side in sides):
            raise ValueError(f"got {shown(value)}; it should be one side or [width, height], in whole pixels")
        return tuple(sides)

    @field_validator("size")
    @classmethod
    def _check_size(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not all(16 <= side <= 8192 for side in value):
            raise ValueError(f"{value[0]} x {value[1]} is out of range; give sides of 16 to 8192 pixels")
        return value


def _check_marker(value: str) -> str:
    if not 2 <= len(value) <= 100 or any(sign.isspace() for sign in value):
        raise ValueError(f"{shown(value)} is no marker; give 2 to 100 characters without a blank")
    # a marker of letters alone would tear common words apart
    if value.isalnum():
        raise ValueError(f"{shown(value)} might be a word; a marker holds a sign that is no letter and no digit")
    return value


Marker = Annotated[str, AfterValidator(_check_marker)]


class Output(Strict):
    """How the shards are written. `markers`: what the trainer's tokenizer reads as a marker, beside what is known of all."""

    image: ImageOutput = ImageOutput()
    dialect: Literal["paper", "think"] = "paper"
    markers: tuple[Marker, ...] = Field((), max_length=1000)
    licence: str = "other"
    shard_bytes: int = Field(256 << 20, ge=1 << 10)
    row_group_bytes: int = Field(32 << 20, ge=1 << 10)
    row_group_rows: int = Field(100, ge=1, le=1000)


class Run(Strict):
    """Where and how wide the build runs, and what it may cost; never changes a row.

    `blocks`: null means blocks of at most 16 samples. A call that fails is repeated until `retry_deadline_s` seconds after its
    first failure, at most `retries` times; a request to slow down does not count as a failure. `budget_usd`: no call is sent
    that could bring the money spent on this data set above it, in US dollars. `max_failed`: the share of the planned samples that
    may fail in a build that counts as good (`pipeline.output.ending`).
    """

    blocks: int | None = Field(None, ge=1)
    concurrency: int = Field(32, ge=1)
    workers: int | None = Field(None, ge=1)
    address: str | None = None
    database: str | None = None
    store: str | None = None
    retry_deadline_s: float = Field(600.0, gt=0)
    retries: int = Field(10, ge=0, le=100)
    budget_usd: float | None = Field(None, gt=0)
    max_failed: float = Field(0.1, ge=0, le=1)

    @field_validator("database")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        try:
            return value if value is None else make_url(value).render_as_string(hide_password=False)
        except ArgumentError:  # its own text repeats the URL, and with it the password
            raise ValueError(
                "is no database URL; write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
            ) from None


class Manifest(Strict):
    """Everything a build is made from. `quotas`: how many samples to keep of each mode, and of RL prompts; null means all."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    seed: int = 0
    sources: tuple[SourceSpec, ...]
    providers: dict[str, Provider] = Field({})
    models: ModelSpecs
    prices: dict[str, Price] = Field({})
    policy: Policy = Policy()
    quotas: dict[str, Quota | None] = Field({}, validate_default=True)
    splits: Splits = Splits()
    output: Output = Output()
    run: Run = Run()

    @field_validator("policy")
    @classmethod
    def _can_be_climbed(cls, value: Policy) -> Policy:
        return complete(value)

    @field_validator("quotas")
    @classmethod
    def _name_every_slot(cls, value: dict[str, int | None], info: ValidationInfo) -> dict[str, int | None]:
        """Modes of the ladder, and RL prompts; what is left out is null: all of them."""
        policy = info.data.get("policy")
        if policy is None:  # it has problems of its own
            return value
        slots = (*read_recipe(policy).modes, RL)
        for name in value:
            if name not in slots:
                raise ValueError(f"{name} is no mode of this ladder; {suggestion(name, slots, 'modes')}")
        return {slot: value.get(slot) for slot in slots}

    @field_validator("sources")
    @classmethod
    def _distinct(cls, sources: tuple[Any, ...]) -> tuple[Any, ...]:
        if not sources:
            raise ValueError("no sources; give at least one")
        names = [s.name for s in sources]
        if len(set(names)) < len(names):
            raise ValueError(f"{next(n for n in names if names.count(n) > 1)!r} names two sources; rename one of them")
        return sources

    @property
    def recipe(self) -> Recipe:
        """The ladder of the policy."""
        return read_recipe(self.policy)

    @model_validator(mode="after")
    def _has_its_judges(self) -> Self:
        second = self.policy.judging.second
        if second != "off" and self.models.second_analyzer is None:
            raise ValueError(
                f"policy.judging.second is {second} and there is no models.second_analyzer; add that model, or say off"
            )
        if second == "off" and self.models.second_analyzer is not None:
            raise ValueError(
                "models.second_analyzer would never be asked, policy.judging.second is off; say margin or always there, "
                "or leave the model out"
            )
        return self

    @model_validator(mode="after")
    def _has_its_providers(self) -> Self:
        for role, spec in self.models:
            for name in spec.providers:
                if name not in self.providers:
                    known = ", ".join(self.providers) or "there are none"
                    raise ValueError(
                        f"models.{role} asks the provider {name!r}, which providers does not name ({known})"
                    )
        return self
