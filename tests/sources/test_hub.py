"""Sets of Hugging Face's: saved to disk, folders that `datasets` loads, and sets on a hub, which a real local server plays."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from pipeline.manifest.file import load
from pipeline.sources.bad_row import BadRow
from pipeline.sources.columns import check_table
from pipeline.sources.content import content_hash
from pipeline.sources.spec import TableSpec
from pipeline.sources.table import rows
from tests.serving import serving
from tests.training.hub import REPOSITORY, hub

from .tables import climbing_trajectories, encode_image, failure_lines, make_plan, write_file

datasets = pytest.importorskip("datasets")


def spec_of(path: Path | str, **values: Any) -> TableSpec:
    columns = values.pop("columns", {"instruction": "prompt", "references": "image"})
    return TableSpec.model_validate(
        {"kind": "huggingface", "name": "s", "path": str(path), "columns": columns, **values}
    )


def images(count: int) -> list[bytes]:
    return [encode_image(colour=(n, 9, 9), form="JPEG") for n in range(count)]


def make_set(count: int) -> Any:
    features = datasets.Features(
        {
            "prompt": datasets.Value("string"),
            "image": datasets.Image(),
            "more": datasets.List(datasets.Image()),
            "n": datasets.Value("int64"),
        }
    )
    cells = [{"bytes": data, "path": None} for data in images(count)]
    values = {
        "prompt": [f"p{n}" for n in range(count)],
        "image": cells,
        "more": [[c, c] for c in cells],
        "n": list(range(count)),
    }
    return datasets.Dataset.from_dict(values, features=features)


def read(spec: TableSpec) -> list[Any]:
    return [cells.line(place) if isinstance(cells, BadRow) else cells for place, cells in rows(spec)]


def test_a_set_saved_to_disk_is_read_with_its_images_untouched(tmp_path: Path) -> None:
    make_set(3).save_to_disk(tmp_path / "one")
    assert [(row["prompt"], row["image"]["bytes"]) for row in read(spec_of(tmp_path / "one"))] == [
        (f"p{n}", data) for n, data in enumerate(images(3))
    ]
    assert all(set(row) == {"prompt", "image"} for row in read(spec_of(tmp_path / "one")))
    several = spec_of(tmp_path / "one", columns={"instruction": "prompt", "references": "more"}, id="{n}")
    plan = make_plan(tmp_path, several.model_dump())
    assert [(t.sample.row_id, len(t.sample.references)) for t in climbing_trajectories(plan)] == [
        ("0", 2),
        ("1", 2),
        ("2", 2),
    ]


def test_a_split_is_chosen_or_asked_for(tmp_path: Path) -> None:
    datasets.DatasetDict({"train": make_set(2), "test": make_set(1)}).save_to_disk(tmp_path / "d")
    assert len(read(spec_of(tmp_path / "d"))) == 2
    assert len(read(spec_of(tmp_path / "d", split="test"))) == 1
    datasets.DatasetDict({"a": make_set(2), "b": make_set(1)}).save_to_disk(tmp_path / "e")
    assert check_table(spec_of(tmp_path / "e")) == [
        ("path", f"{tmp_path / 'e'}: has several splits; say split, one of a, b")
    ]
    assert check_table(spec_of(tmp_path / "e", split="c")) == [
        ("path", f"{tmp_path / 'e'}: has no split c; say split, one of a, b")
    ]


def test_a_folder_of_images_with_their_words_is_read(tmp_path: Path) -> None:
    told = [{"file_name": f"{n}.jpg", "prompt": f"p{n}"} for n in range(3)]
    write_file(tmp_path / "d" / "train" / "metadata.jsonl", "".join(json.dumps(one) + "\n" for one in told).encode())
    for n, data in enumerate(images(3)):
        write_file(tmp_path / "d" / "train" / f"{n}.jpg", data)
    got = read(spec_of(tmp_path / "d"))
    assert sorted((row["prompt"], row["image"]["bytes"]) for row in got) == [
        (f"p{n}", d) for n, d in enumerate(images(3))
    ]
    before = content_hash(spec_of(tmp_path / "d"))
    write_file(tmp_path / "d" / "train" / "1.jpg", images(9)[8])
    assert content_hash(spec_of(tmp_path / "d")) != before


def test_a_row_reads_no_file_outside_its_set(tmp_path: Path) -> None:
    secret = write_file(tmp_path / "secret.jpg", images(1)[0])
    struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    cells = [{"bytes": None, "path": str(secret)}, {"bytes": None, "path": f"{tmp_path}/d/../secret.jpg"}]
    table = pa.table({"prompt": ["a", "b"], "image": pa.array(cells, struct)})
    features = datasets.Features({"prompt": datasets.Value("string"), "image": datasets.Image()})
    (tmp_path / "d").mkdir()
    pq.write_table(table.cast(features.arrow_schema), tmp_path / "d" / "train.parquet")
    lines = failure_lines(make_plan(tmp_path, spec_of(tmp_path / "d").model_dump()))
    assert len(lines) == 2
    assert all("leads out of the set; embed the image, or declare images.root" in line for line in lines)


def test_what_datasets_cannot_load_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ((field, line),) = check_table(spec_of(tmp_path / "empty"))
    assert field == "path"
    assert line.startswith(f"{tmp_path / 'empty'}: cannot be loaded (")
    assert line.endswith("name a folder that datasets can load, or a set on the Hub, and its subset and split")


READ = """
import sys
from pipeline.manifest.file import load
from pipeline.sources.content import content_hash
from pipeline.sources.table import rows
(spec,) = load(sys.argv[1]).sources
print([cells["prompt"] for _, cells in rows(spec)], spec.path, content_hash(spec))
"""


@pytest.mark.slow
def test_a_set_on_a_hub_is_streamed_by_its_name_and_counts_by_its_commit(tmp_path: Path) -> None:
    (tmp_path / "repo" / "data").mkdir(parents=True)
    make_set(3).to_parquet(tmp_path / "repo" / "data" / "train-00000-of-00001.parquet")
    source = {
        "kind": "huggingface",
        "name": "s",
        "path": REPOSITORY,
        "columns": {"instruction": "prompt", "references": "image"},
    }
    world = {role: {"model": f"world-{role}"} for role in ("baseline", "generator", "analyzer")}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"name": "m", "models": world, "sources": [source]}))
    with serving(hub(tmp_path / "repo")) as url:
        named = {"HF_ENDPOINT": url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
        done = subprocess.run(
            [sys.executable, "-c", READ, str(tmp_path / "m.yaml")],
            env=os.environ | named,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == f"['p0', 'p1', 'p2'] {REPOSITORY} {'0' * 40}"
    with pytest.raises(Exception, match=r"cannot be"):
        load(tmp_path / "m.yaml", ["sources.s.path=gone/folder/none"])
