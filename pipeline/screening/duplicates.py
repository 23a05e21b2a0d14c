"""Finds rows that repeat an earlier one, within a source and across sources.

In: samples with the looks of their references, in reading order. Out: a `Dropped` for each that repeats a row which stayed in.

Equal rows meet under a key of their normalised instruction and references. Near ones meet under keys of their MinHash signature
(locality-sensitive hashing: `BANDS` keys of `BAND_HASHES` minima each), and are then compared for true. Two edits repeat each other
only where their references do, so the keys of an edit hold those too.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

from pipeline.screening.dropped import Dropped
from pipeline.screening.index import KeptRow, RowIndex
from pipeline.screening.looks import ImageLook, blocks
from pipeline.screening.needs import need
from pipeline.screening.spec import Duplicates
from pipeline.screening.text import normalise
from pipeline.sources.bad_row import Place
from stages.records import Sample

RUN = 5  # characters
BANDS, BAND_HASHES = 6, 4  # of two texts at 0.85, 99 % meet under a key
SHORT = 500  # characters; the runs of longer texts are not kept
_SEED = 1
_BAND = struct.Struct(f"<{BAND_HASHES}I")


def key_of(*parts: str) -> int:
    """63 bits of a hash over these parts."""
    return _hash("\x00".join(parts).encode())


def _hash(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little") >> 1


def runs(text: str) -> frozenset[str]:
    """The runs of `RUN` characters in a text; a shorter text is its own run."""
    return _runs_of_short(text) if len(text) <= SHORT else _find_runs(text)


def _list_runs(text: str) -> list[str]:
    return [text[n : n + RUN] for n in range(max(1, len(text) - RUN + 1))]


def _find_runs(text: str) -> frozenset[str]:
    return frozenset(_list_runs(text))


# what is made by a template is compared with the same rows again and again
_runs_of_short = lru_cache(1024)(_find_runs)


def similarity(one: str, other: str) -> float:
    """The Jaccard similarity of two texts' runs, 0 to 1."""
    a, b = runs(one), runs(other)
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)


class DuplicateScreen:
    """Compares each row with the kept ones of `index`. Raises MissingExtra where a library of its screens is not installed."""

    def __init__(self, spec: Duplicates, index: RowIndex) -> None:
        self._spec, self._index = spec, index
        self._minhash = need("rensa", "screens").RMinHash if spec.near_text is not None else None

    def judge(self, sample: Sample, place: Place, looks: Sequence[ImageLook]) -> Dropped | None:
        """Why the row repeats another; None where it does not, and then it is remembered. A row judged again fares as before."""
        text = normalise(sample.instruction)
        exact = key_of("row", text, *(image.sha256 for image in sample.references))
        if (twin := self._index.first(exact)) is not None:
            if twin.stands_at(sample.source, place):
                return None
            return Dropped("duplicate", f"the same instruction and references as {_name(twin)}")
        pictures = self._name_images(sample, looks)
        keys = self._near_keys(text, pictures)
        if keys and (dropped := self._find_near(text, keys, bool(pictures))):
            return dropped
        self._index.keep(sample.source, place, text if keys else "", (exact, *keys))
        return None

    def _name_images(self, sample: Sample, looks: Sequence[ImageLook]) -> list[str]:
        """A name for each reference, which near copies share where they count as one."""
        bits = self._spec.near_images
        if bits is None or len(looks) < len(sample.references):
            return [image.sha256 for image in sample.references]
        return [
            str(self._number_image(image.sha256, seen, bits))
            for image, seen in zip(sample.references, looks, strict=False)
        ]

    def _number_image(self, sha256: str, seen: ImageLook, bits: int) -> int:
        own = key_of("bytes", sha256)
        if (known := self._index.image(own)) is not None:
            return known
        keys = [_hash(b"look%d:" % n + block) for n, block in enumerate(blocks(seen.phash, bits + 1))]
        for number, other in self._index.images(keys):
            if seen.is_like(other, bits):
                self._index.name_image(number, own)
                return number
        return self._index.add_image(seen, (own, *keys))

    def _near_keys(self, text: str, pictures: Sequence[str]) -> list[int]:
        if self._minhash is None:
            return [key_of("near", text, *pictures)] if pictures and self._spec.near_images is not None else []
        signature = self._minhash(num_perm=BANDS * BAND_HASHES, seed=_SEED)
        signature.update(_list_runs(text))  # a run that comes twice changes no minimum
        minima, names = signature.digest(), "\x00".join(pictures).encode()
        return [
            _hash(b"band%d:" % n + _BAND.pack(*minima[n * BAND_HASHES : (n + 1) * BAND_HASHES]) + names)
            for n in range(BANDS)
        ]

    def _find_near(self, text: str, keys: Sequence[int], has_pictures: bool) -> Dropped | None:
        least = self._spec.near_text
        alike = " and references alike" if has_pictures else ""
        for row in self._index.holders(keys):
            if least is None:
                return Dropped("near_duplicate", f"the same instruction as {_name(row)}{alike}")
            if (share := similarity(text, row.text)) >= least:
                return Dropped(
                    "near_duplicate", f"{share:.2f} of the instruction of {_name(row)} (at least {least:g}){alike}"
                )
        return None


def _name(row: KeptRow) -> str:
    return f"row {row.row} of {row.file} in {row.source}"
