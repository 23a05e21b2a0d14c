"""What a page sends: verdicts, skips and the like, as JSON, checked at the door.

In: a request's body. Out: a pydantic model whose every field has a limit, and from it a `HumanVerdict`.
"""

from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pipeline.review.records import HumanVerdict, Opinion, ReasonMark, ReviewItem
from pipeline.review.settings import ReviewSettings
from pipeline.review.verdicts import LONGEST_NOTE
from stages.records import Axis

Token = Annotated[str, Field(max_length=64)]
SampleId = Annotated[str, Field(max_length=64)]
_LONGEST_S = 86_400.0
_MOST_REASONS = 64


class ReviewForm(BaseModel):
    """A form of the page: fields that it does not have are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ReasonForm(ReviewForm):
    """A reason, and the part of the story that it is about."""

    code: Annotated[str, Field(max_length=64)]
    segment: Annotated[str, Field(max_length=16)] | None = None


class SettledResultForm(ReviewForm):
    """The result is judged by whom the item was left to: what the Analyzer's model said may be seen."""

    sample: SampleId
    result: Opinion


class ResultForm(SettledResultForm):
    """The same by whom an item was given to, under a claim."""

    token: Token


class SkipForm(ReviewForm):
    """An item is declined."""

    token: Token
    reason: Annotated[str, Field(max_length=500)]


class KeysForm(ReviewForm):
    """A person's keys by action."""

    keys: Annotated[dict[str, str], Field(max_length=64)]


class VerdictForm(ReviewForm):
    """A whole verdict. `supersedes` is the one that it corrects."""

    token: Token = ""
    sample: SampleId
    content: SampleId
    result: Opinion
    reasoning: Opinion | None = None
    axes: dict[Axis, Opinion] = Field(default_factory=dict)
    reasons: Annotated[list[ReasonForm], Field(max_length=_MOST_REASONS)] = Field(default_factory=list)
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False, strict=False)] = 0.0
    supersedes: SampleId | None = None

    def verdict(self, name: str, item: ReviewItem, result_label: str) -> HumanVerdict:
        """The verdict of the person `name`; what was called `result` before it was judged is called `result_label`."""
        reasons = [
            ReasonMark(r.code, result_label if r.segment == "result" else r.segment or None) for r in self.reasons
        ]
        return HumanVerdict(
            id="",
            sample_id=item.sample_id,
            content_hash=self.content,
            reviewer=name,
            result=self.result,
            reasoning=self.reasoning,
            axes=dict(self.axes),
            reasons=tuple(dict.fromkeys(reasons)),
            note=self.note.strip(),
            seconds=min(self.seconds, _LONGEST_S),
            supersedes=self.supersedes,
        )


class EntryForm(ReviewForm):
    """The answers of an entry test by sample."""

    answers: Annotated[dict[str, Opinion], Field(max_length=16)]


class TeamForm(BaseModel):
    """Who reviews and for how long, as the planner's form sends it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    people: Annotated[int, Field(ge=1, le=10_000)] = 6
    hours: Annotated[float, Field(gt=0, le=24)] = 3
    days: Annotated[float, Field(gt=0, le=10_000)] = 5
    seconds: Annotated[float, Field(ge=0.1, le=86_400)] = 40
    good: Annotated[float, Field(gt=0, lt=1)] = 0.02


class SettingsForm(BaseModel):
    """How the review is drawn and asked, as the lead's form sends it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_lot: Annotated[int, Field(ge=1, le=1_000_000)]
    floor: Annotated[int, Field(ge=0, le=1_000_000)]
    lost: Annotated[int, Field(ge=0, le=1_000_000)]
    limiting: float
    confidence: float
    overlap: float
    judges: Annotated[int, Field(ge=1, le=100)]
    gold_share: float
    prompts: bool = False  # a browser sends nothing for a box that is not ticked
    guideline: Annotated[str, Field(max_length=50_000)]

    def settings(self, before: ReviewSettings) -> ReviewSettings:
        """The settings with these values. Raises ReviewError for one outside its range."""
        return replace(before, **self.model_dump() | {"guideline": self.guideline.replace("\r\n", "\n")})
