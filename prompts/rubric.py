"""The rubric that images are judged by: its version, and the group of sub-categories that an instruction belongs to.

In: the sub-category of a sample, as its source names it. Out: the group for which `evaluate.j2` says what has to be right;
`RUBRIC`, which goes into each evaluation, so that rows judged by other words can be told apart.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

RUBRIC = "1"
"""Raised with each change of `evaluate.j2` or of the groups: both may move scores."""

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "composition": ("composition", "compose", "object_replacement", "reference_transfer", "reference", "references"),
        "count": ("count", "counting", "number", "quantity", "numeracy"),
        "text": ("text", "lettering", "typography", "writing", "ocr"),
        "viewpoint": ("viewpoint", "view", "camera", "angle", "perspective"),
        "spatial": ("spatial", "spatial_arrangement", "position", "arrangement", "layout", "placement", "relation"),
        "pose": ("pose", "motion", "action", "gesture", "expression"),
        "attribute": (
            "attribute", "attributes", "attr", "color", "colors", "colour", "colours", "material", "texture", "size",
            "anomaly", "anomaly_correction",
        ),
        "object": (
            "object", "objects", "addition", "add", "removal", "remove", "replacement", "replace", "part_completion",
            "completion",
        ),
        "scene": ("background", "style", "tone", "lighting", "light", "weather", "season", "global"),
        "knowledge": (
            "knowledge", "reasoning", "science", "physics", "logic", "causal", "temporal", "temporal_evolution", "culture",
        ),
    }
)  # fmt: skip
"""Group -> names of its sub-categories, and words that others are named with. A name comes before a word, an earlier group before a
later one."""


def group_of(category: str) -> str | None:
    """The group of a sub-category such as "count" or "Color Change"; None where its words belong to none."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", category).casefold())
    name = "_".join(words)
    exact = (group for group, names in GROUPS.items() if name in names)
    by_word = (group for group, names in GROUPS.items() if set(names) & set(words))
    return next(exact, next(by_word, None))
