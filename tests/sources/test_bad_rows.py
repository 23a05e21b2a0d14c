"""Every bad row becomes a failed trajectory with one exact line; the rows beside it are admitted."""

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.manifest.spec import ManifestError

from .tables import climbing_trajectories, encode_image, failure_lines, make_plan, table, write_file, write_jsonl

GOOD = {"prompt": "a red cube", "image": "good.png"}


def data_uri(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def refusal(tmp_path: Path, row: Any, **spec: Any) -> str:
    """The error line of `row`, the second of three rows; the first and third are good."""
    root = tmp_path / "images"
    write_file(root / "good.png", encode_image())
    spec = {"columns": {"references": "image"}, "images": {"root": str(root)}} | spec
    path = write_jsonl(tmp_path / "rows.jsonl", [GOOD, row, GOOD])
    plan = make_plan(tmp_path, table(path, **spec))
    assert [t.sample.row_id for t in climbing_trajectories(plan)] == ["1", "3"]
    (line,) = failure_lines(plan)
    assert "\n" not in line
    assert str(tmp_path) not in line, "a folder in a line would get into the shards"
    return line


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (
            {"prompt": "", "image": "good.png"},
            "instruction (prompt): the instruction is empty; write one or remove the row",
        ),
        (
            {"prompt": " \n\t", "image": ""},
            "instruction (prompt): the instruction is empty; write one or remove the row",
        ),
        ({"prompt": None, "image": ""}, "instruction (prompt): the instruction is empty; write one or remove the row"),
        ({"prompt": 7, "image": "good.png"}, "instruction (prompt): 7 is no text (int); make it a text"),
        (
            {"prompt": "half \ud83d", "image": ""},
            "instruction (prompt): is not Unicode: a lone surrogate at character 6; save it as UTF-8 text",
        ),
        (
            {"promt": "x", "image": "good.png"},
            "instruction (prompt): the row has no column prompt (but promt); add it",
        ),
        ({"prompt": "x"}, "references (image): the row has no column image; add it, or write null"),
        (
            {"prompt": "x", "image": 5},
            "references (image): 5 (int) is no image; give bytes, base64, a data URI, a {bytes, path} struct or a path",
        ),
        (
            {"prompt": "x", "image": {"colour": "u"}},
            "references (image): {'colour': 'u'} (dict) is no image; "
            "give bytes, base64, a data URI, a {bytes, path} struct or a path",
        ),
        (
            {"prompt": "x", "image": ["good.png", None]},
            "references (image), image 2 of 2: is empty; give an image or remove the item",
        ),
        (
            {"prompt": "x", "image": "gone.png"},
            "references (image): 'gone.png' is not below images.root; add the file or correct the path",
        ),
        (
            {"prompt": "x", "image": ["good.png", "a\nb.png"]},
            "references (image), image 2 of 2: 'a\\nb.png' is not below images.root; add the file or correct the path",
        ),
        (
            {"prompt": "x", "image": "../rows.jsonl"},
            "references (image): '../rows.jsonl' leads outside images.root; use a path below images.root",
        ),
        (
            {"prompt": "x", "image": "/etc/hostname"},
            "references (image): '/etc/hostname' leads outside images.root; use a path below images.root",
        ),
        ({"prompt": "x", "image": "a\0b"}, "references (image): 'a\\x00b' is not a path; correct the path"),
        (
            {"prompt": "x", "image": "data:image/png;base64,@@"},
            "references (image): embedded bytes are not base64 (Only base64 data is allowed); "
            "encode them as data:image/png;base64,...",
        ),
        (
            {"prompt": "x", "image": data_uri(b"no image at all")},
            "references (image): the image cannot be decoded (15 bytes); supply one of PNG, JPEG, WEBP, GIF, BMP",
        ),
        (
            {"prompt": "x", "image": ["good.png", data_uri(b"no image at all"), "good.png"]},
            "references (image), image 2 of 3: the image cannot be decoded (15 bytes); "
            "supply one of PNG, JPEG, WEBP, GIF, BMP",
        ),
        (
            {"prompt": "x", "image": [data_uri(encode_image()), data_uri(encode_image((7, 40)))]},
            "references (image), image 2 of 2: the image has 7 x 40 pixels, too few; supply an image of at least 8 x 8",
        ),
        (
            {"prompt": "x", "image": data_uri(encode_image((7, 40)))},
            "references (image): the image has 7 x 40 pixels, too few; supply an image of at least 8 x 8",
        ),
        ([1, 2], "row: [1, 2] is no object; make it a JSON object, column -> value"),
        (b'{"prompt": \n', "line: not JSON (Expecting value: line 2 column 1 (char 12)); write one JSON object a line"),
        (b'{"prompt": NaN}\n', "line: not JSON (NaN is not JSON); write one JSON object a line"),
        (b'{"prompt": "caf\xe9"}\n', "line: not UTF-8 at byte 16; save the file as UTF-8"),
    ],
)
def test_a_bad_row_says_what_is_wrong_in_one_line(tmp_path: Path, row: Any, line: str) -> None:
    assert refusal(tmp_path, row) == f"rows.jsonl: row 2: {line}"


