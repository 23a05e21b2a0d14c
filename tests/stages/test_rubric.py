"""The words of judging: every score anchored, every group of sub-categories with its own words, a version that follows them."""

import hashlib
import json
import re
from importlib.resources import files
from itertools import product

import pytest

import prompts.catalogue
from pipeline.backends.world.tasks.categories import COMPOSITIONS, EDITS
from prompts.rubric import GROUPS, RUBRIC, group_of
from stages import scripted
from stages.policy import Thresholds
from stages.records import AXES
from stages.replies import evaluation
from stages.voice_rules import LONGEST, MOST_SENTENCES

PROMPTS = prompts.catalogue.load()
VERSIONS = {"1": "7f38d98c1b3a2e8c291f0795bed8836fe427ffce4597e235172d09d4a9f599d9"}
"""A change of the words needs a new version, and a line here."""


def rubric_words() -> str:
    return files("prompts").joinpath("evaluate.j2").read_text("utf-8") + json.dumps(dict(GROUPS))


def asked(axes=AXES, group=None, against="original"):
    return PROMPTS.render(
        "evaluate", instruction="make it red", against=against, explanation=None, axes=axes, references=1,
        start="references", group=group,
    )  # fmt: skip


def test_the_version_changes_with_the_words():
    assert VERSIONS[RUBRIC] == hashlib.sha256(rubric_words().encode()).hexdigest()


def test_every_score_of_every_axis_is_anchored_and_no_other_axis_is_named():
    for axis in AXES:
        text = asked((axis,))
        (anchors,) = re.findall(rf"- {axis}: .*?(?=\nWrite|\n- )", text, re.DOTALL)
        assert [n for n in "54321" if f"{n}: " in anchors] == list("54321")
        assert [other for other in AXES if f"- {other}:" in text] == [axis]


def test_the_example_shows_the_axes_of_the_request_after_the_demands():
    for axes in (AXES, ("quality", "instruction")):
        example = next(line for line in asked(axes).splitlines() if line.startswith('{"demands"'))
        filled = example.replace("true or false", "true").replace("1 to 5", "4").replace(", ...]", "]")
        assert list(json.loads(filled)) == ["demands", *axes]


def test_every_group_has_words_of_its_own():
    plain = asked()
    told = {group: asked(group=group) for group in GROUPS}
    assert len(set(told.values()) | {plain}) == len(GROUPS) + 1
    assert all("This one " in text for text in told.values())
    assert "This one " not in plain
    assert set(re.findall(r'group == "(\w+)"', rubric_words())) == set(GROUPS)


@pytest.mark.parametrize(
    ("category", "group"),
    [
        ("count", "count"), ("Counting", "count"), ("text", "text"), ("text rendering", "text"), ("viewpoint", "viewpoint"),
        ("cameraAngle", "viewpoint"), ("object_replacement", "composition"), ("replacement", "object"),
        ("anomaly_correction", "attribute"), ("color_attr", "attribute"), ("tone_lighting", "scene"), ("position", "spatial"),
        ("temporal_evolution", "knowledge"), ("motion", "pose"), ("Object Replacement", "composition"), ("other", None), ("", None),
        ("bread", None), ("sizeable", None),
    ],
)  # fmt: skip
def test_a_sub_category_belongs_to_a_group_by_its_name_or_its_words(category, group):
    assert group_of(category) == group


def test_every_sub_category_of_the_world_has_a_group():
    assert [c for c in (*EDITS, *COMPOSITIONS) if group_of(c) is None] == []


def test_no_name_stands_in_two_groups():
    names = [name for group in GROUPS.values() for name in group]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["evaluate", "reflect", "decompose"])
def test_what_is_trained_is_asked_for_in_the_training_voice(name):
    text = " ".join(files("prompts").joinpath(f"{name}.j2").read_text("utf-8").split())
    assert (MOST_SENTENCES, LONGEST) == (3, 400)
    for words in ("one line of one to three sentences and at most 400 characters", "in the first person or neutrally"):
        assert words in text
    assert "Do not write of attempts, rounds, scores, judgements or models" in text


@pytest.mark.parametrize("least_most", [*product((1, 2), (2, 5)), (1, 1), (5, 9)])
def test_a_plan_is_asked_for_within_the_limits(least_most):
    least, most = least_most
    judged = read(scripted.scores({"instruction": 2}))
    text = PROMPTS.render(
        "decompose", instruction="x", explanation=None, evaluation=judged, steps_min=least, steps_max=most,
        start="references", references=1,
    )  # fmt: skip
    limits = f"exactly {least} step" if least == most else f"at least {least} and at most {most} steps"
    assert limits in text
    assert ("two or three if they suffice" in text) == (least < most and least <= 3)


def test_unmet_demands_are_shown_to_whoever_reflects():
    judged = read(
        '{"demands": [{"demand": "a cup", "met": true}, {"demand": "a <b>hat</b>", "met": false}], "instruction": 2}'
    )
    text = PROMPTS.render("reflect", instruction="x", explanation=None, evaluation=judged, references=0)
    assert re.findall("<unmet>(.*)</unmet>", text) == ["a <b>hat</b>"]


def read(reply):
    return evaluation(reply, ("instruction",), Thresholds())
