"""What is true of every thing of a shape. In: nothing. Out: clauses by shape, which follow "the red circle at the top"."""

from collections.abc import Mapping
from types import MappingProxyType

NATURES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "circle": ("is round", "has no corner", "is as wide as it is high"),
        "square": ("has four corners", "has four equal sides", "is as wide as it is high"),
        "triangle": ("has three corners", "has three straight sides", "ends in three points"),
        "diamond": ("stands on one corner", "has four slanted sides", "is higher than it is wide"),
        "star": ("has five points", "has five rays of one length", "has a notch between each two rays"),
        "cross": ("has four arms", "has arms of one length", "has arms that meet at right angles"),
        "ring": ("is open in the middle", "is a band without an end", "shows the ground through its hole"),
        "heart": ("has two lobes and a tip", "narrows to one tip", "has a notch between its lobes"),
        "arrow": ("has a head and a shaft", "has a head that is wider than its shaft", "has one tip"),
        "fish": ("has a tail and an eye", "has its eye at the end away from the tail", "has a forked tail"),
        "candle": ("carries a flame", "stands upright in its holder", "burns at its upper end"),
        "balloon": ("is round above its knot", "trails a string", "has its knot at the lower end"),
        "plant": ("grows out of a pot", "has three leaves", "has its leaves above the pot"),
        "sign": ("is a board with lettering", "can be read from left to right", "is wider than it is high"),
        "gear": ("has teeth around its rim", "has a round hole in the middle", "has six broad teeth"),
        "crescent": ("curves like a young moon", "has two tips", "is hollow on one side"),
        "hourglass": ("has a narrow waist", "is widest at its two ends", "is two triangles tip to tip"),
        "bolt": ("is a zigzag", "is pointed at both ends", "looks like a flash of lightning"),
    }
)
