"""Every preset reads its set in the layout the set really has; a row that lacks a field, or has it in another form, fails alone."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from pipeline.manifest.file import load
from pipeline.manifest.presets import fill_in, names, table_spec
from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.planning.plan import Planned, plan
from pipeline.sources.spec import UNSTATED
from pipeline.storage.image_store import ImageStore

from .tables import climbing_trajectories, encode_image, failure_lines, write_file, write_jsonl

WORLD = {role: {"model": f"world-{role}"} for role in ("baseline", "generator", "analyzer")}
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SUB_CATEGORIES = {
    *("addition", "removal", "replacement", "part_completion", "color", "material", "size", "count"),
    *("anomaly_correction", "viewpoint", "pose", "spatial_arrangement", "background", "style", "tone_lighting"),
    *("motion", "temporal_evolution", "text", "composition", "object_replacement", "reference_transfer"),
}


def picture(colour: int = 0) -> dict[str, Any]:
    return {"bytes": encode_image(colour=(colour, 9, 9)), "path": "x.jpg"}


def write_ultraedit(folder: Path) -> Path:
    one = {"edit_prompt": "Make it snow", "source_caption": "a road", "target_caption": "a road in snow", "idx": "1",
           "edit_object": "whole image", "source_image": picture(), "edited_image": picture(1), "mask_image": None,
           "clip_sim_dir": 0.2, "dino_sim": 0.9}  # fmt: skip
    images = dict.fromkeys(("source_image", "edited_image", "mask_image"), IMAGE)
    bad = [one | {"edit_prompt": None}, one | {"source_image": {"bytes": b"no image", "path": None}}]
    return write_parquet(folder / "data" / "FreeForm_0.parquet", [one, *bad], images)


def write_parquet(path: Path, rows: list[dict[str, Any]], kinds: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: pa.array([row[name] for row in rows], kinds.get(name)) for name in rows[0]}
    pq.write_table(pa.table(columns), path)
    return path.parent


def write_anyedit(folder: Path) -> Path:
    one: dict[str, Any] = {"edit": "Replace the cup by this", "edited object": "cup", "input": "a cup", "output": "a jar",
           "edit_type": "visual_reference", "visual_input": picture(2),
           "image_file": picture(), "edited_file": picture(1)}  # fmt: skip
    images = dict.fromkeys(("visual_input", "image_file", "edited_file"), IMAGE)
    rows = [one, one | {"edit": "add a cat", "edit_type": "add", "visual_input": None}, one | {"edit": ""}]
    return write_parquet(folder / "train-0.parquet", rows, images)


def write_tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def x2edit(number: int, source: str = "1.0.jpg", **values: Any) -> dict[str, bytes]:
    told = {"instruction": "删除猫", "instruction_en": "Remove the cat", "task": "删除主体", "label": "step1x"} | values
    key = f"{number:09}"
    return {
        f"{key}.{source}": encode_image(colour=(number, 1, 1), form="JPEG"),
        f"{key}.2.jpg": encode_image(form="JPEG"),
        f"{key}.json": json.dumps(told).encode(),
        f"{key}.txt": str(told["instruction"]).encode(),
    }


def write_x2edit(folder: Path) -> Path:
    good = x2edit(1) | x2edit(2, "1.jpg", instruction="add a hat", instruction_en=None, task="add")
    mask = {"000000003.1.1.jpg": b"a mask"}
    bad = x2edit(4, instruction=7, instruction_en=None) | {k: v for k, v in x2edit(5).items() if "1.0.jpg" not in k}
    write_tar(folder / "bagel" / "00" / "0.tar", good)
    write_tar(folder / "textflux" / "0.tar", x2edit(3, task="文字更改") | mask | bad)
    return folder


def write_pickapic(folder: Path) -> Path:
    one = {
        "caption": "a fox",
        "jpg_0": encode_image(),
        "jpg_1": encode_image(),
        "label_0": 1.0,
        "label_1": 0.0,
        "ranking_id": 7,
    }
    return write_parquet(folder / "train-0.parquet", [one, one | {"caption": None}], {"jpg_0": pa.binary()})


def write_unicbench(folder: Path) -> Path:
    write_file(folder / "images" / "a.jpg", encode_image(form="JPEG"))
    one = {"key": "a", "task": "attribute", "subtask": "color_alteration", "en": "Make it red", "cn": "变红",
           "image_path": "images/a.jpg", "resolution": [32, 24]}  # fmt: skip
    return write_jsonl(folder / "bench.jsonl", [one, one | {"key": "b", "image_path": "gone.jpg"}])


def write_omnicontext(folder: Path) -> Path:
    one = {"key": "k1", "task_type": "multi_character", "instruction": "Let them dance", "instruction_language": "en",
           "input_images": [picture(), picture(1)]}  # fmt: skip
    rows = [one, one | {"key": "k2", "input_images": [{"bytes": b"", "path": None}]}]
    return write_parquet(folder / "train.parquet", rows, {"input_images": pa.list_(IMAGE)})


def write_tiif(folder: Path) -> Path:
    one = {"type": "2d_spatial_relation", "short_description": "A frog left of a table.", "long_description": "A frog ...",
           "yn_question_list": ["Is there a frog?"], "yn_answer_list": ["yes"]}  # fmt: skip
    return write_jsonl(folder / "t.jsonl", [one, one | {"yn_answer_list": ["perhaps"]}])


def write_geneval(folder: Path) -> Path:
    one = {"tag": "counting", "include": [{"class": "bench", "count": 2}], "prompt": "a photo of two benches"}
    return write_jsonl(folder / "e.jsonl", [one, {"tag": "colors", "prompt": "a red cow"}])


def write_kris(folder: Path) -> Path:
    write_file(folder / "images" / "count_change" / "1.jpg", encode_image(form="JPEG"))
    one = {"id": "1", "type": "count_change", "ori_img": "1.jpg", "ins_en": "add a star", "explain_en": "five in all"}
    rows = [
        one,
        one | {"type": "physics", "ori_img": "9.jpg"},
        {k: v for k, v in one.items() if k != "explain_en"} | {"id": "2"},
    ]
    return write_file(folder / "kris.json", json.dumps(rows).encode())


WRITERS = {
    "ultraedit": (write_ultraedit, {}),
    "anyedit": (write_anyedit, {}),
    "x2edit": (write_x2edit, {}),
    "pickapic": (write_pickapic, {}),
    "unicedit": (write_unicbench, {"images": {"root": "."}}),
    "unicbench": (write_unicbench, {"images": {"root": "."}}),
    "omnicontext": (write_omnicontext, {}),
    "tiif": (write_tiif, {}),
    "geneval": (write_geneval, {}),
    "kris_bench": (write_kris, {}),
}
# what each fixture's rows become: instruction, images, category; and how the lines of those that fail go on behind file and row
EXPECTED: dict[str, tuple[list[tuple[str, int, str]], list[str]]] = {
    "ultraedit": (
        [("Make it snow", 1, "other")],
        [
            "instruction (edit_prompt): the instruction is empty",
            "references (source_image): the image cannot be decoded",
        ],
    ),
    "anyedit": (
        [("Replace the cup by this", 2, "object_replacement"), ("add a cat", 1, "addition")],
        ["instruction (edit): the instruction is empty"],
    ),
    "x2edit": (
        [("Remove the cat", 1, "removal"), ("add a hat", 1, "addition"), ("Remove the cat", 1, "text")],
        [
            "instruction (json.instruction_en or json.instruction): 7 is no text (int)",
            "references: the row has none of the columns 1.0.jpg, 1.jpg",
        ],
    ),
    "pickapic": ([("a fox", 0, "other")], ["instruction (caption): the instruction is empty"]),
    "unicedit": (
        [("Make it red", 1, "color_alteration")],
        ["references (image_path): 'gone.jpg' is not below images.root"],
    ),
    "unicbench": (
        [("Make it red", 1, "color_alteration")],
        ["references (image_path): 'gone.jpg' is not below images.root"],
    ),
    "omnicontext": ([("Let them dance", 2, "composition")], ["references (input_images): is empty"]),
    "tiif": (
        [("A frog left of a table.", 0, "spatial_arrangement")],
        ["checker (yn_question_list, yn_answer_list): answer 1 is 'perhaps'"],
    ),
    "geneval": ([("a photo of two benches", 0, "count")], ["checker (include): the row has no column include"]),
    "kris_bench": (
        [("add a star", 1, "count")],
        [
            "references (ori_img): 'physics/9.jpg' is not below images.root",
            "explanation (explain_en): the row has no column explain_en",
        ],
    ),
}


def load_source(folder: Path, **entry: Any) -> Manifest:
    data = {"name": "m", "models": WORLD, "sources": [entry]}
    (folder / "m.yaml").write_text(yaml.safe_dump(data))
    return load(folder / "m.yaml")


def plan_source(folder: Path, **entry: Any) -> Planned:
    return plan(load_source(folder, **entry), ImageStore(str(folder / "store")), 2)


def test_there_is_a_fixture_of_every_preset() -> None:
    assert set(names()) == set(WRITERS) == set(EXPECTED)


@pytest.mark.parametrize("name", list(WRITERS))
def test_a_preset_reads_its_set(tmp_path: Path, name: str) -> None:
    write, further = WRITERS[name]
    path = write(
        tmp_path / "set" if name in ("ultraedit", "anyedit", "x2edit", "pickapic", "omnicontext") else tmp_path
    )
    entry = {"preset": name, "path": str(path)} | further
    if table_spec(entry, tmp_path).evaluation:
        entry["evaluation"] = "allow"
    planned = plan_source(tmp_path, **entry)
    samples = [trajectory.sample for trajectory in climbing_trajectories(planned)]
    good, bad = EXPECTED[name]
    assert [(s.instruction, len(s.references), s.category) for s in samples] == good
    lines = failure_lines(planned)
    assert len(lines) == len(bad)
    for line, problem in zip(lines, bad, strict=True):
        assert problem in line
    licence = fill_in(entry, tmp_path).get("licence", UNSTATED)
    assert {sample.licence for sample in samples} == {licence}


def test_categories_lead_to_sub_categories_and_each_preset_says_whence_and_how() -> None:
    for name in names():
        spec = table_spec({"preset": name, "path": "x"}, Path())
        assert set(spec.categories.values()) <= SUB_CATEGORIES, name
        assert spec.citation, name
        assert spec.layout, name


def test_nobody_states_a_licence_that_the_authors_do_not() -> None:
    unstated = {n for n in names() if table_spec({"preset": n, "path": "x"}, Path()).licence == UNSTATED}
    assert unstated == {"pickapic", "unicedit", "unicbench", "omnicontext"}


def test_keys_beside_a_preset_have_the_last_word(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        "kind: jsonl\nlicence: mit\ncolumns: {instruction: a, explanation: b}\ncategories: {x: style, y: text}\n"
    )
    entry = {
        "preset": "own.yaml",
        "path": "t.jsonl",
        "licence": "cc0-1.0",
        "columns": {"explanation": None, "category": "c"},
    }
    spec = table_spec(entry, tmp_path)
    assert (spec.name, spec.licence, spec.columns.explanation, spec.columns.category) == ("own", "cc0-1.0", None, "c")
    assert spec.columns.instruction == "a"
    assert table_spec(entry | {"name": "n", "categories": {"x": "color"}}, tmp_path).categories == {
        "x": "color",
        "y": "text",
    }


@pytest.mark.parametrize(
    ("preset", "line"),
    [
        (
            "ultredit",
            "preset ultredit is none of the package's; did you mean ultraedit?; one of your own is named by its file",
        ),
        ("gone.yaml", "gone.yaml: the preset cannot be read (No such file or directory); name a YAML file"),
        ("bad.yaml", "bad.yaml: colums: unknown key; did you mean columns?"),
        ("list.yaml", "list.yaml: holds no mapping; write the keys of a source"),
        ("path.yaml", "path.yaml: path: belongs beside `preset` in the manifest; take it out here"),
        ("no.yaml", "no.yaml: licence: "),
        (7, "preset: 7 names none; say one of anyedit, "),
    ],
)
def test_a_preset_that_cannot_be_used_says_why(tmp_path: Path, preset: Any, line: str) -> None:
    (tmp_path / "bad.yaml").write_text("colums: {instruction: p}\n")
    (tmp_path / "list.yaml").write_text("- kind\n")
    (tmp_path / "path.yaml").write_text("path: x\n")
    (tmp_path / "no.yaml").write_text("licence: no\n")
    with pytest.raises(ManifestError) as refused:
        load_source(tmp_path, preset=preset, path="x")
    assert f"sources.0: {line}" in str(refused.value).replace(f"{tmp_path}/", "")


def test_a_set_in_another_layout_is_told_what_was_expected(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "u.jsonl", [{"key": "1", "instruction": "x", "image_path": "a.png", "subtask": "s"}])
    with pytest.raises(ManifestError) as refused:
        load_source(tmp_path, preset="unicedit", path=str(path), images={"root": "."})
    assert "sources.unicedit.columns.instruction: en is no column of u.jsonl" in str(refused.value)
    assert "(the preset unicedit expects: provisional, by UnicBench's fields: JSONL with key, task" in str(
        refused.value
    )


def test_an_evaluation_set_is_no_source_unless_that_is_meant(tmp_path: Path) -> None:
    path = str(write_geneval(tmp_path))
    with pytest.raises(
        ManifestError, match=r"'geneval' is an evaluation set: .* say evaluation: allow if that is meant"
    ):
        load_source(tmp_path, preset="geneval", path=path)
    assert load_source(tmp_path, preset="geneval", path=path, evaluation="allow").sources[0].name == "geneval"


def test_a_preset_is_chosen_in_the_manifest_and_its_keys_can_be_overridden(tmp_path: Path) -> None:
    path = str(write_tiif(tmp_path))
    load_source(tmp_path, preset="tiif", path=path, evaluation="allow")
    manifest = load(tmp_path / "m.yaml", ["sources.tiif.columns.instruction=long_description", "sources.tiif.limit=1"])
    (spec,) = manifest.sources
    assert (spec.columns.instruction, spec.limit) == ("long_description", 1)  # type: ignore[union-attr]
    with pytest.raises(ManifestError, match=r"--set: sources.tiif.preset: chosen in the manifest alone"):
        load(tmp_path / "m.yaml", ["sources.tiif.preset=geneval"])
    whole = load(tmp_path / "m.yaml", [f"sources=[{{preset: tiif, path: {path}, evaluation: allow, name: other}}]"])
    assert whole.sources[0].name == "other"
