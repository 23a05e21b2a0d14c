"""Rates for one source under one policy: what is declared of all, shifted by what is declared of a source and of a generator.

In: a `Declaration`, the name of a source, a policy, and the judging under which the rates were seen. Out: a `Declaration` for that
source and policy, and how much of what it accepts is right.

A generator's rate shifts by its odds against the default one's (a source that is hard for one is hard for all). A judge errs alike
in both directions, at the rate at which two judgements of an image disagree; a majority errs less (binomial).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, exp, log, sqrt

from pipeline.forecast.declaration import Declaration, DeclaredShares
from stages.makers import DEFAULT
from stages.policy import Judging, Policy

_EDGE = 1e-6


@dataclass(frozen=True)
class JudgingErrors:
    """How likely an image is judged wrongly: a bad one passes, a good one fails. From 0 to 1."""

    passes: float
    fails: float

    def seen(self, true: float) -> float:
        """The share that passes, of images of which the share `true` is good."""
        return true * (1 - self.fails) + (1 - true) * self.passes

    def true(self, seen: float) -> float:
        """The share that is good, of images of which the share `seen` passes."""
        reach = 1 - self.fails - self.passes
        return min(1.0, max(0.0, (seen - self.passes) / reach)) if reach > 0 else seen


def errors_of(judging: Judging, agreement: float) -> JudgingErrors:
    """The errors of a judging policy whose judge agrees with itself in the share `agreement` of images."""
    one = (1 - sqrt(max(0.0, 2 * agreement - 1))) / 2
    n = judging.judgements
    most = sum(comb(n, k) * one**k * (1 - one) ** (n - k) for k in range(n // 2 + 1, n + 1))
    confirmed = judging.confirm
    return JudgingErrors(one if confirmed == "fail" else most, one if confirmed == "pass" else most)


def tailored(declared: Declaration, source: str, policy: Policy, seen_under: Judging) -> tuple[Declaration, float]:
    """The rates of a source under `policy`, and the share, 0 to 1, of the rows it accepts first that are right."""
    before, now = errors_of(seen_under, declared.agreement), errors_of(policy.judging, declared.agreement)

    def judge(rate: float) -> float:
        return now.seen(before.true(rate))

    own = declared.sources.get(source, DeclaredShares())
    direct = own.direct if own.direct is not None else declared.direct
    rounds = max(policy.reflection_rounds, 1)
    reflection = [_drawn(declared, own, policy, "reflection", n) for n in range(1, rounds + 1)]
    step = _mean_of_attempts([_drawn(declared, own, policy, "step", n) for n in range(1, policy.step_attempts + 1)])
    final = own.final if own.final is not None else declared.final
    rates = {
        "direct": judge(direct),
        "reflection": tuple(map(judge, reflection)),
        "escalates": own.escalates if own.escalates is not None else declared.escalates,
        "step": judge(step),
        "final": judge(final),
    }
    right = 1 - (1 - before.true(direct)) * now.passes / max(judge(direct), _EDGE)
    return declared.model_copy(update=rates), right


def _drawn(declared: Declaration, own: DeclaredShares, policy: Policy, what: str, number: int) -> float:
    """The rate of a round of reflection or of an attempt at a step, by the generator that draws there."""
    rung = "reflect" if what == "reflection" else "multistep"
    name = policy.generator_for(rung, number)
    whole = _at(getattr(declared, what), number)
    here = _at(getattr(own, what), number) if getattr(own, what) is not None else whole
    if name == DEFAULT or name not in declared.generators:
        return here
    named = getattr(declared.generators[name], what)
    return here if named is None else _shifted(here, whole, _at(named, number))


def _at(rates: float | Sequence[float], number: int) -> float:
    return rates if isinstance(rates, float | int) else rates[min(number, len(rates)) - 1]


def _shifted(rate: float, whole: float, named: float) -> float:
    """`rate` moved as far on the log-odds scale as `named` lies from `whole`."""
    odds = _logit(rate) + _logit(named) - _logit(whole)
    return 1 / (1 + exp(-odds))


def _logit(rate: float) -> float:
    clipped = min(max(rate, _EDGE), 1 - _EDGE)
    return log(clipped / (1 - clipped))


def _mean_of_attempts(rates: Sequence[float]) -> float:
    """The one rate with which as many attempts come to nothing."""
    nothing = 1.0
    for rate in rates:
        nothing *= 1 - rate
    return float(1 - nothing ** (1 / len(rates)))
