"""Prune, mask and the record hold for every climb there can be."""

import asyncio
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompts.catalogue
from stages import scripted
from stages.calls import Models
from stages.ladder import RUNGS, climb
from stages.mask import TABLE, NoRule, marks, position
from stages.policy import Policy
from stages.protocols import TextReply, TextRequest
from stages.prune import prune
from stages.records import Trajectory, dump, load
from stages.segments import segments
from tests.stages.test_ladder import BAD, GOOD, ONCE, REF, sample

PROMPTS = prompts.catalogue.load()


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


@st.composite
def climbs(draw) -> Trajectory:
    policy = Policy(
        judging=ONCE,
        reflection_rounds=draw(st.integers(0, 3)),
        step_attempts=draw(st.integers(1, 3)),
        final_check=draw(st.booleans()),
        multistep_from=draw(st.sampled_from(["references", "failed"])),
    )
    coins = draw(st.lists(st.booleans(), min_size=40, max_size=40))
    references = tuple(replace(REF, sha256=f"{n:064x}") for n in range(draw(st.integers(1, 3))))
    analyzer = CoinAnalyzer(coins, draw(st.integers(2, 5)))
    drawer = scripted.ScriptedGenerator()
    models = Models(drawer, drawer, analyzer, PROMPTS, seed=draw(st.integers(0, 99)))

    async def whole() -> Trajectory:
        t = Trajectory(sample(references=references), rank=draw(st.integers(0, 2**63 - 1)))
        for rung in RUNGS:
            t = await climb(t, rung, models, policy)
        return t

    return asyncio.run(whole())


LETTERS = {
    "generation": "G",
    "evaluation": "E",
    "reflection": "R",
    "decomposition": "P",
    "subtask": "S",
    "diagnosis": "D",
}
GRAMMAR = re.compile(r"GE\+|GE-(RGE-){0,2}RGE\+|GE-P(SGE\+){2,5}")  # method.md: what a valid structure is


def sentence(t):
    words = []
    for event in t.events:
        if not event.pruned:
            verdict = "" if event.kind != "evaluation" else "+" if event.payload.passed else "-"
            words.append(LETTERS[event.kind] + verdict)
    return "".join(words)


@settings(max_examples=150, deadline=None)
@given(climbs())
def test_accepted_trajectories_obey_the_grammar_and_nothing_is_lost(t):
    after = prune(t)
    assert load(dump(after)) == after
    assert prune(after) == after
    assert [replace(e, pruned=False) for e in after.events] == list(t.events)
    assert t.status in ("accepted", "discarded")
    if t.status == "accepted":
        assert GRAMMAR.fullmatch(sentence(after)), sentence(after)


@settings(max_examples=150, deadline=None)
@given(climbs(), st.sampled_from(["paper", "think"]))
def test_every_segment_has_its_marks(t, dialect):
    if t.status != "accepted":
        return
    made = segments(prune(t), dialect)
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
    made_from = {sha for s in made for sha in s.inputs}
    shown = {s.image.sha256 for s in made if s.image}
    assert made_from <= shown  # nothing the trainee reads points to an image it does not have


def test_the_table_is_total_over_what_can_happen_and_refuses_the_rest():
    assert {key[0] for key in TABLE} == {"direct", "reflection", "multistep"}
    with pytest.raises(NoRule, match="decomposition"):
        marks("direct", "decomposition", "step")
    with pytest.raises(NoRule):
        position("direct", "generation", 1, 2)


def test_a_failed_trajectory_has_no_trained_view():
    with pytest.raises(ValueError, match="accepted"):
        segments(Trajectory(sample(), 1).discard("refused"), "paper")


def test_both_dialects_render_from_the_payload():
    t = asyncio.run(_direct())
    paper, think = (segments(t, dialect)[-1] for dialect in ("paper", "think"))
    assert paper.text.splitlines()[0].startswith("<Evaluate Instruction>: ")
    assert all(line.endswith("✓") for line in paper.text.splitlines())
    assert think.text == f"<think>{paper.text}</think>"
    assert paper.payload == think.payload


async def _direct() -> Trajectory:
    drawer = scripted.ScriptedGenerator()
    models = Models(drawer, drawer, CoinAnalyzer([True], 2), PROMPTS, 1)
    return prune(await climb(Trajectory(sample(), 1), "direct", models, Policy(judging=ONCE)))


def test_a_record_of_another_version_is_refused():
    text = json.loads(dump(Trajectory(sample(), 1)))
    text["version"] = "trajectory/0"
    with pytest.raises(ValueError, match="version"):
        load(json.dumps(text))
