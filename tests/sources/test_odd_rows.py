"""Odd rows as tables of the world hold them: each is read as it was meant, or turned down with a line of its own."""

import base64
import json
import textwrap
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.sources.cells import read_cell, split_cell

from .tables import climbing_trajectories, encode_image, failure_lines, make_plan, table, write_file, write_jsonl

PICTURE = encode_image((40, 24), (10, 200, 250))
B64 = base64.b64encode(PICTURE).decode()
URL_SAFE = base64.urlsafe_b64encode(PICTURE).decode()
UNPADDED_PICTURE = next(
    data for data in (encode_image((32, side)) for side in range(8, 90)) if base64.b64encode(data).endswith(b"=")
)

READ: dict[str, Any] = {
    "bytes": PICTURE,
    "a byte array": bytearray(PICTURE),
    "byte values": list(PICTURE),
    "an array of byte values": np.frombuffer(PICTURE, np.uint8),
    "a data URI": f"data:image/png;base64,{B64}",
    "a data URI in capitals": f"DATA:IMAGE/PNG;BASE64,{B64}",
    "a data URI with parameters": f"data:image/png;charset=utf-8; base64,{B64}",
    "a data URI without its mark": f"data:image/png,{B64}",
    "a data URI in a binary column": f"data:image/png;base64,{B64}".encode(),
    "a wrapped data URI": "data:image/png;base64,\n" + "\r\n".join(textwrap.wrap(B64, 64)),
    "a percent-encoded data URI": f"data:image/png;base64,{B64.replace('+', '%2B').replace('/', '%2F')}",
    "a data URI of plain bytes": "data:image/png," + "".join(f"%{value:02x}" for value in PICTURE),
    "base64": B64,
    "base64 with blanks around": f"  {B64}\n",
    "base64 in 76 columns": "\n".join(textwrap.wrap(B64, 76)),
    "base64 with line feeds written out": "\\n".join(textwrap.wrap(B64, 76)),
    "base64 for addresses": URL_SAFE,
    "base64 without its end": URL_SAFE.rstrip("="),
    "base64 after a type": f"image/png;base64,{B64}",
    "base64 in a binary column": B64.encode(),
    "a list as JSON": json.dumps([B64]),
    "a struct": {"bytes": PICTURE, "path": None},
    "a struct of base64": {"bytes": B64, "path": "elsewhere.png"},
    "a struct with more keys": {"bytes": PICTURE, "path": None, "height": 24, "width": 40},
    "a struct as JSON": json.dumps({"bytes": B64, "path": None}),
    "an address that holds the data": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{B64}"}},
    "b64_json": {"b64_json": URL_SAFE},
}


@pytest.mark.parametrize("name", READ)
def test_every_form_of_embedded_bytes_is_read(name: str) -> None:
    ((value, _),) = split_cell(READ[name], "references")
    assert read_cell(value, "references") == PICTURE


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_base64_of_every_format_is_told_from_a_path(form: str) -> None:
    data = encode_image((40, 24), form=form)
    for text in (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode().rstrip("=")):
        assert read_cell(text, "references") == data
    assert read_cell(base64.b64encode(UNPADDED_PICTURE).decode().rstrip("="), "references") == UNPADDED_PICTURE


PATHS: dict[str, Any] = {
    "a path": "a.png",
    "a path with blanks around": " a.png\n",
    "a list as JSON": '["a.png"]',
    "a text as JSON": '"a.png"',
    "a struct": {"path": "a.png", "bytes": None},
    "a struct in a list as JSON": '[{"path": "a.png"}]',
    "an array": np.array(["a.png"]),
    "a path in a binary column": b"a.png",
    "a file name": {"file_name": "a.png"},
}


@pytest.mark.parametrize("name", PATHS)
def test_every_form_of_a_path_is_read(name: str) -> None:
    ((value, _),) = split_cell(PATHS[name], "references")
    assert read_cell(value, "references") == "a.png"


@pytest.mark.parametrize(
    "nothing", [None, "", [], {}, float("nan"), np.float32("nan"), "[]", '""', Decimal("nan"), b""]
)
def test_every_form_of_nothing_is_no_image(nothing: Any) -> None:
    assert split_cell(nothing, "references") == []


