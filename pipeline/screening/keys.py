"""What ties rows together. In: a sample. Out: the keys that it shares with rows which tell the same thing.

A *leak key* ties rows that must go to one split. References tie rows; the instruction does so only where there are none: "make it
snowy" over two pictures is two tasks, and a set in which everybody says it would become one group.
"""

from collections.abc import Iterator

from pipeline.screening.text import normalise
from stages.records import Sample


def leak_keys(sample: Sample) -> Iterator[str]:
    """The keys of the sample's leak group, at least one."""
    if not sample.references:
        yield f"text:{normalise(sample.instruction)}"
    for image in sample.references:
        yield f"image:{image.sha256}"
        yield f"image:{image.source_sha256}"
