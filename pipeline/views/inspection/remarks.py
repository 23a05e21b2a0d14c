"""What somebody should know before spending money on a source. In: an `Inspection`. Out: plain sentences, the gravest first."""

from collections.abc import Iterator

from pipeline.sources.spec import UNSTATED
from pipeline.views.inspection.findings import Inspection
from pipeline.views.page import percent

_MANY = 5.0  # percent


def inspection_remarks(found: Inspection) -> Iterator[tuple[bool, str]]:
    """Whether it is grave, and what it is."""
    rows, dropped = found.readable, found.dropped
    if not rows:
        yield True, "No row could be read: the columns that the mapping names hold something else."
        return
    if found.unreadable:
        share = percent(found.unreadable, found.looked_at)
        yield share >= _MANY, f"{_rows(found.unreadable, found.looked_at)} cannot be read and would fail."
    if contaminated := dropped["contaminated"]:
        yield True, f"{_rows(contaminated, rows)} taken from an evaluation set."
    elif not found.evaluation_sets:
        yield (
            False,
            "Nothing was compared with evaluation sets: name them with --against, or in the manifest's screens.",
        )
    if repeats := dropped["duplicate"] + dropped["near_duplicate"]:
        more = " There will be more in all of it, since these are repeats among the rows looked at." * found.is_sample
        yield percent(repeats, rows) >= _MANY, f"{_rows(repeats, rows)} the same as another, or nearly.{more}"
    if unnamed := found.licences[UNSTATED]:
        yield True, f"{_rows(unnamed, rows)} no licence; say licence in the source."
    if unsafe := dropped["unsafe_words"] + dropped["unsafe_image"]:
        yield False, f"{_rows(unsafe, rows)} a word or a picture that counts as unsafe."
    if blank := dropped["blank"]:
        yield False, f"{_rows(blank, rows)} a blank picture."


def _rows(count: int, whole: int) -> str:
    verb = "row" if count == 1 else "rows"
    return f"{count:,} {verb} ({percent(count, whole):.1f} %):"