DOWNLOAD = "references are read from local files: download it first and give its path below images.root"
COPY = "references are read from local files: copy it below images.root and give its path there"
LIST = "write a list of texts"
REFUSED: dict[str, tuple[Any, str]] = {
    "http": ("http://host/a.png", f"'http://host/a.png' is an address on the web; {DOWNLOAD}"),
    "https in capitals": ("HTTPS://HOST/A.PNG", f"'HTTPS://HOST/A.PNG' is an address on the web; {DOWNLOAD}"),
    "an address without a scheme": ("//host/a.png", f"'//host/a.png' is an address on the web; {DOWNLOAD}"),
    "an address that holds keys": (
        "https://me:secret@host/a.png?X-Amz-Signature=secret",
        f"'https://host/a.png' is an address on the web; {DOWNLOAD}",
    ),
    "an address in a list": (["http://host/a.png"], f"'http://host/a.png' is an address on the web; {DOWNLOAD}"),
    "an address as JSON": ('["http://host/a.png"]', f"'http://host/a.png' is an address on the web; {DOWNLOAD}"),
    "an address in a struct": ({"url": "http://host/a"}, f"'http://host/a' is an address on the web; {DOWNLOAD}"),
    "an address in a binary column": (b"http://host/a", f"'http://host/a' is an address on the web; {DOWNLOAD}"),
    "an address that a browser would take": (
        "www.host/a.png",
        f"'www.host/a.png' is an address on the web; {DOWNLOAD}",
    ),
    "another system": ("s3://bucket/a.png", f"'s3://bucket/a.png' is an address of another system; {COPY}"),
    "blob": ("blob:null/77", f"'blob:null/77' is an address that only its program knows; {COPY}"),
    "a file address": (
        "file:///home/me/a.png",
        "'file:///home/me/a.png' is a file address; give the path below images.root alone",
    ),
    "a drive": (
        "C:\\me\\a.png",
        "'C:\\\\me\\\\a.png' is an absolute Windows path; give the path below images.root, with /",
    ),
    "a share": (
        "\\\\host\\a.png",
        "'\\\\\\\\host\\\\a.png' is an absolute Windows path; give the path below images.root, with /",
    ),
    "backslashes": ("sub\\a.png", "'sub\\\\a.png' is no path here: it has backslashes; write 'sub/a.png'"),
    "a home": ("~/a.png", "'~/a.png' begins with a home folder; give the path below images.root"),
    "percent-encoded": ("my%20a.png", "'my%20a.png' is no path here: it is percent-encoded; write 'my a.png'"),
    "several in one text": ("a.png, b.png", f"'a.png, b.png' names several files in one text; {LIST}"),
    "Markdown": ("![a](a.png)", "'![a](a.png)' is a Markdown link; give the path alone"),
    "markup": ('<img src="a.png">', "'<img src=\"a.png\">' is markup; give the path alone"),
    "a list of Python's": (
        "['a.png']",
        '"[\'a.png\']" is a list or an object, but not JSON; write JSON, as in ["a.png", "b.png"]',
    ),
    "bytes of Python's": (
        "b'\\x89PNG'",
        "\"b'\\\\x89PNG'\" is bytes as Python prints them; store the bytes themselves, or base64",
    ),
    "a null as text": ("NaN", "'NaN' is a null written as text; write null, or leave the value empty"),
    "a number": (3.5, "3.5 (float) is no image; give bytes, base64, a data URI, a {bytes, path} struct or a path"),
    "a list in a list": ([["a.png"]], "is a list in a list; give one list of images; encode pixel values as PNG"),
    "pixels": ([[[0, 1, 2]] * 9] * 9, "is a list in a list; give one list of images; encode pixel values as PNG"),
    "a data URI that is cut": (
        "data:image/png;base64",
        "is a data URI without a comma; write data:image/png;base64,...",
    ),
    "base64 that is cut": (B64.rstrip("=")[: 4 * 20 + 1], "embedded bytes are not base64 ("),
    "base64 of no picture": ("QUJD" * 100, "the image cannot be decoded (300 bytes); supply one of"),
    "nobody's name": ({"url": "u"}, "'u' under url names no local file; give its path under path"),
    "a path to nothing": ("gone.png", "'gone.png' is not below images.root; add the file or correct the path"),
    "hexadecimal": (PICTURE.hex(), "is hexadecimal; store bytes, or base64"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_local_file_gets_a_line_of_its_own(tmp_path: Path, name: str) -> None:
    value, line = REFUSED[name]
    write_file(tmp_path / "images" / "good.png", PICTURE)
    row: dict[str, Any] = {"prompt": "x", "image": value}
    if isinstance(value, bytes):
        pq.write_table(pa.Table.from_pylist([row]), path := tmp_path / "r.parquet")
    else:
        path = write_jsonl(tmp_path / "r.jsonl", [row])
    images = {"root": str(tmp_path / "images")}
    (said,) = failure_lines(make_plan(tmp_path, table(path, columns={"references": "image"}, images=images)))
    assert line in said
    assert "secret" not in said
    assert said.startswith(f"{path.name}: row 1: references (image)")
    if name != "a path to nothing":
        assert "is not below images.root" not in said


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (pa.array([1.0, 2.0, None]), ["1", "2"]),
        (pa.array([1.0, 2.0, float("nan")]), ["1", "2"]),
        (pa.array([1, 2, 2**60], pa.int64()), ["1", "1152921504606846976", "2"]),
        (pa.array([1, 2, 3], pa.float32()), ["1", "2", "3"]),
        (pa.array([Decimal("1.00"), Decimal("2.00"), Decimal("2.50")]), ["1", "2"]),
        (pa.array(["1", "1.0", "x"]), ["1", "1.0", "x"]),
        (pa.array([-0.0, 1e300, 1.5]), ["0"]),
    ],
)
def test_a_whole_number_is_an_id_however_it_is_stored(tmp_path: Path, ids: pa.Array, expected: list[str]) -> None:
    pq.write_table(pa.table({"prompt": ["a", "b", "c"], "id": ids}), tmp_path / "r.parquet")
    plan = make_plan(tmp_path, table(tmp_path / "r.parquet", id="{id}"))
    assert [t.sample.row_id for t in climbing_trajectories(plan)] == expected
    assert len(failure_lines(plan)) == 3 - len(expected)
    assert all(
        "which cannot be part of it; make it a non-empty text or a whole number" in s for s in failure_lines(plan)
    )


