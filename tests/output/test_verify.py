"""Each check of `verify`, proven by breaking a good output in that one way."""

import hashlib
import io
import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.manifest.forms import PRODUCTS
from pipeline.output import run_json
from pipeline.output.lock import LOCK
from pipeline.output.places import list_files, stem_of
from pipeline.output.shards import describe_file
from pipeline.output.verify import examine, verify


@pytest.fixture
def out(few, tmp_path) -> Path:
    copy: Path = tmp_path / "out"
    shutil.copytree(few.out, copy)
    return copy


def problems(out: Path) -> list[str]:
    lines = [str(problem) for problem in verify(out, workers=1)]
    assert all("\n" not in line for line in lines)
    return lines


def assert_problem(out: Path, *words: str) -> None:
    lines = problems(out)
    assert any(all(word in line for word in words) for line in lines), lines


def first_file(out: Path, stem: str) -> Path:
    return out / next(name for p in PRODUCTS for name in list_files(out, p) if stem_of(name) == stem)


def update_checksum(out: Path, path: Path) -> None:
    """Make run.json agree with the file, so that only the check in question can object."""
    run = json.loads((out / "run.json").read_text("utf-8"))
    written = describe_file(path, hashlib.sha256(path.read_bytes()).hexdigest())
    run["files"][str(path.relative_to(out))] = written.model_dump(mode="json")
    (out / "run.json").write_text(json.dumps(run), "utf-8")


def rewrite(out: Path, stem: str, change, metadata: dict[str, Any] | None = None) -> None:
    path = first_file(out, stem)
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows = change(rows) or rows
    schema = table.schema if metadata is None else table.schema.with_metadata(metadata)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    update_checksum(out, path)


def edit_run(out: Path, change) -> None:
    run = json.loads((out / "run.json").read_text("utf-8"))
    change(run)
    (out / "run.json").write_text(json.dumps(run), "utf-8")


def segment(rows, kind, mode="reflection"):
    row = next(r for r in rows if r["mode"] == mode)
    return next(s for s in row["segments"] if s["kind"] == kind)


def encode_image(size=(32, 32), kind="PNG", mode="RGB", **options) -> bytes:
    data = io.BytesIO()
    Image.new(mode, size).save(data, kind, **options)
    return data.getvalue()


def test_a_good_output_has_no_problem(few, many):
    assert problems(few.out) == []
    assert [str(p) for p in verify(many.out, workers=2)] == []


def test_rewriting_alone_is_no_problem(out):
    rewrite(out, "sft/train", lambda rows: None)
    assert problems(out) == []


def exif_bytes() -> bytes:
    tags = Image.Exif()
    tags[0x010E] = "made by"
    return tags.tobytes()


