"""Prune, mask and the record hold for every climb there can be."""

import asyncio
import json
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompts.catalogue
from stages import scripted
from stages.calls import Models
from stages.ladder import climb_all
from stages.mask import NoRule, rows
from stages.policy import BestOf, Policy
from stages.protocols import ImageReply, ImageRequest, TextReply, TextRequest
from stages.prune import prune
from stages.records import ImageRef
from stages.rung import Recipe
from stages.rungs import read_recipe
from stages.segments import segments
from stages.trajectory import Trajectory, dump, load
from tests.stages.test_ladder import BAD, GOOD, ONCE, REF, sample

PROMPTS = prompts.catalogue.load()
LADDERS = [
    ("direct", "reflect", "multistep"),
    ("direct", "multistep"),
    ("best_of",),
    ("best_of", "reflect", "multistep"),
    ("direct", "reflect", "best_of"),
]


class CoinAnalyzer:
    """Passes or fails each image as the coins say, and plans as many steps as it is told."""

    identity = "coins@1"

    def __init__(self, coins: list[bool], steps: int) -> None:
        self.coins, self.steps = iter(coins), steps

    async def ask(self, request: TextRequest) -> TextReply:
        if request.schema == "evaluation":
            return TextReply(scripted.scores(GOOD if next(self.coins) else BAD))
        if request.schema == "plan":
            return TextReply(scripted.steps(*(f"step {n}" for n in range(self.steps))))
        if request.schema == "reflection":
            return TextReply(scripted.reflection())
        return TextReply(scripted.diagnosis("prompt_too_complex"))


class TalkingGenerator:
    """Says something with the images that the coins name."""

    identity = "talks@1"

    def __init__(self, coins: list[bool]) -> None:
        self.coins = iter(coins)

    async def draw(self, request: ImageRequest) -> ImageReply:
        image = ImageRef(f"{request.seed:064x}", request.width, request.height, "PNG")
        return ImageReply(image, "first the sky" if next(self.coins) else None)


@st.composite
def climbs(draw) -> tuple[Trajectory, Recipe]:
    policy = Policy(
        judging=ONCE,
        ladder=draw(st.sampled_from(LADDERS)),
        step_retry=draw(st.sampled_from(["reflect", "redraw"])),
        best_of=BestOf(tries=draw(st.integers(1, 4))),
        reflection_rounds=draw(st.integers(0, 3)),
        step_attempts=draw(st.integers(1, 3)),
        final_check=draw(st.booleans()),
        multistep_from=draw(st.sampled_from(["references", "failed"])),
        train_words=draw(st.booleans()),
    )
    coins = draw(st.lists(st.booleans(), min_size=40, max_size=40))
    references = tuple(replace(REF, sha256=f"{n:064x}") for n in range(draw(st.integers(1, 3))))
    analyzer = CoinAnalyzer(coins, draw(st.integers(2, 5)))
    drawer = TalkingGenerator(draw(st.lists(st.booleans(), min_size=40, max_size=40)))
    models = Models(drawer, drawer, analyzer, PROMPTS, seed=draw(st.integers(0, 99)))

    async def whole() -> Trajectory:
        t = Trajectory(sample(references=references), rank=draw(st.integers(0, 2**63 - 1)))
        return await climb_all(t, read_recipe(policy), models)

    return asyncio.run(whole()), read_recipe(policy)


LETTERS = {
    "words": "W",
    "generation": "G",
    "evaluation": "E",
    "reflection": "R",
    "decomposition": "P",
    "subtask": "S",
    "diagnosis": "D",
}
GRAMMAR = re.compile(
    r"GE\+|GE-(RGE-){0,2}RGE\+|GE-P(SGE\+){2,5}"
)  # a valid structure, apart from words before an image


def sentence(t):
    words = []
    for event in t.events:
        if not event.pruned:
            verdict = "" if event.kind != "evaluation" else "+" if event.payload.passed else "-"
            words.append(LETTERS[event.kind] + verdict)
    return "".join(words)


