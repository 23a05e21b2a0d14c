"""What can be chosen about a build beside its mix: who judges how often, how many rounds, which generator draws where.

In: a manifest, the generators of which rates are known. Out: `Axes`, by which `Choice`s are made; the manifest's own policy is at
the place (0, 0, 0). All keep its thresholds and its ladder, so that their rows mean the same. A generator whose rates nobody knows
is not chosen: it would win by its price alone.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement

from pipeline.forecast.rates import prices
from pipeline.manifest.spec import Manifest
from pipeline.money.cost import image_price
from stages.makers import DEFAULT, maker
from stages.policy import Judging, Policy

JUDGEMENTS = (1, 3, 5)
MOST_ROUNDS_CHOSEN = 3


@dataclass(frozen=True)
class Choice:
    """A policy, and by which keys it differs from the manifest's."""

    policy: Policy
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Axes:
    """What can be chosen apart: who judges how often, in how many rounds, who draws where. The manifest's own comes first."""

    own: Policy
    judgings: tuple[Judging, ...]
    rounds: tuple[int, ...]
    cascades: tuple[Mapping[str, tuple[str, ...]], ...]

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many there are of each."""
        return len(self.judgings), len(self.rounds), len(self.cascades)

    def choice(self, judging: int, rounds: int, cascade: int) -> Choice:
        """The policy of these places."""
        limit = self.rounds[rounds]
        drawn = {rung: names[:limit] if rung == "reflect" else names for rung, names in self.cascades[cascade].items()}
        changes = {
            "judging": self.judgings[judging],
            "reflection_rounds": limit,
            "generators": {rung: names for rung, names in drawn.items() if names},
        }
        policy = self.own.model_copy(update=changes)
        return Choice(policy, tuple(_settings(self.own, policy)))


def axes(manifest: Manifest, known: Collection[str]) -> Axes:
    """What can be chosen about the policy of `manifest`; `known`: generators whose rates are known."""
    policy = manifest.policy
    judgings = tuple(dict.fromkeys(_judgings(policy)))
    return Axes(policy, judgings, tuple(dict.fromkeys(_rounds(policy))), tuple(_cascades(manifest, known)))


def _judgings(policy: Policy) -> Iterator[Judging]:
    own = policy.judging
    yield own
    for judgements in sorted({*JUDGEMENTS, own.judgements}):
        for confirm in ("both", "pass") if judgements > 1 else ("both",):
            yield own.model_copy(update={"judgements": judgements, "confirm": confirm, "stop_early": True})


def _rounds(policy: Policy) -> list[int]:
    """The manifest's own number of rounds, and fewer."""
    own = policy.reflection_rounds
    return [own, *range(min(own, 1), own)]


def _cascades(manifest: Manifest, known: Collection[str]) -> Iterator[Mapping[str, tuple[str, ...]]]:
    """Who draws in the rounds of reflection and in the steps: the manifest's own choice, one for all, or dearer ones later."""
    policy, names = manifest.policy, [DEFAULT, *(name for name in manifest.models.generators if name in known)]
    yield policy.generators
    if len(names) == 1:
        return
    ordered = sorted(names, key=lambda name: _price(manifest, name))
    rounds = min(policy.reflection_rounds, MOST_ROUNDS_CHOSEN)
    for reflect in combinations_with_replacement(ordered, rounds):
        for step in ordered:
            yield {"reflect": tuple(reflect), "multistep": (step,)}


def _price(manifest: Manifest, name: str) -> float:
    """US dollars an image; one without a price counts as the dearest."""
    price = prices(manifest).get(maker(name))
    usd = None if price is None else image_price(price, "{}x{}".format(*manifest.output.image.size))
    return float("inf") if usd is None else usd


def _settings(own: Policy, other: Policy) -> Iterator[str]:
    for key in ("judgements", "confirm", "stop_early"):
        if getattr(own.judging, key) != (value := getattr(other.judging, key)):
            yield f"policy.judging.{key}={str(value).lower()}"
    if own.reflection_rounds != other.reflection_rounds:
        yield f"policy.reflection_rounds={other.reflection_rounds}"
    for rung in {**own.generators, **other.generators}:
        was, now = (policy.generators.get(rung, (DEFAULT,)) for policy in (own, other))
        if _unrolled(was) != _unrolled(now):
            yield f"policy.generators.{rung}=[{', '.join(_unrolled(now))}]"


def _unrolled(names: tuple[str, ...]) -> tuple[str, ...]:
    """Without the repetitions at the end: the last name holds for all further rounds."""
    while len(names) > 1 and names[-1] == names[-2]:
        names = names[:-1]
    return names
