"""Rows of single edits, as samples."""

from pipeline.planning import samples
from stages.records import Checker, ImageRef


def edit(source, row_id, instruction, licence="other", explanation=None, reference="0", category=None):
    """An edit of the picture called `reference`."""
    sha256 = reference * 64
    return samples.make(
        source=source,
        row_id=row_id,
        instruction=instruction,
        explanation=explanation,
        references=[ImageRef(sha256, 64, 64, "PNG", sha256)],
        first=None,
        task="edit",
        category=category,
        size=(64, 64),
        licence=licence,
        checker=Checker(),
    )


def portrait(n):
    """An edit of a picture of one thing, in words that the world reads in prompts with several pictures."""
    return edit("world", str(n), "Remove the thing.", reference=str(n))
