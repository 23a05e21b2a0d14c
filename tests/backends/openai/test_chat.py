"""Questions over HTTP: what is sent, and what is made of the answers."""

import json

import pytest

from stages import replies
from stages.errors import Malformed, Refused, Transient
from stages.policy import Thresholds
from stages.protocols import Message, TextReply, TextRequest, Usage
from tests.backends.openai.gateway import b64, chat, png, question, run, says, uri

DIAGNOSIS = {"cause": "missing_knowledge", "explanation": "it knows no axolotl"}


def asked(gateway, store, request, answer=None, **options):
    gateway.play(answer or chat("fine"))
    run(gateway.model(store, **options).ask(request))
    return gateway.asked[0]


def test_the_images_stand_before_the_text_of_the_first_user_message_byte_for_byte(gateway, store):
    red, blue = store.put(png("red")), store.put(png("blue"))
    again = (
        Message("system", "be brief"),
        Message("user", "look"),
        Message("assistant", "hm"),
        Message("user", "again"),
    )
    body = asked(gateway, store, TextRequest(again, (red, blue), "reflection", 7, 1)).body
    assert [m["role"] for m in body["messages"]] == ["system", "user", "assistant", "user"]
    assert body["messages"][1]["content"] == [
        {"type": "image_url", "image_url": {"url": uri(png("red"))}},
        {"type": "image_url", "image_url": {"url": uri(png("blue"))}},
        {"type": "text", "text": "look"},
    ]
    assert [body["messages"][n]["content"] for n in (0, 2, 3)] == ["be brief", "hm", "again"]


def test_sampling_seed_limit_and_schema_are_in_the_body(gateway, store):
    sent = asked(gateway, store, question(), temperature=0.5, top_p=0.9, extra={"options": {"ability": 1}})
    assert sent.path == "/v1/chat/completions"
    assert sent.body["response_format"]["json_schema"]["name"] == "diagnosis"
    got = {name: sent.body[name] for name in ("model", "seed", "max_tokens", "temperature", "top_p", "options")}
    assert got == {
        "model": "a-model",
        "seed": 7,
        "max_tokens": 4096,
        "temperature": 0.5,
        "top_p": 0.9,
        "options": {"ability": 1},
    }


def test_what_is_switched_off_is_not_sent(gateway, store):
    body = asked(gateway, store, question(), structured="none", seed=False, max_tokens=None).body
    assert set(body) == {"model", "messages"}
    assert asked(gateway, store, question(), structured="json_object").body["response_format"] == {
        "type": "json_object"
    }


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(DIAGNOSIS),
        f"```json\n{json.dumps(DIAGNOSIS)}\n```",
        f"<think>is it {{}}?</think>I see. {json.dumps(DIAGNOSIS)} That is all.",
        [{"type": "text", "text": json.dumps(DIAGNOSIS)[:9]}, {"type": "text", "text": json.dumps(DIAGNOSIS)[9:]}],
        [{"type": "thinking", "thinking": "{}"}, {"type": "text", "text": json.dumps(DIAGNOSIS)}],
    ],
    ids=["bare", "fenced", "prose", "parts", "thinking"],
)
def test_a_verdict_is_found_whatever_it_is_wrapped_in(gateway, store, content):
    gateway.play(chat(content, reasoning_content="{}"))
    reply = run(gateway.model(store).ask(question()))
    assert replies.diagnosis(reply.text).cause == "missing_knowledge"


def test_a_length_stop_leaves_the_text_to_the_parser(gateway, store):
    gateway.play(chat('{"instruction": {"score": 5, "rea', finish="length"))
    reply = run(gateway.model(store).ask(question(schema="evaluation", axes=("instruction",))))
    with pytest.raises(Malformed):
        replies.evaluation(reply.text, ("instruction",), Thresholds())


@pytest.mark.parametrize(
    ("reported", "usage"),
    [
        ({"prompt_tokens": 11, "completion_tokens": 5, "cost": 0.25}, Usage(11, 5, 0.25)),
        ({"input_tokens": 11, "output_tokens": 5}, Usage(11, 5, None)),
        ({"prompt_tokens": "many", "completion_tokens": -1, "cost": True}, None),
        (None, None),
        ([], None),
    ],
)
def test_usage_is_taken_where_it_is_sound(gateway, store, reported, usage):
    gateway.play(chat("fine", usage=reported))
    assert run(gateway.model(store).ask(question())) == TextReply("fine", usage)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (chat(None, refusal="I will not."), "I will not."),
        (chat("I cannot look at that.", finish="content_filter"), "I cannot look at that."),
        (chat(None, finish="content_filter"), "the answer was stopped (content_filter)"),
        (chat(None, native="SAFETY"), "the answer was stopped (safety, stop)"),
    ],
)
def test_a_refusal_keeps_its_words(gateway, store, answer, words):
    gateway.play(answer)
    with pytest.raises(Refused) as caught:
        run(gateway.model(store).ask(question()))
    assert caught.value.text == words


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (chat(""), "empty"),
        (chat("  \n"), "empty"),
        (chat(None, finish="length"), "max_tokens"),
        (chat([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]), "empty"),
        (chat("half \ud800 a character"), "surrogate"),
    ],
)
def test_a_reply_without_usable_words_is_malformed(gateway, store, answer, problem):
    gateway.play(answer)
    with pytest.raises(Malformed, match=problem) as caught:
        run(gateway.model(store).ask(question()))
    caught.value.text.encode()  # it can be shown to the model again


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"choices": []},
        {"choices": None},
        {"choices": [{"message": {"content": 5}}]},
        {"choices": [3]},
        {"choices": [{"error": {"code": 502, "message": "upstream"}}]},
        {"error": {"code": 503, "message": "upstream"}},
        {"error": "upstream"},
        [1],
        "words",
    ],
)
def test_an_answer_of_another_shape_is_worth_another_try(gateway, store, body):
    gateway.play(says(body))
    with pytest.raises(Transient):
        run(gateway.model(store).ask(question()))


def test_a_jpeg_is_called_one(gateway, store, tmp_path):
    from PIL import Image

    Image.new("RGB", (9, 9)).save(tmp_path / "a.jpg")
    data = (tmp_path / "a.jpg").read_bytes()
    body = asked(gateway, store, question(store.put(data))).body
    assert body["messages"][0]["content"][0]["image_url"]["url"] == f"data:image/jpeg;base64,{b64(data)}"
