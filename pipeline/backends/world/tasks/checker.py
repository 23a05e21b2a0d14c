"""What a reward may look for in a result. In: a draft, and the scene it leads to. Out: an object specification.

It has GenEval's form: what to find, how many, in which colour, where. What the words leave open is not in it.
"""

from collections import defaultdict
from typing import Any

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import fits
from pipeline.backends.world.scenes.looks import PLAIN
from pipeline.backends.world.scenes.scene import Scene, Thing, natural
from pipeline.backends.world.tasks.draft import Draft

Entry = dict[str, Any]


def specification(draft: Draft, target: Scene) -> Entry:
    """The things of the target by their looks, with places where these are known; the background, if it was said; the light."""
    groups: dict[tuple[tuple[str, str], ...], list[Thing]] = defaultdict(list)
    for thing in target.things:
        groups[tuple(_said(draft, thing).items())].append(thing)
    include = []
    for said, things in groups.items():
        places = {} if things[0].shape in draft.adrift else {"position": [t.place for t in things]}
        include.append({**dict(said), "count": len(things), **places})
    ground = {} if draft.open_ground else {"background": target.background}
    return {"include": include, **ground, "light": target.tone}


def _said(draft: Draft, thing: Thing) -> dict[str, str]:
    """The look of a thing, without what goes without saying, or was never said."""
    looks = [op.look for op in draft.clauses if isinstance(op, ops.Add | ops.Count)]
    open_colour = any(look.colour is None and fits(look, thing) for look in looks)
    said = {"class": thing.shape} | ({} if open_colour else {"color": thing.colour})
    special = {
        "texture": thing.texture != PLAIN,
        "mark": thing.mark != "",
        "facing": thing.facing != natural(thing.shape),
        "text": thing.text != "",
    }
    return said | {name: getattr(thing, name) for name, shown in special.items() if shown}