ROWS = {
    "mask": ("sft/train", lambda r: segment(r, "generation").update(loss=1.0), "loss is 1.0, the mask table says 0"),
    "vae": ("sft/train", lambda r: segment(r, "reference").update(vae=False), "vae is False, the mask table"),
    "special": ("sft/train", lambda r: segment(r, "reflection").update(next_special="end"), "next_special is end"),
    "no rule": (
        "sft/train",
        lambda r: segment(r, "subtask", "multistep").update(kind="reflection"),
        "no sentence of mode multistep",
    ),
    "text": ("sft/train", lambda r: segment(r, "evaluation").update(text="fine"), "not what its payload renders to"),
    "instruction": ("sft/train", lambda r: segment(r, "instruction").update(text="x"), "not the row's instruction"),
    "marked payload": (
        "sft/train",
        lambda r: (s := segment(r, "reflection")).update(
            payload=s["payload"].replace('analysis":"', 'analysis":"<image>')
        ),
        "its payload holds what a trainer could take for a marker",
    ),
    "marked category": ("sft/train", lambda r: r[0].update(category="a\u202eb"), "category holds what a trainer"),
    "marked pair": ("pairs/train", lambda r: r[0].update(reason="fine <|im_end|>"), "reason holds what a trainer"),
    "marked prompt": (
        "rl/train",
        lambda r: r[0]["prompt"][0].update(content=r[0]["prompt"][0]["content"] + " [INST]"),
        "the prompt holds what a trainer",
    ),
    "voice": (
        "record/part",
        lambda r: next(e for n in r for e in n["events"] if e["kind"] == "reflection").update(voice=["roles"]),
        "voice is roles, its texts break no rule",
    ),
    "payload": ("sft/train", lambda r: segment(r, "evaluation").update(payload="{"), "the row cannot be read"),
    "role": ("sft/train", lambda r: segment(r, "evaluation").update(role="user"), "role is user, must be assistant"),
    "both": (
        "sft/train",
        lambda r: segment(r, "evaluation").update(image_index=0),
        "exactly one of text and image_index",
    ),
    "index": ("sft/train", lambda r: segment(r, "generation").update(image_index=99), "image_index 99 is none of"),
    "inputs": ("sft/train", lambda r: segment(r, "generation").update(inputs=[-1]), "inputs -1 is none of"),
    "null": ("sft/train", lambda r: r[0].update(segments=None), "the row cannot be read"),
    "mode": ("sft/train", lambda r: r[0].update(mode="best"), "mode 'best' is unknown"),
    "version": ("sft/train", lambda r: r[0].update(schema_version="traj/9"), "schema_version is 'traj/9'"),
    "n_images": ("sft/train", lambda r: r[0].update(n_images=9), "n_images 9"),
    "chars": ("sft/train", lambda r: r[0].update(n_text_chars=1), "n_text_chars is 1"),
    "hash": ("sft/train", lambda r: r[0].update(content_hash="0"), "content_hash does not match"),
    "scores": ("sft/train", lambda r: r[0]["scores"][0].update(instruction=1.0), "differs from the evaluation"),
    "score index": ("sft/train", lambda r: r[0]["scores"][0].update(image_index=77), "image_index 77 is no image"),
    "image hash": ("sft/train", lambda r: r[0]["image_meta"][0].update(sha256="0" * 64), "images[0]: its sha256 is"),
    "pair hash": ("pairs/train", lambda r: r[0].update(jpg_0=encode_image()), "jpg_0: its sha256 is"),
    "reference hash": (
        "edit_pairs/train",
        lambda r: r[0].update(references_sha256=["0" * 64] * len(r[0]["references"])),
        "references[0]: its sha256 is",
    ),
    "prompt hash": (
        "rl/train",
        lambda r: next(x for x in r if x["image_meta"])["image_meta"][0].update(sha256="0" * 64),
        "images[0]: its sha256 is",
    ),
    "labels": ("pairs/train", lambda r: r[0].update(label_0=0.5, label_1=0.5), "the labels are 0.5 and 0.5"),
    "meta": ("sft/train", lambda r: r[0]["image_meta"][0].update(width=31), "is not what the file declares"),
    "undecodable": ("sft/train", lambda r: r[0]["images"][0].update(bytes=b"\x89PNG"), "the image does not decode"),
    "cut short": (
        "sft/train",
        lambda r: r[0]["images"][0].update(bytes=r[0]["images"][0]["bytes"][:900]),
        "not decode",
    ),
    "size": (
        "sft/train",
        lambda r: r[0]["images"][0].update(bytes=encode_image((31, 32))),
        "the image is PNG RGB 31 x 32",
    ),
    "format": ("sft/train", lambda r: r[0]["images"][0].update(bytes=encode_image(kind="JPEG")), "the image is JPEG"),
    "exif": (
        "sft/train",
        lambda r: r[0]["images"][0].update(bytes=encode_image(exif=exif_bytes())),
        "carries metadata",
    ),
    "stranger": (
        "sft/train",
        lambda r: r[0]["image_meta"][0].update(sha256="0" * 64),
        "differs from what the record and the store make it",
    ),
    "unkept": ("sft/train", lambda r: r[0].update(id="0" * 32), "no such row follows from the record"),
    "left out": ("sft/train", lambda r: r[1:], "is missing: by the record it has a row here"),
    "twice": ("sft/train", lambda r: [*r, r[0]], "this id comes twice"),
    "leak": ("sft/validation", lambda r: r[0].update(leak_group="group-0"), "the store make it: leak_group"),
    "record leak": (
        "record/part",
        lambda r: [x.update(leak_group="group-1") for x in r] and None,
        "leak group group-1 is in",
    ),
    "record order": ("record/part", lambda r: r[::-1], "not in rank order"),
    "law": ("record/part", lambda r: r[:-1], "counts.planned is"),
    "status": ("record/part", lambda r: r[0].update(status="lost"), "status 'lost' is unknown"),
    "store": ("record/part", lambda r: r[0].update(first="1" * 64), "is not in the store"),
    "verl": ("rl/train", lambda r: r[0]["prompt"][0].update(content="<image>" * 9), "holds 9 <image> for"),
    "truth": ("rl/train", lambda r: r[0]["reward_model"].update(ground_truth="{}"), "holds no checker"),
    "pair": ("pairs/train", lambda r: r[0].update(sample_id="0" * 32), "the store make it: sample_id"),
    "same pair": ("pairs/train", lambda r: r[0].update(rejected_sha256=r[0]["chosen_sha256"]), "are the same image"),
    "pair axis": ("pairs/train", lambda r: r[0].update(axis="beauty"), "axis 'beauty' has no score"),
    "pair image": (
        "pairs/train",
        lambda r: r[0].update(jpg_1=encode_image((8, 8))),
        "jpg_1: the image is PNG RGB 8 x 8",
    ),
}


