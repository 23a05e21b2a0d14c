"""Build ops from clauses. In: the key of a pattern and the values of its chunks. Out: ops; None when they make no sense."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.ops import Look, Near, Op, Selector
from pipeline.backends.world.words.nouns import IT, New
from pipeline.backends.world.words.qualities import tint_fits, with_feature, with_quality
from pipeline.backends.world.words.topics import Topic, settle

Bound = Mapping[str, Any]


def build(key: str, bound: Bound, topic: Topic, picture: bool) -> list[Op] | None:
    """The ops that a clause asks for; None when it makes no sense. `picture`: the clause describes a new picture."""
    if key == "item_with":
        return _build_with_items(bound)
    settled = {name: settle(value, topic) for name, value in bound.items()}
    if any(settled[name] is None and bound[name] is not None for name in bound):
        return None
    if key == "have" or (key == "item" and picture):
        return _build_have(settled)
    return _BUILD[key](settled)


def _build_add(b: Bound) -> list[Op] | None:
    new, spot = b["new"], b.get("spot")
    look: Look | None = new.look
    if "late" in b:
        key, bound = b["late"]
        look = (
            with_feature(new.look, key, bound)
            if isinstance(spot, str) and (key != "text" or new.look.shape == "sign")
            else None
        )
    if look is None or not look.shape or (new.number > 1 and isinstance(spot, str)) or b.get("more"):
        return None
    return [ops.Add(look, spot)] * new.number


def _build_have(b: Bound) -> list[Op] | None:
    """Things that shall be there; a number of them means exactly that many."""
    new = b["new"]
    if new.how != "many":
        return _build_add(b)
    return [ops.Count(new.look, new.number)] if b.get("spot") is None and new.look.shape else None


def _for_each(make: Callable[[Selector, Bound], Op | None]) -> Callable[[Bound], list[Op] | None]:
    def build_all(b: Bound) -> list[Op] | None:
        built = [op for target in b["the"] if (op := make(target, b)) is not None]
        return built if len(built) == len(b["the"]) else None

    return build_all


def _for_one(make: Callable[[Selector, Bound], Op]) -> Callable[[Bound], list[Op] | None]:
    return lambda b: [make(b["the"][0], b)] if len(b["the"]) == 1 and not b["the"][0].every else None


def _build_replace(target: Selector, b: Bound) -> Op | None:
    new: New = b["new"]
    look = new.look if new.look.shape else replace(new.look, shape=target.look.shape)
    fits = new.number == 1 and (new.how != "fresh" or target.every)
    return ops.Replace(target, look) if look.shape and fits else None


def _build_alter(target: Selector, b: Bound) -> Op | None:
    if "mark" in b:
        mark, tint = b["mark"]
        return ops.Alter(target, Look(mark=mark)) if tint_fits(tint, target.look.colour) else None
    for name, part in (("term", "colour"), ("colour", "colour"), ("size", "size"), ("pattern", "texture")):
        if name in b:
            return ops.Alter(target, replace(Look(), **{part: b[name]}))
    return ops.Alter(target, b["adj"]) if "adj" in b else None


def _build_alter_from(target: Selector, b: Bound) -> Op | None:
    """ "change the star from red to blue": the old quality helps to select the thing."""
    old, new = b["old"], b["adj"]
    parts = {n: v for n in ("colour", "size", "texture") if (v := getattr(old, n)) is not None}
    same_kind = all(getattr(new, n) is not None for n in parts) and all(getattr(target.look, n) is None for n in parts)
    return ops.Alter(replace(target, look=replace(target.look, **parts)), new) if parts and same_kind else None


def _build_bare(target: Selector, b: Bound) -> Op | None:
    """ "remove the stripes from the circle": the stripes help to select the circle."""
    off = b["off"]
    if isinstance(off, str):
        look = with_quality(target.look, "texture", off)
        return ops.Alter(replace(target, look=look), Look(texture="plain")) if look else None
    look = with_quality(target.look, "mark", off[0]) if tint_fits(off[1], target.look.colour) else None
    return ops.Alter(replace(target, look=look), Look(mark="")) if look else None


def _build_retext(b: Bound) -> list[Op] | None:
    targets = [t for t in b["the"] if t.look.text is None]
    if len(targets) != len(b["the"]):
        return None
    return [ops.Alter(replace(t, look=replace(t.look, text=b["old"])), Look(text=b["text"])) for t in targets]


def _build_upside(target: Selector, _: Bound) -> Op | None:
    return None if target.look.shape == "fish" else ops.Turn(target, "around")


def _build_move(b: Bound) -> list[Op] | None:
    target = b["the"][0]
    if len(b["the"]) > 1 or target.every or ("still" in b and target.near):
        return None  # "move the star above the ring at the top": the place would be that of the ring
    return [ops.Move(target, next(b[n] for n in ("dest", "still", "goal", "cell", "corner") if n in b))]


def _build_move_from(b: Bound) -> list[Op] | None:
    target = b["the"][0]
    if len(b["the"]) > 1 or target.every or target.place or target.near:
        return None
    return [ops.Move(replace(target, place=b["old"]), b["dest"])]


def _build_near_items(b: Bound) -> list[Op] | None:
    """ "a star left of a heart": the heart is added first, so that the star can lie next to it."""
    new: New = b["new"]
    direction, anchor = b["near_new"]
    return _build_pair(anchor, new, lambda it: Near(direction, it), None)


def _build_with_items(b: Bound) -> list[Op] | None:
    """ "a star with a heart next to it": `beside` is relative to the star."""
    spot = b["beside"]
    if not isinstance(spot, Near) or spot.anchor != IT:
        return None
    if isinstance(b.get("spot"), Near) and settle(b["spot"], ()) is None:
        return None
    return _build_pair(b["new"], b["other"], lambda it: Near(spot.direction, it), b.get("spot"))


def _build_pair(first: New, second: New, near: Callable[[Selector], Near], spot: Any) -> list[Op] | None:
    if first.number > 1 or second.number > 1 or not first.look.shape or not second.look.shape:
        return None
    place = spot if isinstance(spot, str) else None
    around = spot if isinstance(spot, Near) else None
    return [ops.Add(first.look, spot), ops.Add(second.look, near(Selector(first.look, place, around)))]


def _build_crossed(b: Bound) -> list[Op] | None:
    """ "the star where the heart is, and the heart where the star is"."""
    return _build_swap(b) if (b["one"], b["other"]) == (b["fourth"], b["third"]) else None


def _build_swap(b: Bound) -> list[Op] | None:
    return [ops.Swap(b["one"], b["other"])] if b["one"] != b["other"] else None


def _build_transfer(target: Selector, b: Bound) -> Op | None:
    if b.get("same", b["what"]) != b["what"]:
        return None
    return ops.TransferFrom(target, b["source"], b["what"])


_BUILD: Mapping[str, Callable[[Bound], list[Op] | None]] = {
    "add": _build_add,
    "item": _build_add,
    "item_near": _build_near_items,
    "item_with": _build_with_items,
    "item_from": lambda b: [ops.AddFrom(b["sub"], b.get("spot"))],
    "count": lambda b: [ops.Count(*(b.get("exactly") or b.get("many") or (b["plural"], b["number"])))],
    "none": lambda b: [ops.Remove(Selector(b.get("plural") or b["gone"], every=True))],
    "remove": _for_each(lambda t, _: ops.Remove(t)),
    "remove_both": lambda b: [ops.Remove(t) for t in (*b["the"], *b["other"])],
    "replace": _for_each(_build_replace),
    "alter": _for_each(_build_alter),
    "alter_from": _for_each(_build_alter_from),
    "bare": _for_each(_build_bare),
    "unmark": _for_each(lambda t, _: ops.Alter(t, Look(mark=""))),
    "unpattern": _for_each(lambda t, _: ops.Alter(t, Look(texture="plain"))),
    "text": _for_each(lambda t, b: ops.Alter(t, Look(text=b["text"]))),
    "retext": _build_retext,
    "complete": _for_each(lambda t, _: ops.Complete(t)),
    "turn": _for_each(lambda t, b: ops.Turn(t, b.get("way") or b.get("angle") or "around")),
    "upside": _for_each(_build_upside),
    "match": lambda b: [ops.MatchOthers(b.get("kind") or b["kinds"])],
    "move": _build_move,
    "elsewhere": _for_one(lambda t, _: ops.Move(t, None)),
    "move_from": _build_move_from,
    "swap": _build_swap,
    "crossed": _build_crossed,
    "push": _for_one(lambda t, b: ops.Push(t, b["pushed"])),
    "later": lambda _: [ops.Later()],
    "behind": lambda _: [ops.Behind()],
    "background": lambda b: [ops.Background(b["ground"])],
    "light": lambda b: [ops.Light(next(b[n] for n in ("tone", "lit", "when") if n in b))],
    "light_with": lambda b: [ops.Light(b.get("tone") or b["when"])],
    "clean": lambda b: [ops.Clean(b.get("at"))],
    "clean_all": lambda _: [ops.Clean(None)],
    "add_from": lambda b: [ops.AddFrom(b.get("sub") or b["picture"], b.get("spot"))],
    "combine": lambda b: [ops.AddFrom(b["sub"]), ops.AddFrom(b["other"])],
    "replace_from": _for_each(lambda t, b: ops.ReplaceFrom(t, b["sub"])),
    "transfer": _for_each(_build_transfer),
    "recolour_from": _for_each(lambda t, b: ops.TransferFrom(t, b["source"], "colour")),
    "repattern_from": _for_each(lambda t, b: ops.TransferFrom(t, b["source"], "pattern")),
}
