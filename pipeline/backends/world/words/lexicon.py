"""The words of the world's English. In: nothing. Out: tables from words to their meanings.

Keys are words in lower case, several separated by blanks; hyphens are blanks. A word in no table here and in no pattern of the
grammar is not understood.
"""

from collections.abc import Mapping

from pipeline.backends.world.scenes.looks import BACKGROUNDS, COLOURS, EXOTIC_SHAPES, SHAPES

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "circle": ("ball", "disc", "disk"),
    "square": ("box", "block"),
    "diamond": ("rhombus", "lozenge"),
    "cross": ("plus sign", "plus"),
    "ring": ("doughnut", "donut", "hoop"),
    "plant": ("potted plant", "pot plant", "houseplant", "house plant"),
    "sign": ("signboard", "sign board"),
    "hourglass": ("hour glass", "sandglass", "sand glass"),
    "gear": ("cog", "cogwheel", "gear wheel"),
    "crescent": ("crescent moon",),
    "bolt": ("lightning bolt", "bolt of lightning"),
}
"""Other names of the shapes."""
THINGS = ("thing", "object", "item", "shape", "figure", "subject", "one")
"""Nouns that leave the shape open."""

COLOUR_WORDS: Mapping[str, str] = {c: c for c in COLOURS} | {"violet": "purple"}
GROUND_WORDS: Mapping[str, str] = {b: b for b in BACKGROUNDS} | {
    "gray": "grey",
    "sky blue": "azure",
    "mint green": "mint",
}
SIZE_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("small", "tiny", "little", "mini"), "small"),
    **dict.fromkeys(("medium", "middle sized", "mid sized", "mid size", "normal sized", "regular sized"), "medium"),
    **dict.fromkeys(("large", "big", "huge", "giant", "enormous"), "large"),
}
TEXTURE_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("striped", "stripy", "stripey"), "striped"),
    **dict.fromkeys(
        ("checkered", "chequered", "checked", "checkered like a chessboard", "checky", "checkerboard", "chequerboard"),
        "checkered",
    ),
    **dict.fromkeys(("dotted", "polka dot", "polka dotted", "dotty"), "dotted"),
    **dict.fromkeys(("plain", "solid", "untextured", "unpatterned"), "plain"),
}
PATTERN_NOUNS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "stripes",
            "a striped pattern",
            "a stripe pattern",
            "a striped texture",
            "striped pattern",
            "a stripy pattern",
            "a pattern of stripes",
            "the striped pattern",
            "the stripe pattern",
            "some stripes",
            "a stripes pattern",
            "a striped look",
        ),
        "striped",
    ),
    **dict.fromkeys(
        (
            "checks",
            "a checkered pattern",
            "a checkerboard pattern",
            "a chequered pattern",
            "a checkered texture",
            "a checked pattern",
            "a chessboard pattern",
            "a pattern of checks",
            "the checkered pattern",
            "checkered pattern",
            "the checkerboard pattern",
            "squares like a chessboard",
            "a chequerboard pattern",
            "checkers",
        ),
        "checkered",
    ),
    **dict.fromkeys(
        (
            "dots",
            "polka dots",
            "a dotted pattern",
            "a polka dot pattern",
            "a dotted texture",
            "a pattern of dots",
            "the dotted pattern",
            "dotted pattern",
            "polka dot pattern",
            "some dots",
            "dots all over",
            "polka dots all over",
            "a dots pattern",
        ),
        "dotted",
    ),
    **dict.fromkeys(("no pattern", "no pattern at all", "a plain texture", "a plain surface", "no texture"), "plain"),
}
MARKS = ("spot", "band")
STREAKS = (
    *tuple(
        f"{a}{b}"
        for a in ("", "stray ", "smudgy ", "ugly ", "odd ", "random ", "thin ")
        for b in ("streak", "scratch", "smudge", "scribble", "smear")
    ),
    *(
        "stray line",
        "stray mark",
        "artifact",
        "artefact",
        "thin line",
        "stray smudge mark",
        "stray stroke",
        "stray thin line",
    ),
)
BROKEN = ("broken", "chipped", "damaged", "incomplete", "bitten", "nibbled", "unfinished")
WHOLE = ("unbroken", "whole", "intact", "undamaged")
UNMARKED = ("unmarked",)
WAYS: Mapping[str, str] = {
    **dict.fromkeys(("up", "upward", "upwards"), "up"),
    **dict.fromkeys(("down", "downward", "downwards"), "down"),
    **dict.fromkeys(("left", "leftward", "leftwards"), "left"),
    **dict.fromkeys(("right", "rightward", "rightwards"), "right"),
}
TONE_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("day", "daytime", "day time", "daylight"), "day"),
    **dict.fromkeys(("evening", "evening time", "dusk", "sunset"), "evening"),
    **dict.fromkeys(("night", "nighttime", "night time", "nightfall"), "night"),
}
_ROWS = {"top": ("top", "upper"), "": ("middle", "center", "centre"), "bottom": ("bottom", "lower")}
_COLUMNS = {"left": ("left", "left hand"), "": ("middle", "center", "centre"), "right": ("right", "right hand")}


