"""The style probe: can pictures by the baseline and by the generator be told apart without a look at what they show?

In: for each sample how its pictures by the two differ. Out: a `StyleFinding`. What is trained comes from the
generator where a sample was hard and from the baseline where it was easy; if their pictures differ in noise or colour, a trainee
can learn who drew a picture instead of what is wrong with it.

Two pictures of one sample are compared, in the parts where both show the same (`pipeline.views.probe.statistics`). A logistic
regression is trained on four fifths of the samples and tried on the rest, five times; no sample is on both sides. The AUC is
P(generator's score > baseline's score). Its 95 % interval is the widest one of three: from drawing samples anew (bootstrap), from
swapping the makers at random and training again, which says what chance alone gives a model that was fitted, and of a share of so
many samples (Wilson), without which few samples that are all told apart would look certain.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.output.share import Share
from pipeline.views.probe.statistics import STATISTICS

LEAST = 30  # samples; with fewer, chance alone gives nearly any AUC
FOLDS = 5
DRAWS, SWAPS = 1000, 60
TELLING = 0.6  # the lower end of an interval from which on the difference is worth a sentence
GUESSED = 0.5  # the AUC of pure chance
_SEED = 20260101
Rows = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StyleFinding:
    """How well the makers are told apart over `samples`: `auc` with its 95 % interval, and which statistics tell most."""

    samples: int
    auc: float
    low: float
    high: float
    telling: tuple[str, ...]

    @property
    def rate(self) -> float:
        """How often it is said rightly which of two pictures the generator drew."""
        return self.auc

    @property
    def of(self) -> int:
        """Over how many samples."""
        return self.samples

    def __str__(self) -> str:
        return f"{100 * self.auc:.1f} % ({100 * self.low:.1f}-{100 * self.high:.1f}, {self.samples:,} samples)"

    @property
    def is_leak(self) -> bool:
        """True when the makers are told apart beyond chance, and to an extent that matters."""
        return self.low > TELLING


def probe(differences: Rows) -> StyleFinding | None:
    """What the differences tell of the makers, one row of `STATISTICS` a sample; None where there are fewer than `LEAST`."""
    if len(differences) < LEAST:
        return None
    margins, weights = _margins(differences)
    auc = _auc(margins)
    chance = np.random.default_rng(_SEED)
    low, high = _interval(differences, margins, auc, chance)
    order = np.argsort(-np.abs(weights))[:3]
    return StyleFinding(len(differences), auc, low, high, tuple(STATISTICS[n] for n in order))


def _interval(differences: Rows, margins: Rows, auc: float, chance: np.random.Generator) -> tuple[float, float]:
    drawn = [_auc(margins[chance.integers(len(margins), size=len(margins))]) for _ in range(DRAWS)]
    low, high = (float(end) for end in np.quantile(drawn, (0.025, 0.975)))
    swapped = [_auc(_margins(differences * chance.choice((-1, 1), (len(margins), 1)))[0]) for _ in range(SWAPS)]
    # by chance the makers are told apart so well, or so badly; the nearer to certainty, the less chance can do
    reach = 1.96 * float(np.std(swapped)) * 2 * (auc * (1 - auc)) ** 0.5
    counted = Share(round(auc * len(margins)), len(margins))
    return max(0.0, min(low, auc - reach, counted.low or 0.0)), min(1.0, max(high, auc + reach, counted.high or 0.0))


def _margins(differences: Rows) -> tuple[Rows, Rows]:
    """For each sample the score of its difference by a model that never saw the sample; and the mean weights of the models."""
    # imported late: it takes a second, and most commands of views do without
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold

    margins, weights = np.zeros(len(differences)), np.zeros(differences.shape[1])
    for known, new in KFold(FOLDS, shuffle=True, random_state=_SEED).split(differences):
        scale = differences[known].std(axis=0) + np.abs(differences[known]).mean(axis=0) + 1e-9
        # each difference also turned round: the model has to tell which of two pictures is whose, whatever their order
        both = np.concatenate([differences[known], -differences[known]]) / scale
        model = LogisticRegression(C=0.1, fit_intercept=False, max_iter=1000)
        model.fit(both, np.repeat([1, 0], len(known)))
        margins[new] = differences[new] / scale @ model.coef_[0]
        weights += model.coef_[0] / FOLDS
    return margins, weights


def _auc(margins: Rows) -> float:
    """P(a > b) of generator's pictures at +margin/2 and baseline's at -margin/2, over all pairs of samples; ties count half."""
    sums = margins[:, None] + margins[None, :]
    return float((sums > 0).mean() + 0.5 * (sums == 0).mean())
