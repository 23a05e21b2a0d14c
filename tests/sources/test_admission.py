"""Tables become samples by their mapping alone; every form of an image, in any file format, gives the same content."""

import base64
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.records import AXES, Checker, Sample

from .tables import (
    climbing_trajectories,
    encode_image,
    failure_lines,
    make_plan,
    shared_data,
    table,
    write_file,
    write_jsonl,
)


def only_sample(folder: Path, spec: dict[str, Any]) -> Sample:
    plan = make_plan(folder, spec)
    assert failure_lines(plan) == []
    (trajectory,) = climbing_trajectories(plan)
    return trajectory.sample


def test_every_form_of_an_image_gives_the_same_sample(tmp_path: Path) -> None:
    data, columns, images = (
        encode_image(),
        {"references": "image"},
        {"root": str(tmp_path / "images"), "path": "{folder}/{image}"},
    )
    write_file(tmp_path / "images" / "f" / "a.png", data)
    b64 = base64.b64encode(data).decode()
    forms: list[Any] = [
        "a.png",
        ["a.png"],
        {"bytes": None, "path": "a.png"},
        {"path": "a.png"},
        f"data:image/png;base64,{b64}",
        {"bytes": b64, "path": "elsewhere.png"},
        [{"bytes": f"data:image/png;base64,{b64}"}],
    ]
    specs = []
    for number, form in enumerate(forms):
        row = {"prompt": " make it blue\n", "image": form, "folder": "f"}
        specs.append(table(write_jsonl(tmp_path / f"{number}.jsonl", [row]), columns=columns, images=images))
        specs.append(
            table(write_file(tmp_path / f"{number}.json", json.dumps([row]).encode()), columns=columns, images=images)
        )
    struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    typed = [
        pa.array([data]),
        pa.array([[data]]),
        pa.array([{"bytes": data, "path": "x"}], struct),
        pa.array([[{"bytes": data, "path": None}]], pa.list_(struct)),
        pa.array([{"bytes": None, "path": "a.png"}], struct),
    ]
    for number, column in enumerate(typed):
        path = tmp_path / f"{number}.parquet"
        pq.write_table(pa.table({"prompt": pa.array(["make it blue"]), "image": column, "folder": ["f"]}), path)
        specs.append(table(path, columns=columns, images=images))
    samples = [only_sample(tmp_path, spec) for spec in specs]
    assert len(samples) == 19
    assert set(samples) == {samples[0]}
    assert samples[0].task == "edit"
    assert samples[0].applicable_axes == AXES
    assert (samples[0].width, samples[0].height) == (32, 24)


@pytest.mark.parametrize("nothing", [None, "", [], {"bytes": None, "path": None}, {}])
def test_no_image_is_text_to_image(tmp_path: Path, nothing: Any) -> None:
    sample = only_sample(
        tmp_path, table(write_jsonl(tmp_path / "r.jsonl", [{"prompt": "x", "i": nothing}]), columns={"references": "i"})
    )
    assert sample.task == "t2i"
    assert sample.applicable_axes == ("instruction", "quality", "knowledge")
    assert (sample.width, sample.height) == (512, 512)


def test_columns_constants_and_nested_columns(tmp_path: Path) -> None:
    row = {"meta": {"caption": "x", "w": 64.0, "h": 32}, "note": "  ", "c": None, "a.b": "MIT"}
    columns = {
        "instruction": "meta.caption",
        "width": "meta.w",
        "height": "meta.h",
        "explanation": "note",
        "licence": "a.b",
    }
    for form in ("jsonl", "parquet"):
        path = write_jsonl(tmp_path / "r.jsonl", [row])
        if form == "parquet":
            pq.write_table(pa.Table.from_pylist([row]), path := tmp_path / "r.parquet")
        sample = only_sample(
            tmp_path, table(path, columns=columns, constants={"category": "color", "task": "t2i"}, id="{meta.caption}")
        )
        assert (sample.instruction, sample.explanation, sample.category, sample.licence) == ("x", None, "color", "MIT")
        assert (sample.width, sample.height, sample.row_id) == (64, 32, "x")


def test_a_checker_that_lies_in_one_column(tmp_path: Path) -> None:
    spec = [{"question": "Is it red?", "answer": "Yes"}]
    for value in (spec, json.dumps(spec)):
        path = write_jsonl(tmp_path / "r.jsonl", [{"prompt": "x", "check": value}])
        sample = only_sample(tmp_path, table(path, columns={"checker": "check"}, checker={"style": "questions"}))
        assert json.loads(sample.checker.spec) == [{"question": "Is it red?", "answer": "yes"}]


