"""Builds with a review: real shards, a real database, people who say what a test wants."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.manifest.forms import PRODUCTS
from pipeline.output.places import list_files
from pipeline.release.release import ReleaseOrder, release
from pipeline.release.rewrite import sample_ids
from pipeline.release.summary import ReleaseSummary
from pipeline.review.preparing import prepare
from pipeline.review.records import HumanVerdict, Opinion, ReasonMark, ReviewItem
from pipeline.review.settings import ReviewSettings

WHOLE = ReviewSettings(per_lot=1000, overlap=0.0, limiting=0.5, confidence=0.6)
"""Every row is drawn, one person each, and few lots are so bad that they are rejected."""


def verdict(item: ReviewItem, who: str, opinion: Opinion = "accept", **more) -> HumanVerdict:
    reasons = (ReasonMark("image.artifact", "G1"),) if opinion == "reject" else ()
    given = {"reasoning": "accept", "reasons": reasons, "seconds": 2.5} | more
    return HumanVerdict("", item.sample_id, item.content_hash, who, opinion, **given)


@dataclass(frozen=True)
class Reviewed:
    """A build, and what people may say of it."""

    out: Path

    def judge(self, opinion: Callable[[ReviewItem], Opinion | None], who: str = "anna", **more) -> None:
        """`who` says of every item what `opinion` says; of None nothing."""
        with prepare(self.out) as store:
            if who not in {person.name for person in store.people()}:
                store.invite(who, "lead")
            while (claimed := store.claim(who)) is not None:
                said = opinion(claimed.item)
                if said is None:
                    store.skip(who, claimed.token, "not mine")
                else:
                    store.record(verdict(claimed.item, who, said, **more), claimed.token)

    def release(self, **more) -> ReleaseSummary:
        return release(ReleaseOrder(self.out, self.target, workers=1, **more))

    @property
    def target(self) -> Path:
        return self.out / "release"


def copy_of(out: Path, place: Path, settings: ReviewSettings = WHOLE) -> Reviewed:
    """A build of its own for a test, with a review begun."""
    shutil.copytree(out, place, ignore=shutil.ignore_patterns("store"))
    (place / "store").symlink_to(out / "store")
    prepare(place, settings=settings).close()
    return Reviewed(place)


def ids(out: Path) -> Mapping[str, list[str]]:
    """The samples whose rows each product holds, in order."""
    held: dict[str, list[str]] = {}
    for product in PRODUCTS:
        held[product] = []
        for name in list_files(out, product):
            with pq.ParquetFile(out / name) as file:
                held[product] += sample_ids(file, product).to_pylist()
    return held


def rows(out: Path) -> Mapping[str, dict[str, dict[str, Any]]]:
    """Every row by product and its own id."""
    read: dict[str, dict[str, dict[str, Any]]] = {}
    for product in PRODUCTS:
        tables = [pq.read_table(out / name).to_pylist() for name in list_files(out, product)]
        read[product] = {r["extra_info"]["id"] if product == "rl" else r["id"]: r for some in tables for r in some}
    return read
