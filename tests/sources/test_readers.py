"""CSV, JSON, tars and sets of Hugging Face's: what is whole is read, compressed or not; what is broken or missing says so."""

import bz2
import gzip
import io
import json
import lzma
import os
import random
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources import digest
from pipeline.sources.bad_row import BadRow
from pipeline.sources.columns import check_table
from pipeline.sources.content import content_hash
from pipeline.sources.readers import array
from pipeline.sources.spec import TableSpec
from pipeline.sources.table import count_rows, rows
from pipeline.sources.table_error import TableError

from .tables import climbing_trajectories, encode_image, failure_lines, make_plan, write_file, write_jsonl


def spec_of(path: Path, kind: str, **values: Any) -> TableSpec:
    columns = {"instruction": "prompt"} | values.pop("columns", {})
    return TableSpec.model_validate({"kind": kind, "name": "s", "path": str(path), "columns": columns, **values})


def read(spec: TableSpec) -> list[Any]:
    """The rows; those that cannot be read as their lines."""
    return [cells.line(place) if isinstance(cells, BadRow) else dict(cells) for place, cells in rows(spec)]


def zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": partial(bz2.compress, compresslevel=1),
    "xz": partial(lzma.compress, preset=0),
    "zst": zstd,
}
LINES = b"".join(b'{"prompt": "row %d"}\n' % n for n in range(2000))


@pytest.mark.parametrize("ending", PACKERS)
def test_compressed_tables_are_read_whatever_their_name_says(tmp_path: Path, ending: str) -> None:
    pack = PACKERS[ending]
    write_file(tmp_path / "d" / f"a.jsonl.{ending}", pack(LINES))
    write_file(tmp_path / "d" / "b.jsonl", pack(LINES))  # the wrong suffix
    write_file(tmp_path / "d" / f"c.jsonl.{ending}", LINES)
    write_file(tmp_path / "d" / f"d.csv.{ending}", b"no JSON")
    spec = spec_of(tmp_path / "d", "jsonl")
    assert count_rows(spec) == 6000
    assert [row["prompt"] for row in read(spec)] == [f"row {n}" for n in range(2000)] * 3
    write_file(tmp_path / "t.csv", pack(b"prompt\nx\n"))
    assert read(spec_of(tmp_path / "t.csv", "csv")) == [{"prompt": "x"}]
    write_file(tmp_path / "t.json", pack(b'[{"prompt": "x"}]'))
    assert read(spec_of(tmp_path / "t.json", "json")) == [{"prompt": "x"}]


