"""What a rung of the ladder is: one row that says everything the rest of the project needs to know of it.

In: functions of the rung's own, and plain values. Out: `Rung`, a row of the table in `stages.rungs`; and `Recipe`, the rows that a
policy names, in order. Operators, quotas, progress, funnel, mask, verify, card, report and forecast derive from these alone.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeAlias, TypeVar

from pydantic import BaseModel

from stages.asking import Speech
from stages.calls import Models
from stages.grammar import FAILED, IMAGE, PASSED, Pattern, Token, fit, tokens_of
from stages.makers import DEFAULT
from stages.policy import Policy
from stages.records import Kind, Mode
from stages.trajectory import Trajectory

Options = TypeVar("Options", bound=BaseModel)
Call: TypeAlias = tuple[str, str]
"""Who is asked and the kind of a call: ("generator", "image"), ("generator.strong", "image"), ("analyzer", "reflection");
judgements are counted as images judged instead."""


@dataclass(frozen=True)
class Station:
    """A place on the ladder at which a sample may pass or be left: a rung, or a stage of one ("reflect 2").

    `key` is what `Trajectory.enter` takes; `title` heads it in reports, `place` says where it is in the middle of a sentence.
    """

    key: str
    title: str
    place: str


@dataclass(frozen=True)
class ModeStyle:
    """How people see a mode: its title, what became of its samples in a few words, and its colour on light and on dark pages."""

    title: str
    outcome: str
    light: str
    dark: str


@dataclass(frozen=True)
class Way:
    """One way to go through a rung, with its chance and the calls that it takes.

    The chance is `ways` x the product of the chances of what was won and of what was lost, by the names in `Rung.chances`.
    `passes` and `fails` count judged images by what came of them; `steps` is the length of the plan, None without one.
    """

    end: Literal["passes", "fails", "leaves"]
    won: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
    ways: int = 1
    calls: Mapping[Call, int] = field(default_factory=dict)
    passes: int = 0
    fails: int = 0
    steps: int | None = None


DRAWN: Call = (DEFAULT, "image")

Climb: TypeAlias = Callable[[Trajectory, Models, Policy], Awaitable[Trajectory]]
Grammar: TypeAlias = Callable[[Policy], Pattern]


def always(_t: Trajectory, _policy: Policy) -> bool:
    """A rung that every sample enters that comes to it."""
    return True


def keep_lineage(t: Trajectory) -> frozenset[int]:
    """The places of the events of the accepted try and of those it was made from: what pruning keeps unless a rung says
    otherwise.
    """
    # other tries of the rung, and what they were thought from, are context for nobody
    line = t.lineage()
    return frozenset(n for n, event in enumerate(t.events) if event.try_number in line)


def one_image(_: Policy) -> Pattern:
    """The sentence of a mode whose rows hold nothing but the accepted image and its judgement, both trained."""
    return (IMAGE.at("last", True), PASSED.at("last", True))


@dataclass(frozen=True)
class Rung:
    """A row of the ladder's table.

    name, mode   what it is called in `policy.ladder`, and what it accepts into: small letters, digits and _
    climb        the async function that takes a sample from here to the next rung. It only adds events, and ends by
                 `t.accept(mode)`, by `t.discard(reason)`, or by giving back a trajectory that still climbs
    look, place  how people see its mode, and where it is in the middle of a sentence
    passes,      the events that it adds (`stages.grammar`), when it accepts, when the sample climbs on, and by reason when it
    fails,       discards
    discards
    sentence     the events of an accepted row after pruning, from the first one on, each `at` a position and trained or not: the
                 rows of the mask. It covers what `keeps` leaves of the rungs before, so not every rung fits after every other
    keeps        the places of the events that pruning keeps: the accepted try and those it answers to (`Event.from_try`).
                 The words of an image's model are nobody's concern here: they may stand before any image, and stay with it
    ways         what it may cost: for each end every combination of calls and of judged images that can come about. A rung that not
                 every sample enters says so by a way that fails without a call
    chances,     what is left to chance in the ways, in order, whose rates sum to 1 over all ways; and a rate for those of them
    guesses      that nobody declares to `x2i plan`
    stages       its stations ("NAME STAGE", which `climb` enters by `t.enter`), where it is more than one
    enters       whether a sample that comes here takes it
    needs_image  it starts from a rejected image, so it cannot come first
    hands_on     samples that fail here climb on; else it discards them, and nothing comes after it
    rounds,      in how many rounds it draws with a generator, for each of which `policy.generators` may name one; the round of an
    round_of     image by its index and attempt. A rung of several rounds says `policy.maker(NAME, round)` in its ways
    options      a pydantic model of the keys it takes in `policy.options`; `read_options` gives them to `climb`
    prompts      for a rung outside the package, the file beside which its prompt templates lie (`__file__`)
    """

    name: str
    mode: Mode
    climb: Climb
    look: ModeStyle
    place: str
    passes: Grammar
    fails: Grammar
    sentence: Grammar
    ways: Callable[[Policy], Iterator[Way]]
    chances: Callable[[Policy], tuple[str, ...]]
    guesses: Mapping[str, float] = field(default_factory=dict)
    discards: Callable[[Policy], Mapping[str, Pattern]] = lambda _: {}
    enters: Callable[[Trajectory, Policy], bool] = always
    keeps: Callable[[Trajectory], frozenset[int]] = keep_lineage
    stages: Callable[[Policy], tuple[Station, ...]] | None = None
    # the careful defaults: a row that forgets one of them is refused, not run wrongly
    needs_image: bool = True
    hands_on: bool = True
    rounds: Callable[[Policy], int] = lambda _: 1
    round_of: Callable[[int, int], int] = lambda _index, attempt: attempt
    options: type[BaseModel] | None = None
    prompts: str | None = None

    def stations(self, policy: Policy) -> tuple[Station, ...]:
        """Its stages, or the rung itself where it has none of its own."""
        return self.stages(policy) if self.stages else (Station(self.name, self.look.title, self.place),)

    def costs(self, policy: Policy) -> Iterator[Way]:
        """Its ways, the images put down to the generator that draws them: a row that has one for all rounds need not know of it."""
        makers = {policy.maker(self.name, k) for k in range(1, max(1, self.rounds(policy)) + 1)}
        only = makers.pop() if len(makers) == 1 else DEFAULT
        for way in self.ways(policy):
            named = {call: n for call, n in way.calls.items() if call != DRAWN}
            drawn = way.calls.get(DRAWN, 0)
            yield way if only == DEFAULT or not drawn else replace(way, calls={(only, "image"): drawn, **named})


@dataclass(frozen=True)
class Recipe:
    """The rungs that a policy names, in order."""

    policy: Policy
    rungs: tuple[Rung, ...]

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes that samples can be accepted into, in the order of the ladder."""
        return tuple(rung.mode for rung in self.rungs)

    def rung(self, name: str) -> Rung:
        """The rung called `name`. Raises LookupError."""
        for rung in self.rungs:
            if rung.name == name:
                return rung
        raise LookupError(f"no rung {name} on this ladder ({', '.join(r.name for r in self.rungs)})")

    def of_mode(self, mode: Mode | None) -> Rung:
        """The rung that accepts into `mode`. Raises LookupError."""
        for rung in self.rungs:
            if rung.mode == mode:
                return rung
        raise LookupError(f"no rung of this ladder accepts into mode {mode}; its modes are {', '.join(self.modes)}")

    def generator_at(self, rung: str, index: int, attempt: int) -> str:
        """The name of the generator that draws the image of this index and attempt in a rung; the default one off the ladder."""
        row = next((row for row in self.rungs if row.name == rung), None)
        return DEFAULT if row is None else self.policy.generator_for(rung, row.round_of(index, attempt))

    def rule(self, models: Models) -> Models:
        """These models as they are asked on this ladder."""
        return replace(models, speech=self.speech, chosen=self.generator_at)

    @cached_property
    def stations(self) -> tuple[Station, ...]:
        """Every place at which a sample may pass or be left, in order."""
        return tuple(station for rung in self.rungs for station in rung.stations(self.policy))

    def after(self, rung: Rung) -> Rung | None:
        """The next rung of the ladder; None after the last."""
        # by identity of the row, since a recipe holds every rung once
        place = self.rungs.index(rung) + 1
        return self.rungs[place] if place < len(self.rungs) else None

    def read(self, mode: Mode, letters: str) -> tuple[Token, ...] | None:
        """The tokens of an accepted row, each with its position and whether it is trained; None where it is no sentence of `mode`.

        Raises LookupError.
        """
        tokens = fit(self.of_mode(mode).sentence(self.policy), letters)
        return None if tokens is None else tuple(map(self._ruled, tokens))

    def _ruled(self, token: Token) -> Token:
        """Words are context unless the policy trains them, and then only those of a trained image."""
        return token if token.kind != "words" or self.policy.train_words else replace(token, trained=False)

    @cached_property
    def speech(self) -> Speech:
        """What is wanted of words: those of every kind that some sentence trains are listened to. A sub-task's are its plan's."""
        trained = frozenset(kind for _, kind, _, on in self.mask() if on)
        return Speech(self.policy.voice, trained - {"generation", "subtask"}, self.policy.explanation)

    def mask(self) -> Iterator[tuple[Mode, Kind, str, bool]]:
        """The mask's rows of all modes: mode, kind, position, whether it is trained."""
        for rung in self.rungs:
            for token in tokens_of(rung.sentence(self.policy)):
                for one in (token.words, token):
                    if one is not None:
                        yield rung.mode, one.kind, one.position, self._ruled(one).trained


def read_options(policy: Policy, name: str, model: type[Options]) -> Options:
    """The options of the rung `name`, defaults filled in. Raises pydantic.ValidationError; a recipe was checked for that."""
    return model.model_validate(policy.options.get(name, {}))


def total(*calls: Mapping[Call, int]) -> Counter[Call]:
    """All of these calls together."""
    return sum((Counter(part) for part in calls), Counter())


ONE_TRY: Pattern = (IMAGE, PASSED)
ONE_FAILURE: Pattern = (IMAGE, FAILED)
