"""Which rows of the frame are reviewed. Pure.

In: the rows of a frame, the settings, and the ids that somebody holds or has judged. Out: the items. Each row has a position, a
seeded hash of its id, and of every lot the rows of lowest position are drawn: a simple random sample, and the same one whatever
else the frame holds. A build that grows keeps what it drew but for rows that later ones of lower position displace; a displaced
row that somebody has seen stays, as an extra row of its cell.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from pipeline.manifest.spec import RL
from pipeline.review.frame import FrameRow
from pipeline.review.records import CellKey, Draw, LotKey, LotPopulation, ReviewItem
from pipeline.review.settings import ReviewSettings
from stages.identity import digest

LOST = ("discarded", "failed")
"""The outcomes of rows that no shard holds."""


def position_of(seed: int, sample_id: str) -> int:
    """Where a sample stands in the queue, in [0, 2^63)."""
    return int(digest("review position", seed, sample_id)[:16], 16) >> 1


def reviewable(rows: Iterable[FrameRow], settings: ReviewSettings) -> list[FrameRow]:
    """The rows that the review answers for: without RL prompts, unless the settings ask for them."""
    return [row for row in rows if settings.prompts or row.cell.lot.outcome != RL]


def populations_of(rows: Iterable[FrameRow], settings: ReviewSettings) -> list[LotPopulation]:
    """How many rows each lot has, by cell."""
    lots: dict[LotKey, Counter[CellKey]] = defaultdict(Counter)
    for row in reviewable(rows, settings):
        lots[row.cell.lot][row.cell] += 1
    return [LotPopulation(key, dict(sorted(cells.items()))) for key, cells in sorted(lots.items())]


def draw(rows: Iterable[FrameRow], settings: ReviewSettings, seen: Collection[str] = ()) -> list[ReviewItem]:
    """The items of a review, in the order of the queue."""
    lots: dict[LotKey, list[FrameRow]] = defaultdict(list)
    for row in reviewable(rows, settings):
        lots[row.cell.lot].append(row)
    positions = {row.sample_id: position_of(settings.seed, row.sample_id) for some in lots.values() for row in some}
    items = []
    for lot, some in lots.items():
        ordered = sorted(some, key=lambda row: (positions[row.sample_id], row.sample_id))
        for row, why in _of_lot(lot, ordered, settings, frozenset(seen)):
            items.append(ReviewItem(row.sample_id, row.content_hash, row.cell, why, positions[row.sample_id]))
    return sorted(items, key=lambda item: (item.position, item.sample_id))


def _of_lot(
    lot: LotKey, ordered: Sequence[FrameRow], settings: ReviewSettings, seen: frozenset[str]
) -> Iterator[tuple[FrameRow, Draw]]:
    lost = lot.outcome in LOST
    first: Draw = "lost" if lost else "lot"
    sample = settings.lost if lost else settings.per_lot
    least = 0 if lost else settings.floor
    of_cell: Counter[CellKey] = Counter()
    for number, row in enumerate(ordered):
        if number < sample:
            yield row, first
        elif of_cell[row.cell] < least or lot in settings.screened or row.sample_id in seen:
            yield row, "lost" if lost else "floor"
        of_cell[row.cell] += 1
