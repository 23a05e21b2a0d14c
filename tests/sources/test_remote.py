"""Tables that lie on a real web server: read as those on disk, taken up where a connection breaks, or refused in one line."""

import gzip
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from pipeline.manifest.identity import fingerprint
from pipeline.sources import remote
from pipeline.sources.bad_row import BadRow
from pipeline.sources.columns import check_table
from pipeline.sources.content import content_hash
from pipeline.sources.spec import TableSpec
from pipeline.sources.table import rows
from pipeline.sources.table_error import TableError
from tests.serving import serving

from .tables import make_manifest
from .test_readers import pack, pair

pytest.importorskip("aiohttp")
LINES = b"".join(b'{"prompt": "row %d"}\n' % n for n in range(40_000))


class Shelf:
    """Files by name, and how often each breaks off. `ranges`: whether parts can be asked for. `asked`: from which byte on."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.breaks: dict[str, int] = {}
        self.tags: dict[str, str] = {}
        self.ranges, self.sizes = True, True
        self.asked: list[int] = []

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.api_route("/{name:path}", methods=["GET", "HEAD"])
        def file(name: str, request: Request) -> Response:
            return self.answer(name, request)

        return app

    def answer(self, name: str, request: Request) -> Response:
        if name not in self.files:
            return Response(status_code=404)
        data, headers = self.files[name], {"ETag": self.tags.get(name, '"1"'), "Accept-Ranges": "bytes"}
        if not self.ranges:
            headers["Accept-Ranges"] = "none"
        if request.method == "HEAD":
            response = Response(headers=headers | {"Content-Length": str(len(data))})
            if not self.sizes:
                del response.headers["Content-Length"]
            return response
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", "")) if self.ranges else None
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2]) + 1 if asked and asked[2] else len(data), len(data))
        self.asked.append(first)
        headers |= {"Content-Length": str(last - first)} if self.sizes else {}
        headers |= {"Content-Range": f"bytes {first}-{last - 1}/{len(data)}"} if asked else {}
        return StreamingResponse(self.send(name, data[first:last]), 206 if asked else 200, headers)

    async def send(self, name: str, part: bytes) -> Any:
        breaks = self.breaks.get(name, 0)
        if breaks and len(part) > 1:
            self.breaks[name] = breaks - 1
            yield part[: len(part) // 2]
            raise ConnectionError("the server breaks off")
        yield part


@contextmanager
def shelf_of(**files: bytes) -> Iterator[tuple[Shelf, str]]:
    shelf = Shelf()
    shelf.files = {name.replace("_", "."): data for name, data in files.items()}
    with serving(shelf.app()) as url:
        yield shelf, url


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PAUSE_S", 0.01)
    monkeypatch.setattr(remote, "BLOCK", 1 << 17)


def spec_of(address: str, kind: str = "jsonl", **columns: str) -> TableSpec:
    return TableSpec.model_validate(
        {"kind": kind, "name": "s", "path": address, "columns": {"instruction": "prompt"} | columns}
    )


def prompts(spec: TableSpec) -> list[str]:
    return [cells.line(place) if isinstance(cells, BadRow) else cells["prompt"] for place, cells in rows(spec)]


def parquet(*values: str) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"prompt": values, "other": ["x" * 999] * len(values)}), buffer, row_group_size=2)
    return buffer.getvalue()


def test_tables_of_every_kind_are_read_from_a_web_server() -> None:
    tar = pack([*pair(1), *pair(2)])
    with shelf_of(a_jsonl=LINES, a_jsonl_gz=gzip.compress(LINES), b_parquet=parquet("x", "y", "z"), c_tar=tar) as (
        _,
        url,
    ):
        whole = [f"row {n}" for n in range(40_000)]
        assert prompts(spec_of(f"{url}/a.jsonl")) == whole
        assert prompts(spec_of(f"{url}/a.jsonl.gz")) == whole
        assert prompts(spec_of(f"{url}/b.parquet", "parquet")) == ["x", "y", "z"]
        (place, cells), _ = rows(spec_of(f"{url}/c.tar", "webdataset", instruction="json.prompt", references="1.0.jpg"))
        assert (place.file, place.row, cells["json"]) == ("c.tar", 1, {"prompt": "edit 1"})  # type: ignore[index]
        assert check_table(spec_of(f"{url}/b.parquet", "parquet", explanation="why")) == [
            ("columns.explanation", "why is no column of b.parquet; its columns are other, prompt")
        ]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_table_that_breaks_off_is_taken_up_where_it_broke(ranges: bool) -> None:
    with shelf_of(a_jsonl=LINES) as (shelf, url):
        shelf.ranges = ranges
        shelf.breaks["a.jsonl"] = 3
        assert prompts(spec_of(f"{url}/a.jsonl")) == [f"row {n}" for n in range(40_000)]
        assert shelf.breaks["a.jsonl"] == 0
        if ranges:
            assert len(set(shelf.asked)) > 3


def test_a_table_that_cannot_be_read_to_its_end_stops_with_one_line() -> None:
    with shelf_of(a_jsonl=LINES, b_parquet=parquet(*"abcd")) as (shelf, url):
        shelf.breaks |= {"a.jsonl": 10**6, "b.parquet": 10**6}
        for name, kind in (("a.jsonl", "jsonl"), ("b.parquet", "parquet")):
            with pytest.raises(TableError) as refused:
                prompts(spec_of(f"{url}/{name}", kind))
            line = str(refused.value)
            assert line.startswith(f"{url}/{name}: broke off at byte ")
            assert line.endswith("try again, or download it first")
            assert "\n" not in line


def test_a_table_that_changes_while_it_is_read_stops() -> None:
    with shelf_of(a_jsonl=LINES) as (shelf, url):
        reading = rows(spec_of(f"{url}/a.jsonl"))
        next(reading)
        shelf.tags["a.jsonl"] = '"2"'
        shelf.breaks["a.jsonl"] = 1
        with pytest.raises(TableError, match=r"was changed while it was read, at byte \d+; begin again"):
            list(reading)


def test_what_is_not_there_or_cannot_be_reached_says_so_without_passwords() -> None:
    with shelf_of() as (_, url):
        assert check_table(spec_of(f"{url}/gone.jsonl?download=true")) == [
            ("path", f"{url}/gone.jsonl: no such file; correct the address")
        ]
    assert remote.shown("https://anna:hush@h/gone.jsonl?key=hush") == "https://h/gone.jsonl"
    ((_, line),) = check_table(spec_of("http://127.0.0.1:9/a.jsonl"))
    assert line.startswith("http://127.0.0.1:9/a.jsonl: cannot be reached (")
    ((_, line),) = check_table(spec_of("nonsense://a/b.jsonl"))
    assert line.startswith("nonsense://a/b.jsonl: cannot be opened (")


@pytest.mark.parametrize(
    "address", ["https://anna:hush@h/a.jsonl", "https://h/a.jsonl?X-Amz-Signature=hush", "s3://k:hush@b/a"]
)
def test_an_address_with_a_password_or_a_key_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="the address holds a password or a key"):
        spec_of(address)


def test_a_table_elsewhere_counts_by_its_size_and_by_what_the_store_says_of_it() -> None:
    with shelf_of(a_jsonl=LINES) as (shelf, url):
        spec = spec_of(f"{url}/a.jsonl")
        first = content_hash(spec)
        assert shelf.asked == []
        shelf.tags["a.jsonl"] = '"2"'
        assert content_hash(spec) != first
        manifest = make_manifest(spec.model_dump())
        assert fingerprint(manifest, {}) == fingerprint(manifest, {})


@pytest.mark.parametrize("breaks", [0, 2])
def test_a_server_that_says_no_size_is_read_to_its_end(breaks: int) -> None:
    with shelf_of(a_jsonl=LINES, b_parquet=parquet("x")) as (shelf, url):
        shelf.sizes = shelf.ranges = False
        shelf.breaks["a.jsonl"] = breaks
        assert prompts(spec_of(f"{url}/a.jsonl")) == [f"row {n}" for n in range(40_000)]
        ((_, line),) = check_table(spec_of(f"{url}/b.parquet", "parquet"))
        assert line == f"{url}/b.parquet: the server does not say how long the file is; download it first"


def test_folders_and_patterns_of_a_store(tmp_path: Path) -> None:
    import fsspec

    store = fsspec.filesystem("memory")
    for name in ("in/b.jsonl", "in/sub/a.jsonl.gz", "in/_no.jsonl", "in/x.csv"):
        data = b'{"prompt": "%s"}\n' % name.encode()
        store.pipe(f"/{tmp_path.name}/{name}", gzip.compress(data) if name.endswith("gz") else data)
    root = f"memory://{tmp_path.name}"
    folder, pattern = spec_of(f"{root}/in"), spec_of(f"{root}/in/**/*.jsonl*")
    assert prompts(folder) == ["in/b.jsonl", "in/sub/a.jsonl.gz"]
    assert [place.file for place, _ in rows(folder)] == ["b.jsonl", "sub/a.jsonl.gz"]
    assert "in/sub/a.jsonl.gz" in prompts(pattern)
    assert check_table(spec_of(f"{root}/none/*.jsonl")) == [
        ("path", f"{root}/none/*.jsonl: no file fits this pattern; correct the address")
    ]
    one = content_hash(folder)
    store.pipe(f"/{tmp_path.name}/in/b.jsonl", b'{"prompt": "longer than it was"}\n')
    assert content_hash(folder) != one
