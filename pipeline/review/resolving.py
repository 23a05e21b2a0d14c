"""What the standing verdicts of an item come to. Pure.

In: an item, how many people are asked about it, and the verdicts on it. Out: its `Resolution`. Only verdicts about the content that
the item has now count. Judges agree where their whole opinions do; a lead's word settles it, whatever the others say.
"""

from collections.abc import Sequence

from pipeline.review.records import Resolution, ReviewItem
from pipeline.review.verdicts import KeptVerdict, stands


def resolve(item: ReviewItem, asked: int, verdicts: Sequence[KeptVerdict]) -> Resolution:
    """The resolution of `item`, about which `asked` people are asked. `said` are all verdicts on it, in the order of the log.

    `opinion` is None while people are missing or disagree. One who is unsure leaves the item unsure: a lead may settle it.
    """
    current = [row for row in stands(list(verdicts)) if row.verdict.content_hash == item.content_hash]
    # nobody counts twice, whatever was taken in from elsewhere
    judged = tuple({row.verdict.reviewer: row.verdict for row in current if row.role == "judge"}.values())
    settled = [row.verdict for row in current if row.role == "lead"]
    if settled:
        return Resolution(item, settled[-1].opinion, False, True, (*judged, settled[-1]))
    opinions = {verdict.opinion for verdict in judged}
    if len(opinions) > 1:
        return Resolution(item, None, True, False, judged)
    complete = len(judged) >= max(1, asked)
    return Resolution(item, opinions.pop() if opinions and complete else None, False, False, judged)


def for_the_lead(resolution: Resolution) -> bool:
    """Whether only a lead can settle it: judges disagree, or are unsure."""
    return resolution.disputed or (resolution.opinion == "unsure" and not resolution.adjudicated)
