"""One epoch of the same rows by five loaders, in a process of its own: images decoded in two workers, numbers handed over.

In (command line): a loader, what is done with images (`bytes`, `pil`: PIL for all, `own`: the loader's own decoder), the folder of
`loader_data`, workers. Out: a line of JSON: rows, images, pixels, seconds to the first batch, rates from there, CPU time.
"""

import io
import json
import random
import resource
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

BATCH = 4
Use = Callable[[list[bytes]], tuple[int, int]]
"""Encoded images of a row to (images, pixels or bytes)."""


def weigh(images: list[bytes]) -> tuple[int, int]:
    """Nothing is decoded."""
    return len(images), sum(map(len, images))


def decode(images: list[bytes]) -> tuple[int, int]:
    """PIL, as RGB."""
    drawn = [Image.open(io.BytesIO(image)).convert("RGB") for image in images]
    return len(drawn), sum(picture.width * picture.height for picture in drawn)


USES: dict[str, Use] = {"bytes": weigh, "pil": decode, "own": decode}


def ours(folder: Path, how: str, workers: int) -> Iterable[Any]:
    """`TrajLoader`; its own decoder is `as_array`."""
    from training.loader.dataset import TrajDataset
    from training.loader.loading import TrajLoader
    from training.loader.pixels import as_array
    from training.row import TrainingRow

    def transform(row: TrainingRow) -> tuple[int, int]:
        if how == "own":
            arrays = [as_array(image) for image in row.images]
            return len(arrays), sum(array.shape[0] * array.shape[1] for array in arrays)
        return USES[how]([image.bytes for image in row.images])

    data = TrajDataset(str(folder / "parquet"), seed=1, remainder="pad", transform=transform)
    return TrajLoader(data, BATCH, num_workers=workers)


class RawParquet(IterableDataset):  # type: ignore[misc]
    """What one writes oneself: row groups in a shuffled order, every so many for a worker."""

    def __init__(self, folder: Path, use: Use) -> None:
        self._files, self._use = sorted(folder.glob("*.parquet")), use

    def __iter__(self) -> Iterator[tuple[int, int]]:
        import pyarrow.parquet as pq

        info = get_worker_info()
        groups = [(path, n) for path in self._files for n in range(pq.ParquetFile(path).num_row_groups)]
        random.Random(1).shuffle(groups)
        for path, n in groups[info.id if info else 0 :: info.num_workers if info else 1]:
            for row in pq.ParquetFile(path).read_row_group(n).to_pylist():
                yield self._use([image["bytes"] for image in row["images"]])


def raw(folder: Path, how: str, workers: int) -> Iterable[Any]:
    """pyarrow alone."""
    loader: Iterable[Any] = DataLoader(
        RawParquet(folder / "parquet", USES[how]), BATCH, num_workers=workers, collate_fn=list
    )
    return loader


def hugging_face(folder: Path, how: str, workers: int) -> Iterable[Any]:
    """datasets, streaming, the list of files shuffled; its own decoder is that of the Image type."""
    from datasets import load_dataset

    files = sorted(map(str, (folder / "parquet").glob("*.parquet")))
    random.Random(1).shuffle(files)
    data = load_dataset("parquet", data_files=files, split="train", streaming=True)

    def use(row: dict[str, Any]) -> dict[str, Any]:
        if how == "own":
            drawn = [picture.convert("RGB") for picture in row["images"]]
            return {"found": (len(drawn), sum(picture.width * picture.height for picture in drawn))}
        return {"found": USES[how]([image["bytes"] for image in row["images"]])}

    data = (data if how == "own" else data.decode(False)).map(use, remove_columns=data.column_names)
    loader: Iterable[Any] = DataLoader(
        data, BATCH, num_workers=workers, collate_fn=lambda rows: [row["found"] for row in rows]
    )
    return loader


