"""Hashes of files on this machine. In: paths. Out: sha256 in hex, of every byte, or of samples where there is too much to read."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

WHOLE_BYTES = 1 << 30
SAMPLES = 64
SAMPLE_BYTES = 1 << 16


def hash_files(paths: Iterable[str]) -> list[str]:
    """A hash for each file. Raises OSError."""
    paths = list(paths)
    whole = sum(os.stat(path).st_size for path in paths) <= WHOLE_BYTES
    return [(_hash_whole if whole else _hash_samples)(path) for path in paths]


def hash_folder(folder: str) -> str:
    """One hash of the names and bytes of all files below a folder, hidden ones apart. Raises OSError."""
    found = Path(folder).rglob("*")
    names = sorted(path.relative_to(folder).as_posix() for path in found if path.is_file())
    names = [name for name in names if not any(part.startswith(".") for part in name.split("/"))]
    return join(zip(names, hash_files(os.path.join(folder, name) for name in names), strict=True))


def join(hashes: Iterable[tuple[str, str]]) -> str:
    """One hash of names and hashes."""
    return hashlib.sha256(json.dumps(list(hashes)).encode()).hexdigest()


def _hash_whole(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash_samples(path: str) -> str:
    """Of the size and of evenly spread blocks; the whole of a small file."""
    size = os.stat(path).st_size
    if size <= SAMPLES * SAMPLE_BYTES:
        return _hash_whole(path)
    digest = hashlib.sha256(f"{size} bytes, sampled".encode())
    with open(path, "rb") as file:
        for number in range(SAMPLES):
            file.seek((size - SAMPLE_BYTES) * number // (SAMPLES - 1))
            digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()
