"""Images over HTTP: the endpoints, the shapes of a chat answer, and what is no image."""

import struct
import zlib

import pytest

from pipeline.backends.openai import pictures
from stages.errors import Broken, Malformed, Refused, TimedOut, Transient
from stages.protocols import Usage
from tests.backends.openai.gateway import Answer, b64, chat, made, picture, png, run, says, uri

RED = png("red")


def drawn(gateway, store, *images, answer=None, **options):
    gateway.play(answer or made(RED))
    reply = run(gateway.model(store, **options).draw(picture(*images)))
    return reply, gateway.asked[0]


def test_without_images_one_is_generated_at_the_size_asked_for(gateway, store):
    reply, asked = drawn(gateway, store, answer=made(RED, usage={"input_tokens": 3, "output_tokens": 9}))
    assert store.get(reply.image.sha256) == RED
    assert (reply.text, reply.usage) == (None, Usage(3, 9))
    assert asked.path == "/v1/images/generations"
    assert asked.body == {"model": "a-model", "prompt": "a red square", "n": 1, "size": "640x512", "seed": 7}


@pytest.mark.parametrize(("size", "sent"), [("auto", "auto"), ("none", None), ("1024x1536", "1024x1536")])
def test_the_size_can_be_another_or_left_out(gateway, store, size, sent):
    _, asked = drawn(gateway, store, size=size, quality="high", seed=False, extra={"background": "opaque"})
    assert asked.body.get("size") == sent
    assert (asked.body["quality"], asked.body["background"], "seed" in asked.body) == ("high", "opaque", False)


def test_images_go_to_edits_in_order_and_byte_for_byte(gateway, store):
    blue, green = png("blue"), png("green")
    reply, asked = drawn(gateway, store, store.put(blue), store.put(green), extra={"options": {"ability": 1}})
    assert store.get(reply.image.sha256) == RED
    assert asked.path == "/v1/images/edits"
    assert asked.files == [("image[]", "image/png", blue), ("image[]", "image/png", green)]
    assert asked.fields == {
        "model": "a-model",
        "prompt": "a red square",
        "n": "1",
        "size": "640x512",
        "seed": "7",
        "options[ability]": "1",
    }


def test_a_single_image_is_sent_in_the_same_way(gateway, store):
    _, asked = drawn(gateway, store, store.put(RED))
    assert [name for name, _, _ in asked.files] == ["image[]"]


SHAPES = {
    "message.images": chat("Here.", images=[{"type": "image_url", "image_url": {"url": uri(RED)}}]),
    "image_url part": chat([{"type": "text", "text": "Here."}, {"type": "image_url", "image_url": {"url": uri(RED)}}]),
    "output_image": chat([{"type": "output_text", "text": "Here."}, {"type": "output_image", "image_url": uri(RED)}]),
    "b64_json part": chat([{"type": "text", "text": "Here."}, {"type": "output_image", "b64_json": b64(RED)}]),
    "inline_data": chat([{"text": "Here."}, {"inline_data": {"mime_type": "image/png", "data": b64(RED)}}]),
    "markdown": chat(f"Here. ![image]({uri(RED)})"),
    "bare uri": chat(f"Here.\n{uri(RED)}\n"),
}


@pytest.mark.parametrize("answer", SHAPES.values(), ids=SHAPES)
def test_a_picture_is_found_in_every_shape_and_the_words_beside_it_kept(gateway, store, answer):
    blue = store.put(png("blue"))
    reply, asked = drawn(gateway, store, blue, answer=answer, images="chat", temperature=1.0)
    assert store.get(reply.image.sha256) == RED
    assert reply.text == "Here."
    assert asked.path == "/v1/chat/completions"
    assert asked.body.pop("messages")[0]["content"][-1] == {"type": "text", "text": "a red square"}
    assert asked.body == {"model": "a-model", "modalities": ["image", "text"], "seed": 7, "temperature": 1.0}


