"""`release.json`: what a release says of itself.

In: what was decided, approved and overridden. Out: a `ReleaseSummary`, to JSON and back.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.release.figures import ReviewFigures
from pipeline.release.place import NAME

FORMAT = "release/1"


class ReleasedLot(BaseModel):
    """A lot as it was released: its plan (`sample` rows to judge, `most` of them wrong), what was found, what was done."""

    model_config = ConfigDict(frozen=True)

    outcome: str
    source: str
    generator: str
    rows: int
    released: int
    treatment: str
    decision: str | None = None
    sample: int = 0
    most: int = 0
    judged: int = 0
    found: int = 0


class ReleaseSummary(BaseModel):
    """A release. `counts`: kept = released + withdrawn. `build_sha256` is that of the build's `run.json`.

    `withdrawn` counts rows by why, `reasons` those that people gave against withdrawn rows. `figures` are those of the card:
    acceptance, agreement, known answers. `override` is the reason that somebody gave for a release against `overridden`.
    `ignored`: verdicts about content that the build does not hold.
    """

    model_config = ConfigDict(frozen=True)

    format: str
    name: str
    fingerprint: str
    build_sha256: str
    build_finished_at: str
    released_at: str
    counts: dict[str, int]
    withdrawn: dict[str, int]
    reasons: dict[str, int]
    lots: list[ReleasedLot]
    reviewers: dict[str, int]
    figures: ReviewFigures
    settings: dict[str, Any]
    plan_changes: list[str] = []
    override: str | None = None
    overridden: list[str] = []
    ignored: list[str] = []


def dump(summary: ReleaseSummary) -> str:
    """The file's text."""
    return json.dumps(summary.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def read(out: Path) -> ReleaseSummary:
    """The release.json in `out`. Raises OSError when it is missing, ValueError when it is none."""
    return ReleaseSummary.model_validate_json((out / NAME).read_bytes())
