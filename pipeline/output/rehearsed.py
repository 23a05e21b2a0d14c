"""Who plays along when a ladder is rehearsed: models that follow a script, and samples that nobody has to look at.

In: a recipe, and how a climb is to go. Out: `RehearsedModel` and samples. Every reply follows from names alone, so a rehearsal
always goes the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import get_args

from stages import scripted
from stages.identity import digest
from stages.protocols import ImageReply, ImageRequest, ScoreReply, ScoreRequest, TextReply, TextRequest, TokenLogprob
from stages.records import AXES, Cause, Checker, ImageRef, Sample, Task
from stages.rung import Recipe

MOST_CALLS = 2000
ECHOES = 0.1  # of the images that are drawn
SPOKEN = 0.3  # of them come with words


class TooManyCalls(ValueError):
    """A rung makes calls without an end."""


@dataclass
class RehearsedModel:
    """Plays all roles by a script that follows from `name`: the first `late` images fail, of the others a share of `luck` pass.

    Raises TooManyCalls.
    """

    name: str
    late: int
    luck: float
    recipe: Recipe
    identity: str = "rehearsal"
    calls: int = 0
    judged: list[str] = field(default_factory=list)

    def _chance(self, *what: str) -> float:
        """A number in [0, 1) that depends on what is asked."""
        self.calls += 1
        if self.calls > MOST_CALLS:
            raise TooManyCalls(f"it makes more than {MOST_CALLS} calls for one sample")
        return int(digest(self.name, *what)[:8], 16) / 2**32

    async def ask(self, request: TextRequest) -> TextReply:
        """A reply of the shape that is asked for."""
        policy, words = self.recipe.policy, request.messages[0].content
        image = request.images[-1].sha256 if request.images else ""
        chance = self._chance(request.schema, words, image)
        if request.schema == "evaluation":
            if image not in self.judged:
                self.judged.append(image)
            passes = self.judged.index(image) >= self.late and chance < self.luck
            return TextReply(scripted.scores(self._scores(request.axes, None if passes else chance)))
        if request.schema == "reflection":
            return TextReply(scripted.reflection())
        if request.schema == "diagnosis":
            causes = policy.escalate_on if policy.escalate_on and chance < 0.8 else get_args(Cause)
            return TextReply(scripted.diagnosis(causes[int(chance * 1000) % len(causes)]))
        steps = policy.steps_min + int(chance * (policy.steps_max - policy.steps_min + 1))
        return TextReply(scripted.steps(*(f"step {n}" for n in range(1, steps + 1))))

    def _scores(self, axes: Sequence[str], failing: float | None) -> dict[str, int]:
        """Full marks; or one of the ways to fail, from a single axis to all of them."""
        if failing is None:
            return dict.fromkeys(axes, 5)
        ways = 1 + int(failing * 2**16) % (2 ** len(axes) - 1)
        policy = self.recipe.policy
        least = {axis: min(getattr(policy.thresholds, axis), getattr(policy.step_thresholds, axis)) for axis in axes}
        return {axis: max(1, least[axis] - 1) if ways >> n & 1 else 5 for n, axis in enumerate(axes)}

    async def draw(self, request: ImageRequest) -> ImageReply:
        """The name of an image; there are no pixels. Some come with words, as any model may say them."""
        chance = self._chance("echo", str(request.seed))
        words = "first the ground, then what stands on it" if chance >= 1 - SPOKEN else None
        if chance < ECHOES and request.images:
            return ImageReply(request.images[-1])  # a model that changes nothing gives the same bytes back
        made = ImageRef(digest(self.name, "image", self.calls), request.width, request.height, "PNG")
        return ImageReply(made, words)

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """As likely as chance has it."""
        chance = self._chance("score", str(request.seed), request.text)
        return ScoreReply(tuple(TokenLogprob(word, -chance) for word in request.text.split()))


def rehearsed_sample(task: Task, references: int, brings_first: bool, explained: bool) -> Sample:
    """A sample; where it `brings_first` a first image, that is its reference: as an image model may give back what it got."""
    images = tuple(ImageRef(digest("reference", n), 64, 64, "PNG") for n in range(references))
    axes = AXES if references else tuple(axis for axis in AXES if axis != "consistency")
    return Sample(
        id=digest("rehearsal", task)[:32],
        source="rehearsal",
        row_id=task,
        instruction="put a <b> beside an & sign",
        explanation="what that means" if explained else None,
        references=images,
        first=images[0] if brings_first else None,
        applicable_axes=axes,
        task=task,
        category="rehearsal",
        width=64,
        height=64,
        licence="CC0-1.0",
        leak_group="rehearsal",
        split="train",
        climb="full",
        checker=Checker(),
    )