@pytest.mark.parametrize("kind", ["jsonl", "json"])
@pytest.mark.parametrize(
    ("absent", "field", "remedy"),
    [
        ("prompt", "instruction (prompt)", "add it"),
        ("pic", "references (pic)", "add it, or write null"),
        ("why", "explanation (why)", "add it, or write null"),
        ("id", "id", "add it"),
        ("include", "checker (include)", "add it, or write null"),
        ("exclude", None, None),
    ],
)
def test_an_absent_column_says_whether_null_would_do(
    tmp_path: Path, kind: str, absent: str, field: str | None, remedy: str | None
) -> None:
    whole: dict[str, Any] = {"prompt": "x", "pic": None, "why": None, "id": "1", "include": [], "exclude": []}
    row = {name: value for name, value in whole.items() if name != absent}
    path = write_jsonl(tmp_path / "r.jsonl", [row])
    if kind == "json":
        path = write_file(tmp_path / "r.json", json.dumps([row]).encode())
    checker = {"style": "objects", "columns": ["include", "exclude"], "optional": ["exclude"]}
    columns = {"references": "pic", "explanation": "why"}
    plan = make_plan(tmp_path, table(path, columns=columns, id="{id}", checker=checker))
    expected = [f"{path.name}: row 1: {field}: the row has no column {absent}; {remedy}"] if field else []
    assert failure_lines(plan) == expected


def test_very_deep_json_is_a_bad_row(tmp_path: Path) -> None:
    line = refusal(tmp_path, b"[" * 200_000 + b"\n")
    assert line.startswith("rows.jsonl: row 2: line: not JSON (")
    assert line.endswith("; write one JSON object a line")


