"""Folders of random weights, written as fast as the disk takes them, for `from_pretrained` to load.

In: a model that was made on torch's device "meta", so that it has shapes and no values. Out: its weights in safetensors shards with
their index, in the form that diffusers and transformers read. Values are normal with a spread of about 1/sqrt(fan in), so that
activations stay finite through any depth. They repeat after some millions: speed does not depend on them.
"""

import json
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from math import log2
from pathlib import Path
from typing import Any

SHARD_BYTES = 1 << 30
_POOL = 1 << 22
_NAMES = {"bfloat16": "BF16", "float32": "F32"}


def write_weights(model: Any, folder: Path, stem: str, dtype: str) -> int:
    """Write the weights of `model` as STEM-0000n-of-0000m.safetensors; their number. Raises OSError on a failed write."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    shards = list(_shards(shapes, dtype))
    names = [f"{stem}-{number:05d}-of-{len(shards):05d}.safetensors" for number in range(1, len(shards) + 1)]
    for spread in {_spread(shape) for shape in shapes.values() if len(shape) > 1}:
        _pool(spread, dtype)  # before the threads, which would each make it
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: _write_shard(folder / one[0], one[1], dtype), zip(names, shards, strict=True)))
    places = {name: file for file, shard in zip(names, shards, strict=True) for name in shard}
    index = {"metadata": {"total_size": sum(map(_count, shapes.values())) * _size(dtype)}, "weight_map": places}
    (folder / f"{stem}.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    return sum(map(_count, shapes.values()))


def _shards(shapes: dict[str, tuple[int, ...]], dtype: str) -> Iterator[dict[str, tuple[int, ...]]]:
    shard: dict[str, tuple[int, ...]] = {}
    for name, shape in shapes.items():
        shard[name] = shape
        if sum(map(_count, shard.values())) * _size(dtype) >= SHARD_BYTES:
            yield shard
            shard = {}
    if shard:
        yield shard


def _write_shard(path: Path, shapes: dict[str, tuple[int, ...]], dtype: str) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, shape in shapes.items():
        end = at + _count(shape) * _size(dtype)
        header[name] = {"dtype": _NAMES[dtype], "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb", buffering=0) as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in shapes.items():
            left = _count(shape) * _size(dtype)
            values = _values(name, shape, dtype)
            while left:
                left -= file.write(values[: min(left, len(values))])


def _values(name: str, shape: tuple[int, ...], dtype: str) -> memoryview:
    """Bytes to be repeated until a tensor is full: random ones, ones for the gains of norms, zeros for what is added."""
    if len(shape) > 1:
        return _pool(_spread(shape), dtype)
    return _constant(1.0 if name.endswith("weight") else 0.0, dtype)


def _spread(shape: tuple[int, ...]) -> int:
    """The power of two that is nearest to 1/sqrt(fan in)."""
    return -round(log2(max(1, _count(shape) // shape[0])) / 2)


@cache
def _pool(spread: int, dtype: str) -> memoryview:
    import torch

    values = torch.randn(_POOL, generator=torch.Generator().manual_seed(0)) * 2.0**spread
    return _bytes(values.to(getattr(torch, dtype)))


@cache
def _constant(value: float, dtype: str) -> memoryview:
    import torch

    return _bytes(torch.full((_POOL,), value, dtype=getattr(torch, dtype)))


def _bytes(values: Any) -> memoryview:
    import torch

    return memoryview(values.view(torch.uint8).numpy()).cast("B")


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for side in shape:
        count *= side
    return count


def _size(dtype: str) -> int:
    return 2 if dtype == "bfloat16" else 4