def test_the_last_picture_of_several_counts(gateway, store):
    drafts = [{"type": "image_url", "image_url": {"url": uri(png(c))}} for c in ("blue", "green")]
    reply, _ = drawn(gateway, store, answer=chat(None, images=drafts), images="chat")
    assert (store.get(reply.image.sha256), reply.text) == (png("green"), None)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (chat("I cannot draw that."), "I cannot draw that."),
        (chat(None, refusal="No."), "No."),
        (chat(None, finish="content_filter"), "no image was made (content_filter)"),
        (chat(None, native="IMAGE_SAFETY"), "no image was made (image_safety, stop)"),
        (chat("Sorry.", native="NO_IMAGE"), "Sorry."),
        (chat(None, finish="SAFETY"), "no image was made (safety)"),
        (chat(None, finish="IMAGE_PROHIBITED_CONTENT"), "no image was made (image_prohibited_content)"),
    ],
)
def test_words_for_an_image_and_safety_stops_are_refusals(gateway, store, answer, words):
    with pytest.raises(Refused) as caught:
        drawn(gateway, store, answer=answer, images="chat")
    assert caught.value.text == words


def header_only(width, height):
    """A PNG of a size that nobody should decode, with a sound header."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


BROKEN = {
    "half": (made(png(side=200)[:-200]), "decode"),
    "words": (made(b"here is your image"), "decoded"),
    "empty": (says({"data": [{"b64_json": ""}]}), "no image"),
    "none": (says({"data": []}), "no image"),
    "only a prompt": (says({"data": [{"revised_prompt": "x"}]}), "no image"),
    "no base64": (says({"data": [{"b64_json": "!!!!"}]}), "base64"),
    "60000 x 60000": (made(header_only(60000, 60000)), "pixels"),
    "8000 x 8000": (made(header_only(8000, 8000)), "pixels"),
    "file address": (says({"data": [{"url": "file:///etc/passwd"}]}), "http"),
    "chat without a picture": (chat("", finish="length"), "no image"),
}


@pytest.mark.parametrize(("answer", "problem"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_whole_image_is_malformed_and_not_kept(gateway, store, answer, problem):
    before = set(store._fs[0].find(store.root))
    with pytest.raises(Malformed, match=problem):
        drawn(gateway, store, answer=answer, images="chat" if b"choices" in answer.content else "generations")
    assert set(store._fs[0].find(store.root)) == before


def test_more_bytes_than_the_limit_are_malformed(gateway, store, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_BYTES", 40)
    with pytest.raises(Malformed, match="MiB"):
        drawn(gateway, store)
    monkeypatch.setattr(pictures, "MOST_BYTES", len(RED) - 1)
    address = says({"data": [{"url": f"{gateway.base_url}/made.png"}]})
    gateway.play(address, Answer(RED))
    with pytest.raises(Malformed, match="MiB"):
        run(gateway.model(store).draw(picture()))


def test_an_image_by_address_is_fetched_without_the_key(gateway, store, monkeypatch):
    monkeypatch.setenv("GATE_KEY", "sk-0123456789")
    gateway.play(says({"data": [{"url": f"{gateway.base_url}/made.png"}]}), Answer(RED))
    reply = run(gateway.model(store, gateway.provider(api_key_env="GATE_KEY")).draw(picture()))
    assert store.get(reply.image.sha256) == RED
    asked, fetched = gateway.asked
    assert asked.headers["authorization"] == "Bearer sk-0123456789"
    assert (fetched.path, "authorization" in fetched.headers) == ("/made.png", False)


@pytest.mark.parametrize(
    ("address", "answer", "error"),
    [
        ("/gone.png", Answer(status=404), Broken),
        ("/slow.png", Answer(RED, after_s=1.0), TimedOut),
        ("/cut.png", Answer(RED, short_of=5), Broken),
    ],
)
def test_an_image_that_cannot_be_fetched_is_worth_another_try(gateway, store, address, answer, error):
    gateway.play(says({"data": [{"url": gateway.base_url + address}]}), answer)
    with pytest.raises(Transient) as caught:
        run(gateway.model(store, gateway.provider(timeout_s=0.5)).draw(picture()))
    assert type(caught.value) is error


def test_an_answer_of_another_shape_is_worth_another_try(gateway, store):
    for body in ({}, {"data": "words"}, {"choices": []}):
        with pytest.raises(Transient):
            drawn(gateway, store, answer=says(body))
