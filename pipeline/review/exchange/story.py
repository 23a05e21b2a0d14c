"""A sample as another tool shows it: words and pictures in order, without what would lead a reviewer.

In: a trajectory as it was recorded. Out: its pictures by hash, each with a name, and one text. No score, no tick, and no word of
the Analyzer about the last picture: whoever reads them before judging judges the words, not the picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from stages.dialects import render
from stages.records import Diagnosis, Evaluation, Event, Likelihood
from stages.trajectory import Trajectory


@dataclass(frozen=True)
class PlainStory:
    """`pictures`: (name, sha256) in the order of the sample; the last one is judged. `text` speaks of them by name."""

    pictures: tuple[tuple[str, str], ...]
    text: str


def tell(t: Trajectory) -> PlainStory:
    """The story of a sample: what was pruned is left out, as in what is trained."""
    names = {ref.sha256: f"reference {n}" for n, ref in enumerate(t.sample.references, start=1)}
    pictures = [(name, sha256) for sha256, name in names.items()]
    lines: list[str] = []
    events = [event for event in t.events if not event.pruned]
    last = next((e.image.sha256 for e in reversed(events) if e.kind == "generation" and e.image), None)
    for event in events:
        if event.kind == "generation" and event.image is not None:
            name = f"G{event.index}"
            names.setdefault(event.image.sha256, name)
            pictures.append((name, event.image.sha256))
            lines.append(f"[{name}]")
        else:
            lines += _words(event, last, names)
    return PlainStory(tuple(pictures), "\n\n".join(lines))


def _words(event: Event, last: str | None, names: dict[str, str]) -> Iterator[str]:
    payload = event.payload
    if payload is None or isinstance(payload, Diagnosis | Likelihood):
        return
    if isinstance(payload, Evaluation):
        if event.image is not None and event.image.sha256 != last:
            reasons = "\n".join(f"{a.axis}: {a.reason}" for a in payload.axes if a.reason)
            yield f"On [{names.get(event.image.sha256, 'an earlier picture')}]:\n{reasons}"
        return
    yield render(payload, "paper", event.index)