@pytest.mark.parametrize("ending", PACKERS)
def test_compressed_data_that_breaks_off_loses_only_what_is_missing(tmp_path: Path, ending: str) -> None:
    noise = random.Random(1)
    lines = b"".join(json.dumps({"prompt": f"{noise.random()}"}).encode() + b"\n" for _ in range(30_000))
    packed = PACKERS[ending](lines)
    path = write_file(tmp_path / "t.jsonl", packed[: len(packed) * 9 // 10])
    got = read(spec_of(path, "jsonl"))
    assert len(got) > 3_000
    assert all(isinstance(row, dict) for row in got[:-2])
    assert "t.jsonl: row " in got[-1]
    assert "file: breaks off after line " in got[-1]
    assert got[-1].endswith("fetch it anew: what follows is missing")


def test_a_csv_has_quotes_line_breaks_and_a_mark_of_its_encoding(tmp_path: Path) -> None:
    text = '\ufeffprompt,image,"a, b"\r\n"say ""hi"",\nthere",,é\r\n\r\nb,null\x00,3\r\n'
    path = write_file(tmp_path / "t.csv", text.encode())
    assert read(spec_of(path, "csv")) == [
        {"prompt": 'say "hi",\nthere', "image": "", "a, b": "é"},
        {"prompt": "b", "image": "null\x00", "a, b": "3"},
    ]
    tabs = write_file(tmp_path / "t.tsv", b"prompt\tx\na,b\t1\n")
    assert read(spec_of(tabs, "tsv")) == [{"prompt": "a,b", "x": "1"}]


def test_a_broken_row_of_a_csv_fails_alone(tmp_path: Path) -> None:
    path = write_file(tmp_path / "t.csv", b'prompt,x\na,1\nb\nc,2,3\nd,"4" 5\nm\xfcll,6\ne,7\n"f,8\n')
    plan = make_plan(tmp_path, spec_of(path, "csv").model_dump())
    assert [t.sample.instruction for t in climbing_trajectories(plan)] == ["a", "e"]
    assert [line.split(";")[0] for line in failure_lines(plan)] == [
        "t.csv: row 2: row: has 1 cells, but there are 2 columns",
        "t.csv: row 3: row: has 3 cells, but there are 2 columns",
        "t.csv: row 4: row: not CSV (',' expected after '\"')",
        "t.csv: row 5: instruction (prompt): is not Unicode: a lone surrogate at character 2",
        "t.csv: row 7: row: a double quote opens and never closes: all that follows is in it",
    ]


def test_sizes_and_lists_of_a_csv_are_texts_and_count_as_what_they_say(tmp_path: Path) -> None:
    path = write_file(
        tmp_path / "t.csv", b'prompt,w,h,q,a\nx,640, 480,"[""is it?""]","[""yes""]"\ny,,,"[]","[]"\nz,1.5,2,,\n'
    )
    spec = spec_of(
        path, "csv", columns={"width": "w", "height": "h"}, checker={"style": "questions", "columns": ["q", "a"]}
    )
    plan = make_plan(tmp_path, spec.model_dump())
    (good,) = climbing_trajectories(plan)
    assert (good.sample.width, good.sample.height) == (640, 480)
    assert json.loads(good.sample.checker.spec) == [{"question": "is it?", "answer": "yes"}]
    assert len(failure_lines(plan)) == 2


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"a,a\n1,2\n", "two columns are called 'a'; rename or drop one of them"),
        ("prompt\nx\n".encode("utf-16"), "is UTF-16 or UTF-32; save it as UTF-8"),
        (b"PAR1....", "is a Parquet file; say kind parquet"),
        (b"", "no rows; supply data or remove the source"),
        (b"prompt\n", "no rows; supply data or remove the source"),
    ],
)
def test_what_is_no_csv_says_so(tmp_path: Path, data: bytes, problem: str) -> None:
    path = write_file(tmp_path / "t.csv", data)
    assert check_table(spec_of(path, "csv")) == [("path", f"{path}: {problem}")]


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.dictionaries(st.text(), JSONS)), st.sampled_from([None, 1]), st.integers(1, 40), st.booleans())
def test_an_array_read_value_by_value_is_the_array(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], indent: int | None, block: int, plain: bool
) -> None:
    path = tmp_path_factory.mktemp("json") / "t.json"
    path.write_bytes(json.dumps(values, indent=indent, ensure_ascii=plain).encode("utf-8", "surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(array, "BLOCK", block)
        try:
            whole = json.loads(path.read_bytes())
        except UnicodeDecodeError:
            with pytest.raises(TableError, match=r"not UTF-8 at byte"):
                read(spec_of(path, "json"))
            return
        assert read(spec_of(path, "json")) == whole


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[{"a": 1},', "Expecting value: line 1 column 11 (char 10)"),
        ('[\n{"a": 1}\n{"a": 2}]', "Expecting ',' delimiter: line 3 column 1 (char 11)"),
        ('[{"a": 1}] x', "Extra data: line 1 column 12 (char 11)"),
        ('[{"a": 01}]', "Expecting ',' delimiter"),
        ("[1,]", "Expecting value"),
        ("[NaN]", "NaN is not JSON"),
        ("", "Expecting value"),
        ('{"a": 1}\n{"a": 2}', "say kind jsonl if it holds one object a line"),
        ('{"a": [1]}', "holds no JSON array but dict"),
        ('[{"a": "', "Unterminated string"),
    ],
)
@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_what_is_no_array_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problem: str, block: int
) -> None:
    monkeypatch.setattr(array, "BLOCK", block)
    with pytest.raises(TableError) as refused:
        read(spec_of(write_file(tmp_path / "t.json", text.encode()), "json"))
    assert problem in str(refused.value)


