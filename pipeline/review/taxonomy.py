"""Why something is rejected: reasons in two levels, with a version that each verdict carries.

In: nothing. Out: `TAXONOMY`, by group, and `check_reasons`. A reason is named `group.reason`. A change of the words needs no new
version; another meaning, or a reason less, does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pipeline.review.errors import ReviewError
from pipeline.review.records import ReasonMark

VERSION = "reasons/1"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason: what it is called, what it means, and what it speaks against."""

    code: str
    title: str
    meaning: str
    against: Literal["result", "reasoning", "row"]


@dataclass(frozen=True, slots=True)
class ReasonGroup:
    """Reasons of one kind."""

    name: str
    title: str
    reasons: tuple[Reason, ...]


TAXONOMY: tuple[ReasonGroup, ...] = (
    ReasonGroup(
        "image",
        "The image",
        (
            Reason(
                "image.wrong_edit", "Wrong or missing", "Something asked for is missing, or was done wrongly", "result"
            ),
            Reason("image.over_edit", "Too much changed", "Something changed that should have stayed", "result"),
            Reason(
                "image.identity_drift", "Someone else", "A person or object is no longer the one referred to", "result"
            ),
            Reason("image.artifact", "Broken", "Torn, smeared, doubled or impossible parts", "result"),
            Reason("image.text", "Unreadable text", "Letters or signs are wrong or cannot be read", "result"),
            Reason("image.knowledge", "Against the facts", "It contradicts what is known of the world", "result"),
        ),
    ),
    ReasonGroup(
        "reasoning",
        "The reasoning",
        (
            Reason(
                "reasoning.hallucinated_critique",
                "Fault that is not there",
                "A text names a fault that the image lacks",
                "reasoning",
            ),
            Reason(
                "reasoning.missed_fault",
                "Fault overlooked",
                "A text passes over a fault that the image has",
                "reasoning",
            ),
            Reason(
                "reasoning.not_followed",
                "Advice not followed",
                "The next image does not do what the text says",
                "reasoning",
            ),
            Reason("reasoning.bad_plan", "Bad plan", "Steps are missing, needless, or in a wrong order", "reasoning"),
            Reason("reasoning.unclear", "Unclear", "Nobody could act on the text", "reasoning"),
            Reason("reasoning.untrue", "Not true", "A text says of an image what is not so, fault or not", "reasoning"),
        ),
    ),
    ReasonGroup(
        "row",
        "The row",
        (
            Reason("row.instruction", "Bad instruction", "It is ambiguous, impossible, or about something else", "row"),
            Reason("row.reference", "Bad reference", "A reference is broken, or not what is spoken of", "row"),
            Reason("row.unsafe", "Unsafe", "Nobody should be shown or taught this", "row"),
            Reason("row.private", "Private", "It shows or names somebody who did not agree", "row"),
            Reason("row.other", "Something else", "Say it in the note", "row"),
        ),
    ),
)

REASONS: dict[str, Reason] = {reason.code: reason for group in TAXONOMY for reason in group.reasons}


def check_reasons(reasons: Iterable[ReasonMark]) -> None:
    """Raises ReviewError for a reason that is none of this version."""
    for mark in reasons:
        if mark.code not in REASONS:
            raise ReviewError(f"{mark.code!r} is no reason of {VERSION}; use one of {', '.join(REASONS)}")