@pytest.mark.parametrize(
    ("side", "size"), [(64.0, 64), (Decimal("64"), 64), (np.int32(64), 64), (None, 512), (np.nan, 512)]
)
def test_a_whole_number_is_a_size_however_it_is_stored(tmp_path: Path, side: Any, size: int) -> None:
    pq.write_table(pa.table({"prompt": ["a"], "w": pa.array([side]), "h": pa.array([side])}), tmp_path / "r.parquet")
    (good,) = climbing_trajectories(
        make_plan(tmp_path, table(tmp_path / "r.parquet", columns={"width": "w", "height": "h"}))
    )
    assert (good.sample.width, good.sample.height) == (size, size)


def test_a_null_of_pandas_is_no_value(tmp_path: Path) -> None:
    pq.write_table(pa.table({"prompt": ["a"], "why": pa.array([float("nan")])}), tmp_path / "r.parquet")
    (good,) = climbing_trajectories(make_plan(tmp_path, table(tmp_path / "r.parquet", columns={"explanation": "why"})))
    assert good.sample.explanation is None


@pytest.mark.parametrize("text", ["\u200b ", "\ufeff\u2060", "\u202e\u202c", "\x00\x1b[0m", "\u3164"])
def test_an_instruction_of_which_nothing_is_seen_is_empty(tmp_path: Path, text: str) -> None:
    path = write_jsonl(tmp_path / "t.jsonl", [{"prompt": text}, {"prompt": f"a red cup{text}"}])
    (line,) = failure_lines(make_plan(tmp_path, table(path)))
    assert "row 1: instruction (prompt): the instruction is empty" in line
