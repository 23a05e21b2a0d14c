"""How true a data set is, where the truth is known: the world's samples.

In: an output and the store of its images. Out: `TruthFigures`: how often the Analyzer was wrong, what of the accepted is right,
and how much of the thinking was needless.

Judged are the evaluations against the original instruction: a step's own target is nobody's truth. An axis is truly wrong when
`world.oracle.truth.inspect` finds fault with it; a verdict, when it finds any.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.backends.world.oracle.truth import Finding
from pipeline.backends.world.scenes.looks import PLACES
from pipeline.backends.world.words.language import at
from pipeline.output import run_json
from pipeline.output.record import Recorded
from pipeline.output.share import Share
from pipeline.output.truth_rows import choose, images, inspected, is_accepted, known
from pipeline.storage.image_store import ImageStore
from stages.grammar import Either, Many, Pattern, Token
from stages.records import AXES, Evaluation, Event, Mode, Reflection
from stages.rung import Recipe
from stages.segments import losses
from stages.trajectory import Trajectory

VERDICT = "verdict"
ALL = "all"
MOST_NAMED = 20
"""So many samples are named, those of lowest rank."""


@dataclass(frozen=True)
class TruthFigures:
    """Shares with their intervals.

    `accepted`: accepted samples whose image is truly right (RL prompts that passed included). `false_pass`: of what is truly
    wrong, how much passed, per axis and for the whole `verdict`; `false_fail` the other way round. `needless`: of the accepted
    samples of a mode that thinks, those for which an earlier image was already right. `critiques`: of the trained critiques,
    those that name a place at which something is truly wrong. `wrong`: accepted samples that are not right; `needless_ids`: those
    that thought needlessly; both by id.
    """

    accepted: Share
    accepted_by_mode: Mapping[str, Share]
    false_pass: Mapping[str, Share]
    false_fail: Mapping[str, Share]
    needless: Mapping[str, Share]
    critiques: Share
    notes: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    needless_ids: tuple[str, ...] = ()


def truth_figures(out: Path, store: ImageStore, workers: int | None = None) -> TruthFigures | None:
    """The figures; None when the output has no truth.

    `workers`: as `truth_rows.inspected`. Raises FileNotFoundError when images are gone, OSError, ValueError or KeyError when
    a file cannot be read, BuildError when a rung of its ladder cannot be imported here.
    """
    if not known(out):
        return None
    choice = choose(out)
    counting = Counting(run_json.recipe_of(run_json.read(out)))
    for row, findings in inspected(out, store, choice, judged_images, workers):
        counting.add(row, findings)
    return counting.figures((choice.note,) if choice.note else ())


def judged_images(row: Recorded) -> tuple[str, ...]:
    """The images of a sample whose truth matters: all of an accepted one, else those held against the instruction."""
    if is_accepted(row):
        return images(row)
    return tuple(e.image.sha256 for e in row.trajectory.events if _is_of_the_whole(e) and e.image)


def thinking_modes(recipe: Recipe) -> tuple[Mode, ...]:
    """The modes whose rows hold more than one image: what was accepted there was not the first thing that was shown."""
    return tuple(r.mode for r in recipe.rungs if _most_images(r.sentence(recipe.policy)) > 1)


class Counting:
    """Adds up what each row of a build with this recipe shows."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._thinking = thinking_modes(recipe)
        self._hits: Counter[tuple[str, str]] = Counter()
        self._of: Counter[tuple[str, str]] = Counter()
        self._wrong: list[str] = []
        self._needless: list[str] = []

    def add(self, row: Recorded, findings: Mapping[str, Finding]) -> None:
        """Count one more row of the record. `findings` by the sha256 of every one of its `judged_images`."""
        t = row.trajectory
        for event in filter(_is_of_the_whole, t.events):
            if isinstance(event.payload, Evaluation) and event.image:
                self._judge(event.payload, findings[event.image.sha256])
        if not is_accepted(row) or t.mode is None:
            return
        right = findings[t.current().image.sha256].right
        self._count("accepted", t.mode, right)
        if not right:
            self._wrong.append(t.sample.id)
        if t.mode in self._thinking:
            needless = any(findings[image].right for image in _earlier_images(t))
            self._count("needless", t.mode, needless)
            if needless:
                self._needless.append(t.sample.id)
        for text, finding in _critiques(t, self._recipe, findings):
            self._count("critiques", ALL, names_a_defect(text, finding))

    def _count(self, what: str, key: str, hit: bool) -> None:
        self._of[what, key] += 1
        self._hits[what, key] += hit

    def _judge(self, verdict: Evaluation, finding: Finding) -> None:
        by_axis = [(a.axis, a.passed, a.axis not in finding.wrong) for a in verdict.axes]
        for key, passed, right in ((VERDICT, verdict.passed, finding.right), *by_axis):
            self._count("false fail" if right else "false pass", key, passed != right)

    def _share(self, what: str, *keys: str) -> Share:
        return Share(sum(self._hits[what, k] for k in keys), sum(self._of[what, k] for k in keys))

    def figures(self, notes: tuple[str, ...] = ()) -> TruthFigures:
        """All shares; `needless` is empty where no mode thinks."""
        modes = self._recipe.modes
        needless = {m: self._share("needless", m) for m in self._thinking}
        return TruthFigures(
            accepted=self._share("accepted", *modes),
            accepted_by_mode={m: self._share("accepted", m) for m in modes},
            false_pass={k: self._share("false pass", k) for k in (*AXES, VERDICT)},
            false_fail={k: self._share("false fail", k) for k in (*AXES, VERDICT)},
            needless=needless | {ALL: self._share("needless", *needless)} if needless else {},
            critiques=self._share("critiques", ALL),
            notes=notes,
            wrong=tuple(self._wrong[:MOST_NAMED]),
            needless_ids=tuple(self._needless[:MOST_NAMED]),
        )


