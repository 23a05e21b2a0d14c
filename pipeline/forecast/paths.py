"""Every way in which a sample can climb a ladder, with its chance and the calls that it takes.

In: a `Recipe`, whose rungs say in how many ways a sample can go through them (`Rung.ways`). Out: `Path`s: a way through each rung
that the sample comes to, one after the other. Pure; the chances of all paths sum to 1.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from stages.policy import Judging
from stages.records import Mode
from stages.rung import Call, Recipe, Way, total

ANSWERED = "answered"
"""The chance that the very first image call is not refused; the others are those that the rungs name (`Rung.chances`)."""


@dataclass(frozen=True)
class Path:
    """One way to climb: its way `through` each rung in turn. `end` is the mode that it is accepted into, None when it is lost."""

    end: Mode | None
    through: tuple[Way, ...]

    @property
    def first(self) -> Way:
        """Its way through the first rung, which is all that most RL prompts climb."""
        return self.through[0]

    @property
    def refused(self) -> bool:
        """Whether the very first image call is refused, so that nothing is made."""
        return ANSWERED in self.first.lost

    @cached_property
    def won(self) -> Mapping[str, int]:
        """How often each chance is won on it."""
        return _sum(way.won for way in self.through)

    @cached_property
    def lost(self) -> Mapping[str, int]:
        """How often each chance is lost on it."""
        return _sum(way.lost for way in self.through)

    @property
    def ways(self) -> int:
        """In how many orders it can happen."""
        return prod(way.ways for way in self.through)

    @property
    def calls(self) -> Mapping[Call, int]:
        """All its calls, but for judgements."""
        return total(*(way.calls for way in self.through))

    @property
    def passes(self) -> int:
        """Judged images that pass."""
        return sum(way.passes for way in self.through)

    @property
    def fails(self) -> int:
        """Judged images that fail."""
        return sum(way.fails for way in self.through)

    @property
    def plans(self) -> tuple[int, ...]:
        """The number of steps of each plan that is carried out on it."""
        return tuple(way.steps for way in self.through if way.steps is not None)


def paths(recipe: Recipe) -> Iterator[Path]:
    """Every path up the ladder."""
    call = _first_image(recipe)
    answered = {} if call is None else {ANSWERED: 1}
    if call is not None:
        yield Path(None, (Way("leaves", lost=answered, calls={call: 1}),))
    climbing: list[tuple[Way, ...]] = [()]
    for rung in recipe.rungs:
        ways = tuple(rung.costs(recipe.policy))
        if rung is recipe.rungs[0]:
            ways = tuple(replace(way, won={**answered, **way.won}) for way in ways)
        onward: list[tuple[Way, ...]] = []
        for so_far in climbing:
            for way in ways:
                if way.end == "fails":
                    onward.append((*so_far, way))
                else:
                    yield Path(rung.mode if way.end == "passes" else None, (*so_far, way))
        climbing = onward
    yield from (Path(None, so_far) for so_far in climbing)  # no rung is left for these


def chances(recipe: Recipe) -> tuple[str, ...]:
    """All that is left to chance, in the order in which a sample meets it. Rungs that share a chance share its rate."""
    names = dict.fromkeys(() if _first_image(recipe) is None else (ANSWERED,))
    for rung in recipe.rungs:
        names |= dict.fromkeys(rung.chances(recipe.policy))
    return tuple(names)


def chance(way: Way, rates: Mapping[str, float], spread: Mapping[int, float]) -> float:
    """How likely a way through a rung is, by the rates of its chances; `spread` are the shares of plans by number of steps."""
    planned = 1.0 if way.steps is None else spread.get(way.steps, 0.0)
    won = prod(rates[name] ** n for name, n in way.won.items())
    lost = prod((1 - rates[name]) ** n for name, n in way.lost.items())
    return way.ways * planned * won * lost


def judgements(judging: Judging, passed: bool, agreement: float) -> tuple[float, float]:
    """How often an image is judged on average, by the first judge and by the second, when two agree with chance `agreement`."""
    most = judging.judgements
    confirmed = judging.confirm == "both" or passed == (judging.confirm == "pass")
    least = most // 2 + 1 if judging.stop_early else most
    first = least + (1 - agreement) * (most - least) if confirmed else 1.0
    second = {"off": 0.0, "always": 1.0, "margin": 1 - agreement}[judging.second]
    return first, second


def _first_image(recipe: Recipe) -> Call | None:
    """The very first image call on this ladder; None where its first rung makes none."""
    ways = recipe.rungs[0].costs(recipe.policy)
    return next((call for way in ways for call in way.calls if call[1] == "image"), None)


def _sum(counts: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    return sum((Counter(part) for part in counts), Counter())
