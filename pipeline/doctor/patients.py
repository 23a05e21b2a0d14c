"""Who is examined: every place at which a role of a manifest may be asked, once for all roles that ask there alike.

In: a manifest. Out: `Patient`s, in the order of the roles, failover after the first place; and the size that samples have.
"""

from dataclasses import dataclass
from functools import partial

from pipeline.backends.contract import Access
from pipeline.backends.registry import backend
from pipeline.backends.world.source import WorldSpec
from pipeline.manifest.batches import backend_of
from pipeline.manifest.generators import DRAWERS
from pipeline.manifest.spec import Manifest
from pipeline.models import accesses
from pipeline.money.cost import CostOf, Load, LoadOf, cost, load, of_size, price_of
from pipeline.money.prices import table
from pipeline.sources.spec import TableSpec
from stages.makers import role_of
from stages.protocols import Request


@dataclass(frozen=True)
class Patient:
    """A model at one place, the roles that it plays there, and the prompt kit that it is asked in."""

    access: Access
    roles: tuple[str, ...]
    kit: str
    identity: str
    batch: str | None = None

    @property
    def draws(self) -> bool:
        """Whether it makes images; else it judges them."""
        return role_of(self.roles[0]) in DRAWERS

    @property
    def answers_later(self) -> bool:
        """Whether its answers come with a batch, and not at once."""
        return self.batch is not None

    @property
    def place(self) -> str:
        """Where it is, in the words of the manifest."""
        if self.batch is not None:
            return f"batch {self.batch}"
        if self.access.provider is not None:
            return f"provider {self.access.name}"
        return "this process" if self.access.name == self.access.backend else f"engine {self.access.name}"


@dataclass(frozen=True)
class Tariff:
    """What the calls of a patient cost. `known`: whether its price is."""

    cost_of: CostOf
    load_of: LoadOf
    known: bool


def patients(manifest: Manifest, only: frozenset[str] = frozenset()) -> list[Patient]:
    """Everybody, or who plays one of the roles `only`."""
    known: dict[str, Patient] = {}
    for role, spec in manifest.models:
        speaker = backend(backend_of(manifest, spec))
        for access in accesses(manifest, spec):
            key = f"{access}|{spec.batch}|{spec.kit}|{role_of(role) in DRAWERS}"
            roles = (*known[key].roles, role) if key in known else (role,)
            name = speaker.identity(access.model, access.revision, access.options)
            known[key] = Patient(access, roles, spec.kit, name, spec.batch)
    return [patient for patient in known.values() if not only or only & set(patient.roles)]


def tariff(manifest: Manifest, access: Access, max_output_tokens: int | None) -> Tariff:
    """The prices of calls to `access`."""
    listed = price_of(access.model, manifest.prices, table().models)
    price = of_size(listed, backend(access.backend).fixed_size(access.options))

    def load_of(request: Request) -> Load:
        return load(price, request, max_output_tokens)

    if price is None and access.provider is None:
        return Tariff(lambda *_: 0.0, load_of, True)  # on a machine of one's own
    return Tariff(partial(cost, price), load_of, price is not None)


def needs_new_pictures(manifest: Manifest) -> bool:
    """Whether a sample may begin without a reference."""
    return any(
        source.t2i > 0 if isinstance(source, WorldSpec) else source.columns.references is None
        for source in manifest.sources
    )


def sample_size(manifest: Manifest) -> tuple[int, int]:
    """Width and height of samples in pixels, as the first source states it, else as images are written."""
    source = manifest.sources[0]
    if isinstance(source, WorldSpec):
        return (source.size, source.size) if isinstance(source.size, int) else source.size
    if isinstance(source, TableSpec) and source.constants.width and source.constants.height:
        return source.constants.width, source.constants.height
    return manifest.output.image.size