def test_content_decides_the_id(tmp_path: Path) -> None:
    def id_of(row: dict[str, Any], **spec: Any) -> str:
        return only_sample(
            tmp_path, table(write_jsonl(tmp_path / "r.jsonl", [{"prompt": "x", "id": "1"} | row]), id="{id}", **spec)
        ).id

    ids = [
        id_of({}),
        id_of({"id": "2"}),
        id_of({"prompt": "y"}),
        id_of({}, name="other"),
        id_of({}, constants={"explanation": "why"}),
        id_of({}, constants={"width": 64, "height": 64}),
        id_of({"o": []}, checker={"style": "objects", "columns": ["o"]}),
        id_of({"i": f"data:;base64,{base64.b64encode(encode_image()).decode()}"}, columns={"references": "i"}),
        id_of({"i": f"data:;base64,{base64.b64encode(encode_image()).decode()}"}, columns={"first": "i"}),
    ]
    assert len(set(ids)) == len(ids)
    assert id_of({"unused": 3}) == ids[0]


def test_lines_and_limits(tmp_path: Path) -> None:
    path = write_file(tmp_path / "r.jsonl", b'\xef\xbb\xbf{"prompt": "a"}\r\n\n  \n{"prompt": "b"}\n{"prompt": "c"}')
    assert [t.sample.row_id for t in climbing_trajectories(make_plan(tmp_path, table(path)))] == ["1", "4", "5"]
    assert [t.sample.row_id for t in climbing_trajectories(make_plan(tmp_path, table(path, limit=2)))] == ["1", "4"]


def test_nothing_depends_on_the_workers(tmp_path: Path) -> None:
    rows: list[Any] = [
        {
            "prompt": f"p {n % 90}",
            "i": f"data:;base64,{base64.b64encode(encode_image(colour=(n, 0, 0))).decode()}" if n % 3 else None,
        }
        for n in range(120)
    ]
    rows[50] = rows[70] = 7
    spec = table(write_jsonl(tmp_path / "r.jsonl", rows), columns={"references": "i"})
    plans = [make_plan(tmp_path / str(workers), spec, workers=workers) for workers in (1, 2, 7)]
    assert plans[0] == plans[1] == plans[2]
    assert len(plans[0].trajectories) == 120
    order = [(t.rank, t.sample.id) for t in plans[0].trajectories]
    assert order == sorted(order)


def test_geneval_loads_by_mapping(tmp_path: Path) -> None:
    columns = {"instruction": "prompt", "category": "tag"}
    checker = {"style": "objects", "columns": ["include", "exclude"], "optional": ["exclude"]}
    path = shared_data() / "geneval.jsonl"
    plan = make_plan(tmp_path, table(path, columns=columns, checker=checker, constants={"licence": "MIT"}))
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    samples = {int(t.sample.row_id): t.sample for t in climbing_trajectories(plan)}
    assert failure_lines(plan) == []
    assert len(samples) == 553
    for number, row in enumerate(rows, 1):
        sample = samples[number]
        assert (sample.instruction, sample.category, sample.task, sample.licence) == (
            row["prompt"],
            row["tag"],
            "t2i",
            "MIT",
        )
        assert json.loads(sample.checker.spec) == {k: row[k] for k in ("include", "exclude") if k in row}


def test_kris_bench_loads_by_mapping(tmp_path: Path) -> None:
    path = shared_data() / "kris_bench.json"
    rows = json.loads(path.read_text())
    for number, row in enumerate(rows):
        for name in row["ori_img"] if isinstance(row["ori_img"], list) else [row["ori_img"]]:
            form = "PNG" if name.endswith("png") else "JPEG"
            write_file(
                tmp_path / "images" / row["type"] / name, encode_image((40, 30), (number % 256, number // 256, 0), form)
            )
    columns = {"instruction": "ins_en", "explanation": "explain_en", "references": "ori_img", "category": "type"}
    images = {"root": str(tmp_path / "images"), "path": "{type}/{image}"}
    plan = make_plan(tmp_path, table(path, columns=columns, id="{type}/{id}", images=images))
    samples = {t.sample.row_id: t.sample for t in climbing_trajectories(plan)}
    assert failure_lines(plan) == []
    assert len(samples) == 1267
    for row in rows:
        sample = samples[f"{row['type']}/{row['id']}"]
        several = len(row["ori_img"]) if isinstance(row["ori_img"], list) else 1
        assert sample.instruction == row["ins_en"].strip()
        assert sample.explanation == (row["explain_en"].strip() or None)
        assert len(sample.references) == several
        assert sample.task == ("compose" if several > 1 else "edit")
        assert sample.checker == Checker()
    assert sum(s.task == "compose" for s in samples.values()) == 149


def test_tiif_loads_with_its_questions(tmp_path: Path) -> None:
    path = shared_data() / "tiif_sample.jsonl"
    checker = {"style": "questions", "columns": ["yn_question_list", "yn_answer_list"]}
    plan = make_plan(
        tmp_path, table(path, columns={"instruction": "short_description", "category": "type"}, checker=checker)
    )
    assert failure_lines(plan) == []
    assert len(climbing_trajectories(plan)) == 200
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for trajectory in climbing_trajectories(plan):
        row = rows[int(trajectory.sample.row_id) - 1]
        pairs = json.loads(trajectory.sample.checker.spec)
        assert trajectory.sample.checker.style == "questions"
        assert [p["question"] for p in pairs] == [q.strip() for q in row["yn_question_list"]]
        assert [p["answer"] for p in pairs] == row["yn_answer_list"]