def web_dataset(folder: Path, how: str, workers: int) -> Iterable[Any]:
    """WebDataset, shards shuffled, without a shuffle buffer: its least memory; its own decoder is `decode("rgb8")`."""
    import webdataset

    files = sorted(map(str, (folder / "tar").glob("*.tar")))
    data = webdataset.WebDataset(files, shardshuffle=len(files), seed=1)
    data = data.decode("rgb8") if how == "own" else data

    def use(sample: dict[str, Any]) -> tuple[int, int]:
        jpgs = [value for name, value in sample.items() if name.endswith(".jpg")]
        if how == "own":
            return len(jpgs), sum(array.shape[0] * array.shape[1] for array in jpgs)
        json.loads(sample["json"])
        return USES[how](jpgs)

    loader: Iterable[Any] = DataLoader(data.map(use), BATCH, num_workers=workers, collate_fn=list)
    return loader


def mosaic() -> Any:
    """MosaicML streaming. Its vision part wants torchvision, of which this torch has no build; nothing here uses that part."""
    import transformers.feature_extraction_utils  # noqa: F401  # looks for torchvision, so before there seems to be one

    for name, names in {
        "": (),
        ".datasets": ("VisionDataset",),
        ".transforms": (),
        ".transforms.functional": ("to_tensor",),
    }.items():
        module = types.ModuleType(f"torchvision{name}")
        module.__path__ = []
        for attribute in names:
            setattr(module, attribute, object)
        sys.modules.setdefault(module.__name__, module)
    import streaming

    return streaming


def mosaic_streaming(folder: Path, how: str, workers: int) -> Iterable[Any]:
    """MosaicML streaming, its own shuffle; it has no decoder for packed images, so `own` is PIL."""
    streaming = mosaic()

    class UsedSamples(streaming.StreamingDataset):  # type: ignore[misc, name-defined]
        """Samples with packed images, used where they are read."""

        def __getitem__(self, at: int) -> tuple[int, int]:
            sample = super().__getitem__(at)
            json.loads(sample["row"])
            images, start = [], 0
            for size in json.loads(sample["sizes"]):
                images.append(sample["images"][start : start + size])
                start += size
            return USES[how](images)

    data = UsedSamples(local=str(folder / "mds"), shuffle=True, shuffle_seed=1, batch_size=BATCH, num_canonical_nodes=1)
    return streaming.StreamingDataLoader(data, batch_size=BATCH, num_workers=workers, collate_fn=list)  # type: ignore[no-any-return]


LOADERS: dict[str, Callable[[Path, str, int], Iterable[Any]]] = {
    "ours": ours,
    "raw pyarrow": raw,
    "HF streaming": hugging_face,
    "WebDataset": web_dataset,
    "MosaicML": mosaic_streaming,
}


def measure(name: str, how: str, folder: Path, workers: int) -> dict[str, float]:
    """One epoch: what came, and when."""
    torch.set_num_threads(1)
    loader = LOADERS[name](folder, how, workers)
    before = _cpu()
    begin = time.perf_counter()
    batches = iter(loader)
    first = next(batches)
    there = time.perf_counter()
    rest = [row for batch in batches for row in batch]
    end = time.perf_counter()
    rows = [*first, *rest]
    del batches, loader  # workers end, so that their CPU time is known
    spent = _cpu() - before
    return {
        "rows": len(rows),
        "images": sum(images for images, _ in rows),
        "pixels": sum(pixels for _, pixels in rows),
        "first_batch_s": there - begin,
        "rows_per_s": len(rest) / (end - there),
        "images_per_s": sum(images for images, _ in rest) / (end - there),
        "cpu_ms_per_image": 1000 * spent / sum(images for images, _ in rows),
    }


def _cpu() -> float:
    """Seconds of CPU time of this process and of its children that have ended."""
    return sum(
        use.ru_utime + use.ru_stime for use in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


if __name__ == "__main__":
    loader_name, how_used, place, count = sys.argv[1:]
    print(json.dumps(measure(loader_name, how_used, Path(place), int(count))))
