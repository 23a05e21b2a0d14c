"""The specification by which a reward can check a result. In: a draft, and the scene it leads to. Out: a specification.

It has GenEval's form: objects, their number, colours and places. It omits what the words leave open.
"""

from collections import defaultdict
from typing import Any

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import fits
from pipeline.backends.world.scenes.looks import PLAIN
from pipeline.backends.world.scenes.scene import Scene, Thing, natural_facing
from pipeline.backends.world.tasks.draft import Draft

Entry = dict[str, Any]


def specification(draft: Draft, target: Scene) -> Entry:
    """The things of the target by look, with their places unless these are open; the background unless it is open; the light."""
    groups: dict[tuple[tuple[str, str], ...], list[Thing]] = defaultdict(list)
    for thing in target.things:
        groups[tuple(_described_look(draft, thing).items())].append(thing)
    include = []
    for look, things in groups.items():
        places = {} if things[0].shape in draft.adrift else {"position": [t.place for t in things]}
        include.append({**dict(look), "count": len(things), **places})
    ground = {} if draft.open_ground else {"background": target.background}
    return {"include": include, **ground, "light": target.tone}


def _described_look(draft: Draft, thing: Thing) -> dict[str, str]:
    """The look of a thing without defaults, and without a colour that the words leave open."""
    looks = [op.look for op in draft.clauses if isinstance(op, ops.Add | ops.Count)]
    open_colour = any(look.colour is None and fits(look, thing) for look in looks)
    described = {"class": thing.shape} | ({} if open_colour else {"color": thing.colour})
    special = {
        "texture": thing.texture != PLAIN,
        "mark": thing.mark != "",
        "facing": thing.facing != natural_facing(thing.shape),
        "text": thing.text != "",
    }
    return described | {name: getattr(thing, name) for name, is_special in special.items() if is_special}
