"""Tables in an S3 bucket, which a real local server plays: files, folders, patterns, every kind; what is refused."""

import gzip
import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.sources.columns import check_table
from pipeline.sources.content import content_hash
from pipeline.sources.spec import TableSpec
from pipeline.sources.table import count_rows, rows

from .test_readers import pack, pair

moto_server = pytest.importorskip("moto.server")
s3fs = pytest.importorskip("s3fs")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store() -> Iterator[Any]:
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "k",
            "AWS_SECRET_ACCESS_KEY": "hush",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        files = s3fs.S3FileSystem()
        files.mkdir("sets")
        yield files
    server.stop()


def spec_of(address: str, kind: str = "jsonl", **columns: str) -> TableSpec:
    return TableSpec.model_validate(
        {"kind": kind, "name": "s", "path": address, "columns": {"instruction": "prompt"} | columns}
    )


def test_files_folders_and_patterns_of_a_bucket(store: Any) -> None:
    for name in ("in/b.jsonl", "in/sub/a.jsonl.gz", "in/_no.jsonl"):
        data = b'{"prompt": "%s"}\n' % name.encode()
        store.pipe(f"sets/{name}", gzip.compress(data) if name.endswith("gz") else data)
    for path in ("s3://sets/in", "s3://sets/in/", "s3://sets/in/**/*.jsonl*"):
        got = [(place.file, cells["prompt"]) for place, cells in rows(spec_of(path))]  # type: ignore[index]
        assert got == [("b.jsonl", "in/b.jsonl"), ("sub/a.jsonl.gz", "in/sub/a.jsonl.gz")]
    assert count_rows(spec_of("s3://sets/in/b.jsonl")) == 1
    before = content_hash(spec_of("s3://sets/in"))
    store.pipe("sets/in/b.jsonl", b'{"prompt": "IN/b.jsonl"}\n')  # as long as it was
    assert content_hash(spec_of("s3://sets/in")) != before


def test_parquet_and_tars_of_a_bucket(store: Any) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"prompt": ["x", "y", "z"]}), buffer, row_group_size=2)
    store.pipe("sets/t/a.parquet", buffer.getvalue())
    store.pipe("sets/t/a.tar", pack([*pair(1), *pair(2)]))
    assert [cells["prompt"] for _, cells in rows(spec_of("s3://sets/t", "parquet"))] == ["x", "y", "z"]  # type: ignore[index]
    tar = spec_of("s3://sets/t", "webdataset", instruction="json.prompt", references="1.0.jpg")
    assert [cells["json"]["prompt"] for _, cells in rows(tar)] == ["edit 1", "edit 2"]  # type: ignore[index]


def test_what_is_not_in_the_bucket_is_one_line(store: Any) -> None:
    assert check_table(spec_of("s3://sets/gone.jsonl")) == [
        ("path", "s3://sets/gone.jsonl: no such file; correct the address")
    ]
    assert check_table(spec_of("s3://sets/gone/*.jsonl")) == [
        ("path", "s3://sets/gone/*.jsonl: no file fits this pattern; correct the address")
    ]
    ((_, line),) = check_table(spec_of("s3://nobody/gone.jsonl"))
    assert "hush" not in line
    assert line.startswith("s3://nobody/gone.jsonl: ")
