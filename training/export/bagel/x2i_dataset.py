"""Trajectories for BAGEL: put this file's folder on PYTHONPATH and add two lines to BAGEL's `data/dataset_info.py`:

    from x2i_dataset import register
    register(DATASET_REGISTRY, DATASET_INFO)

In: rows of `traj/2` as BAGEL reads them (`.to_pandas()` of a row group). Out: BAGEL's plan, with the loss of every segment, what an
image is shown as, and the token that is trained after it. It needs nothing of x2i-ladder; `dataset_info.json` lies beside it.
"""

import io
import json
from pathlib import Path
from typing import Any

from data.interleave_datasets.interleave_t2i_dataset import (
    InterleavedBaseIterableDataset,
    ParquetStandardIterableDataset,
)
from PIL import Image

NAME = "x2i_trajectories"
SPECIAL_TOKENS = {"vision_start": "<|vision_start|>", "im_start": "<|im_start|>", "end": "<|endoftext|>"}
PATIENCE = 20
"""Rows that may fail before the first good one. BAGEL goes on over failed rows for ever, and prints no end."""


class TrajectoryIterableDataset(InterleavedBaseIterableDataset, ParquetStandardIterableDataset):  # type: ignore[misc]
    """Rows of `traj/2` as sequence plans."""

    rows_read = 0
    rows_failed = 0

    def parse_row(self, row: Any) -> dict[str, Any]:
        """The plan of a row. Raises SystemExit, which BAGEL does not swallow, where none of the first rows can be read."""
        try:
            plan = self._trajectory_plan(row)
        except (AssertionError, KeyError, LookupError, OSError, TypeError, ValueError) as error:
            self.rows_failed += 1
            if not self.rows_read and self.rows_failed >= PATIENCE:
                raise SystemExit(f"x2i: none of the first {self.rows_failed} rows can be read: {error!r}") from error
            raise
        self.rows_read += 1
        return plan

    def _trajectory_plan(self, row: Any) -> dict[str, Any]:
        if row["schema_version"] != "traj/2":
            raise ValueError(f"schema_version is {row['schema_version']!r}, this reads traj/2")
        data: dict[str, Any] = self._init_data()
        for segment in row["segments"]:
            loss, drop = float(segment["loss"]), bool(segment["cfg_drop"])
            if loss not in (0.0, 1.0):
                raise ValueError(f"a segment has the loss {loss}; BAGEL knows 0 and 1")
            if segment["type"] == "text":
                data = self._add_text(data, segment["text"], need_loss=bool(loss), enable_cfg=drop)
            else:
                data = self._add_image(
                    data,
                    _decode(row["images"], segment["image_index"]),
                    need_loss=bool(loss),
                    need_vae=bool(segment["vae"]),
                    need_vit=bool(segment["vit"]),
                    enable_cfg=drop,
                )
            if segment["next_special"] is not None:
                # of the elements of an image only the last one stands next to what follows
                element = data["sequence_plan"][-1]
                element["special_token_loss"] = 1
                element["special_token_label"] = int(
                    self.tokenizer.convert_tokens_to_ids(SPECIAL_TOKENS[segment["next_special"]])
                )
        return data


def _decode(images: Any, index: Any) -> Any:
    number = int(index)
    if number != index or not 0 <= number < len(images):
        raise ValueError(f"image_index is {index!r}, the row holds {len(images)} images")
    return Image.open(io.BytesIO(images[number]["bytes"])).convert("RGB")


def register(registry: dict[str, Any], info: dict[str, Any]) -> None:
    """Make the data set known to BAGEL under the name `x2i_trajectories`."""
    registry[NAME] = TrajectoryIterableDataset
    info[NAME] = json.loads((Path(__file__).parent / "dataset_info.json").read_text("utf-8"))
