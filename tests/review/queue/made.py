"""Items of a made-up build, and verdicts on them, for the tests of the queue."""

from collections.abc import Iterable

from pipeline.review.records import CellKey, Draw, HumanVerdict, LotKey, LotPopulation, ReasonMark, ReviewItem
from pipeline.review.store import Claimed, ReviewStore, open_review

BUILD = "b" * 64
LOTS = (LotKey("direct", "world", "baseline"), LotKey("reflection", "world", "generator"))


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def item(number: int, content: str = "1", draw: Draw = "lot") -> ReviewItem:
    lot = LOTS[number % 2]
    cell = CellKey(lot, ("colour", "count")[number % 3 == 0], "wide")
    return ReviewItem(f"s{number}", f"{content}{number:063d}", cell, draw, (number * 7919) % 10_007)


def populations(items: Iterable[ReviewItem]) -> list[LotPopulation]:
    lots: dict[LotKey, dict[CellKey, int]] = {}
    for one in items:
        cells = lots.setdefault(one.cell.lot, {})
        cells[one.cell] = cells.get(one.cell, 0) + 10
    return [LotPopulation(key, dict(sorted(cells.items()))) for key, cells in sorted(lots.items())]


def review(url: str, count: int, clock: Clock | None = None, people: Iterable[str] = ("Ann",)) -> ReviewStore:
    store = open_review(url, BUILD, clock or Clock())
    fill(store, count)
    for name in people:
        store.redeem(store.invite(name, "lead" if name == "Lea" else "reviewer"))
    return store


def fill(store: ReviewStore, count: int) -> list[ReviewItem]:
    items = [item(number) for number in range(count)]
    store.add_items(items, populations(items), f"frame of {count}", False)
    return items


def verdict(claimed: Claimed | ReviewItem, name: str, opinion: str = "accept", **changes) -> HumanVerdict:
    about = claimed.item if isinstance(claimed, Claimed) else claimed
    reasons = (ReasonMark("image.artifact", "G1"),) if opinion == "reject" else ()
    values = {"result": opinion, "reasoning": "accept", "reasons": reasons, **changes}
    return HumanVerdict("", about.sample_id, about.content_hash, name, **values)


def judge(store: ReviewStore, name: str, opinion: str = "accept") -> HumanVerdict | None:
    claimed = store.claim(name)
    return None if claimed is None else store.record(verdict(claimed, name, opinion), claimed.token)
