"""A table of several files is one source, and a name that is given twice is turned down before anybody pays."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.manifest.identity import fingerprint
from pipeline.manifest.spec import ManifestError
from pipeline.sources.bad_row import Place
from pipeline.sources.columns import check_table
from pipeline.sources.spec import TableSpec
from pipeline.sources.table import chunks, count_rows, rows, rows_of

from .tables import climbing_trajectories, failure_lines, make_manifest, make_plan, table, write_file, write_jsonl


def write_parquet(path: Path, *prompts: str | None, **columns: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"prompt": pa.array(prompts, pa.string()), **columns}), path)
    return path


def spec_of(path: Path, kind: str = "parquet", **values: Any) -> dict[str, Any]:
    return table(Path("t." + kind), **values) | {"path": str(path)}


def problems(spec: dict[str, Any]) -> list[tuple[str, str]]:
    return check_table(TableSpec.model_validate(spec))


def test_a_folder_and_a_pattern_give_the_samples_of_one_file(tmp_path: Path) -> None:
    whole = write_parquet(tmp_path / "whole.parquet", "a", "b", "c", "d")
    write_parquet(tmp_path / "d" / "part-0.parquet", "a", "b")
    write_parquet(tmp_path / "d" / "sub" / "part-1.parquet", "c", "d")
    write_parquet(tmp_path / "d" / "_hidden.parquet", "x")
    write_file(tmp_path / "d" / "README.md", b"no table")
    places = (whole, tmp_path / "d", tmp_path / "d" / "**" / "part-*.parquet", tmp_path / "d" / "")
    plans = [make_plan(tmp_path, spec_of(place)) for place in places]
    assert [t.sample.instruction for t in climbing_trajectories(plans[0])] == ["a", "b", "c", "d"]
    assert all(plan == plans[0] for plan in plans)
    assert [count_rows(TableSpec.model_validate(spec_of(p, limit=3))) for p in places] == [3] * 4


def test_errors_name_file_and_row_and_ids_are_unique_over_the_source(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "d" / "1.jsonl", [{"prompt": "a", "id": 1}, b"\n", {"prompt": "", "id": 2}])
    write_jsonl(
        tmp_path / "d" / "2.jsonl", [{"prompt": "b", "id": 3.0}, {"prompt": "c", "id": 1}, {"prompt": "", "id": 4}]
    )
    plan = make_plan(tmp_path, spec_of(tmp_path / "d", "jsonl", id="{id}"))
    assert [t.sample.row_id for t in climbing_trajectories(plan)] == ["1", "3"]
    assert failure_lines(plan) == [
        "1.jsonl: row 3: instruction (prompt): the instruction is empty; write one or remove the row",
        "2.jsonl: row 2: id: '1' is taken by row 1 of 1.jsonl; make ids unique, as with the template \"{row}\"",
        "2.jsonl: row 3: instruction (prompt): the instruction is empty; write one or remove the row",
    ]
    assert sorted(t.sample.row_id for t in plan.trajectories if t.status == "failed") == ["row:3", "row:5", "row:6"]
    assert len({t.sample.id for t in plan.trajectories}) == 5


def test_nothing_depends_on_where_the_files_lie(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "d" / "a" / "1.jsonl", [{"prompt": "a"}, {"prompt": ""}])
    write_jsonl(tmp_path / "d" / "b.jsonl", [{"prompt": "b"}, 7])
    shutil.copytree(tmp_path / "d", tmp_path / "moved")
    places = ("d", "moved")
    plans = [make_plan(tmp_path, spec_of(tmp_path / place, "jsonl")) for place in places]
    assert plans[0] == plans[1]
    assert failure_lines(plans[0])[0].startswith("a/1.jsonl: row 2: ")
    prints = [fingerprint(make_manifest(spec_of(tmp_path / place, "jsonl")), {}) for place in places]
    assert prints[0] == prints[1]
    write_jsonl(tmp_path / "moved" / "b.jsonl", [{"prompt": "b"}, 8])
    assert fingerprint(make_manifest(spec_of(tmp_path / "moved", "jsonl")), {}) != prints[0]
    (tmp_path / "moved" / "b.jsonl").rename(tmp_path / "moved" / "c.jsonl")
    assert fingerprint(make_manifest(spec_of(tmp_path / "moved", "jsonl")), {}) != prints[0]


def test_a_file_whose_name_reads_as_a_pattern_is_that_file(tmp_path: Path) -> None:
    odd = write_jsonl(tmp_path / "part[1].jsonl", [{"prompt": "odd"}])
    write_jsonl(tmp_path / "part1.jsonl", [{"prompt": "plain"}])
    (good,) = climbing_trajectories(make_plan(tmp_path, table(odd)))
    assert good.sample.instruction == "odd"


def test_shards_need_not_agree_about_types(tmp_path: Path) -> None:
    write_parquet(tmp_path / "d" / "0.parquet", "a", why=[None], side=[64])
    write_parquet(tmp_path / "d" / "1.parquet", "b", why=["so"], side=[64.0])
    columns = {"explanation": "why", "width": "side", "height": "side"}
    samples = [t.sample for t in climbing_trajectories(make_plan(tmp_path, spec_of(tmp_path / "d", columns=columns)))]
    assert [(s.explanation, s.width) for s in samples] == [(None, 64), ("so", 64)]


def test_what_is_wrong_with_a_table_names_the_file(tmp_path: Path) -> None:
    write_parquet(tmp_path / "d" / "0.parquet", "a", why=["x"])
    write_parquet(tmp_path / "d" / "1.parquet", "b")
    missing = spec_of(tmp_path / "d", columns={"explanation": "why"})
    assert problems(missing) == [("columns.explanation", "why is no column of 1.parquet; its columns are prompt")]
    (tmp_path / "empty").mkdir()
    for place, problem in (
        ("gone.parquet", "no such file; correct the path, which starts at the manifest's folder"),
        ("*.pq", "no file fits this pattern; correct it, it starts at the manifest's folder"),
        ("empty", "the folder holds no .parquet or .pq file; name another"),
        ("a\0b", "no such file; correct the path, which starts at the manifest's folder"),
    ):
        assert problems(spec_of(tmp_path / place)) == [("path", f"{tmp_path / place}: {problem}")]
    nothing = write_parquet(tmp_path / "nothing.parquet")
    assert problems(spec_of(nothing)) == [("path", f"{nothing}: no rows; supply data or remove the source")]


TWICE = b'{"prompt": "a red cup", "prompt": "a blue cup"}\n'
TWICE_WITHIN = b'{"prompt": "x", "list": [1, {"meta": {"a": 1, "\\u0061": 2}}]}\n'


def test_an_object_with_a_key_twice_fails_its_row_alone(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "r.jsonl", [TWICE, {"prompt": "good"}, TWICE_WITHIN])
    array = write_file(tmp_path / "r.json", b"[" + b",".join((TWICE, b'{"prompt": "good"}', TWICE_WITHIN)) + b"]")
    for file in (path, array):
        plan = make_plan(tmp_path, table(file))
        assert [t.sample.instruction for t in climbing_trajectories(plan)] == ["good"]
        assert failure_lines(plan) == [
            f"{file.name}: row 1: row: the key 'prompt' is given twice; keep one of the two",
            f"{file.name}: row 3: row: the key 'a' is given twice; keep one of the two",
        ]


def test_a_checker_that_is_json_may_not_repeat_a_key_either(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "r.jsonl", [{"prompt": "x", "check": '{"include": [{"class": "a", "class": "b"}]}'}])
    (line,) = failure_lines(
        make_plan(tmp_path, table(path, columns={"checker": "check"}, checker={"style": "objects"}))
    )
    assert (
        line == "r.jsonl: row 1: checker (check): is not JSON (key 'class' given twice); make it a JSON object or list"
    )


def two_columns(*names: str) -> pa.Schema:
    return pa.schema([pa.field(name, pa.string()) for name in names])


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        (two_columns("prompt", "prompt"), "prompt"),
        (two_columns("prompt", "unused", "unused"), "unused"),
        (pa.schema([("prompt", pa.string()), ("m", pa.struct(list(two_columns("a", "a"))))]), "m.a"),
        (pa.schema([("prompt", pa.string()), ("l", pa.list_(pa.struct(list(two_columns("a", "a")))))]), "l.a"),
    ],
)
def test_a_parquet_file_with_a_column_twice_is_refused_as_a_whole(tmp_path: Path, schema: pa.Schema, name: str) -> None:
    file = tmp_path / "r.parquet"
    pq.write_table(schema.empty_table(), file)
    line = f"{file}: two columns are called {name}; rename or drop one of them"
    assert problems(table(file)) == [("path", line)]
    with pytest.raises(ManifestError) as refused:
        make_plan(tmp_path, table(file))
    assert str(refused.value) == f"sources.s.path: {line}"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"PAR1....", "is a Parquet file; say kind parquet"),
        (b"PK\x03\x04", "is a ZIP archive; unpack it first"),
        ('{"prompt": "x"}\n'.encode("utf-16"), "is UTF-16 or UTF-32; save it as UTF-8"),
        (json.dumps([{"prompt": "x"}], indent=1).encode(), "holds one JSON array; say kind json"),
    ],
)
def test_a_file_of_another_kind_says_so(tmp_path: Path, data: bytes, problem: str) -> None:
    path = write_file(tmp_path / "r.jsonl", data)
    assert problems(table(path)) == [("path", f"{path}: {problem}")]


def test_the_number_of_a_row_runs_over_all_files(tmp_path: Path) -> None:
    for n in range(3):
        write_jsonl(tmp_path / "d" / f"{n}.jsonl", [{"prompt": "a"}, b"\n", {"prompt": "b"}])
    places = [place for place, _ in rows(TableSpec.model_validate(spec_of(tmp_path / "d", "jsonl")))]
    assert [(p.file, p.row, p.number) for p in places] == [
        (f"{n}.jsonl", row, 3 * n + row) for n in range(3) for row in (1, 3)
    ]


def test_chunks_by_themselves_are_the_rows_of_the_whole(tmp_path: Path) -> None:
    for n, prompts in enumerate(("abcde", "", "fg")):
        write_parquet(tmp_path / "d" / f"{n}.parquet", *prompts)
    pq.write_table(pa.table({"prompt": ["h", "i", "j"]}), tmp_path / "d" / "3.parquet", row_group_size=2)
    spec = TableSpec.model_validate(spec_of(tmp_path / "d"))
    parts = list(chunks(spec))
    assert [(p.file.name, p.group, p.rows) for p in parts if p.rows] == [
        ("0.parquet", 0, 5), ("2.parquet", 0, 2), ("3.parquet", 0, 2), ("3.parquet", 1, 1),
    ]  # fmt: skip
    whole = list(rows(spec))
    befores = {part: sum(p.rows or 0 for p in parts[:n]) for n, part in enumerate(parts)}
    assert [item for part in parts for item in rows_of(part, befores[part])] == whole
    assert list(rows_of(parts[0], skip=3)) == whole[3:5]
    assert whole[-1][0] == Place("3.parquet", 3, 10)


def test_shuffled_files_are_read_in_an_order_that_the_seed_and_their_names_decide(tmp_path: Path) -> None:
    for n in range(8):
        write_jsonl(tmp_path / "d" / f"{n}.jsonl", [{"prompt": "a"}])
    spec = TableSpec.model_validate(spec_of(tmp_path / "d", "jsonl", order="shuffled"))
    orders = [[chunk.file.name for chunk in chunks(spec, seed)] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    (tmp_path / "d" / "0.jsonl").unlink()
    assert [name for name in orders[0] if name != "0.jsonl"] == [chunk.file.name for chunk in chunks(spec, 1)]
