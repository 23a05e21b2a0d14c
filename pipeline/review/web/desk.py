"""The desk at which a review is done: items with their stories, for one person at a time, and what the Analyzer had said of them.

In: a review's store, the folder of its build. Out: `AskedItem`, an item as a person is asked about it, without what could
sway them; and the same item with everything once they have answered.
"""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from pipeline.output.record import images, originals
from pipeline.review.errors import ClaimLost, ReviewError
from pipeline.review.frame import reviewed_hash
from pipeline.review.preparing import refresh
from pipeline.review.records import ReviewItem
from pipeline.review.store import Claimed, ReviewStore
from pipeline.review.web.pictures import ReviewPictures
from pipeline.review.web.rendering import draw
from pipeline.review.web.rows import ReviewRows
from pipeline.review.web.scores import BuildScores
from pipeline.views.gallery import PicturedStory, Shows
from pipeline.views.looks import mode_looks
from pipeline.views.story import Story
from pipeline.views.thumbnails import Thumbnail
from stages.policy import Thresholds
from stages.records import AXES, Axis, Evaluation

AHEAD = 2
_REDRAW_S = 20.0
"""How often a build at work is looked at again, in seconds."""
_UNREADABLE = Markup(
    '<h3 class="asked">This item cannot be shown</h3><p class="problem">{}. Skip it, and tell the lead.</p>'
)


@dataclass(frozen=True, slots=True)
class AskedItem:
    """An item as a person is asked about it: the claim, its markup and its axes."""

    sample_id: str
    content_hash: str
    token: str
    strip: Markup
    axes: tuple[Axis, ...]


@dataclass(frozen=True, slots=True)
class AnalyzerWord:
    """What the Analyzer had said of the result: score and whether it passed by axis; `fate` is what became of the sample."""

    scores: tuple[tuple[Axis, int, bool], ...]
    fate: str


class ReviewDesk:
    """The review in `store` of the build in `out`; `database` as `ReviewRows` takes it."""

    def __init__(self, store: ReviewStore, out: Path, database: str | None = None) -> None:
        self.store, self.out = store, out
        self._database = database
        self._rows = ReviewRows(out, database)
        self.scores = BuildScores(self._rows, store.settings().prompts)
        self.name = out.resolve().name
        self.pictures = ReviewPictures(self._rows.store())
        self.looks = mode_looks(self._rows.recipe())
        self._lock = threading.Lock()
        self._looked = time.monotonic()
        self._tokens: dict[tuple[str, str], str] = {}

    def look_up(self) -> None:
        """Read where each row lies; at 50,000 rows that takes seconds, which the first to ask for an item would wait. Raises
        ReviewError."""
        self._rows.look_up()

    # ---- items

    def asked(self, name: str, count: int = 1 + AHEAD) -> list[AskedItem]:
        """The items that a person is at now and next, at most `count`, claimed for them."""
        self.look_again()
        now = self.store.claim(name)
        claims = [] if now is None else [now, *self.store.ahead(name, count - 1)]
        return [self._asked(name, claim) for claim in claims]

    def _asked(self, name: str, claim: Claimed) -> AskedItem:
        self._tokens[name, claim.token] = claim.item.sample_id
        item = claim.item
        try:
            story = self.story(item)
        except ReviewError as error:  # shown all the same, so that it can be skipped
            return AskedItem(item.sample_id, item.content_hash, claim.token, _UNREADABLE.format(error), ())
        strip = self.strip(story, "result")
        return AskedItem(item.sample_id, item.content_hash, claim.token, strip, story.sample.applicable_axes)

    def held(self, name: str, token: str, sample_id: str) -> ReviewItem:
        """The item that a person holds under a claim. Raises ClaimLost where they do not."""
        if self._tokens.get((name, token)) != sample_id:
            for claim in filter(None, (self.store.claim(name), *self.store.ahead(name, AHEAD))):
                self._tokens[name, claim.token] = (
                    claim.item.sample_id
                )  # given out by another server, or before a restart
        if self._tokens.get((name, token)) != sample_id:
            raise ClaimLost("this item is no longer yours: its claim expired, or it was settled in another window")
        return self.store.item(sample_id)

    def story(self, item: ReviewItem) -> Story:
        """The story of an item. Raises ReviewError where the row is gone or its content is no longer what was drawn."""
        story = self._rows.story(item.sample_id, item.content_hash)
        if reviewed_hash(story.trajectory) != item.content_hash:
            raise ReviewError(f"sample {item.sample_id} was made anew since it was drawn; start the review again")
        return story

    def strip(self, story: Story, show: Shows) -> Markup:
        """The story as a person may see it."""
        made = [story.result] if show == "result" else story.trajectory.events
        images = [e.image.sha256 for e in made if e and e.kind == "generation" and e.image]
        shown = dict.fromkeys((*story.references, *images))
        return draw("story.html.j2", "strip", PicturedStory(story, {s: self._picture(story, s) for s in shown}, show))

    def _picture(self, story: Story, sha256: str) -> Thumbnail | None:
        size = self.pictures.size(sha256)
        return None if size is None else Thumbnail(f"/image/{story.id}/{sha256}/small", *size)

    def look_again(self) -> None:
        """Draw what came to a build at work, not more often than every `_REDRAW_S` seconds."""
        with self._lock:
            if time.monotonic() - self._looked < _REDRAW_S or self.store.frame().frozen:
                return
            self._looked = time.monotonic()
        self.redraw()

    def redraw(self) -> None:
        """Draw anew, by the settings of now. What somebody holds or has judged stays."""
        refresh(self.out, self.store, self._database)

    def thresholds(self) -> Thresholds:
        """Those by which the Analyzer let images pass."""
        return self._rows.policy().thresholds

    # ---- what an item is about

    def shows(self, sample_id: str, sha256: str) -> bool:
        """Whether an image belongs to an item of the review."""
        try:
            t = self.story(self.store.item(sample_id)).trajectory
        except ReviewError:
            return False
        return sha256 in images(t) or sha256 in dict(originals(t)).values()


def has_reasoning(story: Story) -> bool:
    """Whether there is a text that is trained, so that its reasoning can be judged."""
    return any(e.mark == "on" and e.event.kind != "generation" for e in story.events)


def result_label(story: Story) -> str:
    """What the newest image is called in reasons."""
    return next((e.label for e in story.events if e.event is story.result), "")


def analyzer_word(story: Story) -> AnalyzerWord:
    """What the Analyzer had said of the result; no scores where it was not judged."""
    made = story.result
    number = made.try_number if made else 0
    evaluations = [
        e.payload for e in story.trajectory.events if e.try_number == number and isinstance(e.payload, Evaluation)
    ]
    axes = {a.axis: a for a in evaluations[-1].axes} if evaluations else {}
    return AnalyzerWord(tuple((x, axes[x].score, axes[x].passed) for x in AXES if x in axes), story.outcome)