def test_a_truncated_file_and_an_empty_one_and_a_folder(tmp_path: Path) -> None:
    root = tmp_path / "images"
    jpeg = encode_image((300, 200), form="JPEG")
    write_file(root / "cut.jpg", jpeg[: len(jpeg) // 2])
    write_file(root / "empty.png", b"")
    (root / "folder").mkdir()
    cut = refusal(tmp_path, {"prompt": "x", "image": "cut.jpg"})
    assert cut.startswith("rows.jsonl: row 2: references (image): 'cut.jpg' does not decode in full (")
    assert cut.endswith("; replace it by an intact file")
    assert refusal(tmp_path, {"prompt": "x", "image": "empty.png"}) == (
        "rows.jsonl: row 2: references (image): 'empty.png' is empty (0 bytes); supply the image's bytes"
    )
    assert refusal(tmp_path, {"prompt": "x", "image": "folder"}) == (
        "rows.jsonl: row 2: references (image): 'folder' is a folder; name an image file"
    )


def test_a_bad_image_below_the_root_is_named_by_its_path(tmp_path: Path) -> None:
    root = tmp_path / "images"
    write_file(root / "a" / "text.png", b"no image at all")
    write_file(root / "small.png", encode_image((7, 40)))
    write_file(root / "large.png", decompression_bomb(10_000))
    write_file(root / f"{'deep/' * 30}last.png", b"")
    for path, problem in [
        ("a/text.png", "'a/text.png' cannot be decoded (15 bytes)"),
        ("small.png", "'small.png' has 7 x 40 pixels, too few"),
        ("large.png", "'large.png' has 10000 x 10000 pixels, more than the limit of 40000000"),
        (f"{'deep/' * 30}last.png", f"'...p/{'deep/' * 14}last.png' is empty (0 bytes)"),
    ]:
        (single, several) = (refusal(tmp_path, {"prompt": "x", "image": image}) for image in (path, ["good.png", path]))
        assert single.startswith(f"rows.jsonl: row 2: references (image): {problem}; ")
        assert several.startswith(f"rows.jsonl: row 2: references (image), image 2 of 2: {problem}; ")


def test_a_link_out_of_the_root_is_refused_and_one_within_is_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "images", write_file(tmp_path / "outside.png", encode_image())
    write_file(root / "good.png", encode_image())
    (root / "out.png").symlink_to(outside)
    (root / "in.png").symlink_to(root / "good.png")
    assert refusal(tmp_path, {"prompt": "x", "image": "out.png"}) == (
        "rows.jsonl: row 2: references (image): 'out.png' leads outside images.root by a link; copy the file below images.root"
    )
    path = write_jsonl(tmp_path / "linked.jsonl", [{"prompt": "x", "image": "in.png"}])
    plan = make_plan(tmp_path, table(path, columns={"references": "image"}, images={"root": str(root)}))
    assert len(climbing_trajectories(plan)) == 1


def decompression_bomb(side: int) -> bytes:
    """A PNG of 77 bytes whose header claims that it is large."""
    data = bytearray(encode_image((8, 8)))
    data[16:24] = side.to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("side", "problem"),
    [(60_000, "more pixels"), (10_000, "10000 x 10000 pixels, more"), (7000, "7000 x 7000 pixels, more")],
)
def test_a_decompression_bomb_is_refused_by_its_header(
    tmp_path: Path, recwarn: pytest.WarningsRecorder, side: int, problem: str
) -> None:
    line = refusal(tmp_path, {"prompt": "x", "image": data_uri(decompression_bomb(side))})
    assert line == (
        f"rows.jsonl: row 2: references (image): the image has {problem} than the limit of 40000000; "
        "scale it down or raise max_pixels"
    )
    assert not recwarn.list


def test_the_pixel_limit_is_the_manifests(tmp_path: Path) -> None:
    line = refusal(tmp_path, {"prompt": "x", "image": data_uri(encode_image((50, 50)))}, max_pixels=2000)
    assert line == (
        "rows.jsonl: row 2: references (image): the image has 50 x 50 pixels, more than the limit of 2000; "
        "scale it down or raise max_pixels"
    )


def test_a_path_without_a_declared_root_is_refused(tmp_path: Path) -> None:
    rows = [{"prompt": "x", "image": "a.png"}]
    plan = make_plan(tmp_path, table(write_jsonl(tmp_path / "r.jsonl", rows), columns={"references": "image"}))
    assert failure_lines(plan) == [
        "r.jsonl: row 1: references (image): 'a.png' is a path but the source declares no images.root; declare images.root"
    ]


def test_the_first_of_two_equal_ids_is_kept(tmp_path: Path) -> None:
    rows = [{"prompt": p, "id": i} for p, i in [("a", "x"), ("b", 1), ("c", "1"), ("d", "x"), ("e", None), ("f", True)]]
    plan = make_plan(tmp_path, table(write_jsonl(tmp_path / "r.jsonl", rows), id="{id}"))
    assert [(t.sample.row_id, t.sample.instruction) for t in climbing_trajectories(plan)] == [("1", "b"), ("x", "a")]
    assert failure_lines(plan) == [
        "r.jsonl: row 3: id: '1' is taken by row 2; make ids unique, as with the template \"{row}\"",
        "r.jsonl: row 4: id: 'x' is taken by row 1; make ids unique, as with the template \"{row}\"",
        "r.jsonl: row 5: id: column id holds None, which cannot be part of it; make it a non-empty text or a whole number",
        "r.jsonl: row 6: id: column id holds True, which cannot be part of it; make it a non-empty text or a whole number",
    ]


def test_no_good_row_may_have_the_id_of_a_failed_one(tmp_path: Path) -> None:
    rows = [{"prompt": "a", "id": "row:2"}, {"prompt": "", "id": "x"}, {"prompt": "c", "id": "row"}]
    plan = make_plan(tmp_path, table(write_jsonl(tmp_path / "r.jsonl", rows), id="{id}"))
    assert [t.sample.row_id for t in climbing_trajectories(plan)] == ["row"]
    assert failure_lines(plan)[0] == (
        "r.jsonl: row 1: id: 'row:2' begins with row:, which names failed rows; begin it otherwise"
    )
    assert sorted(t.sample.row_id for t in plan.trajectories) == ["row", "row:1", "row:2"]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"w": 512, "h": "512"}, "height (h): '512' is no size in pixels; give a whole number from 16 to 8192"),
        ({"w": 9000, "h": 512}, "width (w): 9000 is no size in pixels; give a whole number from 16 to 8192"),
        ({"w": None, "h": 512}, "width (w): is missing while the other side is given; give both or neither"),
        ({"w": True, "h": 512}, "width (w): True is no size in pixels; give a whole number from 16 to 8192"),
    ],
)
def test_a_size_must_be_two_sane_numbers(tmp_path: Path, values: dict[str, Any], line: str) -> None:
    path = write_jsonl(tmp_path / "r.jsonl", [{"prompt": "x"} | values])
    assert failure_lines(make_plan(tmp_path, table(path, columns={"width": "w", "height": "h"}))) == [
        f"r.jsonl: row 1: {line}"
    ]


