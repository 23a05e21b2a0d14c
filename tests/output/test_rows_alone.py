"""A row is checked by itself: its segments are a sentence of its mode, each image once, with the marks of the mask."""

import json
from copy import deepcopy

import pyarrow.parquet as pq
import pytest

from pipeline.output.row_checks import about, check_pair, check_traj
from pipeline.output.run_json import read
from tests.output.factory import RECIPE


def read_rows(built, mode):
    for name in built.summary.files:
        if name.startswith("sft/train"):
            file = pq.ParquetFile(built.out / name)
            metadata = about(file.schema_arrow.metadata[b"x2i"].decode())
            yield from ((row, metadata) for row in file.read().to_pylist() if row["mode"] == mode)


def read_row(built, mode):
    written, metadata = next(iter(read_rows(built, mode)))
    return deepcopy(written), metadata


def problems(changed, metadata) -> str:
    return "; ".join(check_traj(changed, metadata))


@pytest.mark.parametrize("mode", RECIPE.modes)
def test_a_row_as_it_is_written_has_no_problem(few, mode):
    checked = [problems(*one) for one in read_rows(few, mode)]
    assert set(checked) == {""}


def generation_and_verdict(changed):
    """The places of the first image and its judgement."""
    at = next(n for n, s in enumerate(changed["segments"]) if s["kind"] == "generation")
    return changed["segments"][at : at + 2], at


@pytest.mark.parametrize("mode", ["reflection", "multistep"])
def test_a_row_that_holds_its_first_try_three_times_cannot_pass(few, mode):
    """Fault 1 of the issue: G1 and E1 three times, each E1 trained, with all columns that depend on it made to fit."""
    changed, metadata = read_row(few, mode)
    again, at = generation_and_verdict(changed)
    changed["segments"][at + 2 : at + 2] = deepcopy(again) + deepcopy(again)
    changed["scores"] = [changed["scores"][0]] * 2 + changed["scores"]
    changed["n_text_chars"] = sum(len(s["text"] or "") for s in changed["segments"])
    lines = problems(changed, metadata)
    assert f"are no sentence of mode {mode}" in lines
    assert "generation 1 follows generation 1" in lines


def test_a_direct_row_with_two_tries_cannot_pass_either(few):
    changed, metadata = read_row(few, "direct")
    again, at = generation_and_verdict(changed)
    changed["segments"][at:at] = deepcopy(again)
    assert "the segments G+G+ are no sentence of mode direct" in problems(changed, metadata)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop(), "are no sentence of mode multistep"),
        (lambda s: s.insert(1, s.pop(0)), "do not begin with the references in order and one instruction"),
        (lambda s: s[-2].update(index=9), "sub-task 3 is not followed by image 3"),
        (lambda s: s[-1].update(index=2), "evaluation 2 does not follow image 2"),
        (lambda s: s[-1].update(loss=0.0), "loss is 0.0, the mask table says 1.0"),
        (lambda s: s[-2].update(vae=True), "vae is True, the mask table says False"),
        (lambda s: s[-1].update(next_special=None), "next_special is None, the mask table says end"),
        (lambda s: s.append(dict(s[-1])), "are no sentence of mode multistep"),
    ],
)
def test_whatever_breaks_the_sentence_or_its_marks_is_told(few, change, words):
    changed, metadata = read_row(few, "multistep")
    change(changed["segments"])
    assert words in problems(changed, metadata)


def test_the_grammar_is_that_of_the_files_own_policy(few):
    changed, metadata = read_row(few, "reflection")
    name = next(name for name in few.summary.files if name.startswith("sft/train"))
    text = json.loads(pq.read_schema(few.out / name).metadata[b"x2i"])
    text["policy"]["reflection_rounds"] = 1
    longest = max((one for one, _ in read_rows(few, "reflection")), key=lambda one: len(one["segments"]))
    assert "are no sentence of mode reflection" in problems(longest, about(json.dumps(text)))
    assert problems(changed, metadata) == ""
    assert read(few.out).manifest["policy"]["reflection_rounds"] == 3


def swap_images(changed):
    first, last = (n for n, s in enumerate(changed["segments"]) if s["kind"] == "generation" and s["index"] in (1, 3))
    one, other = changed["segments"][first], changed["segments"][last]
    one["image_index"], other["image_index"] = other["image_index"], one["image_index"]


def reverse_images(changed):
    changed["images"].reverse()
    changed["image_meta"].reverse()


def change_payload(changed, n, change):
    segment = changed["segments"][n]
    payload = json.loads(segment["payload"])
    change(payload)
    segment["payload"] = json.dumps(payload)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (swap_images, "the images are not in the order in which they are first shown"),
        (reverse_images, "its origin is"),
        (lambda r: r["segments"][-2]["inputs"].append(r["segments"][-2]["image_index"]), "which comes later"),
        (lambda r: r["segments"][-1].update(type="image", text=None, image_index=0), "type is image, it is a text"),
        (lambda r: r["segments"][-1]["inputs"].append(0), "only images are made from images"),
        (lambda r: change_payload(r, -1, lambda p: p["axes"][0].update(score=1)), "instruction 1 is marked passed"),
        (lambda r: change_payload(r, -1, lambda p: p["axes"].pop()), "the axes judged are not the applicable ones"),
        (lambda r: change_payload(r, -3, lambda p: p.update(instruction="else")), "in other words or another order"),
        (lambda r: r["scores"][-1].update(image_index=0), "the scores are of images"),
    ],
)
def test_images_verdicts_and_plans_are_checked_on_the_row_alone(few, change, words):
    changed, metadata = read_row(few, "multistep")
    change(changed)
    assert words in problems(changed, metadata)


def test_a_pair_whose_images_were_swapped_cannot_pass(few):
    name = next(name for name in few.summary.files if name.startswith("pairs/"))
    metadata = about(pq.read_schema(few.out / name).metadata[b"x2i"].decode())
    pair = pq.read_table(few.out / name).to_pylist()[0]
    assert list(check_pair(pair, metadata)) == []
    names = ("{}_scores", "{}_sha256", "{}_original_sha256")
    swapped = [("label_0", "label_1"), *((name.format("chosen"), name.format("rejected")) for name in names)]
    for one, other in swapped:
        pair[one], pair[other] = pair[other], pair[one]
    assert any("the chosen image does not pass" in line for line in check_pair(pair, metadata))
