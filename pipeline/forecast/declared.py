"""Rates that a person declares: how often each rung passes, and what a call takes.

In: a `Declaration`, a manifest. Out: `DeclaredRates`: every path up the ladder, its chance a product of the declared ones.
How far they can be trusted is declared, too: `evidence` is the number of samples they are worth.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.backends.world.source import WorldSpec
from pipeline.forecast import paths
from pipeline.forecast.declaration import KINDS, Declaration
from pipeline.forecast.rates import (
    ENDS,
    IMAGES,
    INPUT,
    OUTPUT,
    QUANTITIES,
    SECONDS,
    USD,
    Atoms,
    Call,
    Draw,
    Floats,
    prices,
)
from pipeline.manifest.spec import Manifest
from pipeline.money.cost import charge

_EDGE = 1e-9  # no chance is quite 0 or 1


@dataclass(frozen=True)
class DeclaredRates:
    """The declared rates under a manifest's policy and prices."""

    said: Declaration
    manifest: Manifest

    @property
    def source(self) -> str:
        """Whose rates they are, and what they are worth."""
        return f"declared: {self.said.about} (worth {self.said.evidence:g} samples)"

    @property
    def notes(self) -> tuple[str, ...]:
        """Nothing that the source does not say."""
        return ()

    @cached_property
    def atoms(self) -> Atoms:
        """One atom a path."""
        per_call = np.nan_to_num(self._per_call)
        refused = np.array([bool(path.lost.get("answered")) for path in self._paths])
        whole, first = (
            np.array([self._counts(path, all_of_it) for path in self._paths])[:, :, None] * per_call
            for all_of_it in (True, False)
        )
        for amounts in (whole, first):
            for quantity in (IMAGES, USD):
                amounts[refused, :, quantity] = 0  # nothing was made
        ends = np.array([ENDS.index(path.end) for path in self._paths])
        return Atoms(self._calls, whole, first, ends, refused, ~np.isnan(self._per_call))

    def draw(self, rng: np.random.Generator) -> Draw:
        """Rates from beta distributions around the declared ones, steps from a Dirichlet one, amounts from gamma ones."""
        names = paths.chances(self.manifest.policy)
        rates = {name: rng.beta(*self._strength(name)) for name in names}
        weights = np.array(list(self._steps.values())) * self.said.evidence + _EDGE
        return Draw(self._chances(rates, rng.dirichlet(weights)), self._scale(rng))

    def mean(self) -> Floats:
        """The chances of the atoms at the declared rates."""
        rates = {name: self.said.rate(name) for name in paths.chances(self.manifest.policy)}
        return self._chances(rates, np.array(list(self._steps.values())))

    @cached_property
    def _paths(self) -> tuple[paths.Path, ...]:
        return tuple(paths.paths(self.manifest.policy))

    @cached_property
    def _calls(self) -> tuple[Call, ...]:
        second = [("second_analyzer", "evaluation")] if self.manifest.policy.judging.second != "off" else []
        texts = [("analyzer", kind) for kind in KINDS[1:]]
        return (("baseline", "image"), ("generator", "image"), *texts, *second)

    @cached_property
    def _per_call(self) -> Floats:
        """[call, quantity] of one call; NaN where it is not known."""
        known, size = prices(self.manifest), _size(self.manifest)
        each = {str(kind): taken for kind, taken in self.said.calls.items()}
        table = np.empty((len(self._calls), len(QUANTITIES)))
        for row, (role, kind) in zip(table, self._calls, strict=True):
            taken, images, price = each[kind], int(kind == "image"), known[role]
            read, written = (None if n is None else round(n) for n in (taken.input_tokens, taken.output_tokens))
            usd = None if price is None else charge(price, read, written, images, size)
            row[:] = [np.nan if n is None else n for n in (1, read, written, images, usd, taken.seconds)]
        return table

    @cached_property
    def _steps(self) -> dict[int, float]:
        """The declared weights of the numbers of steps that the policy allows, to a sum of 1."""
        policy, declared = self.manifest.policy, self.said.steps
        allowed = dict.fromkeys(range(policy.steps_min, policy.steps_max + 1), 0.0)
        for n, weight in declared.items():
            allowed[min(max(n, policy.steps_min), policy.steps_max)] += weight
        whole = sum(allowed.values())
        return {n: weight / whole for n, weight in allowed.items()}

    def _counts(self, path: paths.Path, whole: bool) -> list[float]:
        """How many calls of each kind the path takes; its direct try alone unless `whole`."""
        if path.lost.get("answered"):
            return [float(call == ("baseline", "image")) for call in self._calls]
        passes, fails = (path.passes, path.fails) if whole else (int(path.end == "direct"), int(path.end != "direct"))
        judging, agreement = self.manifest.policy.judging, self.said.agreement
        good, bad = (paths.judgements(judging, passed, agreement) for passed in (True, False))
        made = {
            ("baseline", "image"): 1.0,
            ("analyzer", "evaluation"): passes * good[0] + fails * bad[0],
            ("second_analyzer", "evaluation"): passes * good[1] + fails * bad[1],
        }
        if whole:
            made |= {
                ("generator", "image"): path.drawn,
                ("analyzer", "reflection"): path.reflections,
                ("analyzer", "diagnosis"): path.diagnoses,
                ("analyzer", "plan"): int(path.steps is not None),
            }
        return [made.get(call, 0.0) for call in self._calls]

    def _chances(self, rates: dict[str, float], steps: Floats) -> Floats:
        names = list(rates)
        each = np.clip(np.array(list(rates.values())), _EDGE, 1 - _EDGE)
        won, lost = (
            np.array([[getattr(p, what).get(n, 0) for n in names] for p in self._paths]) for what in ("won", "lost")
        )
        ways = np.array([p.ways for p in self._paths], dtype=float)
        spread = dict(zip(self._steps, steps, strict=True))
        planned = np.array([1.0 if p.steps is None else spread[p.steps] for p in self._paths])
        chances = ways * planned * np.exp(won @ np.log(each) + lost @ np.log1p(-each))
        return np.asarray(chances / chances.sum())

    def _strength(self, name: str) -> tuple[float, float]:
        """The beta distribution of a rate (Jeffreys' prior): only the samples that came so far are evidence for it."""
        reached, rate = self.said.evidence, self.said.rate(name)
        for before in paths.chances(self.manifest.policy):
            if before == name:
                break
            passed = self.said.rate(before)
            reached *= passed if before in ("answered", "escalates", "step") else 1 - passed
        return reached * rate + 0.5, reached * (1 - rate) + 0.5

    def _scale(self, rng: np.random.Generator) -> Floats:
        """What a call takes is as uncertain as the rates: one factor a kind for tokens, with their money, one for seconds."""
        n = self.said.evidence
        tokens, seconds = rng.gamma(n, 1 / n, (2, len(self._calls)))
        scale = np.ones((len(self._calls), len(QUANTITIES)))
        scale[:, (INPUT, OUTPUT)] = tokens[:, None]
        scale[:, SECONDS] = seconds
        scale[:, USD] = 1 + self._by_token * (tokens - 1)
        return scale

    @cached_property
    def _by_token(self) -> Floats:
        """The share of a call's money that is paid by the token."""
        known, shares = prices(self.manifest), []
        for (role, _), row in zip(self._calls, np.nan_to_num(self._per_call), strict=True):
            price = known[role]
            paid = price and (price.input_per_million * row[INPUT] + price.output_per_million * row[OUTPUT]) / 1e6
            shares.append(paid / row[USD] if paid and row[USD] else 0.0)
        return np.array(shares)


def _size(manifest: Manifest) -> str:
    """The size of the images that most samples ask for: the world's canvas, or the default for a table without sizes."""
    canvases = [source.canvas for source in manifest.sources if isinstance(source, WorldSpec)]
    width, height = canvases[0] if canvases else manifest.output.image.size
    return f"{width}x{height}"