@settings(max_examples=150, deadline=None)
@given(climbs())
def test_accepted_trajectories_obey_the_grammar_and_nothing_is_lost(climbed):
    t, recipe = climbed
    after = prune(t, recipe)
    assert load(dump(after)) == after
    assert prune(after, recipe) == after
    assert [replace(e, pruned=False) for e in after.events] == list(t.events)
    assert t.status in ("accepted", "discarded")
    if t.status == "accepted":
        assert GRAMMAR.fullmatch(sentence(after).replace("WG", "G")), sentence(after)
    spoken = [(n, e) for n, e in enumerate(after.events) if e.kind == "words"]
    for n, event in spoken:
        image = after.events[n + 1]
        assert (image.kind, image.index, image.try_number, image.from_try, image.pruned, image.made_by) == (
            "generation", event.index, event.try_number, event.from_try, event.pruned, event.made_by,
        )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(climbs(), st.sampled_from(["paper", "think"]))
def test_every_segment_has_its_marks(climbed, dialect):
    t, recipe = climbed
    if t.status != "accepted":
        return
    made = segments(prune(t, recipe), dialect, recipe)
    for this, following in zip(made, [*made[1:], None], strict=True):
        trained_next = following is not None and following.marks.loss > 0
        assert (this.marks.next_special is not None) == (trained_next or following is None)
        if following is None:
            assert this.marks.next_special == "end"
        elif trained_next:
            assert this.marks.next_special == ("vision_start" if following.image else "im_start")
        assert not (this.marks.loss > 0 and this.marks.cfg_drop)
        assert this.marks.cfg_drop == (this.role == "user")
        assert (this.text is None) != (this.image is None)
    assert [s.marks.loss for s in made if s.kind == "generation"][-1] == 1
    for this, following in pairwise(made):
        if this.kind == "words":
            assert following.image
            assert this.marks.loss == (following.marks.loss if recipe.policy.train_words else 0)
    made_from = {sha for s in made for sha in s.inputs}
    shown = {s.image.sha256 for s in made if s.image}
    assert made_from <= shown  # nothing the trainee reads points to an image it does not have


TRAINED = """
direct      generation     last      1
direct      evaluation     last      1
reflection  generation     earlier   0
reflection  evaluation     earlier   0
reflection  reflection     earlier   0
reflection  generation     previous  0
reflection  evaluation     previous  1
reflection  reflection     previous  1
reflection  generation     last      1
reflection  evaluation     last      1
multistep   generation     first     0
multistep   evaluation     first     1
multistep   decomposition  step      1
multistep   subtask        step      1
multistep   generation     step      1
multistep   evaluation     step      1
multistep   subtask        last      1
multistep   generation     last      1
multistep   evaluation     last      1
"""


def test_the_mask_of_the_default_ladder_is_that_of_the_method():
    table = {row[:3]: row[3] for row in rows(read_recipe(Policy())) if row[2] != "input" and row[1] != "words"}
    expected = {tuple(line.split()[:3]): int(line.split()[3]) for line in TRAINED.strip().splitlines()}
    assert table == expected


def test_a_row_that_is_no_sentence_of_its_mode_has_no_rule():
    t, recipe = asyncio.run(_direct()), read_recipe(Policy())
    with pytest.raises(NoRule, match=r"G\+G\+ is no sentence of mode direct"):
        segments(replace(t, events=t.events * 2), "paper", recipe)


def test_a_failed_trajectory_has_no_trained_view():
    with pytest.raises(ValueError, match="accepted"):
        segments(Trajectory(sample(), 1).discard("refused"), "paper", read_recipe(Policy()))


def test_both_dialects_render_from_the_payload():
    t = asyncio.run(_direct())
    paper, think = (segments(t, dialect, read_recipe(Policy()))[-1] for dialect in ("paper", "think"))
    assert paper.text.splitlines()[0].startswith("<Evaluate Instruction>: ")
    assert all(line.endswith("✓") for line in paper.text.splitlines())
    assert think.text == f"<think>{paper.text}</think>"
    assert paper.payload == think.payload


async def _direct() -> Trajectory:
    drawer = scripted.ScriptedGenerator()
    models = Models(drawer, drawer, CoinAnalyzer([True], 2), PROMPTS, 1)
    recipe = read_recipe(Policy(judging=ONCE))
    return prune(await climb_all(Trajectory(sample(), 1), recipe, models), recipe)


def test_a_record_of_another_version_is_refused():
    text = json.loads(dump(Trajectory(sample(), 1)))
    text["version"] = "trajectory/0"
    with pytest.raises(ValueError, match="version"):
        load(json.dumps(text))
