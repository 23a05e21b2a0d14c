"""Which rows people approved. Pure.

In: the kept rows of a build with their lots, how each lot is treated, and what the verdicts on rows came to. Out: an `Approval`:
the ids to release, and of every other row why not. Nothing is released against a doubt: a row that one person rejected stays out
until a lead says otherwise, in an accepted lot as well.

    accepted      the sample showed the lot to be good: all its rows, but for those that somebody doubted
    screened      the whole lot was looked at: only rows that people accepted
    dropped       no row
    overridden    as accepted, although the lot is rejected or undecided: somebody gave a reason
    not drawn     as accepted: the review does not look at such rows, RL prompts that hold no image
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from pipeline.review.records import LotKey, Resolution

Treatment = Literal["accepted", "screened", "dropped", "overridden", "not drawn"]
Why = Literal["rejected", "unsure", "disputed", "doubted", "not judged", "lot dropped"]
"""Why a row is withdrawn. `doubted`: one of several judges did not accept it, and the others have yet to speak."""
WHYS: tuple[Why, ...] = get_args(Why)


@dataclass(frozen=True, slots=True)
class BuiltRow:
    """A kept row of a build: whose it is, in which lot, and a hash of what a reviewer sees of it."""

    sample_id: str
    lot: LotKey
    content_hash: str


@dataclass(frozen=True)
class Approval:
    """`released` are sample ids in the order of the build, `withdrawn` the other kept rows with the reason."""

    released: tuple[str, ...]
    withdrawn: Mapping[str, Why]

    def count(self, why: Why) -> int:
        """How many rows were withdrawn for this reason."""
        return Counter(self.withdrawn.values())[why]


def approve(
    rows: Iterable[BuiltRow], treatments: Mapping[LotKey, Treatment], resolutions: Mapping[str, Resolution]
) -> Approval:
    """Sort the rows. `resolutions` by sample id; one about other content than the row's is left out of account."""
    released: list[str] = []
    withdrawn: dict[str, Why] = {}
    for row in rows:
        resolution = resolutions.get(row.sample_id)
        if resolution is not None and resolution.item.content_hash != row.content_hash:
            resolution = None
        if why := _objection(treatments[row.lot], resolution):
            withdrawn[row.sample_id] = why
        else:
            released.append(row.sample_id)
    return Approval(tuple(released), withdrawn)


def _objection(treatment: Treatment, resolution: Resolution | None) -> Why | None:
    """Why a row is not released; None when it is."""
    if treatment == "dropped":
        return "lot dropped"
    if doubt := _doubt(resolution):
        return doubt
    accepted = resolution is not None and resolution.opinion == "accept"
    return "not judged" if treatment == "screened" and not accepted else None


def _doubt(resolution: Resolution | None) -> Why | None:
    """What speaks against a row; None where nothing was said, or only good."""
    if resolution is None:
        return None
    if resolution.disputed:
        return "disputed"
    if resolution.opinion is None:
        return "doubted" if any(v.opinion != "accept" for v in resolution.verdicts) else None
    if resolution.opinion == "reject":
        return "rejected"
    return "unsure" if resolution.opinion == "unsure" else None
