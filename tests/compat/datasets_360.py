"""Loads an output with Hugging Face `datasets`, map-style and streaming, and decodes every image. Needs nothing of this project.

    python tests/compat/datasets_360.py OUT CACHE

In: the folder of an output, and a folder for the cache. Out: one line of JSON with the counts, or an AssertionError. The name
says which old version it is run with by `make`; the tests run it with the newest.
"""

import io
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import datasets
from PIL import Image


def check_row(row: dict[str, Any], product: str) -> int:
    """Every image of a row, decoded. Raises AssertionError."""
    if is_pair := product in ("pairs", "edit_pairs"):  # as diffusers' DPO scripts open them
        for name in ("jpg_0", "jpg_1"):
            Image.open(io.BytesIO(row[name])).load()
    images = row["references"] if is_pair else row["images"]
    for image in images:
        assert isinstance(image, Image.Image), f"{product}: an image came back as {type(image).__name__}"
        image.load()
    if product == "sft":
        assert len(images) == row["n_images"]
        assert isinstance(row["segments"], list), f"segments came back as {type(row['segments']).__name__}"
        assert {s["type"] for s in row["segments"]} == {"text", "image"}
        assert all(isinstance(s["inputs"], list) for s in row["segments"])
    if product == "rl":
        assert row["prompt"][0]["content"].count("<image>") == len(images)
    return len(images) + 2 * is_pair


def load(out: Path, product: str, split: str, cache: str, streaming: bool) -> Any:
    """One split of one product: streaming by the card's configuration, map-style by the files' names."""
    if streaming:
        return datasets.load_dataset(str(out), product, split=split, cache_dir=cache, streaming=True)
    files = sorted(str(path) for path in (out / product / split).glob("*.parquet"))
    return datasets.load_dataset("parquet", data_files={split: files}, split=split, cache_dir=cache)


def rows_of(place: Path, cache: str, *product: str) -> dict[str, int]:
    """Rows by split of what `load_dataset` finds at a place."""
    return {
        split: part.num_rows for split, part in datasets.load_dataset(str(place), *product, cache_dir=cache).items()
    }


def main(out: Path, cache: str) -> None:
    """All ways give the same splits, and the same rows in the same order: by the card, by a folder without one, streaming."""
    counts: Counter[str] = Counter()
    products = datasets.get_dataset_config_names(str(out))
    assert rows_of(out, cache) == rows_of(out, cache, products[0]), (
        "without a name the card gives another configuration"
    )
    for product in products:
        splits = rows_of(out, cache, product)
        assert all(splits.values()), f"{product}: an empty split"
        assert rows_of(out / product, cache) == splits, f"{product}: the folder alone gives other splits"
        for split in datasets.get_dataset_split_names(str(out), product):
            name = f"{product}/{split}"
            seen = []
            for streaming in (False, True) if product != "record" else (True,):
                ids = []
                for row in load(out, product, split, cache, streaming):
                    counts[f"{name} images"] += check_row(row, product) if product != "record" else 0
                    ids.append(row["extra_info"]["id"] if product == "rl" else row["id"])
                seen.append(ids)
            assert seen[0] == seen[-1], f"{name}: streaming gives other rows"
            counts[f"{name} rows"] = len(seen[0])
    print(json.dumps({"datasets": datasets.__version__, **counts}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
