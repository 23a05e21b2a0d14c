"""The sub-category of a single edit by its words. In: an instruction. Out: one of the method's 21, or None where no rule knows it.

The rules are tried from the special to the general: the first that fits decides.
"""

import re
from collections.abc import Sequence

from pipeline.composing import lexicon as words


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(alternatives)})\b", re.IGNORECASE)


_COLOUR, _SIZE, _PATTERN, _LIGHT, _STYLE = (
    "|".join(sorted(group)) for group in (words.COLOURS, words.SIZES, words.PATTERNS, words.LIGHTS, words.STYLES)
)
_PICTURE = r"(?:from|of|in) (?:the )?(?:\w+ )?(?:picture|image|photo|reference)"
_IT = r"(?:it|the (?:whole )?(?:scene|picture|image|photo|view))"

RULES: Sequence[tuple[str, re.Pattern[str]]] = (
    (
        "reference_transfer",
        _any(rf"(?:pattern|colou?r|texture|style) of .* {_PICTURE} \d", rf"same .* as .* {_PICTURE} \d"),
    ),
    ("object_replacement", _any(rf"(?:replace|swap|exchange|substitute|in place of)\b.*{_PICTURE} \d")),
    ("object_replacement", _any(rf"{_PICTURE} \d in place of")),
    ("composition", _any(rf"{_PICTURE} \d")),
    ("background", _any("background", "backdrop")),
    (
        "addition",
        re.compile(
            r"^(?:add|insert|draw|place|put|include) an? (?!spot|band|mark).*\b(?:says?|reads?|saying|reading)\b"
        ),
    ),
    (
        "replacement",
        re.compile(r"\b(?:into|with|for|substitute) an? .*\b(?:says?|reads?|saying|reading)\b|^substitute an? "),
    ),
    ("spatial_arrangement", re.compile(r"^(?:move|shift|relocate|bring|swap) .*\b(?:says?|reads?)\b")),
    (
        "text",
        re.compile(
            r"[\"“]|\b(?:text|word|words|letters|lettering|caption|slogan|write|say|says|read|reads)\b", re.IGNORECASE
        ),
    ),
    (
        "anomaly_correction",
        _any("streak", "odd", "unlike the others", "look the same", "blemish", "artifact", "artefact", "deformed"),
    ),
    (
        "part_completion",
        _any("missing (?:piece|part|corner)", "whole again", "complete", "restore", "repair", "gap", "broken part"),
    ),
    (
        "temporal_evolution",
        _any("later", "time pass(?:ed)?", "time has passed", "fast forward", "years? older", "grown up", "melted"),
    ),
    (
        "viewpoint",
        _any(
            "behind$",
            "from (?:behind|above|below|the back|the side)",
            "other side",
            "the back",
            "viewpoint",
            "perspective",
        ),
    ),
    ("viewpoint", _any("camera", "zoom", "mirror", "seen from", "bird's[- ]eye", "angle")),
    ("style", _any(rf"(?:in|into|to) (?:the |a |an )?(?:\w+ ){{0,3}}(?:{_STYLE})", "style")),
    (
        "tone_lighting",
        _any("light(?:ing)?", "daylight", rf"{_IT} (?:\w+ ){{0,3}}(?:{_LIGHT})", "brightness", "tone", "shadows?"),
    ),
    ("count", _any("number of", "exactly (?:\\w+ ){1,8}", "how many", "(?:two|three|four|five) more")),
    (
        "spatial_arrangement",
        _any("swap .* with", "exchange .* with", "trade places", "change places", "positions? of", "switch"),
    ),
    (
        "motion",
        _any(
            "push",
            "slide",
            "shove",
            "throw",
            "jump(?:ing)?",
            "run(?:ning)?",
            "fly(?:ing)?",
            "fall(?:ing)?",
            "as far as",
        ),
    ),
    (
        "pose",
        _any(
            "rotate",
            "clockwise",
            "counterclockwise",
            "turn around",
            "turn .* around",
            "degrees",
            "points?",
            "face",
            "facing",
        ),
    ),
    (
        "pose",
        _any(
            "sit(?:ting)?",
            "stand(?:ing)?",
            "smil(?:e|ing)",
            "raise",
            "wav(?:e|ing)",
            "kneel(?:ing)?",
            "open (?:its|his|her) \\w+",
        ),
    ),
    ("spatial_arrangement", _any("move", "shift", "relocate", "bring .* to")),
    (
        "material",
        _any("unmarked", "(?:spot|band|mark|pattern|stripes|dots) (?:on|to|from|off)", "(?:a|the) (?:spot|band|mark)$"),
    ),
    ("material", _any("(?:mark|take the mark|wipe the mark) .*", "made (?:out )?of", "texture", "pattern")),
    (
        "replacement",
        _any(
            "replace",
            "substitute",
            "exchange .* for",
            "swap .* for",
            "(?:in)?to an? ",
            "(?:change|turn|transform|convert) .* into",
        ),
    ),
    ("size", _any("size", "resize", "enlarge", "shrink", "bigger", "smaller", "larger", "taller", "shorter")),
    ("color", _any("recolou?r", "repaint", "paint", "colou?r")),
    ("removal", _any("remove", "delete", "erase", "take away", "get rid of", "wipe")),
    ("addition", _any("add", "put", "place", "insert", "draw", "include", "wearing", "wear")),
    ("color", _any(rf"(?:{_COLOUR})$")),
    ("size", _any(rf"(?:{_SIZE})$")),
    ("material", _any(rf"(?:{_PATTERN})$", "striped", "checkered", "dotted", "plain")),
    ("addition", _any("give .* an? ", "give .* some")),
    ("replacement", _any("change", "turn", "transform", "convert", "make .* a", "make .* an")),
)


def category_of(instruction: str) -> str | None:
    """The sub-category, as `lexicon.CATEGORIES` names them."""
    return next((name for name, rule in RULES if rule.search(instruction)), None)
