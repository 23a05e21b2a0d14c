"""Made-up reviews: lots with known truth, and what people said of their samples."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from random import Random

from pipeline.review.draw import position_of
from pipeline.review.numbers.scored import FinalScores, KnownScores
from pipeline.review.records import (
    CellKey,
    Draw,
    HumanVerdict,
    LotKey,
    LotPopulation,
    Margin,
    Opinion,
    Resolution,
    ReviewItem,
)
from stages.policy import Thresholds
from stages.records import AXES, Score


def lot(name: str = "reflection", source: str = "s", generator: str = "g") -> LotKey:
    return LotKey(name, source, generator)


def cell(key: LotKey, category: str = "colour", margin: Margin = "wide") -> CellKey:
    return CellKey(key, category, margin)


def population(cells: dict[CellKey, int]) -> LotPopulation:
    (key,) = {one.lot for one in cells}
    return LotPopulation(key, cells)


def item(name: str, where: CellKey, draw: Draw = "lot", position: int | None = None) -> ReviewItem:
    return ReviewItem(name, f"hash {name}", where, draw, position_of(7, name) if position is None else position)


def said(
    of: ReviewItem, reviewer: str, result: Opinion, reasoning: Opinion | None = None, adjudicates: bool = False
) -> HumanVerdict:
    name = f"{of.sample_id} {reviewer} {adjudicates}"
    return HumanVerdict(
        name, of.sample_id, of.content_hash, reviewer, result, reasoning, seconds=20.0, adjudicates=adjudicates
    )


def agreed(of: ReviewItem, opinion: Opinion, *reviewers: str) -> Resolution:
    return Resolution(of, opinion, False, False, tuple(said(of, name, opinion) for name in reviewers or ("ada",)))


def waiting(of: ReviewItem) -> Resolution:
    return Resolution(of, None, False, False, ())


def settled_by_lead(of: ReviewItem, opinion: Opinion, *others: HumanVerdict) -> Resolution:
    return Resolution(of, opinion, False, True, (*others, said(of, "lead", opinion, adjudicates=True)))


def scores(passed: bool, **axes: int) -> FinalScores:
    limits, given = Thresholds(), axes or {"instruction": 5 if passed else 3}
    return FinalScores(tuple(Score(a, given[a], given[a] >= limits.of(a)) for a in AXES if a in given), passed)


def known(finals: dict[str, FinalScores | None]) -> KnownScores:
    return KnownScores(finals)


def drawn(
    sizes: dict[CellKey, int], wrong: Callable[[CellKey, Random], bool], per_lot: int, floor: int, rng: Random
) -> tuple[list[LotPopulation], list[Resolution], dict[CellKey, int]]:
    """A drawn and judged review: populations, resolutions, and how many rows of each cell are truly wrong."""
    lots: dict[LotKey, list[tuple[str, CellKey, bool]]] = defaultdict(list)
    for number, (where, size) in enumerate(sizes.items()):
        lots[where.lot] += [(f"{number}-{n}", where, wrong(where, rng)) for n in range(size)]
    populations, resolutions, bad = [], [], Counter[CellKey]()
    for key, rows in lots.items():
        rng.shuffle(rows)
        populations.append(LotPopulation(key, dict(Counter(where for _, where, _ in rows))))
        bad.update(where for _, where, is_wrong in rows if is_wrong)
        resolutions += _judged(key, rows, per_lot, floor)
    return populations, resolutions, dict(bad)


def _judged(key: LotKey, rows: Sequence[tuple[str, CellKey, bool]], per_lot: int, floor: int) -> list[Resolution]:
    seen: Counter[CellKey] = Counter()
    resolutions = []
    for number, (name, where, is_wrong) in enumerate(rows):
        if number < per_lot or seen[where] < floor:
            draw: Draw = "lost" if key.lost else "lot" if number < per_lot else "floor"
            resolutions.append(agreed(item(name, where, draw, number), "reject" if is_wrong else "accept"))
        seen[where] += 1
    return resolutions
