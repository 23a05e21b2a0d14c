"""Ids, ranks, seeds and call keys stay what they were: a journal that was paid for under an earlier version is still answered."""

from dataclasses import replace

from stages.identity import call_key, call_seed, rank, sample_id
from stages.protocols import ImageRequest, Message, ScoreRequest, TextRequest
from stages.records import ImageRef

ASKED = (Message("system", "you judge"), Message("user", "is it <red>?"))
IMAGES = (ImageRef("a" * 64, 64, 48, "PNG"),)


def test_the_keys_of_questions_and_images_are_pinned():
    text = TextRequest(ASKED, IMAGES, "evaluation", 7, 101, ("quality",))
    assert call_key("openai/m@1?t=0.5", text) == "b94a4d174684d3e5937b6d708d5c720f5aaf517efd53d7777983180993ca4f2a"
    image = ImageRequest(ASKED[1:], IMAGES, 640, 512, "image", 9, 2)
    assert call_key("world/g@1", image) == "2737bf718e0252c37d5dc36216b49f532986115724c8f8a630080795ee40a52e"
    small = replace(image, images=(), width=64, height=64)
    assert call_key("world/g@1", small) == "633bab1d60347f1385e9740ff67245d88cc286f5f005608d9b67375969e9e5c6"


def test_ids_ranks_and_seeds_are_pinned():
    assert sample_id("src", "row 1", "c" * 64) == "c7777c2b3d842797d33f52849c319be3"
    assert rank(7, "abc") == 5435338517431661620 >> 15  # in the order of versions that had 63 bits and no waves
    assert rank(7, "abc", 3) == rank(7, "abc") + (3 << 48)
    assert call_seed(7, "abc", "generator", "reflect", 2, 1, 1, "redraw") == 1351450154


def test_a_score_has_a_key_of_its_own_for_every_text():
    scores = [ScoreRequest(ASKED, IMAGES, text, 7, 1) for text in ("a cup", "a cup ", "two cups")]
    keys = {call_key("m", request) for request in scores}
    question = TextRequest(ASKED, IMAGES, "score", 7, 1)
    assert len(keys | {call_key("m", question), call_key("other", scores[0])}) == 5
