"""Tasks: one reading each, something to do in every clause, and every way that the words leave open can be gone and is right."""

from collections import Counter
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.find import Unresolved, find_all, group
from pipeline.backends.world.scenes.ops import Look
from pipeline.backends.world.scenes.perform import apply, perform, settle_background, starting_scene
from pipeline.backends.world.scenes.scene import Scene, Thing
from pipeline.backends.world.tasks.categories import CATEGORIES, COMPOSITIONS, WHOLE, category
from pipeline.backends.world.tasks.draft import LAST, MOST_THINGS, Draft, selectors_of
from pipeline.backends.world.tasks.pictures import geneval
from pipeline.backends.world.tasks.recipe import Order, compose, first_can_be_special

SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    name = draw(st.sampled_from((None, *CATEGORIES)))
    clauses = 1 if name in WHOLE else draw(st.integers(2 if name == "composition" else 1, 6))
    special: Literal["exotic", "term"] | None = draw(st.sampled_from((None, None, "exotic", "term")))
    if name in (*WHOLE, *COMPOSITIONS) or (clauses == 1 and not first_can_be_special(Order(name, clauses, special))):
        special = None
    return Order(name, clauses, special)


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    order, rng = draw(orders()), np.random.default_rng(draw(SEEDS))
    draft = compose(order, rng)
    assert len(draft.clauses) == order.clauses
    assert order.category in (None, category(draft.clauses[0]))
    assert any(t.exotic for t in draft.now.things) == (order.special == "exotic")
    return draft


def stages(draft: Draft) -> list[Scene]:
    scenes = [draft.start]
    for op in draft.clauses:
        scenes.append(perform(scenes[-1], op, Context(draft.pictures)))
    return scenes


@settings(max_examples=250, deadline=None)
@given(drafts())
def test_each_clause_changes_things_of_its_own_and_every_scene_can_be_drawn(draft: Draft) -> None:
    touched: set[str] = set()
    scenes = stages(draft)
    assert scenes[-1] == draft.now
    assert starting_scene(draft.clauses, draft.pictures or (draft.start,)) == draft.start
    for op, before, after in zip(draft.clauses, scenes, scenes[1:], strict=False):
        changed = {t.place for t in {*before.things} ^ {*after.things}}
        assert after.settled() != before.settled()
        assert after.misfit is None
        assert 1 <= len(after.things) <= MOST_THINGS
        assert not changed & touched or isinstance(op, ops.Behind)
        assert not isinstance(op, LAST) or op is draft.clauses[-1]
        touched |= changed
        if isinstance(op, ops.Count):
            assert len(group(draft.now, op.look)) == op.number
        if isinstance(op, ops.MatchOthers):
            assert len({t.look for t in group(draft.now, Look(op.shape))}) == 1
    assert draft.now.artifacts == ()


def there_from_the_start(draft: Draft, things: tuple[Thing, ...]) -> bool:
    return all(draft.start.at(t.place) == t for t in things)


@settings(max_examples=250, deadline=None)
@given(drafts())
def test_a_description_means_the_same_in_the_reference_and_when_its_clause_comes(draft: Draft) -> None:
    for op, before in zip(draft.clauses, stages(draft), strict=False):
        for selector in selectors_of(op):
            meant = find_all(before, selector)
            assert len(meant) == 1 or selector.every
            assert not draft.start.things or find_all(draft.start, selector) == meant


@settings(max_examples=250, deadline=None)
@given(drafts(), SEEDS)
def test_every_way_the_words_leave_open_can_be_gone_and_is_right(draft: Draft, seed: int) -> None:
    way = Context(draft.pictures, rng=np.random.default_rng(seed))
    result = settle_background(apply(draft.start, draft.clauses, way), draft.clauses, draft.start, way)
    assert result.misfit is None
    hint = Context(draft.pictures, hint=result)
    assert (
        settle_background(apply(draft.start, draft.clauses, hint), draft.clauses, draft.start, hint).settled()
        == result.settled()
    )
    convention = settle_background(draft.now, draft.clauses, draft.start)
    assert draft.loose or draft.open_ground or result == convention


