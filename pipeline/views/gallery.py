"""Which samples the report shows, and what of each of them.

In: all stories of a build, once through, and the outcomes they may come to. Out: up to `EACH` samples per section, spread over
categories (or over reasons, among what was lost) and, within those, of lowest rank: the same build always shows the same samples.
The first few that the truth names come before all others.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from markupsafe import Markup

from pipeline.manifest.spec import RL
from pipeline.output.truth_figures import TruthFigures
from pipeline.storage.image_store import ImageStore
from pipeline.views.page import fragment
from pipeline.views.story import Beat, MarkedEvent, Story
from pipeline.views.thumbnails import SIDE, SMALL, Thumbnail, thumbnail

EACH = 16
_MOST_NAMED = 4
_MOST_REFERENCES, _MOST_FACETS = 6, 60


Shows = Literal["report", "result", "words", "all"]
"""Who looks, and at how much of the Analyzer's verdicts. A reader of the report looks at everything. A reviewer sees no verdict and
nothing but the newest image beside what was given before the result is judged (`result`), so that an image that took five tries
looks like one that took one, and a lost sample like any other; then what was said, without scores (`words`); in the end
everything (`all`).
"""


@dataclass(frozen=True)
class PicturedStory:
    """A story with its small pictures, by sha256; None for an image that cannot be shown."""

    story: Story
    pictures: dict[str, Thumbnail | None]
    show: Shows = "report"

    @property
    def scored(self) -> bool:
        """Whether the Analyzer's scores are shown."""
        return self.show in ("report", "all")

    @property
    def references(self) -> tuple[str, ...]:
        """The references; in the report the first few, for a strip is no contact sheet."""
        return self.story.references[: _MOST_REFERENCES if self.show == "report" else None]

    @property
    def runs(self) -> list[tuple[bool, list[Beat]]]:
        """The beats, consecutive pruned ones together: whether they are pruned, and which."""
        beats = self.story.beats
        if self.show == "result":
            return [
                (False, [Beat(generation=b.generation)]) for b in beats if b.generation and self.is_result(b.generation)
            ]
        return [(pruned, list(some)) for pruned, some in groupby(beats, lambda b: b.pruned)]

    def is_result(self, made: MarkedEvent) -> bool:
        """Whether it is the image that the sample ended with."""
        return made.event is self.story.result


@dataclass(frozen=True)
class Exhibit:
    """A sample as it is shown: its story, and the markup that tells it."""

    story: Story
    html: Markup


@dataclass(frozen=True)
class Section:
    """One gallery: what it shows, and how many samples there are of the kind."""

    key: str
    total: int
    exhibits: list[Exhibit]

    @property
    def short(self) -> bool:
        """True when no strip holds more than one image, so that two fit side by side."""
        return all(len(e.story.beats) <= 1 for e in self.exhibits)


class GalleryChoice:
    """Remembers the samples worth showing while the stories go by: one section an outcome, but none for RL prompts."""

    def __init__(self, outcomes: Iterable[str]) -> None:
        self.totals = {outcome: 0 for outcome in outcomes if outcome != RL}
        self._best: dict[tuple[str, str], list[tuple[tuple[bool, Any], str, Story]]] = defaultdict(list)

    def add(self, story: Story, truth: TruthFigures | None = None) -> None:
        """Consider one more sample; a few of those named in `truth` are preferred, the gallery is for the others, too."""
        section = story.outcome
        if section not in self.totals or story.fate == "surplus":
            return
        self.totals[section] += 1
        facet = story.reason if story.lost else story.category
        # One pool for all further facets: a free-text category must not make us hold every sample.
        known = (section, facet) in self._best or len(self._best) < _MOST_FACETS
        best = self._best[section, facet if known else ""]
        named = (*truth.wrong[:_MOST_NAMED], *truth.needless_ids[:_MOST_NAMED]) if truth else ()
        best.append(((story.id not in named, story.rank), story.id, story))
        if len(best) > EACH:
            best.remove(max(best, key=lambda b: b[:2]))

    def sections(self, store: ImageStore) -> list[Section]:
        """The chosen samples with their pictures."""
        return [
            Section(key, total, [exhibit(s, store) for s in self._spread(key)]) for key, total in self.totals.items()
        ]

    def _spread(self, section: str) -> list[Story]:
        """Round by round through the facets, so that a common category does not crowd out a rare one."""
        turns = [
            (n if place[0] else 0, place, sid, s)
            for (key, _), best in self._best.items()
            if key == section
            for n, (place, sid, s) in enumerate(sorted(best, key=lambda b: b[:2]))
        ]
        return [s for *_, s in heapq.nsmallest(EACH, turns, key=lambda t: t[:3])]


def exhibit(story: Story, store: ImageStore) -> Exhibit:
    """One sample as it is shown. Where a picture cannot be read, the page says so in its place."""
    return Exhibit(story, fragment("story.html.j2", "strip", frame(story, store)))


def frame(story: Story, store: ImageStore) -> PicturedStory:
    """The story with its pictures; those of what was pruned, and of several references, are smaller."""
    made = [(e.event.image.sha256, e.mark) for e in story.events if e.event.kind == "generation" and e.event.image]
    large = {sha256 for sha256, mark in made if mark != "pruned"}
    if len(story.references) == 1:
        large.add(story.references[0])
    images = dict.fromkeys([*story.references[:_MOST_REFERENCES], *(sha256 for sha256, _ in made)])
    return PicturedStory(story, {sha: thumbnail(store, sha, SIDE if sha in large else SMALL) for sha in images})


def fit(sections: list[Section], room: int) -> int:
    """Take samples out of the fullest section, the last first, until the markup takes at most `room` bytes; what it takes then."""
    taken = sum(len(e.html.encode()) for s in sections for e in s.exhibits)
    while taken > room:
        fullest = max(sections, key=lambda s: len(s.exhibits))
        if not fullest.exhibits:
            break
        taken -= len(fullest.exhibits.pop().html.encode())
    return taken
