"""The Generator on scenes alone: right when it does not slip, wrong in every known way when it does, drawable always."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.backends.world.models.demand import follow
from pipeline.backends.world.models.faults import compare, remedies
from pipeline.backends.world.models.generator import carry_out, mend
from pipeline.backends.world.models.skill import PRESETS
from pipeline.backends.world.models.slips import KINDS, botch
from pipeline.backends.world.models.variants import misspell
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.find import Unresolved
from pipeline.backends.world.scenes.looks import TEXT
from pipeline.backends.world.scenes.ops import Look, Near, Selector
from pipeline.backends.world.scenes.perform import perform
from pipeline.backends.world.scenes.scene import Scene, Thing, empty
from tests.backends.world.climber import FLAWLESS, desk_of, drafts
from tests.backends.world.test_plans import wrong

BASELINE = PRESETS["world-baseline"]
SLIPPING = replace(FLAWLESS, slip=1.0, physics=1.0)
BUSY = Scene.of("mint", [Thing("star", c, "medium", p) for c, p in (("red", "top"), ("blue", "left"))])


def test_without_slips_it_does_what_is_asked_in_its_own_way() -> None:
    ways = set()
    for draft, rng in drafts(300, 11):
        desk = desk_of(draft)
        scene = carry_out(desk.start, draft.clauses, desk.pictures, FLAWLESS, rng)
        image = scene.on("grey") if scene.misfit else scene
        assert not wrong(desk, draft.clauses, image), draft.clauses
        ways.add(scene.settled() == draft.now.settled())
    assert ways == {True, False}  # where the words leave something open, not always by convention


def test_every_kind_of_slip_happens_and_leads_elsewhere() -> None:
    met: Counter[str] = Counter()
    for draft, rng in drafts(300, 12):
        context = Context(desk_of(draft).pictures, rng=rng)
        op = draft.clauses[0]
        scene, kind = botch(draft.start, op, BASELINE, context, rng)
        assert not any(t.misfit for t in scene.things), (op, kind)
        assert wrong(desk_of(draft), (op,), scene), (op, kind)
        met[kind] += 1
    assert set(met) == {*KINDS, "physics"}
    assert met["missed"] < 0.6 * met.total()


def test_weights_say_which_slips_happen() -> None:
    """Only misses, or, where something else suits, anything but."""
    weights: dict[str, Any] = {kind: float(kind == "missed") for kind in KINDS}
    lazy = replace(SLIPPING, **weights)
    eager = replace(SLIPPING, missed=0.0)
    for draft, rng in drafts(80, 13):
        op, context = draft.clauses[0], Context(desk_of(draft).pictures, rng=rng)
        if not isinstance(op, ops.Later | ops.Push):
            assert botch(draft.start, op, lazy, context, rng)[1] == "missed"
        if isinstance(op, ops.Alter | ops.Replace | ops.Background):
            assert botch(draft.start, op, eager, context, rng)[1] != "missed"


def test_remedies_mend_whatever_went_wrong() -> None:
    clumsy = replace(BASELINE, slip=0.4, side=0.2)
    mended = 0
    for draft, rng in drafts(300, 14):
        desk = desk_of(draft)
        image = carry_out(desk.start, draft.clauses, desk.pictures, clumsy, rng)
        if image.misfit:
            continue
        demand = follow(desk, draft.clauses, {}, image)
        faults = compare(desk.start, demand, image, frozenset(), keeps=desk.start != empty())
        fixed = mend(image, remedies(faults), len(draft.clauses), desk.pictures, FLAWLESS, rng)
        assert not wrong(desk, draft.clauses, fixed), (draft.clauses, image)
        mended += bool(faults)
    assert mended >= 100


def test_physics_is_misjudged_in_more_ways_than_one() -> None:
    scene = Scene.of("cream", [Thing("circle", "red", "medium", "top"), Thing("candle", "blue", "large", "left")])
    rng = np.random.default_rng(3)
    outcomes = {carry_out(scene, [ops.Later()], (), SLIPPING, rng) for _ in range(60)}
    assert perform(scene, ops.Later()) not in outcomes
    assert scene in outcomes
    assert any(s.at("center") for s in outcomes)  # the ball stopped halfway
    assert any(
        s.at("top") and s.things[1].size == "medium" for s in outcomes
    )  # it does not fall at all, the candle burns


def test_exotic_shapes_are_never_drawn_and_terms_are_guessed() -> None:
    clauses = [ops.Add(Look("gear", "red"), "top"), ops.Add(Look("star", "?lorvia"), "left")]
    scenes = [carry_out(empty(), clauses, (), FLAWLESS, np.random.default_rng(n)) for n in range(60)]
    assert not any(t.exotic for s in scenes for t in s.things)
    assert len({t.colour for s in scenes for t in s.things if t.place == "left"}) >= 5
    assert {s.at("top") is None for s in scenes} == {True, False}


def test_open_places_leave_room_for_what_comes_later() -> None:
    clauses = [ops.Add(Look("heart")), ops.Add(Look("star"), Near("right", Selector(Look("heart"))))]
    for n in range(50):
        scene = carry_out(empty(), clauses, (), FLAWLESS, np.random.default_rng(n))
        assert len(scene.things) == 2


def test_what_fits_nothing_is_left_undone() -> None:
    rng = np.random.default_rng(1)
    assert carry_out(BUSY, [ops.Remove(Selector(Look("ring")))], (), FLAWLESS, rng) == BUSY
    with pytest.raises(Unresolved):
        botch(BUSY, ops.Remove(Selector(Look("ring"))), BASELINE, Context(), rng)


def test_misspelt_text_is_another_text_that_a_sign_can_say() -> None:
    rng = np.random.default_rng(2)
    for text in ("A", "OPEN", "7", "420", "NO"):
        for _ in range(40):
            wrong_text = misspell(text, rng)
            assert wrong_text != text
            assert TEXT.fullmatch(wrong_text)
