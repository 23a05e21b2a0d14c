"""Outputs to export: shards that lie as `x2i build` lays them, with rows that the real ladder made."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.manifest.forms import Product
from pipeline.output.schema import with_metadata
from tests.output.factory import png
from tests.training.rows import climbed

ROWS = tuple(climbed(mode, seed=n) for n, mode in enumerate(("direct", "reflection", "multistep")))


def write_shards(out: Path, product: Product, split, rows, count=1) -> Path:
    """Shards of a product and split, rows dealt in order, two a row group."""
    folder = out / product / split
    folder.mkdir(parents=True, exist_ok=True)
    size = -(-len(rows) // count)
    for n in range(count):
        table = pa.Table.from_pylist(rows[n * size : (n + 1) * size], with_metadata(product, "{}"))
        pq.write_table(table, folder / f"{split}-{n:05d}-of-{count:05d}.parquet", row_group_size=2)
    return out


def sft(out: Path, rows=ROWS, split="train", count=1) -> Path:
    """An output with these rows."""
    return write_shards(out, "sft", split, [row.columns() for row in rows], count)


def rl(out: Path, count=3) -> Path:
    """An output with prompts, with none, one and two references in turn."""
    return write_shards(out, "rl", "train", [prompt(n) for n in range(count)])


def prompt(n: int) -> dict[str, Any]:
    """The columns of a prompt of `rl` with `n` % 3 references."""
    images: list[dict[str, Any]] = [{"bytes": png(n * 10 + k, (32, 32)), "path": f"{k}.png"} for k in range(n % 3)]
    return {
        "data_source": "made",
        "prompt": [{"role": "user", "content": "<image>" * len(images) + f"paint the house {n}"}],
        "images": images,
        "image_meta": [_meta(cell["bytes"]) for cell in images],
        "ability": "edit",
        "reward_model": {"style": "model", "ground_truth": json.dumps({"instruction": f"paint the house {n}"})},
        "extra_info": {"split": "train", "index": n, "id": f"{n}", "applicable_axes": ["instruction"]},
    }


def _meta(data: bytes) -> dict[str, Any]:
    sha256 = hashlib.sha256(data).hexdigest()
    return {
        "sha256": sha256, "original_sha256": sha256, "width": 32, "height": 32, "format": "PNG", "origin": "reference"
    }  # fmt: skip


def pairs(out: Path, product: Product = "pairs", references=0, count=4) -> Path:
    """An output with pairs; the better image stands first in every second one."""
    return write_shards(out, product, "train", [pair(n, references) for n in range(count)])


def pair(n: int, references: int) -> dict[str, Any]:
    """The columns of a pair."""
    given = [png(n + 500 + k, (32, 32)) for k in range(references)]
    both = [png(2 * n, (32, 32)), png(2 * n + 1, (32, 32))]
    chosen, rejected = [hashlib.sha256(data).hexdigest() for data in (both if n % 2 == 0 else both[::-1])]
    return {
        "id": f"{n:032x}", "caption": f"a boat {n}", "jpg_0": both[0], "jpg_1": both[1],
        "label_0": float(n % 2 == 0), "label_1": float(n % 2), "has_label": True, "num_example_per_prompt": 1,
        "chosen_sha256": chosen, "rejected_sha256": rejected,
        "references": [{"bytes": data, "path": f"{k}.png"} for k, data in enumerate(given)],
        "references_sha256": [hashlib.sha256(data).hexdigest() for data in given],
    }  # fmt: skip
