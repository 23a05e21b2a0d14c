"""The dial, and the judges' errors and biases, which are rates that can be counted."""

from dataclasses import asdict, replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binomtest

from pipeline.backends.world.models.bias import believed_faults, errs
from pipeline.backends.world.models.case import Case
from pipeline.backends.world.models.demand import DemandedScene
from pipeline.backends.world.models.desk import Desk
from pipeline.backends.world.models.faults import Fault
from pipeline.backends.world.models.request import Request, read
from pipeline.backends.world.models.skill import OPTIONS, PRESETS, Skill, curves, make_skill, skill
from pipeline.backends.world.scenes.scene import Scene, Thing
from stages.protocols import Message

STAR, HEART = Thing("star", "red", "medium", "top"), Thing("heart", "blue", "large", "left")
SCENE = Scene.of("mint", [STAR, HEART])
WRONG = (
    Fault("colour", "top", STAR, replace(STAR, colour="blue")),
    Fault("size", "left", HEART, replace(HEART, size="small"), named=False),
)


def case(*faults: Fault) -> Case:
    demand = DemandedScene((), SCENE, frozenset(), {}, ())
    return Case(Desk((), Scene("mint"), SCENE), SCENE, demand, faults, frozenset())


def request(words: int, seed: int) -> Request:
    return read([Message("user", f"sample {words}")], [], seed, "evaluation")


def share(skill: Skill, case: Case, number: int, words: int = 3000) -> float:
    """How often a judge goes by so many faults."""
    return sum(len(believed_faults(case, request(n, n), skill)) == number for n in range(words)) / words


def test_curves_lead_from_hopeless_to_flawless() -> None:
    steps = [curves(a) for a in np.linspace(0, 1, 21)]
    for one, two in pairwise(steps):
        assert all(two[k] <= one[k] for k in ("slip", "side", "price", "physics"))
        assert two["mend"] >= one["mend"]
    assert curves(1.0) == {"slip": 0.0, "side": 0.0, "mend": 1.0, "price": 0.0, "physics": 0.0}
    assert all(0 <= value <= 1 for step in steps for value in step.values())


def test_baseline_and_generator_are_points_on_the_same_curves() -> None:
    for name, preset in PRESETS.items():
        assert asdict(make_skill(name, preset.ability)) | asdict(preset) == asdict(preset)
        assert {k: getattr(preset, k) for k in curves(preset.ability)} == curves(preset.ability)
    assert PRESETS["world-baseline"].ability < PRESETS["world-generator"].ability


def test_options_override_a_preset_and_unknown_ones_name_the_nearest() -> None:
    assert skill("world-analyzer", {"error_rate": 0.2}).error_rate == 0.2
    moved = skill("world-baseline", {"ability": 0.9, "slip": 0.5})
    assert (moved.slip, moved.mend) == (0.5, curves(0.9)["mend"])
    for model, options, words in (
        ("world-analyzer", {"eror_rate": 0.2}, "'error_rate'"),
        ("world-analyzer", {"name": 0.2}, "no option 'name'"),
        ("world-generater", {}, "'world-generator'"),
        ("world-baseline", {"slip": 3}, "from 0 to 1"),
        ("world-baseline", {"slip": True}, "from 0 to 1"),
    ):
        with pytest.raises(ValueError, match=words):
            skill(model, options)
    for name in OPTIONS:
        assert getattr(skill("world-generator", {name: 0.25}), name) == 0.25


def test_a_verdict_is_wrong_at_its_rate_in_both_directions() -> None:
    erring = replace(PRESETS["world-analyzer"], error_rate=0.1)
    for one, right in ((case(*WRONG), 2), (case(), 0)):
        wrong = round(3000 * (1 - share(erring, one, right)))
        assert binomtest(wrong, 3000, 0.1).pvalue > 1e-4


def test_part_of_the_errors_stays_when_the_same_judge_is_asked_again() -> None:
    erring = replace(PRESETS["world-analyzer"], error_rate=0.2, stubborn=0.5)
    other = replace(erring, name="world-analyzer-harsh")
    verdicts_by_sample = [[errs(request(words, seed), erring) for seed in range(12)] for words in range(800)]
    stubborn = [all(verdicts) for verdicts in verdicts_by_sample]
    assert binomtest(sum(stubborn), 800, 0.1).pvalue > 1e-4
    elsewhere = [all(errs(request(words, seed), other) for seed in range(12)) for words in range(800)]
    assert stubborn != elsewhere  # another judge is stubborn about other samples
    fickle = replace(erring, stubborn=0.0)
    assert not any(all(errs(request(words, seed), fickle) for seed in range(12)) for words in range(200))


def test_biases_are_what_they_are_called() -> None:
    flawless, faulty = case(), case(*WRONG)
    steady = {name: replace(p, error_rate=0.0) for name, p in PRESETS.items()}
    assert share(steady["world-analyzer"], flawless, 0, 300) == 1.0
    assert share(steady["world-analyzer"], faulty, 2, 300) == 1.0
    assert 0.08 < share(steady["world-analyzer-harsh"], flawless, 1) < 0.16
    single = case(WRONG[0])
    assert 0.2 < share(steady["world-analyzer-lenient"], single, 0) < 0.3
    assert share(steady["world-analyzer-lenient"], faulty, 0) < 0.1


def test_an_invented_fault_is_told_apart_from_what_is_there() -> None:
    harsh = replace(PRESETS["world-analyzer-harsh"], error_rate=0.0, invents=1.0)
    blind = replace(PRESETS["world-analyzer-colour-blind"], error_rate=0.0, invents=1.0)
    sorts = {believed_faults(case(), request(n, n), harsh)[0].sort for n in range(300)}
    assert sorts == {"colour", "size", "streak"}
    assert {believed_faults(case(), request(n, n), blind)[0].sort for n in range(300)} == {"size", "streak"}
