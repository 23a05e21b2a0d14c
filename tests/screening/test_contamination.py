"""Rows that are taken from an evaluation set are found, and prompts that only speak of the same things stay."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from benchmarks.contamination import detect, screens
from benchmarks.contamination_rows import label_rows, read_prompts
from pipeline.errors import BuildError
from pipeline.screening.contamination import ContaminationScreen
from pipeline.screening.evaluation_sets import EvaluationPrompt
from pipeline.screening.screen import Screen
from pipeline.screening.spec import Contamination
from pipeline.screening.wording import wording
from tests.sources.tables import shared_data

from .rows import encoded, judged, scene, spec

SHORT = "a photo of a bench"
LONG = "a photo of a purple wine glass and a black apple"
EDIT = "Remove one dog"
STORY = (
    "In the warm light of an early morning a small wooden boat drifts slowly past the grey stone tower while two white birds "
    "circle above the quiet river and an old man waves from the bridge"
)


def test_planted_prompts_are_found_among_hard_clean_ones() -> None:
    prompts = read_prompts(shared_data())
    found = detect(screens(shared_data()), label_rows(prompts, 3000, 150, seed=5))
    assert found.recall >= 0.98, found.missed
    assert found.precision >= 0.98, found.wrong
    assert found.called["paraphrased lightly"] >= 0.7 * found.rows["paraphrased lightly"]


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("A PHOTO OF A BENCH!", True),
        ("Photograph of the bench", True),
        ("ａ ｐｈｏｔｏ ｏｆ ａ ｂｅｎｃｈ", True),
        ("a photo of a bench, golden hour, 35mm", True),
        ("Best quality: a photo of a bench", True),
        ("a photo of a bench and a dog", False),
        ("a photo of a bench, a dog and a cat", False),
        ("a photo of a bench, and a cat", False),
        ("a photo of a bench in a kitchen", False),
        ("a photo of a bench at sunset", True),
        ("a photo of a bench under a cloudy sky", True),
        ("a photo of a bench with a mountain in the background", True),
        ("a photo of a bench in the style of a postcard", True),
        ("a photo of a bench in front of a blue dog at night", False),
        ("a photo of a bench and a dog with a mountain in the background", False),
        ("a photo of a bench below a traffic light", False),
        ("a bench", False),
        ("a photo of two benches", False),
        ("a photo of a purple wine glass and a black apple on a tray", True),
        ("a photo of a black wine glass and a purple apple", False),
        ("a photo of a purple wine glass and a black pear", False),
        ("Please remove 1 dog in the image.", True),
        ("remove one dog and make the sky pink", True),
        ("Make the sky pink, then remove one dog", True),
        ("remove one dog and one cat", False),
        ("remove one cat", False),
        (STORY.replace("boat", "raft").replace("early ", ""), False),
        (STORY.replace("wooden", "little"), True),
        (" ".join(STORY.split()[:20]), True),
        ("?!", False),
    ],
)
def test_what_counts(text: str, taken: bool) -> None:
    screen = learned(SHORT, LONG, EDIT, STORY)
    assert (screen.judge_text(text) is not None) is taken, wording(text)


@pytest.mark.parametrize(("short", "taken"), [("clause", [1, 1, 0]), ("whole", [1, 0, 0]), ("anywhere", [1, 1, 1])])
def test_where_a_short_prompt_counts_is_for_the_manifest_to_say(short: Any, taken: list[int]) -> None:
    texts = (SHORT, f"{SHORT}, golden hour", f"{SHORT} and a dog")
    screen = learned(SHORT, contamination=Contamination(short=short))
    assert [screen.judge_text(text) is not None for text in texts] == [bool(n) for n in taken]


def learned(*texts: str, contamination: Contamination | None = None) -> ContaminationScreen:
    screen = ContaminationScreen(contamination or Contamination())
    screen.learn(EvaluationPrompt("set", "set.jsonl", n, text) for n, text in enumerate(texts, 1))
    return screen


@given(text=st.text(max_size=80), prompt=st.sampled_from([SHORT, LONG, EDIT, STORY]))
@settings(max_examples=150)
def test_any_text_can_be_worded_and_a_prompt_beside_it_is_found(text: str, prompt: str) -> None:
    worded = wording(text)
    assert {0, len(worded.words)} <= worded.ends <= set(range(len(worded.words) + 1))
    if worded.words:
        assert learned(text).judge_text(text) is not None
    assert learned(prompt).judge_text(f"{text}\n{prompt}\n{text}") is not None


def test_chinese_prompts_are_compared_sign_by_sign() -> None:
    screen = learned("把天空变成粉色")
    assert screen.judge_text("请把天空变成粉色。") is not None
    assert screen.judge_text("把大海变成粉色") is None


def evaluation_set(folder: Path, row: dict[str, Any]) -> dict[str, Any]:
    (folder / "set.jsonl").write_text(json.dumps(row))
    columns = {"instruction": "prompt", "references": "image"}
    images = {"root": str(folder)}
    return {"kind": "jsonl", "name": "set", "path": str(folder / "set.jsonl"), "columns": columns, "images": images}


def test_a_picture_of_the_set_counts_whatever_is_said_of_it(tmp_path: Path) -> None:
    data = encoded(scene(1))
    (tmp_path / "one.png").write_bytes(data)
    table = evaluation_set(tmp_path, {"prompt": "turn the tower to the left of the lake", "image": "one.png"})
    smaller = encoded(Image.open(io.BytesIO(data)).resize((128, 96)), "JPEG", quality=85)
    with Screen(spec(decontaminate=[table]), None) as screen:
        assert judged(screen, "add a hat", 1, data) == "contaminated"
        assert judged(screen, "add a hat", 2, smaller) == "contaminated"
        assert judged(screen, "add a hat", 3, encoded(scene(2))) is None
        assert judged(screen, "add a hat", 4) is None
        (row, _) = (*screen.dropped(),)
        assert (
            row.dropped.detail == "has a reference of row 1 of set.jsonl in set: turn the tower to the left of the lake"
        )


def test_a_set_that_cannot_be_read_stops_the_build(tmp_path: Path) -> None:
    table = evaluation_set(tmp_path, {"prompt": "add a hat", "image": "gone.png"})
    with pytest.raises(BuildError, match=r"screens\.decontaminate\.set: set\.jsonl: row 1: references.*gone\.png"):
        Screen(spec(decontaminate=[table]), None)
    with Screen(spec(decontaminate=[table], contamination={"images": False}), None) as screen:
        assert judged(screen, "add a hat", 1, encoded(scene(1))) == "contaminated"