def pack(members: list[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def pair(number: int, **values: Any) -> list[tuple[str, bytes]]:
    told = {"prompt": f"edit {number}"} | values
    return [
        (f"set/{number:05}.1.0.jpg", encode_image(colour=(number % 256, 7, 7), form="JPEG")),
        (f"set/{number:05}.json", json.dumps(told).encode()),
        (f"set/{number:05}.2.jpg", encode_image(form="JPEG")),
    ]


def tar_spec(path: Path, **values: Any) -> TableSpec:
    return spec_of(path, "webdataset", columns={"instruction": "json.prompt", "references": "1.0.jpg"}, **values)


def lines_of(path: Path) -> list[str]:
    return [row if isinstance(row, str) else row["json"]["prompt"] for row in read(tar_spec(path))]


def test_members_of_a_tar_are_rows_by_their_name(tmp_path: Path) -> None:
    more = [("folder/", b""), ("set/.hidden.json", b"{}"), ("README", b"x"), ("../../etc/x.json", b'{"prompt": "out"}')]
    path = write_file(tmp_path / "t.tar", pack([*pair(1), *pair(2), *more]))
    got = read(tar_spec(path, id="{__key__}"))
    assert [row["__key__"] for row in got] == ["set/00001", "set/00002", "../../etc/x"]
    assert set(got[0]) == {"__key__", "1.0.jpg", "json"}  # what nobody uses is not kept
    assert count_rows(tar_spec(path)) == 3
    assert not (tmp_path.parent.parent / "etc").exists()


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1))
def test_a_tar_cut_anywhere_loses_only_what_is_missing_and_says_so(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    whole = [member for number in range(12) for member in pair(number)]
    data = pack(whole)
    cut = int(share * (len(data) - 10_240))
    path = write_file(tmp_path_factory.mktemp("cut") / "t.tar", data[:cut])
    got = lines_of(path)
    assert got[-1].startswith(f"t.tar: row {len(got)}: tar: breaks off ")
    assert got[-1].endswith("fetch it anew: what follows is missing")
    assert got[:-1] == [f"edit {n}" for n in range(len(got) - 1)]
    # a row whose members are all before the cut is there
    inside = sum(1 for n in range(12) if _end_of(whole, 3 * n + 2) <= cut)
    assert len(got) - 1 == inside


def _end_of(members: list[tuple[str, bytes]], count: int) -> int:
    """Where the last of the first so many members ends, in bytes."""
    return sum(
        512 + len(data) + (-len(data) % 512 if n < count - 1 else 0) for n, (_, data) in enumerate(members[:count])
    )


def test_a_tar_cut_in_the_middle_names_itself_and_its_last_whole_member(tmp_path: Path) -> None:
    data = pack([*pair(1), *pair(2), *pair(3)])
    at = data.index(b"set/00002.json") + 520
    got = lines_of(write_file(tmp_path / "t.tar", data[:at]))
    assert got == [
        "edit 1",
        "t.tar: row 2: tar: breaks off after member 'set/00002.1.0.jpg' (unexpected end of data); fetch it anew: what follows "
        "is missing",
    ]
    (first, line) = lines_of(write_file(tmp_path / "t.tar.gz", gzip.compress(data, 0)[:at]))
    assert first == "edit 1"
    assert line.startswith("t.tar.gz: row 2: tar: breaks off after member 'set/00002.1.0.jpg' (")


def test_joined_tars_are_read_to_the_end_and_names_that_repeat_are_rows_of_their_own(tmp_path: Path) -> None:
    data = pack([*pair(1), *pair(2)]) + pack([*pair(2), *pair(1)])
    assert lines_of(write_file(tmp_path / "t.tar", data)) == ["edit 1", "edit 2", "edit 2", "edit 1"]


def test_a_damaged_place_in_a_tar_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    first, second, third = pack(pair(1)), pack(pair(2)), pack(pair(3))
    damaged = bytearray(second)
    damaged[100:104] = b"junk"  # in the header of the first member: its checksum does not fit
    got = lines_of(write_file(tmp_path / "t.tar", first + bytes(damaged) + third))
    assert got[0] == "edit 1"
    assert "edit 3" in got
    assert any("tar: is damaged after member 'set/00001.2.jpg': what stands there is no member" in line for line in got)


@pytest.mark.parametrize("data", [b"no tar at all" * 100, b"\x89PNG" + bytes(range(256)) * 4])
def test_what_is_no_tar_says_so(tmp_path: Path, data: bytes) -> None:
    path = write_file(tmp_path / "t.tar", data)
    ((field, problem),) = check_table(tar_spec(path))
    assert field == "path"
    assert problem.startswith(f"{path}: is no tar (")


def test_an_empty_tar_and_a_file_without_bytes(tmp_path: Path) -> None:
    empty = write_file(tmp_path / "e.tar", pack([]))
    assert check_table(tar_spec(empty)) == [("path", f"{empty}: no rows; supply data or remove the source")]
    (line,) = lines_of(write_file(tmp_path / "n.tar", b""))
    assert line.startswith("n.tar: row 1: tar: breaks off before its first member (")


def test_a_member_that_cannot_be_used_fails_its_row_alone(tmp_path: Path) -> None:
    broken = [
        ("4.1.0.jpg", b"x"),
        ("4.json", b"{"),
        ("5.1.0.jpg", b"x"),
        ("5.json", b"[1]"),
        ("6.json", b'{"prompt": "p"}'),
    ]
    path = write_file(tmp_path / "t.tar", pack([*pair(1), *broken]))
    plan = make_plan(tmp_path, tar_spec(path).model_dump())
    assert len(climbing_trajectories(plan)) == 1
    assert [line.split("; ")[0] for line in failure_lines(plan)] == [
        "t.tar: row 2: json: not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))",
        "t.tar: row 3: row: [1] is no object",
        "t.tar: row 4: references (1.0.jpg): the row has no column 1.0.jpg",
    ]


def test_a_member_may_have_a_dotted_name_and_a_mark_of_its_encoding(tmp_path: Path) -> None:
    data = pack([("1.meta.json", b'\xef\xbb\xbf{"say": {"it": "blue"}}'), ("1.txt", b"\xef\xbb\xbfwords")])
    path = write_file(tmp_path / "t.tar", data)
    spec = spec_of(path, "webdataset", columns={"instruction": "meta.json.say.it", "explanation": "txt"})
    (good,) = climbing_trajectories(make_plan(tmp_path, spec.model_dump()))
    assert (good.sample.instruction, good.sample.explanation) == ("blue", "words")


def test_a_name_that_is_no_utf_8_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with open(os.fsencode(tmp_path / "d") + b"/\xff.jsonl", "wb") as file:
        file.write(b"7\n")
    ((place, _),) = rows(spec_of(tmp_path / "d", "jsonl"))
    assert place.file == "\\xff.jsonl"
    data = pack([("\udcff.json", b"7")])
    ((_, cells),) = rows(spec_of(write_file(tmp_path / "t.tar", data), "webdataset", columns={"instruction": "json"}))
    assert isinstance(cells, BadRow)
    (line,) = failure_lines(make_plan(tmp_path, tar_spec(write_file(tmp_path / "u.tar", data[:600])).model_dump()))
    assert line.encode()


def test_a_link_in_a_tar_is_not_followed(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        link = tarfile.TarInfo("1.1.0.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
        told = tarfile.TarInfo("1.json")
        told.size = len(b'{"prompt": "x"}')
        tar.addfile(told, io.BytesIO(b'{"prompt": "x"}'))
    (line,) = lines_of(write_file(tmp_path / "t.tar", buffer.getvalue()))
    assert line == "t.tar: row 1: tar: '1.1.0.jpg' is a link or a device; pack the files themselves"


def test_pipes_are_passed_over_and_a_broken_link_is_reported(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "d" / "a.jsonl", [{"prompt": "a"}])
    os.mkfifo(tmp_path / "d" / "b.jsonl")
    spec = spec_of(tmp_path / "d", "jsonl")
    assert read(spec) == [{"prompt": "a"}]
    (tmp_path / "d" / "loop").symlink_to(tmp_path / "d")
    assert [place.file for place, _ in rows(spec_of(tmp_path / "d" / "**" / "*.jsonl", "jsonl"))] == ["a.jsonl"]
    (tmp_path / "d" / "c.jsonl").symlink_to(tmp_path / "gone")
    with pytest.raises(OSError, match="No such file"):
        read(spec)


def test_a_large_table_counts_by_samples_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_file(tmp_path / "t.jsonl", LINES * 3)
    spec = spec_of(path, "jsonl")
    whole = content_hash(spec)
    monkeypatch.setattr(digest, "WHOLE_BYTES", 1000)
    monkeypatch.setattr(digest, "SAMPLE_BYTES", 64)
    sampled = content_hash(spec)
    assert sampled != whole
    assert content_hash(spec) == sampled
    for change in (b"x" + (LINES * 3)[1:], (LINES * 3)[:-1] + b"x", LINES * 3 + b"x"):
        path.write_bytes(change)
        assert content_hash(spec) != sampled