@pytest.mark.parametrize("name", list(ROWS))
def test_a_broken_row_is_told(out, name):
    stem, change, words = ROWS[name]
    rewrite(out, stem, lambda rows: new_rows if isinstance(new_rows := change(rows), list) else None)
    assert_problem(out, {"law": "run.json"}.get(name, stem), words)


def test_a_flipped_byte_is_told(out):
    path = first_file(out, "sft/train")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    assert_problem(out, "sft/train/train-00000", "checksum differs")


@pytest.mark.parametrize("product", ["sft/train", "rl/train", "pairs/train", "record/part"])
@pytest.mark.parametrize("keep", [0, 3, 0.5, 0.99])
def test_a_truncated_file_is_told(out, product, keep):
    path = first_file(out, product)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    assert_problem(out, "-00000", product, "cannot be read")
    assert_problem(out, "-00000", product, "checksum differs")


@pytest.mark.parametrize("seed", range(12))
def test_noise_anywhere_in_a_file_is_never_an_error(out, seed):
    path = first_file(out, "record/part" if seed % 2 else "pairs/train")
    data = bytearray(path.read_bytes())
    start = (len(data) - 300) * seed // 12
    data[start : start + 200] = bytes((b * 7 + seed) % 256 for b in data[start : start + 200])
    path.write_bytes(bytes(data))
    assert_problem(out, "checksum differs")


def test_a_missing_or_foreign_file_is_told(out):
    first_file(out, "sft/validation").unlink()
    shutil.copy(first_file(out, "sft/train"), out / "sft" / "extra-00000-of-00001.parquet")
    assert_problem(out, "sft/validation/validation-00000", "is listed in run.json and missing")
    assert_problem(out, "sft/extra-00000", "is not listed in run.json")


def test_no_run_json_is_an_unfinished_output(out):
    (out / "run.json").unlink()
    assert_problem(out, "run.json: is missing: the output is not finished")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', "\udcff"])
