"""Where the files of an output lie, and what they are called.

In: a product, a split, a number. Out: `sft/train/train-00000-of-00002.parquet`: one folder a split, because BAGEL trains on all
that a folder holds, and a name that Hugging Face `datasets` reads the split from, with a card and without one. The record, which
has no splits, lies in `record/` itself. `stem_of` goes the other way.
"""

from pathlib import Path

from pipeline.manifest.forms import Product

RECORD_STEM = "part"


def name_shard(product: str, stem: str, number: int, count: int) -> str:
    """The path within an output of shard `number` (from 0) of `count`; `stem` is the split, or `part` of the record."""
    folder = product if stem == RECORD_STEM else f"{product}/{stem}"
    return f"{folder}/{stem}-{number:05d}-of-{count:05d}.parquet"


def stem_of(name: str) -> str:
    """Product and split of a file, wherever in its product's folder it lies: `sft/train`."""
    return f"{product_of(name)}/{name.rpartition('/')[2].partition('-')[0]}"


def product_of(name: str) -> str:
    """The product of a file: `sft`."""
    return name.partition("/")[0]


def list_files(out: Path, product: Product) -> list[str]:
    """The Parquet files of a product, in order, as paths within the output; none where there are none."""
    return [str(path.relative_to(out)) for path in sorted((out / product).rglob("*.parquet"))]
