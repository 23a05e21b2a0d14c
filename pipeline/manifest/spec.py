"""The manifest: what to build, as a person types it.

In: plain data. Out: an immutable `Manifest` without contradictions. `pipeline.manifest.file` reads it from a file,
`pipeline.manifest.identity` says which parts of it identify a run.
"""

from collections.abc import Generator
from itertools import chain
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from pipeline.backends.batch.spec import BatchSpec
from pipeline.backends.openai.spec import Fallback, Provider
from pipeline.backends.registry import BACKENDS, backend, unknown
from pipeline.backends.world.source import WorldSpec
from pipeline.engines.spec import EngineName, EngineSpec
from pipeline.errors import BuildError
from pipeline.manifest.generators import DRAWERS, GeneratorName, idle_generator, place_of, unknown_generator
from pipeline.manifest.output import Output
from pipeline.manifest.targets import TargetsSpec
from pipeline.money.spec import Price
from pipeline.screening.spec import ScreensSpec
from pipeline.sources.spec import TableSpec
from pipeline.typed import Strict, suggestion
from prompts.catalogue import DEFAULT_KIT, kits
from stages.makers import maker, role_of
from stages.policy import Policy
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

    Over HTTP, `provider` names the endpoint that is asked first and `failover` those that are asked next when it is out. `engine`
    names what hosts it on machines of our own, `batch` the way to one that answers later. `kit` names the words in which an image
    model is asked.
    """

    backend: str = "world"
    model: str
    revision: str = "1"
    options: dict[str, Plain | dict[str, Any]] = Field({})
    provider: str | None = None
    failover: tuple[Fallback, ...] = ()
    engine: str | None = None
    batch: str | None = None
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
        hosted = backend(self.backend).engine
        if hosted == "must" and self.engine is None:
            raise ValueError(f"the {self.backend} backend runs in an engine; name one of those under engines")
        if hosted == "no" and self.engine is not None:
            raise ValueError(f"the {self.backend} backend asks a server and runs in no engine; leave engine out")
        if self.kit != DEFAULT_KIT and not backend(self.backend).reads_kits:
            raise ValueError(f"the {self.backend} backend reads the default prompts alone; leave kit {self.kit} out")
        return self

    @property
    def providers(self) -> tuple[str, ...]:
        """Who is asked, in order."""
        return () if self.provider is None else (self.provider, *(other.provider for other in self.failover))


class ModelSpecs(Strict):
    """The models by their role. Iterating yields role and spec of each model that is there.

    The second analyzer judges where `policy.judging.second` says so, and must be left out where that is off. `generators` are
    those that `policy.generators` names beside the default one; as a role each is called "generator.NAME" (`stages.makers`).
    """

    baseline: ModelSpec
    generator: ModelSpec
    analyzer: ModelSpec
    second_analyzer: ModelSpec | None = None
    # left out where empty, so that a build with one generator is the same build as ever
    generators: dict[GeneratorName, ModelSpec] = Field({}, exclude_if=lambda value: not value)

    @model_validator(mode="after")
    def _asks_judges_in_one_way(self) -> Self:
        for role, spec in self:
            if spec.kit != DEFAULT_KIT and role_of(role) not in DRAWERS:
                raise ValueError(f"kit {spec.kit} of the {role} has words for image models alone; leave it out there")
        return self

    @property
    def kits(self) -> dict[str, str]:
        """The kit of each image model."""
        return {role: spec.kit for role, spec in self if role_of(role) in DRAWERS}

    def __iter__(self) -> Generator[tuple[str, Any], None, None]:
        roles = ((role, spec) for role, spec in super().__iter__() if role != "generators" and spec is not None)
        return chain(roles, ((maker(name), spec) for name, spec in self.generators.items()))  # type: ignore[return-value]


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
    engines: dict[EngineName, EngineSpec] = Field({})
    batches: dict[str, BatchSpec] = Field({})
    models: ModelSpecs
    prices: dict[str, Price] = Field({})
    policy: Policy = Policy()
    quotas: dict[str, Quota | None] = Field({}, validate_default=True)
    targets: TargetsSpec = Field(TargetsSpec(), exclude_if=lambda value: value == TargetsSpec())
    splits: Splits = Splits()
    # left out where nothing is screened, so that such a build is the same build as ever
    screens: ScreensSpec = Field(ScreensSpec(), exclude_if=lambda value: value == ScreensSpec())
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
        weighted = [s.name for s in sources if s.weight is not None]
        if unweighted := [s.name for s in sources if weighted and s.weight is None]:
            raise ValueError(
                f"{weighted[0]!r} has a weight and {unweighted[0]!r} has none; give every source one, or none of them"
            )
        for spec in sources:
            if isinstance(spec, TableSpec) and spec.evaluation is True:
                raise ValueError(
                    f"{spec.name!r} is an evaluation set: what is built from it cannot be measured by it; name it under "
                    "screens.decontaminate, or say evaluation: allow if that is meant"
                )
        return sources

    @property
    def recipe(self) -> Recipe:
        """The ladder of the policy."""
        return read_recipe(self.policy)

    @model_validator(mode="after")
    def _has_its_generators(self) -> Self:
        for check in (unknown_generator, idle_generator):
            if problem := check(self.policy, tuple(self.models.generators)):
                raise ValueError(problem)
        return self

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
                        f"models.{place_of(role)} asks the provider {name!r}, which providers does not name ({known})"
                    )
        return self

    @model_validator(mode="after")
    def _has_its_engines(self) -> Self:
        for role, spec in self.models:
            if spec.engine is not None and spec.engine not in self.engines:
                remedy = suggestion(spec.engine, self.engines, "engines") if self.engines else "add it there"
                raise ValueError(
                    f"models.{place_of(role)} runs in the engine {spec.engine!r}, which engines lacks; {remedy}"
                )
        named = {spec.engine for _, spec in self.models}
        for name in self.engines:
            if name not in named:
                raise ValueError(f"engines.{name} hosts no model; name it as engine of one, or leave it out")
            if name in self.providers or (name in BACKENDS and backend(name).engine == "may"):
                other = "provider" if name in self.providers else "backend"
                raise ValueError(f"engines.{name}: a {other} is called so, too, and the ledger names both; rename it")
        return self
