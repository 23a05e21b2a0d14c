"""Words by which single edits are understood. In: nothing. Out: tables of small English; other words count as names of things."""

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CATEGORIES = (
    *("addition", "removal", "replacement", "part_completion"),
    *("color", "material", "size", "count", "anomaly_correction"),
    *("viewpoint", "pose", "spatial_arrangement"),
    *("background", "style", "tone_lighting"),
    *("motion", "temporal_evolution", "text"),
    *("composition", "object_replacement", "reference_transfer"),
)
"""The method's 21 sub-categories."""
COLOURS = _words(
    "red orange yellow green blue purple pink brown black white grey gray violet golden gold silver beige cream mint lavender "
    "azure turquoise teal cyan magenta maroon navy crimson scarlet tan ivory colorful colourful"
)
SIZES = _words("small tiny little large big huge giant enormous medium bigger smaller larger taller shorter wider tall")
PATTERNS = _words(
    "striped checkered chequered dotted plain stripes dots wooden wood metal metallic glass stone marble leather plastic fabric "
    "velvet furry fluffy shiny rusty spot band mark unmarked pattern texture transparent"
)
NUMBERS = _words("one two three four five six seven eight nine ten")
PLACES = _words(
    "top bottom left right center centre middle corner upper lower above below beside next side up down upward downward upwards "
    "downwards front foreground near behind under over edge clockwise counterclockwise anticlockwise north south"
)
GENERIC = _words("thing things object objects item items shape shapes figure subject everything something one ones")
"""Names that may mean any thing of the picture."""
PRONOUNS = _words("it its them they their this these those he she him her his")
WHOLE = _words("scene picture image photo photograph view whole entire")
"""Names of the picture itself."""
VERBS = _words(
    "add put place insert draw include remove delete erase take get rid replace change turn substitute exchange swap complete "
    "restore repair fill make show have let become cover give recolour recolor paint colour color resize redraw write read say "
    "says reads said move shift bring relocate rotate push slide shove trade switch set convert transform look looks fix clean "
    "wipe mirror flip pass fast forward shrink enlarge apply edit modify alter adjust wear wearing hold holding point points "
    "pointing face facing stop stops stopped hit hits go goes goes undo increase decrease reduce use keep keeps be is are was were "
    "should could can would will shall must like want need appear turns taken seen passed mark marked"
)
ASPECTS = _words(
    "colour color size number text word words letters lettering piece part pattern texture mark position positions place places "
    "light lighting quarter half degrees turn way others other odd unlike missing gap same exactly far until stray "
    "background backdrop style tone color's"
)
"""Names of what a thing has, rather than of things."""
FUNCTION = _words(
    "a an the of in on at to from with into by for as and or so that which who where while when than then also too please now just "
    "there if not no all each every both another more some any it's out off away onto its with without among between around "
    "through against along across after before again later whole instead i you we my your our do does did how what time hour "
    "while bit lot very really finally first next last ever been being has had entirely completely"
)
KINDS: Mapping[str, str] = {
    **dict.fromkeys(
        _words("man woman boy girl child kid lady guy person people human men women children baby"), "person"
    ),
    **dict.fromkeys(_words("car truck van bus vehicle automobile taxi"), "vehicle"),
    **dict.fromkeys(_words("dog puppy animal cat kitten horse cow sheep bear lion tiger pet"), "animal"),
    **dict.fromkeys(_words("bird duck eagle parrot owl"), "bird"),
    **dict.fromkeys(_words("tree trees forest woods branch branches leaf leaves"), "tree"),
    **dict.fromkeys(_words("flower flowers rose roses tulip tulips"), "flower"),
    **dict.fromkeys(_words("sea ocean lake river water waves"), "water"),
    **dict.fromkeys(_words("sky cloud clouds sunset sunrise rainbow"), "sky"),
    **dict.fromkeys(_words("grass lawn field meadow ground"), "ground"),
    **dict.fromkeys(_words("mountain mountains hill hills"), "mountain"),
    **dict.fromkeys(_words("house building home hut cottage roof"), "building"),
    **dict.fromkeys(_words("shirt jacket dress coat clothes clothing outfit suit sweater"), "clothing"),
    **dict.fromkeys(_words("hat cap helmet crown"), "hat"),
    **dict.fromkeys(_words("day daylight"), "day"),
    **dict.fromkeys(_words("ball circle disc"), "circle"),
}
"""Names that may mean the same thing of a picture."""
LIGHTS = _words(
    "night day daylight evening dusk dawn sunset sunlight sunny morning noon brightness brighter darker lighting light dark "
    "moonlight warm warmer cool cooler tone"
)
STYLES = _words(
    "style painting sketch cartoon watercolor watercolour anime comic drawing pixel oil impressionist photorealistic monochrome "
    "vintage"
)
