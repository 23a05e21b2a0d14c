"""How far people agree about the same items. Missing verdicts and more than two people are taken as they come.

In: for each item who said what. Out: a `RaterAgreement`. Raw agreement and Gwet's AC1 come first, Cohen's kappa last: where nearly
everything is accepted, kappa is near zero however well people agree.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from pipeline.review.records import HumanVerdict, Opinion, Resolution

OPINIONS: tuple[Opinion, ...] = ("accept", "reject", "unsure")
Ratings = Mapping[str, str]
"""What each person said of one item."""
_PREVALENT = 0.8


@dataclass(frozen=True, slots=True)
class RaterAgreement:
    """Of `items` that at least two people judged. Coefficients are at most 1, 0 is chance, None where they are not defined.

    `raw`: the share of pairs of verdicts on the same item that are equal, averaged over items. `ac1` with its 95 % interval
    `ac1_low` to `ac1_high`. `kappa`: Cohen's, averaged over pairs of people by the items they share. `prevalence`: the share of
    the commonest opinion; `note` warns where that makes kappa mislead.
    """

    items: int
    raw: float | None
    ac1: float | None
    ac1_low: float | None
    ac1_high: float | None
    alpha: float | None
    kappa: float | None
    prevalence: float | None
    note: str = ""


def blind_verdicts(resolution: Resolution) -> tuple[HumanVerdict, ...]:
    """What people said of an item without knowing what others said: without the lead's word in a dispute."""
    return tuple(v for v in resolution.verdicts if not v.adjudicates)


def agreements(resolutions: Sequence[Resolution]) -> dict[str, RaterAgreement]:
    """Of the whole opinion, the result, and the reasoning where there is one."""
    items = [blind_verdicts(resolution) for resolution in resolutions if resolution.verdicts]
    whole = [{v.reviewer: v.opinion for v in verdicts} for verdicts in items]
    result = [{v.reviewer: v.result for v in verdicts} for verdicts in items]
    reasoning = [{v.reviewer: v.reasoning for v in verdicts if v.reasoning is not None} for verdicts in items]
    return {"whole": agree(whole), "result": agree(result), "reasoning": agree(reasoning)}


def agree(ratings: Iterable[Ratings], values: Sequence[str] = OPINIONS) -> RaterAgreement:
    """How far people agree. Items nobody judged are left out."""
    units = [unit for unit in ratings if unit]
    shared = [unit for unit in units if len(unit) > 1]
    counts = Counter(value for unit in units for value in unit.values())
    if not shared:
        return RaterAgreement(0, None, None, None, None, None, None, None)
    raw = sum(map(_equal_pairs, shared)) / len(shared)
    value, low, high = ac1(units, values)
    common, often = counts.most_common(1)[0]
    prevalence = often / counts.total()
    note = ""
    if prevalence >= _PREVALENT:
        note = f"{prevalence:.0%} of the verdicts are {common}: kappa is low then even where people agree; go by AC1"
    return RaterAgreement(len(shared), raw, value, low, high, alpha(shared), kappa(shared), prevalence, note)


def _equal_pairs(unit: Ratings) -> float:
    n = len(unit)
    return sum(count * (count - 1) for count in Counter(unit.values()).values()) / (n * (n - 1))


def ac1(units: Sequence[Ratings], values: Sequence[str]) -> tuple[float, float, float]:
    """Gwet's AC1 and its 95 % interval, of `units` with at least one verdict each and some with two.

    K. L. Gwet, "Computing inter-rater reliability and its variance in the presence of high agreement" (2008), for any number of
    people and missing verdicts as in his "Handbook of Inter-Rater Reliability" (2014), chapters 2 and 5: every item tells how
    common a value is, those with two verdicts how far people agree. With one item the interval is the whole range.
    """
    q, n = len(values), len(units)
    shares = [Counter(unit.values()) for unit in units]
    pi = {value: sum(c[value] / c.total() for c in shares) / n for value in values}
    chance = sum(p * (1 - p) for p in pi.values()) / (q - 1)
    pairs = [_equal_pairs(unit) if len(unit) > 1 else None for unit in units]
    shared = sum(pair is not None for pair in pairs)
    seen = sum(pair for pair in pairs if pair is not None) / shared
    value = (seen - chance) / (1 - chance)
    if n < 2:
        return value, -1.0, 1.0
    squares = 0.0
    for pair, c in zip(pairs, shares, strict=True):
        own = 0.0 if pair is None else n / shared * (pair - chance) / (1 - chance)
        own_chance = sum(c[v] / c.total() * (1 - pi[v]) for v in values) / (q - 1)
        own -= 2 * (1 - value) * (own_chance - chance) / (1 - chance)
        squares += (own - value) ** 2
    from scipy.stats import t  # here, because scipy takes a second to import

    half = float(t.ppf(0.975, n - 1)) * math.sqrt(squares / (n * (n - 1)))
    return value, max(-1.0, value - half), min(1.0, value + half)


def alpha(units: Sequence[Ratings]) -> float | None:
    """Krippendorff's alpha for names, of units with at least two verdicts each; None where all verdicts are the same.

    K. Krippendorff, "Computing Krippendorff's alpha-reliability" (2011).
    """
    values: Counter[str] = Counter()
    apart = 0.0
    for unit in units:
        counts = Counter(unit.values())
        values.update(counts)
        apart += sum(c * (len(unit) - c) for c in counts.values()) / (len(unit) - 1)
    n = values.total()
    by_chance = sum(c * (n - c) for c in values.values()) / (n - 1)
    return None if by_chance == 0 else 1 - apart / by_chance


def kappa(units: Sequence[Ratings]) -> float | None:
    """Cohen's kappa, averaged over pairs of people by the number of items they share; None where it is defined for no pair.

    J. Cohen, "A coefficient of agreement for nominal scales" (1960); the average over pairs is R. J. Light's (1971).
    """
    tables: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    for unit in units:
        for a, b in combinations(sorted(unit), 2):
            tables[a, b][unit[a], unit[b]] += 1
    weighted, known = 0.0, 0
    for table in tables.values():
        n = table.total()
        rows: Counter[str] = Counter()
        columns: Counter[str] = Counter()
        for (a, b), count in table.items():
            rows[a] += count
            columns[b] += count
        chance = sum(rows[value] * columns[value] for value in rows) / n**2
        if chance < 1:
            seen = sum(count for (a, b), count in table.items() if a == b) / n
            weighted += n * (seen - chance) / (1 - chance)
            known += n
    return weighted / known if known else None
