"""What the world promises, measured on the real rungs with the real prompts: who is right, and which rung helps whom.

Truth is `pipeline.backends.world.oracle.truth`: a render of the target scene, which knows nothing of the Analyzer.
"""

import asyncio
from dataclasses import dataclass, replace

import pytest
from scipy.stats import binomtest

import prompts.catalogue
from pipeline.backends.world.backend import WorldModel
from pipeline.backends.world.oracle.truth import Truth, is_right
from pipeline.backends.world.source import WorldSpec
from pipeline.planning import world_rows
from pipeline.storage.image_store import ImageStore
from pipeline.workers import process_pool
from stages.calls import Models
from stages.ladder import climb
from stages.policy import Judging, Policy
from stages.records import Diagnosis
from stages.reflect import one_round
from stages.rungs import read_recipe
from stages.trajectory import Trajectory

pytestmark = pytest.mark.slow

POLICY = Policy()
ONCE = Policy(judging=Judging(judgements=1))
COUNT = 160


@dataclass
class Run:
    """A climb of many samples, each trajectory after every rung, and the truth about each sample."""

    store: ImageStore
    models: Models
    truths: dict[str, Truth]
    done: list[Trajectory]
    more: dict[str, Trajectory]

    def right(self, t: Trajectory) -> bool:
        return self.shows(t, t.current().image.sha256)

    def shows(self, t: Trajectory, sha256: str) -> bool:
        return is_right(self.store.get(sha256), self.truths[t.sample.id])


def calls(t: Trajectory) -> int:
    return sum(e.call_key is not None for e in t.events)


async def more_reflection(t: Trajectory, models: Models, budget: int) -> Trajectory:
    """Further rounds after the third, for as many calls as multi-step took (a round costs three)."""
    escalated = replace(t, events=t.events[: next(n for n, e in enumerate(t.events) if e.kind == "diagnosis")])
    last = escalated.last("generation").try_number
    more = replace(escalated, status="climbing", mode=None, candidate=last)
    for k in range(POLICY.reflection_rounds + 1, POLICY.reflection_rounds + 1 + round(budget / 3)):
        more = await one_round(more, models, POLICY, k)
        if more.current().verdict.passed:
            return more.accept("reflection")
    return more


RUNGS = POLICY.ladder


def climbed(
    store: ImageStore, samples, truths, error_rate: float, rungs: tuple[str, ...] = RUNGS, policy: Policy = POLICY
) -> Run:
    async def all_of_them(models: Models) -> tuple[list[Trajectory], dict[str, Trajectory]]:
        async def one(t: Trajectory) -> Trajectory:
            recipe = read_recipe(policy)
            for name in rungs:
                t = await climb(t, recipe.rung(name), recipe, models)
            return t

        done = await asyncio.gather(*(one(Trajectory(sample, n)) for n, sample in enumerate(samples)))
        escalated = [t for t in done if any(e.kind == "decomposition" for e in t.events)]
        spent = [calls(t) - calls(replace(t, events=t.events[: index_of_plan(t)])) for t in escalated]
        more = await asyncio.gather(*(more_reflection(t, models, n) for t, n in zip(escalated, spent, strict=True)))
        return list(done), {t.sample.id: t for t in more}

    with process_pool(2) as pool:
        baseline, generator = (WorldModel(f"world-{role}", "1", {}, store, pool) for role in ("baseline", "generator"))
        analyzer = WorldModel("world-analyzer", "1", {"error_rate": error_rate}, store, pool)
        models = Models(baseline, generator, analyzer, prompts.catalogue.load(), seed=5)
        done, more = asyncio.run(all_of_them(models))
    return Run(store, models, truths, done, more)


def index_of_plan(t: Trajectory) -> int:
    return next(n for n, e in enumerate(t.events) if e.kind == "decomposition")


@pytest.fixture(scope="module")
def faultless(tmp_path_factory):
    store = ImageStore(str(tmp_path_factory.mktemp("faultless")))
    rows_read = list(world_rows.read(WorldSpec(kind="world", name="w", count=COUNT), 11, store, 1))
    truths = {sample.id: Truth.load(row.truth) for sample, row in rows_read}
    return climbed(store, [sample for sample, _ in rows_read], truths, 0.0)


def test_every_mode_and_the_discarded_are_reached(faultless):
    for what in ("direct", "reflection", "multistep"):
        assert sum(t.mode == what for t in faultless.done) >= 0.05 * COUNT, what
    assert sum(t.status == "discarded" for t in faultless.done) >= 0.05 * COUNT
    assert not [t.detail for t in faultless.done if t.status == "failed"]


def test_with_a_faultless_analyzer_what_is_accepted_is_right(faultless):
    accepted = [t for t in faultless.done if t.status == "accepted"]
    right = sum(faultless.right(t) for t in accepted)
    print(f"accepted truly right: {right} of {len(accepted)}")
    assert right >= 0.99 * len(accepted)


def test_multi_step_helps_escalated_samples_at_least_twice_as_often_as_more_reflection(faultless):
    steps = {t.sample.id: t for t in faultless.done if t.sample.id in faultless.more}
    by_steps = sum(t.mode == "multistep" and faultless.right(t) for t in steps.values())
    by_rounds = sum(t.status == "accepted" and faultless.right(t) for t in faultless.more.values())
    print(f"of {len(steps)} escalated: multi-step {by_steps}, more reflection {by_rounds}")
    assert len(steps) >= 20
    assert by_steps >= 2 * by_rounds
    assert by_steps > 0


def test_the_diagnosed_cause_agrees_with_the_truth(faultless):
    named = [
        (e.payload.cause, faultless.truths[t.sample.id].cause)
        for t in faultless.done
        for e in t.events
        if isinstance(e.payload, Diagnosis)
    ]
    agree = sum(diagnosed == true for diagnosed, true in named)
    print(f"causes: {agree} of {len(named)} agree")
    assert len(named) >= 30
    assert agree >= 0.9 * len(named)


def test_the_analyzer_errs_at_the_rate_it_is_set_to(faultless):
    """About single judgements of first tries: a majority errs less often, and what is judged after a wrong verdict depends on it,
    where a judge is stubborn. An image that fails without a judge's call says nothing of the judge.
    """
    rate = 0.1
    judged_samples = [replace(t.sample, first=next(e.image for e in t.events if e.image)) for t in faultless.done]
    run = climbed(faultless.store, judged_samples, faultless.truths, rate, ("direct",), ONCE)
    judged = [(t.current().verdict.passed, run.right(t)) for t in run.done if t.last("evaluation").call_key]
    for name, wrong, among in (
        ("false pass", sum(passed and not right for passed, right in judged), sum(not right for _, right in judged)),
        ("false fail", sum(not passed and right for passed, right in judged), sum(right for _, right in judged)),
    ):
        low, high = binomtest(wrong, among).proportion_ci(0.99, method="exact")
        print(f"{name}: {wrong} of {among}, 99 % interval {low:.3f} to {high:.3f}")
        assert among >= 50
        assert low <= rate <= high, name
