"""BAGEL with every flag: the shards stay where they are, and BAGEL is told of them.

In: rows of `traj/2`, each of which must have a plan. Out: `parquet_info.json` (absolute paths and row groups of the train split),
`parquet_info.validation.json`, `x2i_dataset.py`, `dataset_info.json` and `x2i.yaml` for BAGEL's own configuration.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from training.export import bagel
from training.export.place import ExportPlace
from training.export.shards import count_groups, count_rows, files
from training.render.bagel import plan_of
from training.row import TrainingRow

NAME = "x2i_trajectories"
_YAML = """{name}:
  dataset_names:
  - {name}
  image_transform_args:
    image_stride: 16
    max_image_size: 1024
    min_image_size: 512
  vit_image_transform_args:
    image_stride: 14
    max_image_size: 518
    min_image_size: 224
  num_used_data:
  - {files}
  weight: 1.0
  is_mandatory: true
"""


def write(split: str, rows: Iterable[TrainingRow], place: ExportPlace) -> int:
    """Check that each row has a plan; returns how many rows there are. Raises RenderProblem."""
    count = 0
    for row in rows:
        plan_of(row)
        count += 1
    name = "parquet_info.json" if split == "train" else f"parquet_info.{split}.json"
    info = {str(path): {"num_row_groups": count_groups(path)} for path in files(place.source, "sft", split)}
    (place.folder / name).write_text(json.dumps(info, indent=1), encoding="utf-8")
    return count


def finish(place: ExportPlace) -> None:
    """Write the class, and what BAGEL must know of the train split."""
    shards = files(place.source, "sft", "train")
    entry = {
        "data_dir": str(place.source / "sft" / "train"),
        "num_files": len(shards),
        "num_total_samples": sum(map(count_rows, shards)),
        "parquet_info_path": str(place.final / "parquet_info.json"),
    }
    source = Path(bagel.__file__).with_name("x2i_dataset.py")
    (place.folder / source.name).write_text(source.read_text("utf-8"), encoding="utf-8")
    (place.folder / "dataset_info.json").write_text(json.dumps({NAME: entry}, indent=1), encoding="utf-8")
    (place.folder / "x2i.yaml").write_text(_YAML.format(name=NAME, files=len(shards)), encoding="utf-8")