def _cells() -> dict[str, str]:
    """Both words of every cell, in either order where that is English, and the single words."""
    cells = {
        "top": "top",
        "bottom": "bottom",
        "left": "left",
        "right": "right",
        "left hand": "left",
        "right hand": "right",
    }
    for row, above in _ROWS.items():
        for column, beside in _COLUMNS.items():
            for one in above:
                for two in beside:
                    place = f"{row} {column}".strip() or "center"
                    cells[f"{one} {two}"] = place
                    if not (row and column):
                        cells[f"{two} {one}"] = place
    cells |= dict.fromkeys(("middle", "center", "centre", "very middle", "very center", "very centre"), "center")
    return cells | {"upper": "top", "lower": "bottom"}


CELL_WORDS: Mapping[str, str] = _cells()
BARE_CELLS: Mapping[str, str] = {w: p for w, p in CELL_WORDS.items() if " " in w and p != "center" and "hand" not in w}
"""Corners, which stand without a preposition too: "put a star top left"."""

TERMS = (
    *("lorvia", "tamsel", "brindor", "quellen", "mirrow", "ostrava", "veldan", "zunari", "pelquin", "harrowmere"),
    *("dovrin", "selkath", "ombrel", "tirvane", "caldris", "yorrick", "nembus", "fyllan", "gastrel", "wexholm"),
)
"""Invented names; an explanation states which colour "the colour of Lorvia" is."""

VERBS: Mapping[str, str] = {
    "add": "add|put|place|insert|draw|paint|include|set|stick|give me|position|put in|draw in|pop|pop in|hang|throw in|drop in|"
    "slip in|introduce|plop|plonk|add in|stick in|sketch|park|bring in",
    "remove": "remove|delete|erase|take away|take out|get rid of|clear away|eliminate|wipe out|wipe away|discard|clear|cut out|"
    "bin|chuck|chuck out|toss|toss out|do away with|rub out|scrap|ditch|lose|dump|drop|throw out|throw away|away with|out with",
    "replace": "replace|swap out|substitute",
    "turn_into": "change|turn|transform|convert|morph|modify",
    "change": "change|set|alter|switch|modify|adjust|update",
    "make": "make|turn|paint|colour|recolour|color|recolor|repaint|dye|tint",
    "move": "move|shift|bring|relocate|put|place|set|drag|transfer|take|position|send|carry|"
    "pull|lift|hop|park|stick|get|reposition|pop",
    "swap": "swap|exchange|switch|interchange|trade",
    "mend": "complete|restore|repair|fix|mend|make whole|patch up|finish|fix up|fill in|heal",
    "must": "should|must|shall|needs to|need to|has to|have to|ought to|is to|are to|is supposed to|are supposed to|"
    "is meant to|are meant to|wants to|want to|should also|should now|should please|had better|should instead|"
    "must also|would have to|"
    "were supposed to|was supposed to|were meant to|was meant to|should rather|should just|should all|should both",
    "may": "can|could",
    "push": "push|shove|slide|roll",
    "ensure": "make sure|make sure that|ensure|ensure that|make it so that|see to it that|be sure that|i want it so that",
    "wish": "i want|i would like|i need|we need|we want|i would love|i wish|i would prefer|we would like|"
    "we would love|we would prefer|i fancy|i would quite like|i would really like|"
    "i would much prefer|i really want|i just want|i prefer|i would rather have|i am after|i could use|need|want|would like|"
    "i also want|i also need|i would also like|we also need|we also want|i should like|i would be happy with|i just need|"
    "can i have|could i have|can i get|could i get|could we have|can we have|may i have|i was hoping for|we could use",
    "hope": "i was hoping|i would like it if|it would be great if|it would be nice if|it would be good if|it would be lovely if|"
    "it would be better if|i would be happy if|i would love it if|i wish|i would prefer it if|could you see to it that|"
    "i would appreciate it if|would it be possible that|it would be cool if|i would be grateful if|i want that|"
    "i would be glad if|i would be delighted if|it might be nice if|it would help if",
    "show": "show|show me|show us|let me see|let us see|draw|render|view|see|depict|present|give me",
    "scene": "the picture|the image|the canvas|the scene|the photo|the drawing|the frame|the whole picture|"
    "the whole scene|the whole image|this picture|this image|this canvas|this scene|this photo|"
    "this drawing|this frame|this whole picture|this whole scene|this whole image",
    "all": "it|this|them|everything|it all|the same scene|the whole thing|the picture|the image|the canvas|"
    "the scene|the photo|the drawing|the frame|the whole picture|the whole scene|the whole image|"
    "this picture|this image|this canvas|this scene|this photo|this drawing|this frame|"
    "this whole picture|this whole scene|this whole image",
    "clean": "clean up|clean|wipe away|wipe off|wipe|erase|clear away|rub out",
    "rotate": "turn|rotate|spin|flip|swivel",
}


def words(*shapes: str) -> dict[str, tuple[str, bool]]:
    """From each noun of the shapes (all when none are given) to its shape and whether it is plural."""
    nouns: dict[str, tuple[str, bool]] = {}
    for shape in shapes or (*SHAPES, *EXOTIC_SHAPES):
        for noun in (shape, *SYNONYMS.get(shape, ())):
            nouns[noun] = (shape, False)
            if noun != "fish":
                nouns[plural(noun)] = (shape, True)
    return nouns


def plural(noun: str) -> str:
    """The plural of a noun of these tables."""
    if noun == "bolt of lightning":
        return "bolts of lightning"
    if noun == "fish":
        return noun
    return noun + ("es" if noun.endswith(("s", "x", "ch")) else "s")
