"""Where the rows of an output come from. In: their samples. Out: shares by licence, and how their origins are cited."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.sources.spec import UNSTATED
from stages.records import Sample


@dataclass(frozen=True)
class Origins:
    """`licences`: the licence of rows, how many have it, and their share of all, 0 to 1; the most frequent first. `citations`:
    source, and how it is cited; None for a source whose rows say nothing.
    """

    licences: tuple[tuple[str, int, float], ...] = ()
    citations: tuple[tuple[str, str | None], ...] = ()


def origins(samples: Iterable[Sample]) -> Origins:
    """The origins of these rows."""
    licences, citations = Counter[str](), set[tuple[str, str | None]]()
    for sample in samples:
        licences[sample.licence] += 1
        citations.add((sample.source, sample.citation))
    ranked = sorted(licences.items(), key=lambda item: (-item[1], item[0]))
    shares = tuple((licence, n, n / licences.total()) for licence, n in ranked)
    return Origins(shares, tuple(sorted(citations, key=lambda pair: (pair[0], pair[1] or ""))))


def warnings(samples: Iterable[Sample]) -> Iterator[str]:
    """A line about the rows without a licence, if there are any."""
    sources, rows = Counter[str](), 0
    for sample in samples:
        rows += 1
        sources[sample.source] += sample.licence == UNSTATED
    if unstated := +sources:
        named = ", ".join(f"{source} {n:,}" for source, n in sorted(unstated.items()))
        yield (
            f"{unstated.total():,} of {rows:,} kept rows have no licence that anybody states ({named}): say licence in the "
            "source, or keep them out with screens.allow_licences"
        )
