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


def blind_verdicts(resolution: Resolution) -> Sequence[HumanVerdict]:
    """What people said of an item without knowing what others said: without the lead's word in a dispute."""
    if not resolution.adjudicated:
        return resolution.verdicts
    return [v for v in resolution.verdicts if not v.adjudicates]


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
    patterns = Counter(tuple(sorted(unit.values())) for unit in units)
    shared = Counter({pattern: n for pattern, n in patterns.items() if len(pattern) > 1})
    if not shared:
        return RaterAgreement(0, None, None, None, None, None, None, None)
    counts = _values(patterns)
    raw = sum(n * _equal_pairs(pattern) for pattern, n in shared.items()) / shared.total()
    value, low, high = ac1(patterns, values)
    common, often = counts.most_common(1)[0]
    prevalence = often / counts.total()
    note = ""
    if prevalence >= _PREVALENT:
        note = f"{prevalence:.0%} of the verdicts are {common}: kappa is low then even where people agree; go by AC1"
    by_people = kappa([unit for unit in units if len(unit) > 1])
    return RaterAgreement(shared.total(), raw, value, low, high, alpha(shared), by_people, prevalence, note)


def _values(patterns: Counter[tuple[str, ...]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for pattern, n in patterns.items():
        for value in pattern:
            counts[value] += n
    return counts


def _equal_pairs(pattern: Sequence[str]) -> float:
    n = len(pattern)
    return sum(count * (count - 1) for count in Counter(pattern).values()) / (n * (n - 1))


def ac1(patterns: Counter[tuple[str, ...]], values: Sequence[str]) -> tuple[float, float, float]:
    """Gwet's AC1 and its 95 % interval. `patterns`: how many items have which verdicts, one at least; some have two.

    K. L. Gwet, "Computing inter-rater reliability and its variance in the presence of high agreement" (2008), for any number of
    people and missing verdicts as in his "Handbook of Inter-Rater Reliability" (2014), chapters 2 and 5: every item tells how
    common a value is, those with two verdicts how far people agree. With one item the interval is the whole range.
    """
    q, n = len(values), patterns.total()
    shares = {pattern: {value: pattern.count(value) / len(pattern) for value in values} for pattern in patterns}
    pi = {value: sum(patterns[pattern] * shares[pattern][value] for pattern in patterns) / n for value in values}
    chance = sum(p * (1 - p) for p in pi.values()) / (q - 1)
    pairs = {pattern: _equal_pairs(pattern) for pattern in patterns if len(pattern) > 1}
    shared = sum(patterns[pattern] for pattern in pairs)
    seen = sum(patterns[pattern] * pair for pattern, pair in pairs.items()) / shared
    value = (seen - chance) / (1 - chance)
    if n < 2:
        return value, -1.0, 1.0
    squares = 0.0
    for pattern, count in patterns.items():
        own = n / shared * (pairs[pattern] - chance) / (1 - chance) if pattern in pairs else 0.0
        own_chance = sum(shares[pattern][v] * (1 - pi[v]) for v in values) / (q - 1)
        own -= 2 * (1 - value) * (own_chance - chance) / (1 - chance)
        squares += count * (own - value) ** 2
    from scipy.stats import t  # here, because scipy takes a second to import

    half = float(t.ppf(0.975, n - 1)) * math.sqrt(squares / (n * (n - 1)))
    return value, max(-1.0, value - half), min(1.0, value + half)


def alpha(patterns: Counter[tuple[str, ...]]) -> float | None:
    """Krippendorff's alpha for names, of items with at least two verdicts each; None where all verdicts are the same.

    K. Krippendorff, "Computing Krippendorff's alpha-reliability" (2011).
    """
    values = _values(patterns)
    apart = 0.0
    for pattern, n in patterns.items():
        apart += n * sum(c * (len(pattern) - c) for c in Counter(pattern).values()) / (len(pattern) - 1)
    total = values.total()
    by_chance = sum(c * (total - c) for c in values.values()) / (total - 1)
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
