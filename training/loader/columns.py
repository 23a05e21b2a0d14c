"""Columns of a row group as rows: whole columns are turned into Python values at once, images one row at a time.

In: an Arrow table of one row group. Out: a mapping a row, as `read_row` takes it. Turning each row by itself costs several times as
much (pyarrow makes an object of every value); turning all images at once would hold them twice.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pyarrow as pa


class GroupColumns:
    """The rows of a table: `row(n)` is the n-th."""

    def __init__(self, table: Any) -> None:
        self._texts = {name: _values(_whole(table.column(name))) for name in table.column_names if name != "images"}
        self._images = _whole(table.column("images"))
        self._offsets = self._images.offsets.to_numpy()
        cells = self._images.values
        self._paths = _values(cells.field("path"))
        has_bytes = cells.type.get_field_index("bytes") >= 0
        self._bytes = cells.field("bytes") if has_bytes else None

    def row(self, number: int) -> Mapping[str, Any]:
        """The columns of one row; images without bytes where those were not read."""
        columns = {name: values[number] for name, values in self._texts.items()}
        places = range(self._offsets[number], self._offsets[number + 1])
        columns["images"] = [{"bytes": self._data(place), "path": self._paths[place]} for place in places]
        return columns

    def _data(self, place: int) -> bytes:
        return b"" if self._bytes is None else self._bytes[place].as_py()


def _whole(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _values(array: Any) -> list[Any]:
    """All values of `array`: what `to_pylist` gives, at a fraction of its cost."""
    kind = array.type
    if pa.types.is_struct(kind) and not array.null_count:
        fields = [_values(field) for field in array.flatten()]
        names = [kind.field(n).name for n in range(kind.num_fields)]
        return [dict(zip(names, values, strict=True)) for values in zip(*fields, strict=True)]
    if pa.types.is_list(kind) and not array.null_count:
        inner, ends = _values(array.values), array.offsets.to_pylist()
        return [inner[start:stop] for start, stop in pairwise(ends)]
    if pa.types.is_string(kind) or (pa.types.is_primitive(kind) and not array.null_count):
        values: list[Any] = array.to_numpy(zero_copy_only=False).tolist()
        return values
    plain: list[Any] = array.to_pylist()
    return plain
