"""What the rows of the table say that a rung takes, against rungs that are climbed with models that answer by chance."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prompts.catalogue
from stages import scripted
from stages.calls import Models
from stages.ladder import climb
from stages.policy import BestOf, Judging, Policy
from stages.protocols import ImageReply, ImageRequest, TextReply, TextRequest
from stages.records import Checker, Evaluation, ImageRef, Plan, Sample
from stages.rung import Recipe, Rung
from stages.rungs import RUNGS, read_recipe
from stages.trajectory import Trajectory

Calls = Counter[tuple[str, str]]
OWN = "tests.money.own_rungs:POLISH"
PROMPTS = prompts.catalogue.load()
SAMPLE = Sample(
    id="s", source="made", row_id="1", instruction="draw a star", explanation=None, references=(), first=None,
    applicable_axes=("instruction", "quality", "knowledge"), task="t2i", category="other", width=64, height=64,
    licence="CC0-1.0", leak_group="g", split="train", climb="full", checker=Checker(),
)  # fmt: skip
POLICIES = st.builds(
    Policy,
    judging=st.just(Judging(judgements=1)),
    reflection_rounds=st.integers(1, 4),
    steps_min=st.just(1),
    steps_max=st.integers(1, 3),
    step_attempts=st.integers(1, 4),
    step_retry=st.sampled_from(["reflect", "redraw"]),
    final_check=st.booleans(),
    best_of=st.builds(BestOf, tries=st.integers(1, 5)),
)


@dataclass
class Luck:
    """Plays all roles: an image passes with chance `luck`. `calls` counts what it was asked, by role and kind."""

    rng: random.Random
    policy: Policy
    luck: float
    role: str
    calls: Calls
    identity: str = "luck"
    images: list[ImageRef] = field(default_factory=list)

    async def ask(self, request: TextRequest) -> TextReply:
        self.calls[self.role, request.schema] += 1
        if request.schema == "evaluation":
            score = 5 if self.rng.random() < self.luck else 1
            return TextReply(scripted.scores(dict.fromkeys(request.axes, score)))
        if request.schema == "reflection":
            return TextReply(scripted.reflection())
        if request.schema == "diagnosis":
            escalates = self.rng.random() < 0.9
            return TextReply(scripted.diagnosis("prompt_too_complex" if escalates else "missing_knowledge"))
        assert request.schema == "plan"
        steps = self.rng.randint(self.policy.steps_min, self.policy.steps_max)
        return TextReply(scripted.steps(*map(str, range(steps))))

    async def draw(self, request: ImageRequest) -> ImageReply:
        self.calls[self.role, "image"] += 1
        self.images.append(ImageRef(f"{self.rng.getrandbits(256):064x}", request.width, request.height, "PNG"))
        return ImageReply(self.images[-1])


def climb_rung(recipe: Recipe, rung: Rung, t: Trajectory, luck: float, rng: random.Random) -> tuple[Trajectory, Calls]:
    """`t` after `rung`, and the calls that it took there."""
    calls: Calls = Counter()
    baseline, generator, analyzer = (
        Luck(rng, recipe.policy, luck, role, calls) for role in ("baseline", "generator", "analyzer")
    )
    return asyncio.run(climb(t, rung, recipe, Models(baseline, generator, analyzer, PROMPTS, seed=1))), calls


@pytest.mark.parametrize("name", [*RUNGS, OWN])
@settings(deadline=None, max_examples=60)
@given(policy=POLICIES, luck=st.sampled_from([0.0, 0.3, 0.6, 0.9, 1.0]), seed=st.integers(0, 10_000))
def test_what_a_climb_takes_is_among_the_ways_of_its_rung(name, policy, luck, seed):
    rng = random.Random(seed)
    first = () if name in RUNGS and not RUNGS[name].needs_image else ("direct",)
    # a rung of one's own comes last, so that a sample which fails is still climbing behind the rung in question
    after = () if name in (OWN, "multistep") else (OWN,)
    recipe = read_recipe(policy.model_copy(update={"ladder": (*first, name, *after)}))
    rung = recipe.rungs[len(first)]
    t = Trajectory(SAMPLE, 1)
    for earlier in recipe.rungs[: len(first)]:
        t, _ = climb_rung(recipe, earlier, t, 0.0, rng)
    before = len(t.events)
    t, calls = climb_rung(recipe, rung, t, luck, rng)
    events = t.events[before:]
    verdicts = [event.payload.passed for event in events if isinstance(event.payload, Evaluation)]
    assert calls.pop(("analyzer", "evaluation"), 0) == len(verdicts)
    passes = sum(verdicts)
    steps = next((len(event.payload.steps) for event in events if isinstance(event.payload, Plan)), None)
    end = (
        "passes"
        if t.status == "accepted"
        else "fails"
        if t.status == "climbing" or t.reason == "unsolved"
        else "leaves"
    )
    ways = list(rung.ways(recipe.policy))
    taken = [way for way in ways if way.end == end and +Counter(way.calls) == calls and way.steps == steps]
    assert (passes, len(verdicts) - passes) in {(way.passes, way.fails) for way in taken}


@settings(deadline=None, max_examples=15, derandomize=True)
@given(policy=POLICIES, seed=st.integers(0, 1000))
def test_many_climbs_take_on_average_what_their_row_expects(policy, seed):
    """150 climbs through the steps, all by the same luck."""
    policy = policy.model_copy(update={"ladder": ("direct", "multistep"), "steps_max": 2})
    recipe, rng, luck, climbs = read_recipe(policy), random.Random(seed), 0.6, 150
    failed, _ = climb_rung(recipe, recipe.rungs[0], Trajectory(SAMPLE, 1), 0.0, rng)
    counts = []
    for n in range(climbs):
        _, calls = climb_rung(recipe, recipe.rungs[1], replace(failed, rank=n), luck, rng)
        counts.append((calls["generator", "image"], calls["analyzer", "reflection"], calls["analyzer", "evaluation"]))
    rates = {"escalates": 0.9, "step": luck, "final": luck}
    expected, squares = [0.0] * 3, [0.0] * 3
    for way in recipe.rungs[1].ways(policy):
        share = 1.0 if way.steps is None else 0.5
        for name, rate in rates.items():
            share *= rate ** way.won.get(name, 0) * (1 - rate) ** way.lost.get(name, 0)
        drawn, thought = (way.calls.get(call, 0) for call in (("generator", "image"), ("analyzer", "reflection")))
        for n, amount in enumerate((drawn, thought, way.passes + way.fails)):
            expected[n] += way.ways * share * amount
            squares[n] += way.ways * share * amount**2
    for n, amounts in enumerate(zip(*counts, strict=True)):
        deviation = max(squares[n] - expected[n] ** 2, 0.0) ** 0.5
        assert sum(amounts) / climbs == pytest.approx(expected[n], abs=5 * deviation / climbs**0.5 + 1e-9)
