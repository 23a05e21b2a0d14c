"""The sub-categories of the world, and the makers of a clause of each. In: nothing. Out: tables.

The world has all of the method's sub-categories but `style`: see pipeline/backends/world/README.md.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.tasks import pictures, things
from pipeline.backends.world.tasks.things import Maker

EDITS: Mapping[str, tuple[Maker, ...]] = MappingProxyType(
    {
        "addition": (things.add,),
        "removal": (things.remove,),
        "replacement": (things.replace_one,),
        "part_completion": (things.complete,),
        "color": (things.recolour,),
        "material": (things.cover,),
        "size": (things.resize,),
        "count": (things.count,),
        "anomaly_correction": (things.clean, things.match),
        "viewpoint": (pictures.behind,),
        "pose": (things.turn,),
        "spatial_arrangement": (things.move, things.swap),
        "background": (pictures.background,),
        "tone_lighting": (pictures.light,),
        "motion": (things.shove,),
        "temporal_evolution": (pictures.later,),
        "text": (things.say,),
    }
)
COMPOSITIONS: Mapping[str, tuple[Maker, ...]] = MappingProxyType(
    {
        "composition": (pictures.add_from,),
        "object_replacement": (pictures.replace_from,),
        "reference_transfer": (pictures.transfer_from,),
    }
)
CATEGORIES = (*EDITS, *COMPOSITIONS)
WHOLE = ("viewpoint", "temporal_evolution")
"""Sub-categories that change the whole scene: such a clause comes last, and alone when it is the task's first."""
NEW: tuple[Maker, ...] = (things.add, things.add, pictures.several)
"""Makers of the clauses of a new picture."""
EXOTIC: Mapping[str, Maker] = MappingProxyType({"addition": things.add_exotic, "replacement": things.replace_exotic})
"""Makers of clauses about things for which the Generator has no primitive."""
COLOURED = ("addition", "replacement", "color")
"""Sub-categories whose clauses may name a colour."""
_NAMES: Mapping[type[Op], str] = MappingProxyType(
    {
        ops.Add: "addition",
        ops.Remove: "removal",
        ops.Replace: "replacement",
        ops.Complete: "part_completion",
        ops.Count: "count",
        ops.Clean: "anomaly_correction",
        ops.MatchOthers: "anomaly_correction",
        ops.Behind: "viewpoint",
        ops.Turn: "pose",
        ops.Move: "spatial_arrangement",
        ops.Swap: "spatial_arrangement",
        ops.Background: "background",
        ops.Light: "tone_lighting",
        ops.Push: "motion",
        ops.Later: "temporal_evolution",
        ops.AddFrom: "composition",
        ops.ReplaceFrom: "object_replacement",
        ops.TransferFrom: "reference_transfer",
    }
)


def category(op: Op) -> str:
    """The sub-category of a clause."""
    if not isinstance(op, ops.Alter):
        return _NAMES[type(op)]
    look = op.look
    if look.text is not None:
        return "text"
    if look.colour is not None:
        return "color"
    return "size" if look.size is not None else "material"
