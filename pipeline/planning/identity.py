"""What a plan is made from: two manifests with one plan identity have the same plan.

In: the meaning of a manifest (`pipeline.manifest.identity`). Out: a hash. What decides only how samples climb is no part of it, so
that another policy or model reads nothing again.
"""

import json
from collections.abc import Mapping
from typing import Any

from stages.identity import digest

PLAN_RULES = 1
"""A new number where rows are split or ranked otherwise than before."""


def plan_identity(meaning: Mapping[str, Any]) -> str:
    """The identity of the plan of a manifest with this meaning."""
    output, models = meaning.get("output") or {}, meaning.get("models") or {}
    size = (output.get("image") or {}).get("size")
    baseline = (models.get("baseline") or {}).get("backend")  # one whose images come along needs them in every row
    parts = {name: meaning.get(name) for name in ("seed", "sources", "splits", "screens")}
    return digest(PLAN_RULES, json.dumps(parts, sort_keys=True), size, baseline == "precomputed")