@pytest.mark.parametrize(
    ("questions", "answers", "line"),
    [
        (["a?"], ["yes", "no"], "questions and answers do not pair up; give two lists of equal length, not empty"),
        ([], [], "questions and answers do not pair up; give two lists of equal length, not empty"),
        ("a?", "yes", "questions and answers do not pair up; give two lists of equal length, not empty"),
        (["a?", ""], ["yes", "no"], "question 2 is ''; make it a non-empty text"),
        (["a?"], ["maybe"], "answer 1 is 'maybe'; make it yes or no"),
    ],
)
def test_questions_must_have_answers(tmp_path: Path, questions: Any, answers: Any, line: str) -> None:
    path = write_jsonl(tmp_path / "r.jsonl", [{"prompt": "x", "q": questions, "a": answers}])
    plan = make_plan(tmp_path, table(path, checker={"style": "questions", "columns": ["q", "a"]}))
    assert failure_lines(plan) == [f"r.jsonl: row 1: checker (q, a): {line}"]


def test_a_task_must_fit_the_references(tmp_path: Path) -> None:
    rows = [{"prompt": "x", "t": t} for t in ("t2i", "edit", "paint", None)]
    plan = make_plan(tmp_path, table(write_jsonl(tmp_path / "r.jsonl", rows), columns={"task": "t"}))
    assert failure_lines(plan) == [
        f"r.jsonl: row {n}: task (t): {t!r} does not fit 0 reference images; "
        "say t2i without references, edit or compose with them"
        for n, t in [(2, "edit"), (3, "paint")]
    ]


def test_two_firsts_are_one_too_many(tmp_path: Path) -> None:
    rows = [
        {"prompt": "x", "g1": [data_uri(encode_image()), data_uri(encode_image())]},
        {"prompt": "y", "g1": data_uri(encode_image())},
    ]
    plan = make_plan(tmp_path, table(write_jsonl(tmp_path / "r.jsonl", rows), columns={"first": "g1"}))
    assert failure_lines(plan) == ["r.jsonl: row 1: first (g1): holds 2 images; give one"]
    (good,) = climbing_trajectories(plan)
    assert good.sample.first is not None
    assert good.sample.references == ()
    assert good.sample.task == "t2i"


def test_parquet_text_that_is_not_utf8_fails_its_row_only(tmp_path: Path) -> None:
    text = pa.Array.from_buffers(
        pa.string(),
        3,
        [
            None,
            pa.py_buffer(b"\x00\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00"),
            pa.py_buffer(b"a\xe9bc"),
        ],
    )
    pq.write_table(pa.table({"prompt": text}), tmp_path / "r.parquet")
    plan = make_plan(tmp_path, table(tmp_path / "r.parquet"))
    assert failure_lines(plan) == ["r.parquet: row 2: prompt: not UTF-8 at byte 1; store it as UTF-8 or as binary"]
    assert [t.sample.instruction for t in climbing_trajectories(plan)] == ["a", "c"]


def test_a_file_broken_as_a_whole_stops_the_plan(tmp_path: Path) -> None:
    path = write_file(tmp_path / "r.json", b'[{"prompt": "x"}, {"prompt": ]')
    with pytest.raises(ManifestError) as caught:
        make_plan(tmp_path, table(path))
    assert str(caught.value) == (
        f"sources.s.path: {path}: not JSON (Expecting value: line 1 column 30 (char 29)); "
        "mend the file, or say kind jsonl if it holds one object a line"
    )


def test_a_failed_row_has_an_id_of_its_own_and_the_same_one_every_time(tmp_path: Path) -> None:
    lines: list[Any] = [b"{\n", {"prompt": ""}, {"prompt": 3}]
    first, second = (make_plan(tmp_path, table(write_jsonl(tmp_path / "r.jsonl", lines))) for _ in range(2))
    assert first == second
    assert len({t.sample.id for t in first.trajectories}) == 3


