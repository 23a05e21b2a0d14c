"""What a generator says with its image is kept as an event of its own, whatever rung drew it, and masked by a row of its own."""

import asyncio
from dataclasses import replace

import pytest

import prompts.catalogue
from stages import scripted
from stages.calls import LONGEST_SPEECH, CallPlace, Models, draw
from stages.errors import EngineDead
from stages.grammar import FAILED, IMAGE, PASSED, SUBTASK, Many, fit, numbering
from stages.ladder import climb_all
from stages.mask import rows
from stages.policy import Policy
from stages.protocols import ImageReply, ImageRequest
from stages.prune import prune
from stages.records import Event, ImageRef, Words, payload_from, payload_json
from stages.rungs import read_recipe
from stages.segments import losses, segments
from stages.trajectory import Trajectory, dump, load
from tests.recipes.rungs import KEEPS_ALL
from tests.stages.test_ladder import FAIL, ONCE, PASS, ROUND, sample

SAID = "first the table, then the cup"


def climbed(replies, words=SAID, **policy) -> Trajectory:
    recipe = read_recipe(Policy.model_validate({"judging": ONCE} | policy))
    drawer = scripted.ScriptedGenerator(words=words)
    models = Models(drawer, drawer, scripted.ScriptedAnalyzer(replies), prompts.catalogue.load(), 7)
    return prune(asyncio.run(climb_all(Trajectory(sample(), 1), recipe, models)), recipe)


def test_words_stand_before_their_image_in_its_try_and_its_call_is_counted_once():
    t = climbed([FAIL, *ROUND, scripted.reflection(), PASS])
    assert [(e.kind, e.index, e.try_number, e.from_try) for e in t.events if e.kind in ("words", "generation")] == [
        ("words", 1, 1, 0), ("generation", 1, 1, 0),
        ("words", 2, 2, 1), ("generation", 2, 2, 1),
        ("words", 3, 3, 2), ("generation", 3, 3, 2),
    ]  # fmt: skip
    spoken = [e for e in t.events if e.kind == "words"]
    assert {e.payload for e in spoken} == {Words(SAID)}
    assert {e.made_by for e in spoken} == {"baseline:scripted/generator@1", "generator:scripted/generator@1"}
    assert {(e.call_key, e.seed, e.prompt, e.image) for e in spoken} == {(None, None, None, None)}
    assert all(e.payload is None and e.call_key for e in t.events if e.kind == "generation")
    assert load(dump(t)) == t
    assert payload_from(payload_json(Words(SAID))) == Words(SAID)


@pytest.mark.parametrize("words", [None, "", " \n\t"])
def test_no_words_make_no_event(words):
    assert [e.kind for e in climbed([PASS], words).events] == ["generation", "evaluation"]


def test_words_are_context_by_default_and_trained_with_their_image_where_the_policy_says_so():
    replies = [FAIL, *ROUND, scripted.reflection(), PASS]
    t = climbed(replies)
    spoken = [s for s in segments(t, "paper", read_recipe(Policy())) if s.kind == "words"]
    assert [(s.text, s.marks.loss, s.role, s.marks.vit) for s in spoken] == [(SAID, 0, "assistant", False)] * 3
    trained = read_recipe(Policy(train_words=True))
    assert [s.marks.loss for s in segments(t, "think", trained) if s.kind == "words"] == [0, 0, 1]
    assert [loss for e, loss in zip(t.events, losses(t, trained), strict=True) if e.kind == "words"] == [
        False, False, True,
    ]  # fmt: skip
    assert segments(t, "think", trained)[2].text == f"<think>{SAID}</think>"
    table = [row for row in rows(trained) if row[1] == "words"]
    assert ("direct", "words", "last", 1) in table
    assert ("multistep", "words", "first", 0) in table
    assert not any(loss for *_, loss in (row for row in rows(read_recipe(Policy())) if row[1] == "words"))


def test_words_go_with_their_image_whatever_a_rung_keeps():
    t = climbed([FAIL, FAIL, PASS], ladder=["best_of"], best_of={"tries": 3})
    assert [e.pruned for e in t.events] == [True] * 6 + [False] * 3
    recipe = read_recipe(Policy(judging=ONCE, ladder=("tests.recipes.rungs:UNTIL_PASS",)))
    keeps_images = replace(KEEPS_ALL, keeps=lambda t: frozenset(n for n, e in enumerate(t.events) if e.kind != "words"))
    careless = replace(recipe, rungs=(keeps_images,))
    assert not any(e.pruned for e in prune(replace(t, mode=keeps_images.mode), careless).events)


def test_any_pattern_allows_words_before_an_image_and_nowhere_else():
    pattern = (Many((IMAGE.at("step", False), FAILED), 0, 2), SUBTASK, IMAGE.at("last", True), PASSED)
    tokens = fit(pattern, "WG-G-SWG+")
    assert tokens is not None
    assert [(t.kind, t.position, t.trained) for t in tokens if t.kind in ("words", "generation")] == [
        ("words", "step", False), ("generation", "step", False), ("generation", "step", False),
        ("words", "last", True), ("generation", "last", True),
    ]  # fmt: skip
    for letters in ("WWG-SG+", "GW-SG+", "G-WSG+", "G-SG+W", "W"):
        assert fit(pattern, letters) is None, letters


def test_words_are_numbered_as_their_image():
    assert numbering([("generation", 1), ("evaluation", 1), ("words", 2), ("generation", 2)]) is None
    assert numbering([("generation", 1), ("subtask", 2), ("words", 2), ("generation", 2)]) is None
    assert numbering([("words", 2), ("generation", 1)]) == "words 2 are not followed by image 2"
    assert numbering([("words", 1)]) == "words 1 are not followed by image 1"


class LongWinded:
    """Says too much until it is asked with another seed, and then half a character."""

    identity = "long@1"

    def __init__(self) -> None:
        self.seeds: list[int] = []

    async def draw(self, request: ImageRequest) -> ImageReply:
        self.seeds.append(request.seed)
        if len(self.seeds) > 2:
            raise EngineDead("asked too often")
        words = "a" * (LONGEST_SPEECH + 1) if len(self.seeds) == 1 else "\ud83d a cup"
        return ImageReply(ImageRef("b" * 64, 64, 64, "PNG"), words)


def test_more_words_than_a_row_can_hold_are_a_malformed_reply_and_half_characters_are_mended():
    drawer = LongWinded()
    models = Models(drawer, drawer, scripted.ScriptedAnalyzer([]), prompts.catalogue.load(), 7)
    values = {"instruction": "a cup", "references": 0}
    t = Trajectory(sample(), 1)
    event = asyncio.run(draw(t, models, "baseline", CallPlace("direct", 1), "generate", (), values))
    assert len(set(drawer.seeds)) == 2
    assert t.add(event).events[0].payload == Words("? a cup")


def test_an_image_that_brings_words_is_put_down_as_two_events_by_whoever_adds_it():
    made = Event(
        "generation", 1, payload=Words(SAID), image=ImageRef("c" * 64, 8, 8, "PNG"), from_try=0, tokens="d" * 64
    )
    words, image = Trajectory(sample(), 1).add(made).events
    assert (words.kind, words.payload, words.image, words.tokens) == ("words", Words(SAID), None, None)
    assert (image.kind, image.payload, image.tokens) == ("generation", None, "d" * 64)
