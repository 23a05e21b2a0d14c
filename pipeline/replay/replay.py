"""Replays the climb of a sample from the journal alone: no call is made.

In: a sample, models that only answer what the journal knows, and a policy, that of the build or another. Out: the trajectory and
the calls that it took; or the first call whose answer the journal does not hold.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.errors import RunStopped
from pipeline.manifest.spec import Manifest, ModelSpec
from pipeline.models import models_of
from pipeline.storage.entries import Entry
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from prompts.catalogue import Prompts
from stages.identity import call_key
from stages.ladder import BrokenRung, climb
from stages.policy import Policy
from stages.protocols import (
    ImageReply,
    ImageRequest,
    Model,
    Request,
    ScoreReply,
    ScoreRequest,
    TextReply,
    TextRequest,
)
from stages.prune import prune
from stages.rungs import read_recipe
from stages.trajectory import Trajectory

Known = Callable[[str], Awaitable[Entry | None]]


@dataclass(frozen=True, slots=True)
class ReplayedCall:
    """One call of a climb."""

    key: str
    role: str
    request: Request


class Unknown(Exception):
    """The journal has no answer to a call."""


@dataclass(frozen=True, slots=True)
class ReplayedClimb:
    """A replayed climb. `asked` are its calls in order, `trajectory` is its end. Where the journal has no answer to a call,
    `trajectory` is None, `missing` is that call (the last of `asked`) and `rung` the rung that made it.
    """

    asked: tuple[ReplayedCall, ...]
    trajectory: Trajectory | None
    missing: ReplayedCall | None
    rung: str

    @property
    def answered(self) -> tuple[ReplayedCall, ...]:
        """The calls whose answer is known."""
        return self.asked if self.missing is None else self.asked[:-1]


@dataclass(frozen=True)
class _Replay:
    """A model in one role, for one sample. Raises Unknown."""

    role: str
    identity: str
    known: Known
    asked: list[ReplayedCall] = field(default_factory=list)

    async def _entry(self, request: Request) -> Entry:
        key = call_key(self.identity, request)
        self.asked.append(ReplayedCall(key, self.role, request))
        entry = await self.known(key)
        if entry is None:
            raise Unknown(key)
        return entry

    async def ask(self, request: TextRequest) -> TextReply:
        """The text reply. Raises Unknown, stages.errors.ModelError where that was the answer."""
        return (await self._entry(request)).text_reply()

    async def draw(self, request: ImageRequest) -> ImageReply:
        """The image reply. Raises Unknown, stages.errors.ModelError where that was the answer."""
        return (await self._entry(request)).image_reply()

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """The score reply. Raises Unknown, stages.errors.ModelError where that was the answer."""
        return (await self._entry(request)).score_reply()


def answer_reader(outcomes: Outcomes, store: ImageStore) -> Callable[[Sequence[str]], Mapping[str, Entry]]:
    """A function that looks up answers, for `pipeline.journal.lookup`. An answer whose image is gone from `store` is unknown."""

    def read(keys: Sequence[str]) -> Mapping[str, Entry]:
        entries = outcomes.answers(keys)
        return {key: e for key, e in entries.items() if e.image is None or store.has(e.image.sha256)}

    return read


async def replay(
    t: Trajectory,
    manifest: Manifest,
    identities: Mapping[str, str],
    words: Prompts,
    store: ImageStore,
    policy: Policy,
    known: Known,
) -> ReplayedClimb:
    """Replay the sample of `t`, whose images lie in `store`, from the start. `identities`: as of `pipeline.models.identities`."""
    asked: list[ReplayedCall] = []

    def make(role: str, _: ModelSpec) -> Model:
        return _Replay(role, identities[role], known, asked)

    recipe = read_recipe(policy)
    models = recipe.rule(models_of(manifest, words, store, make))
    fresh = Trajectory(t.sample, t.rank)
    for rung in recipe.rungs:
        try:
            fresh = await climb(fresh, rung, recipe, models)
        except Unknown:
            return ReplayedClimb(tuple(asked), None, asked[-1], rung.name)
        except BrokenRung as error:
            raise RunStopped(str(error)) from error
    return ReplayedClimb(tuple(asked), prune(fresh, recipe), None, fresh.rung)