MAPPED = {"explanation": "why", "references": "image", "category": "kind", "licence": "l", "task": "t"}
WHOLE = {"prompt": "a red cube", "why": "a reason", "image": None, "kind": "color", "l": "MIT", "t": None}


@pytest.mark.parametrize(
    ("row", "values"),
    [
        (WHOLE | {"image": "gone.png"}, {"task": "edit"}),
        (WHOLE | {"image": ["gone.png", "b.png"]}, {"task": "compose"}),
        (WHOLE | {"image": ["good.png", None]}, {"task": "compose"}),
        (WHOLE | {"image": "gone.png", "t": "compose"}, {"task": "compose"}),
        (WHOLE | {"image": "gone.png", "t": "t2i"}, {"task": "edit"}),
        (WHOLE | {"t": "paint"}, {"task": "t2i"}),
        (WHOLE | {"prompt": 7}, {"instruction": ""}),
        (WHOLE | {"why": "half \ud83d"}, {"explanation": None}),
        (WHOLE | {"kind": 3}, {"category": "other"}),
        (WHOLE | {"l": ["MIT"]}, {"licence": "house"}),
        ({k: v for k, v in WHOLE.items() if k != "image"}, {"task": "t2i"}),
        (
            b'{"prompt": \n',
            {"instruction": "", "explanation": None, "category": "other", "licence": "house", "task": "t2i"},
        ),
    ],
)
def test_a_failed_row_keeps_what_could_be_read(tmp_path: Path, row: Any, values: dict[str, Any]) -> None:
    write_file(tmp_path / "images" / "good.png", encode_image())
    images = {"root": str(tmp_path / "images")}
    path = write_jsonl(tmp_path / "r.jsonl", [WHOLE, row])
    plan = make_plan(tmp_path, table(path, columns=MAPPED, images=images, licence="house"))
    (sample,) = [t.sample for t in plan.trajectories if t.status == "failed"]
    whole = {
        "instruction": "a red cube",
        "explanation": "a reason",
        "category": "color",
        "licence": "MIT",
        "task": "t2i",
    }
    assert {name: getattr(sample, name) for name in whole} == whole | values
    assert (sample.row_id, sample.references, sample.split) == ("row:2", (), "train")
    assert ("consistency" in sample.applicable_axes) is (sample.task != "t2i")


def test_a_failed_row_of_parquet_keeps_its_other_columns(tmp_path: Path) -> None:
    text = pa.array([b"why \xe9", b"fine"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"why": text, "prompt": ["a", "b"]}), tmp_path / "r.parquet")
    plan = make_plan(tmp_path, table(tmp_path / "r.parquet", columns={"explanation": "why"}))
    assert failure_lines(plan) == ["r.parquet: row 1: why: not UTF-8 at byte 5; store it as UTF-8 or as binary"]
    (failed,) = [t.sample for t in plan.trajectories if t.status == "failed"]
    assert (failed.instruction, failed.explanation) == ("a", None)


def test_failed_rows_leave_the_others_as_they_are(tmp_path: Path) -> None:
    data = [data_uri(encode_image(colour=(n, 0, 0))) for n in range(4)]
    good = [{"prompt": f"p {n}", "image": data[n % 4], "id": f"g{n}"} for n in range(12)]
    bad = [{"prompt": f"p {n}", "image": [data[n % 4], data_uri(b"x")], "id": f"b{n}"} for n in range(12)]
    spec = {"columns": {"references": "image"}, "id": "{id}"}
    alone = make_plan(tmp_path, table(write_jsonl(tmp_path / "r.jsonl", good), **spec))
    mixed = make_plan(tmp_path, table(write_jsonl(tmp_path / "r.jsonl", [*bad[:6], *good, *bad[6:]]), **spec))
    assert climbing_trajectories(mixed) == climbing_trajectories(alone)
    failed = [t.sample for t in mixed.trajectories if t.status == "failed"]
    assert {t.instruction for t in failed} == {f"p {n}" for n in range(12)}
    assert len({t.leak_group for t in failed}) == 12
    assert not {t.leak_group for t in failed} & {t.sample.leak_group for t in climbing_trajectories(mixed)}
    assert not {t.id for t in failed} & {t.sample.id for t in climbing_trajectories(mixed)}