def test_a_broken_run_json_is_told(out, text):
    (out / "run.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert_problem(out, "run.json: cannot be read")


def test_nothing_at_all_is_told(tmp_path):
    assert problems(tmp_path) == ["run.json: is missing: the output is not finished"]
    assert problems(tmp_path / "nowhere") == ["run.json: is missing: the output is not finished"]


def test_counts_that_do_not_add_up_are_told(out):
    edit_run(out, lambda run: run["counts"].update(kept=99))
    assert_problem(out, "run.json", "counts.kept is 99")
    edit_run(out, lambda run: run["kept_by_mode"].update(direct=99))
    assert_problem(out, "run.json", "kept_by_mode.direct is 99")


def test_a_judge_that_is_none_of_the_run_is_told(out):
    edit_run(out, lambda run: run["models"].update(analyzer="another/model@1"))
    assert_problem(out, "record/part-00000", "is none of the run's models")


def test_a_sample_beyond_the_cut_is_told(out):
    edit_run(out, lambda run: run.update(cut_rank=0))
    assert_problem(out, "run.json: cut_rank is 0")


def test_files_of_two_runs_are_told(out):
    edit_run(out, lambda run: run.update(fingerprint="e" * 64))
    assert_problem(out, "sft/train/train-00000", "is of run ffffffffffff, run.json is of eeeeeeeeeeee")


def test_lost_types_are_told(out):
    path = first_file(out, "sft/train")
    x2i = pq.read_schema(path).metadata[b"x2i"]
    rewrite(out, "sft/train", lambda rows: None, {"x2i": x2i})
    assert_problem(out, "sft/train/train-00000", "huggingface metadata is missing")
    rewrite(out, "sft/train", lambda rows: None, {"huggingface": "{}"})
    assert_problem(out, "sft/train/train-00000", "x2i metadata cannot be read")


def test_other_columns_are_told(out):
    path = first_file(out, "rl/train")
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["ability"]).append_column("cost", pa.array([1.0] * len(table))), path)
    update_checksum(out, path)
    assert_problem(out, "rl/train/train-00000", "missing ability; unknown cost")


def test_an_image_lost_from_the_store_is_told_unless_the_store_was_given_up(out):
    shutil.rmtree(out / "store")
    assert problems(out) == []  # a copy that was published: it has no lock of a build either
    (out / LOCK).touch()
    assert_problem(out, "is not in the store")
    edit_run(out, lambda run: run.update(store=None))
    assert problems(out) == []


def test_an_output_can_be_moved(out):
    assert run_json.read(out).store == "store"
    shutil.move(out, out.parent / "elsewhere")
    assert problems(out.parent / "elsewhere") == []


def test_all_problems_are_listed_at_once(out):
    rewrite(out, "sft/train", lambda rows: segment(rows, "generation").update(loss=1.0))
    rewrite(out, "rl/train", lambda rows: rows[0]["prompt"][0].update(content="<image>" * 9))
    first_file(out, "pairs/train").write_bytes(b"PAR1")
    assert_problem(out, "sft/train/train-00000", "the mask table")
    assert_problem(out, "rl/train/train-00000", "<image>")
    assert_problem(out, "pairs/train/train-00000", "cannot be read")


def test_notes_tell_what_metadata_say_and_survive_anything(out):
    assert any(
        line.startswith("metadata against verdicts: bytes per pixel: AUC") for line in examine(out, workers=1).notes
    )
    (out / "truth.parquet").write_bytes(b"no parquet")
    assert any(line.startswith("the truth could not be checked") for line in examine(out, workers=1).notes)
    (out / "run.json").unlink()
    first_file(out, "sft/train").write_bytes(b"")
    assert examine(out, workers=1).problems


def edit_payload(event, change) -> None:
    content = json.loads(event["payload"])
    change(content)
    event["payload"] = json.dumps(content, separators=(",", ":"))


def swap_columns(row, one, other) -> None:
    row[one], row[other] = row[other], row[one]


def row_of_fate(rows, fate, mode=None):
    return next(r for r in rows if r["status"] == fate and r["split"] != "rl" and r["mode"] == mode)