LOOSE, SMALL = ops.Add(Look("balloon", "brown")), ops.Add(Look("balloon", "brown", "small"))
PLACED = ops.Add(Look("balloon", "brown"), "center")


@pytest.mark.parametrize(
    ("clauses", "sizes"),
    [
        ((LOOSE, SMALL), {"top left": "small", "center": "medium"}),
        ((LOOSE, SMALL), {"center": "small", "right": "large"}),
        ((SMALL, LOOSE), {"top left": "small", "right": "large"}),
        ((LOOSE, PLACED), {"center": "medium", "right": "large"}),
        ((LOOSE, LOOSE, SMALL), {"center": "small", "left": "small", "right": "large"}),
    ],
)
def test_what_a_later_clause_asks_for_is_left_to_it(clauses: tuple[ops.Add, ...], sizes: dict[str, str]) -> None:
    shown = apply(Scene("white", ()), [ops.Add(Look("balloon", "brown", size), p) for p, size in sizes.items()])
    assert apply(Scene("white", ()), clauses, Context(hint=shown)).settled() == shown.settled()


def test_every_picture_that_is_attached_is_used_and_shows_one_subject() -> None:
    alike = 0
    for seed in range(60):
        name = list(COMPOSITIONS)[seed % 3]
        draft = compose(Order(name, 2 + seed % 4), np.random.default_rng(seed))
        used = Counter(n for op in draft.clauses if (n := getattr(op, "picture", None)) is not None)
        first = 1 if name == "composition" else 2
        assert sorted(used) == list(range(first, len(draft.pictures) + 1))
        assert max(used.values()) == 1
        subjects = [picture.things[0] for n, picture in enumerate(draft.pictures, 1) if n >= first]
        assert all(len(picture.things) == 1 for picture in draft.pictures[first - 1 :])
        assert all(t.texture != "plain" or t.mark for t in subjects)
        assert 2 <= len(draft.pictures) <= 3
        rivals = subjects if first == 1 else [*subjects, *draft.start.things]
        alike += len({(t.shape, t.colour) for t in rivals}) < len(rivals)
        assert len({t.look for t in subjects}) == len(subjects)
    assert alike > 15


def form(op: ops.Op) -> str:
    assert isinstance(op, ops.Add | ops.Count)
    return f"{op.kind} placed:{getattr(op, 'place', None) is not None} coloured:{op.look.colour is not None}"


def an_open_way(draft: Draft, seed: int) -> Scene:
    """Some way of carrying it out; a first thing at the edge may leave no room beyond it for the second."""
    for rng in np.random.default_rng(seed).spawn(50):
        way = Context(rng=rng)
        try:
            return settle_background(apply(draft.start, draft.clauses, way), draft.clauses, draft.start, way)
        except Unresolved:
            continue
    raise AssertionError(draft)


def test_the_six_forms_of_geneval_come_up_and_can_be_made() -> None:
    forms: Counter[tuple[str, ...]] = Counter()
    for seed in range(200):
        draft = geneval(np.random.default_rng(seed))
        assert draft.loose
        assert draft.now == apply(draft.start, draft.clauses)
        assert settle_background(draft.now, draft.clauses, draft.start).misfit is None
        way = an_open_way(draft, seed)
        hint = Context(hint=way)
        assert settle_background(apply(draft.start, draft.clauses, hint), draft.clauses, draft.start, hint) == way
        forms[tuple(map(form, draft.clauses))] += 1
    assert len(forms) == 7  # a number of things, of a colour or not, and the other five
    assert min(forms.values()) > 5


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(Unresolved, match="no task like"):
        compose(Order("viewpoint", 2), np.random.default_rng(0))
