"""Reads the pictures that a row names or holds, and stores none.

In: a row and the field that holds them. Out: each picture, decoded in full, in the row's order; or a BadRow.
"""

from collections.abc import Iterator
from typing import Any

from pipeline.sources import cells, images
from pipeline.sources.mapping import Row, check_unicode
from pipeline.storage.pictures.rendition import Rendition


def read_pictures(row: Row, field: str) -> Iterator[Rendition]:
    """The pictures of `field`, "references" or "first". Raises BadRow."""
    for value, name in cells.split_cell(row.value(field), row.label(field)):
        yield _read(row, value, name)


def _read(row: Row, value: Any, field: str) -> Rendition:
    spec, data = row.spec, cells.read_cell(value, field)
    if isinstance(data, bytes):
        return images.admit(data, spec.max_pixels, field)
    path = row.fill(spec.images.path, field, image=check_unicode(data, field)) if spec.images else data
    data = images.Root(spec.images.root if spec.images else None).read(path, field)
    return images.admit(data, spec.max_pixels, field, images.quote_path(path))