def evaluations(row):
    return [e for e in row["events"] if e["kind"] == "evaluation"]


def row_of_images(rows):
    return next(r for r in rows if len(r["images"]) > 1)


def set_to_x(name: str, rows: Any) -> None:
    rows[0][name] = "x"


CONSISTENT = {
    "chosen and rejected": ("pairs/train", lambda r: swap_columns(r[0], "jpg_0", "jpg_1"), "jpg_0, jpg_1"),
    "labels": ("edit_pairs/train", lambda r: swap_columns(r[0], "label_0", "label_1"), "make it: label_0, label_1"),
    "pair dropped": ("pairs/train", lambda r: r[1:], "is missing"),
    "pair caption": ("pairs/train", lambda r: r[0].update(caption="x"), "make it: caption"),
    "pair reason": ("pairs/train", lambda r: r[0].update(reason="x"), "make it: reason"),
    "rl prompt": ("rl/train", lambda r: r[0]["prompt"][0].update(content=r[0]["prompt"][0]["content"] + "x"), "prompt"),
    "rl truth": ("rl/train", lambda r: r[0]["reward_model"].update(ground_truth='{"checker": 1}'), "ground_truth"),
    "rl difficulty": ("rl/train", lambda r: r[0]["extra_info"].update(difficulty="direct"), "extra_info.difficulty"),
    "rl image": (
        "rl/train",
        lambda r: [x["images"][0].update(bytes=encode_image()) for x in r if x["images"]] and None,
        "make it: images",
    ),
    **{
        f"sft {name}": ("sft/train", partial(set_to_x, name), f"make it: {name}")
        for name in ("explanation", "source", "licence", "task", "category", "provenance")
    },
    "sft images": ("sft/train", lambda r: row_of_images(r)["images"].reverse(), "make it: images"),
    "sft view": ("sft/train", lambda r: r[0]["images"][0].update(bytes=encode_image()), "make it: images"),
    "sft passed": ("sft/train", lambda r: r[0]["scores"][-1].update(instruction=1.0), "scores"),
    "sft segments": ("sft/train", lambda r: r[0]["segments"].pop(), "make it: segments"),
    "sft reversed": ("sft/train", lambda r: r[0]["segments"].reverse(), "make it: segments"),
    "sft against": ("sft/train", lambda r: segment(r, "evaluation").update(against="subtask"), "make it: segments"),
    "sft made_by": ("sft/train", lambda r: segment(r, "generation").update(made_by="x"), "make it: segments"),
    "sft inputs": ("sft/train", lambda r: segment(r, "generation").update(inputs=[1]), "make it: segments"),
    "sft order": ("sft/train", lambda r: r[::-1], "the rows are not in their order"),
    "pruned": (
        "record/part",
        lambda r: [e.update(pruned=False) for x in r for e in x["events"]] and None,
        "not pruned as its mode demands",
    ),
    "last failing": (
        "record/part",
        lambda r: edit_payload(evaluations(row_of_fate(r, "kept", "direct"))[-1], lambda p: p["axes"][0].update(passed=False)),
        "do not make a sample accepted (direct)",
    ),
    "score": (
        "record/part",
        lambda r: edit_payload(evaluations(row_of_fate(r, "kept", "direct"))[-1], lambda p: p["axes"][0].update(score=1)),
        "instruction 1 is marked passed, the threshold is 5",
    ),
    "emptied": (
        "record/part",
        lambda r: row_of_fate(r, "discarded").update(events=[], candidate=0, entered=["direct"]),
        "do not make a sample discarded (missing_knowledge)",
    ),
    "surplus": ("record/part", lambda r: row_of_fate(r, "discarded").update(status="surplus"), "the quotas it is discarded"),
    "mode cleared": ("record/part", lambda r: row_of_fate(r, "kept", "direct").update(mode=None), "no rows can be built"),
    "payload spelled": (
        "record/part",
        lambda r: edit_payload(evaluations(row_of_fate(r, "kept", "direct"))[-1], lambda p: p.update(more=1)),
        "it is not as this program writes it",
    ),
    "deep": (
        "record/part",
        lambda r: next(x for x in r if x["split"] == "rl").update(checker_spec="[" * 100_000),
        "the row cannot be read (RecursionError",
    ),
    "deep truth": ("rl/train", lambda r: r[0]["reward_model"].update(ground_truth="[" * 100_000), "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CONSISTENT))
def test_tampering_with_right_checksums_is_told(out, name):
    stem, change, words = CONSISTENT[name]
    rewrite(out, stem, lambda rows: new_rows if isinstance(new_rows := change(rows), list) else None)
    assert_problem(out, words)


RUNS = {
    "quota": (lambda s: s["quotas"].update(direct=0), "quotas.direct is 0"),
    "quota of both": (
        lambda s: (s["quotas"].update(direct=0), s["manifest"]["quotas"].update(direct=0)),
        "by its story and the quotas it is surplus",
    ),
    "cut": (lambda s: s.update(cut_rank=5), "cut_rank is 5"),
    "funnel": (lambda s: s["funnel"]["direct"].update(entered=99), "funnel.direct is"),
    "reasons": (lambda s: s["reasons"]["discarded"].update(refused=1), "reasons.discarded is"),
    "format": (lambda s: s.update(format="run/9"), "format is run/9"),
    "models": (lambda s: s["models"].update(analyzer="other"), "the x2i metadata is not what run.json makes it"),
    "prompts": (lambda s: s["prompts"].update(evaluate="0"), "provenance"),
    "manifest": (lambda s: s["manifest"].update(sources=1), "its manifest cannot be read"),
    "store": (lambda s: s.update(store="nowhere://x"), "cannot be opened"),
    "row groups": (lambda s: next(iter(s["files"].values())).update(row_groups=[]), "its size, rows or row groups"),
}


@pytest.mark.parametrize("name", list(RUNS))
def test_a_changed_run_json_is_told(out, name):
    change, words = RUNS[name]
    edit_run(out, change)
    assert_problem(out, words)


def test_a_deep_run_json_is_told(out):
    (out / "run.json").write_text('{"manifest": ' + "[" * 100_000)
    assert_problem(out, "run.json: cannot be read")


def test_a_misnamed_shard_is_told(out):
    path = first_file(out, "pairs/train")
    other = path.with_name("train-00007-of-00009.parquet")
    path.rename(other)
    folder = "pairs/train"
    edit_run(out, lambda s: s["files"].update({f"{folder}/{other.name}": s["files"].pop(f"{folder}/{path.name}")}))
    assert_problem(out, "pairs/train/train-00007", "should be named pairs/train/train-00000-of-00001.parquet")


@pytest.mark.parametrize(
    "harm", [lambda b: b"", lambda b: b[:60] + bytes([b[60] ^ 1]) + b[61:], lambda b: encode_image()]
)
def test_a_damaged_original_is_told(out, harm):
    path = next(p for p in sorted((out / "store").rglob("*")) if p.is_file())
    path.write_bytes(harm(path.read_bytes()))
    assert_problem(out, "cannot be read from the store", "do not match their hash")


@pytest.mark.parametrize(
    "sections",
    [
        {"quotas": {"direct": 1, "reflection": 1, "multistep": 1, "rl": 1}},
        {"quotas": {"direct": 0, "reflection": 0, "multistep": 0, "rl": 0}},
        {"output": {"image": {"size": 32, "encoding": "webp:80"}, "dialect": "think"}},
    ],
)
def test_quotas_encodings_and_dialects_are_built_again_alike(few, tmp_path, sections):
    store = str(few.store.root)
    few.again(tmp_path, **({"output": {"image": {"size": 32}}} | sections))
    assert run_json.read(tmp_path).store == store
    assert problems(tmp_path) == []
