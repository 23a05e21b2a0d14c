"""The Analyzer against people: how right it is when it lets an image pass, and how much of what is right it lets pass.

In: populations, resolutions, the Analyzer's final scores by sample. Out: an `AnalyzerNumbers`, for the whole verdict and for each
axis. All is weighted back to the build: lost rows are looked for on purpose, and count for as many as there are. What people
say of the *result* is compared: the Analyzer never judged the reasoning.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.review.numbers.raters import blind_verdicts
from pipeline.review.numbers.scored import FinalScores
from pipeline.review.numbers.tallying import OPEN, OTHER, CodedItems
from pipeline.review.numbers.weighting import WeightedShare
from pipeline.review.records import LotPopulation, Opinion, Resolution, ReviewItem
from stages.records import AXES, Axis

VERDICT = "verdict"
_RIGHT: dict[Opinion | None, bool | None] = {"accept": True, "reject": False}
_UNSAID = -1
_CODE: dict[bool | None, int] = {None: _UNSAID, False: 0, True: 1}
Flags = npt.NDArray[np.bool_]
_ALL_RIGHT: dict[Axis | None, bool | None] = dict.fromkeys((*AXES, None), True)


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """An item of which the Analyzer gave the scores `final`, and what people say of its image: by axis, and of the whole (None).

    None where they disagree, are unsure or did not say.
    """

    item: ReviewItem
    final: FinalScores
    right: Mapping[Axis | None, bool | None]

    def passed(self, axis: Axis | None) -> bool | None:
        """Whether the Analyzer let it pass, on an axis or as a whole; None where the axis does not apply."""
        if axis is None:
            return self.final.passed
        score = self.final.score(axis)
        return None if score is None else score.passed


@dataclass(frozen=True, slots=True)
class AnalyzerNumbers:
    """The Analyzer on one axis, or the whole `verdict`, against people.

    `precision`: of what passed, how much people accept. `recall`: of what people accept, how much passed. `too_lenient`: of all,
    what passed though it is wrong; `too_strict`: what failed though it is right. `bias` is their difference, above 0 where the
    Analyzer is too lenient. `items` were compared; of `unsaid` items people did not say whether this axis is right.
    """

    about: str
    items: int
    unsaid: int
    precision: WeightedShare
    recall: WeightedShare
    too_lenient: WeightedShare
    too_strict: WeightedShare

    @property
    def bias(self) -> float | None:
        """How much larger the share that passes is than the share that people accept, -1..1."""
        if self.too_lenient.rate is None or self.too_strict.rate is None:
            return None
        return self.too_lenient.rate - self.too_strict.rate


def judged_pairs(resolutions: Sequence[Resolution], scores: Mapping[str, FinalScores | None]) -> list[JudgedPair]:
    """The items on whose image both the Analyzer and people spoke."""
    pairs = []
    for resolution in resolutions:
        if resolution.verdicts and resolution.item.draw != "gold":
            final = scores.get(resolution.item.sample_id)
            if final is not None:
                pairs.append(JudgedPair(resolution.item, final, _said_of_image(resolution)))
    return pairs


def _said_of_image(resolution: Resolution) -> Mapping[Axis | None, bool | None]:
    """A lead's word, else what all say. Who accepts the image and says nothing of its axes accepts each of them."""
    verdicts = [v for v in resolution.verdicts if v.adjudicates][-1:] or blind_verdicts(resolution)
    whole = _common({v.result for v in verdicts})
    if not any(v.axes for v in verdicts):
        return _ALL_RIGHT if whole else {None: whole}
    opinions: dict[Axis | None, bool | None] = {
        axis: _common({v.axes.get(axis, "accept" if v.result == "accept" else None) for v in verdicts}) for axis in AXES
    }
    return opinions | {None: whole}


def _common(opinions: AbstractSet[Opinion | None]) -> bool | None:
    return _RIGHT.get(next(iter(opinions))) if len(opinions) == 1 else None


def compare(populations: Sequence[LotPopulation], pairs: Sequence[JudgedPair]) -> list[AnalyzerNumbers]:
    """The whole verdict first, then each axis that applies to some item."""
    items = CodedItems(populations, (pair.item for pair in pairs))
    numbers = [_numbers(None, items, pairs)]
    return numbers + [_numbers(axis, items, pairs) for axis in AXES if any(pair.final.score(axis) for pair in pairs)]


def _numbers(axis: Axis | None, items: CodedItems, pairs: Sequence[JudgedPair]) -> AnalyzerNumbers:
    passed = np.array([_CODE[pair.passed(axis)] for pair in pairs], dtype=np.int64)
    right = np.array([_CODE[pair.right.get(axis)] for pair in pairs], dtype=np.int64)
    asked = (passed != _UNSAID) & (right != _UNSAID)

    def share(counted: Flags, yes: Flags) -> WeightedShare:
        # an item that is not asked about is left out, as one that nobody judged
        codes = np.where(asked, np.where(counted, yes.astype(np.int64), OTHER), OPEN)
        return items.count_codes(codes).share()

    every = np.ones(len(pairs), dtype=bool)
    lets, fine = passed == 1, right == 1
    return AnalyzerNumbers(
        axis or VERDICT,
        int(asked.sum()),
        int(((passed != _UNSAID) & (right == _UNSAID)).sum()),
        precision=share(lets, fine),
        recall=share(fine, lets),
        too_lenient=share(every, lets & ~fine),
        too_strict=share(every, ~lets & fine),
    )
