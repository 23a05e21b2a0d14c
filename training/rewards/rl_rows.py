"""The RL prompts of an output, read for rewards and for GRPO.

In: the folder of a build, or of rl files. Out: `RlPrompt`s, in the order of the files: what is asked, the references as bytes,
the id.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pydantic import ValidationError

from training.rewards.prompts import AskedPrompt

COLUMNS = ["prompt", "reward_model", "extra_info", "images"]
MARKER = "<image>"


class RlProblem(ValueError):
    """RL rows that cannot be read; the message names file, row, field and remedy."""


@dataclass(frozen=True, slots=True)
class RlPrompt:
    """One prompt: its id, what it asks, its references as they lie in the row, and the words that a model reads after them."""

    id: str
    asked: AskedPrompt
    references: tuple[bytes, ...]
    words: str


def read_prompts(folder: Path) -> Iterator[RlPrompt]:
    """The prompts of the output in `folder`. Raises RlProblem."""
    files = sorted((folder / "rl").rglob("*.parquet")) or sorted(folder.glob("*.parquet"))
    if not files:
        raise RlProblem(f"{folder}: holds no rl/*.parquet; name the folder of a build that has RL prompts (splits.rl)")
    for file in files:
        try:
            table = pq.ParquetFile(file)
            if missing := set(COLUMNS) - set(table.schema_arrow.names):
                raise RlProblem(f"{file}: lacks the column {sorted(missing)[0]}; name the folder of a build")
            row = 0
            for batch in table.iter_batches(16, columns=COLUMNS):
                for columns in batch.to_pylist():
                    yield _read(columns, f"{file}: row {row}")
                    row += 1
        except OSError as error:
            raise RlProblem(f"{file}: cannot be read ({error}); build it again") from error


def _read(columns: Mapping[str, Any], where: str) -> RlPrompt:
    info = columns["extra_info"] or {}
    try:
        truth = json.loads((columns["reward_model"] or {})["ground_truth"])
        more = {name: info[name] for name in ("category", "task") if info.get(name)}
        asked = AskedPrompt.model_validate_json(json.dumps({**truth, **more}))
        images = tuple(image["bytes"] for image in columns["images"] or ())
        content, markers = columns["prompt"][0]["content"], MARKER * len(images)
        if not content.startswith(markers):
            raise RlProblem(f"{where}: prompt: it begins without {len(images)} {MARKER}; build the prompts again")
        return RlPrompt(str(info["id"]), asked, images, content.removeprefix(markers))
    except RlProblem:
        raise
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise RlProblem(f"{where}: ground_truth.{place}: {first['msg']}; build the prompts again") from None
    except (ValueError, LookupError, TypeError) as error:
        raise RlProblem(f"{where}: {type(error).__name__}: {error}; build the prompts again") from None