def _is_of_the_whole(event: Event) -> bool:
    return event.kind == "evaluation" and event.against == "original"


def _earlier_images(t: Trajectory) -> Iterator[str]:
    """The images of the tries before the accepted one, whichever rung made them."""
    for event in t.events:
        if event.kind == "generation" and event.image and event.try_number < t.candidate:
            yield event.image.sha256


def _most_images(pattern: Pattern) -> int:
    """How many images a sentence holds at most."""
    match pattern:
        case Token():
            return int(pattern.kind == "generation")
        case Many(inner, _, most):
            return max(most, 0) * _most_images(inner)
        case Either(patterns):
            return max(map(_most_images, patterns), default=0)
        case _:
            return sum(map(_most_images, pattern))


def _critiques(t: Trajectory, recipe: Recipe, findings: Mapping[str, Finding]) -> Iterator[tuple[str, Finding]]:
    """The trained texts that find fault with an image, and what is truly wrong with it."""
    made = {e.try_number: e.image.sha256 for e in t.events if e.kind == "generation" and e.image}
    try:
        trained_events = losses(t, recipe)
    except LookupError as error:
        raise ValueError(f"sample {t.sample.id}: {error}") from error
    for event, trained in zip(t.events, trained_events, strict=True):
        payload = event.payload
        if trained and isinstance(payload, Reflection):
            yield payload.failure_analysis, findings[made[event.from_try]]
        # what failed by rule was looked at by no model
        elif trained and isinstance(payload, Evaluation) and not payload.passed and payload.unchanged is None:
            yield " ".join(a.reason for a in payload.axes if not a.passed), findings[made[event.try_number]]


def names_a_defect(text: str, finding: Finding) -> bool:
    """Whether a critique in the world's words speaks of a place at which something is truly wrong."""
    words = text.lower()
    return any(re.search(_spoken(place), words) for place in finding.places)


def _spoken(place: str) -> str:
    """How a place is spoken of: "at the top", but not "at the top left"."""
    return rf"{re.escape(at(place))}(?! left| right)" if place in PLACES else rf"\b{re.escape(place)}\b"
