"""Columns turned into rows at once are what pyarrow gives value by value."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from training.loader.columns import GroupColumns

TEXT = st.none() | st.text(max_size=4)
NUMBER = st.none() | st.floats(allow_nan=False, width=32)
PART = st.fixed_dictionaries(
    {
        "text": TEXT,
        "n": st.integers(-1, 9),
        "score": NUMBER,
        "flag": st.booleans(),
        "inputs": st.lists(st.integers(0, 5)),
    }
)
IMAGE = st.fixed_dictionaries({"bytes": st.binary(max_size=5), "path": TEXT})
ROW = st.fixed_dictionaries(
    {
        "id": st.text(),
        "images": st.lists(IMAGE, max_size=3),
        "parts": st.none() | st.lists(st.none() | PART, max_size=3),
        "n": NUMBER,
    }
)
PARTS = pa.list_(
    pa.struct(
        [
            ("text", pa.string()),
            ("n", pa.int32()),
            ("score", pa.float32()),
            ("flag", pa.bool_()),
            ("inputs", pa.list_(pa.int32())),
        ]
    )
)
IMAGES = pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
SCHEMA = pa.schema([("id", pa.string()), ("images", IMAGES), ("parts", PARTS), ("n", pa.float32())])


@settings(deadline=None)
@given(st.lists(ROW, min_size=1, max_size=4), st.lists(ROW, max_size=3))
def test_rows_are_equal_value_by_value(rows, more):
    """Nulls, empty lists, and columns that come in several chunks included."""
    chunks = [pa.Table.from_pylist(part, schema=SCHEMA) for part in (rows, more) if part]
    table = pa.concat_tables(chunks)
    columns = GroupColumns(table)
    assert [columns.row(n) for n in range(len(table))] == table.to_pylist()


def test_images_may_come_without_bytes():
    table = pa.Table.from_pylist([{"images": [{"path": "a.png"}, {"path": None}]}])
    assert GroupColumns(table).row(0) == {"images": [{"bytes": b"", "path": "a.png"}, {"bytes": b"", "path": None}]}
