"""Rows to train on, climbed by the real ladder with models that follow a script. Images are real, and small.

`climbed` makes one row; `rows()` is a hypothesis strategy of valid rows of every mode, dialect and number of references.
"""

import asyncio
import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import strategies as st

import prompts.catalogue
from pipeline.output.frame import RunFrame
from pipeline.output.traj import row as traj_row
from pipeline.output.view import Views, ViewSpec
from stages import scripted
from stages.calls import Models
from stages.dialects import Dialect
from stages.ladder import climb_all
from stages.policy import Judging, Policy
from stages.prune import prune
from stages.records import AXES, Checker, ImageRef, Sample
from stages.rungs import read_recipe
from stages.trajectory import Trajectory
from tests.output.factory import png
from training.render.render import next_special
from training.row import TrainingRow, read_row

POLICY = Policy(judging=Judging(judgements=1, second="off"), voice="off")
RECIPE = read_recipe(POLICY)
PROMPTS = prompts.catalogue.load()
REASONS = ("the hat is red", "the rest is as it was", "clean edges", "the shadow falls right")
SIZE = (16, 24)
"""Width and height of the images, in pixels: two columns of three rows where a token is 8 pixels wide."""


@dataclass
class Script:
    """What happens: the mode, how often it is tried, and the words of the models. `seed` decides the images. `unchanged`: the
    first image is the first reference, so that it fails by rule; for modes that begin with a failure."""

    mode: str = "direct"
    references: int = 1
    rounds: int = 1
    steps: int = 2
    reasons: tuple[str, ...] = REASONS
    analysis: str = "the hat is missing"
    plan: str = "put a red hat on the cat"
    rationale: str = "one thing at a time"
    tasks: tuple[str, ...] = ("find the cat", "make a hat", "put it on", "paint it", "clean up")
    instruction: str = "give the cat a red hat"
    explanation: str | None = None
    words: str | None = None
    unchanged: bool = False
    dialect: Dialect = "paper"
    seed: int = 0
    policy: Policy = POLICY


class Held(Views):
    """Views in memory, by sha256."""

    def __init__(self) -> None:
        super().__init__(Path())
        object.__setattr__(self, "held", {})

    held: dict[str, bytes]

    def get(self, sha256: str) -> bytes:
        return self.held[sha256]


def climbed(mode: str = "direct", **changes) -> TrainingRow:
    """The row of a sample that climbed as `Script(mode, **changes)` says."""
    return row_of(Script(mode, **changes))


def row_of(script: Script) -> TrainingRow:
    """The row of a script, as `sft` holds it."""
    views = Held()
    t = trajectory_of(script, views)
    frame = RunFrame(
        *("f" * 64, 7, script.dialect, ViewSpec(SIZE, "png"), script.policy, {}, {"analyzer": "scripted/analyzer@1"})
    )
    return read_row(traj_row(t, frame, views), script.mode)


def trajectory_of(script: Script, views: Held) -> Trajectory:
    """The pruned trajectory of a script. Its images are put into `views`."""
    images = [_image(script.seed * 100 + n, views) for n in range(40)]
    references, drawn = images[: script.references], images[script.references :]
    if script.unchanged:
        drawn[0] = references[0]
    axes = AXES if references else tuple(axis for axis in AXES if axis != "consistency")
    sample = Sample(
        id=hashlib.sha256(repr(script).encode()).hexdigest()[:32], source="made", row_id=str(script.seed),
        instruction=script.instruction, explanation=script.explanation, references=tuple(references), first=None,
        applicable_axes=axes, task=("t2i", "edit", "compose")[min(len(references), 2)], category="addition",
        width=SIZE[0], height=SIZE[1], licence="CC0-1.0", leak_group="g", split="train", climb="full", checker=Checker(),
    )  # fmt: skip
    recipe = read_recipe(script.policy)
    analyzer = scripted.ScriptedAnalyzer(_replies(script, axes))
    drawer = scripted.ScriptedGenerator(drawn, words=script.words)
    models = Models(drawer, drawer, analyzer, PROMPTS, 7, speech=recipe.speech)
    t = asyncio.run(climb_all(Trajectory(sample, rank=1), recipe, models))
    assert (t.status, t.mode) == ("accepted", script.mode), (t.reason, t.detail)
    return prune(t, recipe)


def _image(seed: int, views: Held) -> ImageRef:
    data = png(seed, SIZE)
    sha256 = hashlib.sha256(data).hexdigest()
    views.held[sha256] = data
    return ImageRef(sha256, *SIZE, "PNG")


def _replies(script: Script, axes) -> list[str]:
    good, bad = _verdict(script, axes, 5), _verdict(script, axes, 2)
    thought = json.dumps(
        {"error_type": "under_editing", "failure_analysis": script.analysis, "improvement_plan": script.plan}
    )
    if script.mode == "direct":
        return [good]
    # nobody is asked about an image that shows nothing new
    first = [] if script.unchanged else [bad]
    if script.mode == "reflection":
        return [*first, *[thought, bad] * (script.rounds - 1), thought, good]
    planned = json.dumps({"rationale": script.rationale, "steps": script.tasks[: script.steps]})
    chain = [*first, *[thought, bad] * 3, scripted.diagnosis("prompt_too_complex"), planned]
    return [*chain, *[good] * script.steps, good]


def _verdict(script: Script, axes, score: int) -> str:
    said = zip(axes, script.reasons, strict=False)
    return json.dumps({axis: {"score": score, "reason": reason} for axis, reason in said})


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).map(lambda text: f"so {text} is it")
"""Any words: odd signs, markers and line ends within."""


@st.composite
def scripts(draw, modes=RECIPE.modes) -> Script:
    """Any script of these modes."""
    mode, references = draw(st.sampled_from(modes)), draw(st.integers(0, 3))
    return Script(
        mode=mode,
        references=references,
        unchanged=mode != "direct" and references > 0 and draw(st.booleans()),
        rounds=draw(st.integers(1, 3)),
        steps=draw(st.integers(2, 5)),
        reasons=tuple(draw(st.lists(WORDS, min_size=4, max_size=4))),
        analysis=draw(WORDS),
        plan=draw(WORDS),
        rationale=draw(WORDS),
        tasks=tuple(f"{n} {text}" for n, text in enumerate(draw(st.lists(WORDS, min_size=5, max_size=5)))),
        instruction=draw(WORDS),
        explanation=draw(st.none() | WORDS),
        words=draw(st.none() | WORDS),
        dialect=draw(st.sampled_from(["paper", "think"])),
        seed=draw(st.integers(0, 9)),
        policy=replace_policy(draw(st.booleans()), draw(st.sampled_from(["yes", "mask_repeat"]))),
    )


def replace_policy(train_words: bool, repeat: str) -> Policy:
    """The policy of these tests with words trained or not, and sub-tasks trained once or twice."""
    return POLICY.model_copy(update={"train_words": train_words, "repeat_subtasks": repeat})


def rows(modes=RECIPE.modes) -> st.SearchStrategy[TrainingRow]:
    """Any valid row of these modes."""
    return scripts(modes).map(row_of)


def reweighted(row: TrainingRow, losses: list[float]) -> TrainingRow:
    """`row` with other losses on its segments, and the flags that follow from them."""
    changed = [replace(s, loss=loss) for s, loss in zip(row.segments, losses, strict=True)]
    follow = [*changed[1:], None]
    marked = [replace(s, next_special=next_special(after)) for s, after in zip(changed, follow, strict=True)]
    return replace(row, segments=tuple(marked))
