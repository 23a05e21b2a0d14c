"""Built trajectories as rollouts: what is read out of their own evaluations."""

from dataclasses import replace

import pytest

from pipeline.storage.image_store import ImageStore
from stages.prune import prune
from tests.output.factory import RECIPE, Maker
from training.rewards.rollout import rollout_of
from training.rewards.score import Unscored, score_group


@pytest.fixture
def maker(tmp_path):
    return Maker(ImageStore(str(tmp_path)))


def pruned(t):
    return prune(t, RECIPE)


def test_every_mode_of_a_build_is_valid_and_scored(maker):
    direct = pruned(maker.direct(1))
    reflected = pruned(maker.reflection(2, rounds=2))
    planned = pruned(maker.multistep(3, steps=3))
    read = [rollout_of(t) for t in (direct, reflected, planned)]
    assert [r.letters for r in read] == ["G+", "G-RG-RG+", "G-PSG+SG+SG+"]
    assert [r.images for r in read] == [1, 3, 4]
    assert [len(r.steps) for r in read] == [0, 2, 4]
    scores = score_group([direct, reflected, planned], recipe=RECIPE)
    assert list(scores.form) == [1, 1, 1]
    assert list(scores.outcome) == [1, 1, 1]
    assert scores.totals[0] == 1.0
    # of two reflections the first led to an image that scored 2 of 5 on every axis
    assert scores.steps[1] == pytest.approx((0.25 + 1) / 2)
    assert scores.totals[1] == pytest.approx(0.7 + 0.1 + 0.2 * 0.625)


def test_a_record_that_is_not_pruned_is_no_valid_answer(maker):
    whole = maker.multistep(3)
    assert score_group([whole]).form[0] == 0
    assert score_group([pruned(whole)]).form[0] == 1


def test_a_discarded_one_has_the_outcome_of_its_last_image(maker):
    left = maker.discarded(4)
    read = rollout_of(left)
    assert read.letters == "G-RG-RG-RG-D"
    assert not read.passed
    scores = score_group([left])
    assert scores.form[0] == 0
    assert scores.totals[0] == pytest.approx(0.7 * 0.25 + 0.2 * 0.25)


def test_an_image_without_its_verdict_is_named(maker):
    lost = maker.failed(5)
    with pytest.raises(Unscored, match=lost.sample.id):
        score_group([lost])


def test_a_step_judged_against_its_sub_task_alone_is_no_outcome(maker):
    whole = pruned(maker.multistep(6, retried=False))
    final = max(n for n, e in enumerate(whole.events) if e.kind == "evaluation")
    cut = replace(whole, events=tuple(e for n, e in enumerate(whole.events) if n != final))
    assert rollout_of(cut).outcome is None
