"""Rates that a person declares: how often each rung passes, and what a call takes.

In: a `Declaration`, a manifest. Out: `DeclaredRates`: every path up the ladder, its chance a product of the declared ones.
How far they can be trusted is declared, too: `evidence` is the number of samples they are worth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NoReturn

import numpy as np

from pipeline.backends.world.source import WorldSpec
from pipeline.forecast.declaration import Declaration, RatesError, Taken, declaration
from pipeline.forecast.paths import Path, chance, chances, judgements, paths
from pipeline.forecast.rates import (
    IMAGES,
    INPUT,
    OUTPUT,
    QUANTITIES,
    SECONDS,
    USD,
    Atoms,
    Draw,
    Floats,
    place_of,
    prices,
)
from pipeline.manifest.spec import Manifest
from pipeline.money.cost import charge
from pipeline.money.spec import Price
from stages.policy import Judging, Policy
from stages.rung import Call, Way
from stages.rungs import read_recipe

_EDGE = 1e-9  # no chance is quite 0 or 1
_JUDGE: Call = ("analyzer", "evaluation")
_SECOND_JUDGE: Call = ("second_analyzer", "evaluation")
_EVEN = 0.5


@dataclass(frozen=True)
class DeclaredRates:
    """The declared rates under a manifest's policy and prices. Their use raises RatesError where the ladder asks for a rate, or
    for a kind of call, that nobody declares.
    """

    declaration: Declaration
    manifest: Manifest

    @property
    def source(self) -> str:
        """Whose rates they are, and what they are worth."""
        return f"declared: {self.declaration.about} (worth {self.declaration.evidence:g} samples)"

    @property
    def notes(self) -> tuple[str, ...]:
        """The rates that are not declared but guessed by their rungs."""
        return tuple(
            f"No rate is declared for {name}: its rung's own guess, {guess:g}, is taken."
            for name, guess in guesses(self.manifest).items()
            if self.declaration.rate(name) is None
        )

    @cached_property
    def atoms(self) -> Atoms:
        """One atom a path."""
        per_call = np.nan_to_num(self._per_call)
        refused = np.array([path.refused for path in self._paths])
        whole = np.array([self._counts(path) for path in self._paths])[:, :, None] * per_call
        first = np.array([self._counts(path.first) for path in self._paths])[:, :, None] * per_call
        for amounts in (whole, first):
            for quantity in (IMAGES, USD):
                amounts[refused, :, quantity] = 0  # nothing was made
        modes = self.manifest.recipe.modes
        ends = np.array([place_of(path.end, modes) for path in self._paths])
        failed = np.zeros(len(ends), dtype=np.bool_)  # a call that is refused leaves an RL prompt one
        return Atoms(modes, self._calls, whole, first, ends, failed, ~np.isnan(self._per_call))

    def draw(self, rng: np.random.Generator) -> Draw:
        """Rates from beta distributions around the declared ones, steps from a Dirichlet one, amounts from gamma ones."""
        rates = np.array([rng.beta(*strength) for strength in self._strengths])
        weights = np.array(list(self._steps.values())) * self.declaration.evidence + _EDGE
        return Draw(self._chances(rates, rng.dirichlet(weights)), self._scale(rng))

    def mean(self) -> Floats:
        """The chances of the atoms at the declared rates."""
        return self._chances(np.array(list(self._rates.values())), np.array(list(self._steps.values())))

    @cached_property
    def _rates(self) -> dict[str, float]:
        """The rate of each chance of the ladder: the declared one, else the guess of its rung."""
        recipe, guessed = self.manifest.recipe, guesses(self.manifest)
        rates: dict[str, float] = {}
        for name in chances(recipe):
            declared = self.declaration.rate(name)
            rate = guessed.get(name) if declared is None else declared
            if rate is None:
                remedy = f"write rates: {{{name}: 0.5}} into the file of --declared, or a guess into its rung's row"
                self._refuse(f"no rate for the chance {name!r}; {remedy}")
            rates[name] = rate
        for rung in recipe.rungs:
            try:
                whole = sum(chance(way, rates, self._steps) for way in _every_way(self._shape, rung.name))
            except KeyError as error:
                self._refuse(
                    f"the ways of {rung.name} name the chance {error}, its row does not; add it to its chances"
                )
            if abs(whole - 1) > 1e-6:
                self._refuse(f"the ways of {rung.name} have chances that sum to {whole:.3f}, not to 1; correct its row")
        return rates

    @cached_property
    def _paths(self) -> tuple[Path, ...]:
        return _every_path(self._shape)

    @cached_property
    def _shape(self) -> str:
        """All of the policy that its paths depend on."""
        return self.manifest.policy.model_copy(update={"judging": Judging()}).model_dump_json()

    @cached_property
    def _calls(self) -> tuple[Call, ...]:
        """Every call that the ladder can make: images first, then judgements, then thoughts."""
        recipe = self.manifest.recipe
        ways = (way for rung in recipe.rungs for way in _every_way(self._shape, rung.name))
        made = dict.fromkeys(call for way in ways for call in way.calls)
        second = [_SECOND_JUDGE] if recipe.policy.judging.second != "off" else []
        return tuple(sorted(dict.fromkeys([*made, _JUDGE, *second]), key=_order))

    @cached_property
    def _per_call(self) -> Floats:
        """[call, quantity] of one call; NaN where it is not known."""
        table, size = np.empty((len(self._calls), len(QUANTITIES))), _size(self.manifest)
        for row, call in zip(table, self._calls, strict=True):
            taken, price, images = self._taken(call), self._prices[call], int(call[1] == "image")
            read, written = (None if n is None else round(n) for n in (taken.input_tokens, taken.output_tokens))
            usd = None if price is None else charge(price, read, written, images, size)
            row[:] = [np.nan if n is None else n for n in (1, read, written, images, usd, taken.seconds)]
        return table

    def _taken(self, call: Call) -> Taken:
        """What is declared of such a call. Raises RatesError."""
        taken = self.declaration.calls.get(call[1])
        if taken is None:
            self._refuse(f"calls: {call[1]} missing, of which the ladder makes some; say there what such a call takes")
        return taken

    @cached_property
    def _prices(self) -> Mapping[Call, Price | None]:
        """The price of the model that each call asks. Raises RatesError where no model has that role."""
        known = prices(self.manifest)
        for role, kind in self._calls:
            if role not in known:
                self._refuse(
                    f"the ladder asks {role!r} for {kind!r}, and models names no {role}; correct the rung's row"
                )
        return {(role, kind): known[role] for role, kind in self._calls}

    def _refuse(self, problem: str) -> NoReturn:
        raise RatesError(f"{self.source}: {problem}")

    @cached_property
    def _steps(self) -> dict[int, float]:
        """The declared weights of the numbers of steps that the policy allows, to a sum of 1."""
        policy, declared = self.manifest.policy, self.declaration.steps
        allowed = dict.fromkeys(range(policy.steps_min, policy.steps_max + 1), 0.0)
        for n, weight in declared.items():
            allowed[min(max(n, policy.steps_min), policy.steps_max)] += weight
        whole = sum(allowed.values())
        return {n: weight / whole for n, weight in allowed.items()}

    def _counts(self, climbed: Path | Way) -> list[float]:
        """How many calls of each kind that takes."""
        judging, agreement = self.manifest.policy.judging, self.declaration.agreement
        good, bad = (judgements(judging, passed, agreement) for passed in (True, False))
        first, second = (
            climbed.passes * if_good + climbed.fails * if_bad for if_good, if_bad in zip(good, bad, strict=True)
        )
        judged, made = {_JUDGE: first, _SECOND_JUDGE: second}, climbed.calls
        return [made.get(call, 0) + judged.get(call, 0.0) for call in self._calls]

    @cached_property
    def _exponents(self) -> tuple[Floats, Floats, Floats]:
        """[path, chance]: how often it is won there, how often it is lost; [path, steps]: how many plans of so many steps."""
        names = list(self._rates)
        won = np.array([[path.won.get(name, 0) for name in names] for path in self._paths], dtype=float)
        lost = np.array([[path.lost.get(name, 0) for name in names] for path in self._paths], dtype=float)
        planned = np.array([[path.plans.count(n) for n in self._steps] for path in self._paths], dtype=float)
        return won, lost, planned

    @cached_property
    def _ways(self) -> Floats:
        return np.array([path.ways for path in self._paths], dtype=float)

    def _chances(self, rates: Floats, steps: Floats) -> Floats:
        """The chance of each path."""
        won, lost, planned = self._exponents
        each = np.clip(rates, _EDGE, 1 - _EDGE)
        spread = np.prod(steps**planned, axis=1)
        weights = self._ways * spread * np.exp(won @ np.log(each) + lost @ np.log1p(-each))
        return np.asarray(weights / weights.sum())

    @cached_property
    def _strengths(self) -> tuple[tuple[float, float], ...]:
        """The beta distribution of each rate (Jeffreys' prior): only the samples that meet a chance are evidence for its rate."""
        won, lost, _ = self._exponents
        met = self.declaration.evidence * (self.mean() @ (won + lost > 0))
        rates = self._rates.values()
        return tuple((n * rate + 0.5, n * (1 - rate) + 0.5) for n, rate in zip(met.tolist(), rates, strict=True))

    def _scale(self, rng: np.random.Generator) -> Floats:
        """What a call takes is as uncertain as the rates: one factor a kind for tokens, with their money, one for seconds."""
        n = self.declaration.evidence
        tokens, seconds = rng.gamma(n, 1 / n, (2, len(self._calls)))
        scale = np.ones((len(self._calls), len(QUANTITIES)))
        scale[:, (INPUT, OUTPUT)] = tokens[:, None]
        scale[:, SECONDS] = seconds
        scale[:, USD] = 1 + self._by_token * (tokens - 1)
        return scale

    @cached_property
    def _by_token(self) -> Floats:
        """The share of a call's money that is paid by the token."""
        shares = []
        for price, row in zip(self._prices.values(), np.nan_to_num(self._per_call), strict=True):
            paid = price and (price.input_per_million * row[INPUT] + price.output_per_million * row[OUTPUT]) / 1e6
            shares.append(paid / row[USD] if paid and row[USD] else 0.0)
        return np.array(shares)


@lru_cache(maxsize=64)
def _every_path(policy: str) -> tuple[Path, ...]:
    # plans weigh a ladder for many sources and judges, whose paths are the same
    return tuple(paths(read_recipe(Policy.model_validate_json(policy))))


@lru_cache(maxsize=256)
def _every_way(policy: str, rung: str) -> tuple[Way, ...]:
    recipe = read_recipe(Policy.model_validate_json(policy))
    return tuple(next(one for one in recipe.rungs if one.name == rung).costs(recipe.policy))


def guesses(manifest: Manifest) -> dict[str, float]:
    """The rates that the rungs of the ladder guess for their own chances. Of two guesses for one chance the first counts."""
    recipe = manifest.recipe
    names = chances(recipe)
    guessed: dict[str, float] = {}
    for rung in recipe.rungs:
        for name, guess in rung.guesses.items():
            if not 0 <= guess <= 1:
                raise RatesError(
                    f"rung {rung.name} guesses {guess:g} for {name}; write a share from 0 to 1 into its row"
                )
            if name in names:
                guessed.setdefault(name, guess)
    return guessed


def background(manifest: Manifest) -> DeclaredRates:
    """The demo's rates for any ladder: an even chance for what neither they nor a rung knows, and calls as judgements are."""
    demo, recipe = declaration(None), manifest.recipe
    open_chances = [name for name in chances(recipe) if demo.rate(name) is None and name not in guesses(manifest)]
    kinds = {kind for rung in recipe.rungs for way in rung.costs(recipe.policy) for _, kind in way.calls}
    unlike = Taken(seconds=demo.calls["evaluation"].seconds)
    calls = {**dict.fromkeys(kinds, unlike), **demo.calls}
    completed = demo.model_copy(update={"rates": dict.fromkeys(open_chances, _EVEN), "calls": calls})
    return DeclaredRates(completed, manifest)


def _order(call: Call) -> int:
    return 0 if call[1] == "image" else 1 if call == _JUDGE else 3 if call == _SECOND_JUDGE else 2


def _size(manifest: Manifest) -> str:
    """The size of the images that most samples ask for: the world's canvas, or the default for a table without sizes."""
    canvases = [source.canvas for source in manifest.sources if isinstance(source, WorldSpec)]
    width, height = canvases[0] if canvases else manifest.output.image.size
    return f"{width}x{height}"
