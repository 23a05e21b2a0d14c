"""Habits of servers that reach past the shapes of `shapes`: answers cut short under any name, fields and words of their own."""

import base64
import json

import pytest

from pipeline.storage.image_store import ImageStore
from stages.errors import Malformed, Refused
from stages.protocols import Usage
from tests.backends.openai.gateway import chat, picture, playing, png, question, run, says

VERDICT = json.dumps({"instruction": {"score": 5, "reason": "A red cup."}})
PICTURE = png("red", 20)
BASE64 = base64.b64encode(PICTURE).decode()
CUT_SHORT = ("length", "MAX_TOKENS", "max_output_tokens", "model_length", "abort", "error")


@pytest.fixture(scope="module")
def gateway():
    with playing() as gateway:
        yield gateway


@pytest.fixture
def store(tmp_path):
    return ImageStore(str(tmp_path))


@pytest.mark.parametrize("reason", CUT_SHORT)
def test_a_draft_in_the_reasoning_of_an_answer_that_was_cut_short_is_no_verdict(gateway, store, reason):
    gateway.play(chat(None, reason, reasoning_content=VERDICT))
    with pytest.raises(Malformed, match="empty"):
        run(gateway.model(store).ask(question()))


@pytest.mark.parametrize("reason", CUT_SHORT)
def test_words_cut_short_after_a_verdict_may_have_taken_it_back(gateway, store, reason):
    gateway.play(chat(f"{VERDICT}\nOn a closer look the cup has", reason))
    with pytest.raises(Malformed, match="cut short"):
        run(gateway.model(store).ask(question()))
    gateway.play(chat(f"{VERDICT}\n\n\n   \n", reason))
    assert run(gateway.model(store).ask(question())).text.strip() == VERDICT


def test_an_answer_in_the_form_of_responses_is_cut_short_too(gateway, store):
    parts = [{"type": "message", "content": [{"type": "output_text", "text": f"{VERDICT} On a closer look"}]}]
    gateway.play(says({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": parts}))
    with pytest.raises(Malformed, match="cut short"):
        run(gateway.model(store).ask(question()))


def test_counts_that_came_as_floats_are_counted(gateway, store):
    gateway.play(chat(VERDICT, usage={"prompt_tokens": 5.0, "completion_tokens": 7.0, "total_tokens": 12.0}))
    assert run(gateway.model(store).ask(question())).usage == Usage(5, 7, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"multi_mod_content": [{"text": "x"}, {"inline_data": {"mime_type": "image/png", "data": BASE64}}]},
        {"generated": {"picture": {"imageBytes": BASE64}}},
        {"annotations": [{"type": "image", "image_url": {"url": f"data:image/png;base64,{BASE64}"}}]},
        {"content": f"base64://{BASE64}"},
    ],
    ids=["parts", "a name that nobody knows", "annotations", "base64://"],
)
def test_a_picture_is_found_under_any_name(gateway, store, fields):
    gateway.play(chat(**{"content": "done", **fields}))
    reply = run(gateway.model(store, images="chat").draw(picture()))
    assert store.get(reply.image.sha256) == PICTURE
    assert reply.text in (None, "done")


def test_sources_of_a_text_are_no_pictures(gateway, store):
    cited = {"type": "url_citation", "url_citation": {"url": f"{gateway.base_url}/page", "title": "Cups"}}
    gateway.play(chat("I am not able to draw this.", annotations=[cited], metadata={"url": "/v1/x"}))
    with pytest.raises(Refused):
        run(gateway.model(store, images="chat").draw(picture()))


@pytest.mark.parametrize(
    "words",
    [
        "Here is your image: [Download](sandbox:/mnt/data/cup.png)",
        "Here's the red cup you asked for!",
        "> Generating image... 0%\n> 50%\n> 100%",
        "The image is ready as cup.png",
        "I've created the picture for you.",
    ],
)
def test_words_that_announce_a_picture_are_no_refusal(gateway, store, words):
    gateway.play(chat(words))
    with pytest.raises(Malformed):
        run(gateway.model(store, images="chat").draw(picture()))


def test_a_refusal_whose_link_leads_nowhere_is_a_refusal(gateway, store):
    gateway.play(chat(f"I can't draw that. See {gateway.base_url}/policies"), says({"detail": "no"}, 404))
    with pytest.raises(Refused, match="can't draw"):
        run(gateway.model(store, images="chat").draw(picture()))


@pytest.mark.parametrize(
    "error", ["NSFW content detected. Try another prompt", {"message": "blocked by the content filter"}]
)
def test_a_decline_passed_on_without_a_code_is_no_broken_server(gateway, store, error):
    gateway.play(says({"status": "failed", "error": error}))
    with pytest.raises(Refused):
        run(gateway.model(store).draw(picture()))
