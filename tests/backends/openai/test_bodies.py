"""Answers without end, as sent or as unpacked: they are read up to a limit, and the memory stays within it."""

import gzip
import io
import tracemalloc

import pytest
from PIL import Image

from pipeline.backends.openai import images, pictures
from pipeline.backends.openai.bodies import TEXT_BYTES
from pipeline.money.cost import images_paid
from stages.errors import Broken, EngineDead, Malformed, ModelError, RateLimited
from tests.backends.openai.gateway import Answer, chat, error, made, picture, png, question, run, says

PACKED = {"content-encoding": "gzip"}
OPENING = b'{"choices": [{"message": {"content": "'
MORE = b"x" * (1 << 18)
ENDLESS = {
    "as sent": Answer(OPENING, on=MORE),
    "a gzip bomb": Answer(gzip.compress(bytes(20 * TEXT_BYTES), 1), headers=PACKED),
}


def peak(call):
    """What a call that fails raises, and the most memory that this process, the server in it too, held at once during it."""
    tracemalloc.start()
    try:
        with pytest.raises(ModelError) as caught:
            run(call)
        return caught.value, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS)
def test_an_answer_in_words_is_malformed_at_the_limit(gateway, store, answer):
    gateway.play(answer)
    raised, most = peak(gateway.model(store).ask(question()))
    assert (type(raised), str(raised)) == (Malformed, "gate: the answer has more than 32 MiB")
    assert most < 2 * TEXT_BYTES


AFTER = {
    "without end": (Answer(gzip.compress(OPENING), headers=PACKED, on=MORE), Broken),
    "packed twice": (Answer(gzip.compress(b"", 1), headers={"content-encoding": "gzip, gzip"}, on=MORE), Broken),
}


@pytest.mark.parametrize(("answer", "kind"), AFTER.values(), ids=AFTER)
def test_what_does_not_unpack_is_not_read_on(gateway, store, answer, kind):
    gateway.play(answer)
    raised, most = peak(gateway.model(store).ask(question()))
    assert type(raised) is kind
    assert most < TEXT_BYTES


@pytest.mark.parametrize("how", ["generations", "chat"])
def test_an_answer_with_an_image_may_be_longer_and_is_paid_beyond_the_limit_too(gateway, store, how):
    gateway.play(ENDLESS["a gzip bomb"])
    raised, most = peak(gateway.model(store, images=how).draw(picture()))
    assert (type(raised), str(raised)) == (Malformed, "gate: the answer has more than 128 MiB")
    assert images_paid(picture(), raised) == 1
    assert most < 2 * images._MOST_ANSWER_BYTES


def test_the_largest_image_there_may_be_comes_through(gateway, store):
    out = io.BytesIO()
    Image.new("RGB", (4720, 4720), "red").save(out, "PNG", compress_level=0)
    assert 0.99 * pictures.MOST_BYTES < out.tell() <= pictures.MOST_BYTES
    gateway.play(made(out.getvalue()))
    assert run(gateway.model(store).draw(picture())).image.width == 4720


@pytest.mark.parametrize("answer", [ENDLESS["a gzip bomb"], Answer(png(), on=MORE)], ids=["bomb", "as sent"])
def test_an_image_by_address_is_read_up_to_its_limit(gateway, store, answer):
    gateway.play(says({"data": [{"url": f"{gateway.base_url}/made.png"}]}), answer)
    raised, most = peak(gateway.model(store).draw(picture()))
    assert (type(raised), str(raised)) == (Malformed, "the image has more than 64 MiB")
    assert most < 2 * pictures.MOST_BYTES


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [(401, {}, EngineDead), (429, {"retry-after": "7"}, RateLimited), (401, PACKED, EngineDead)],
)
def test_an_error_without_end_counts_by_its_status(gateway, store, status, headers, kind):
    content = gzip.compress(bytes(20 * TEXT_BYTES), 1) if headers == PACKED else b"no"
    gateway.play(Answer(content, status, headers, on=MORE))
    raised, most = peak(gateway.model(store).ask(question()))
    assert type(raised) is kind
    assert most < TEXT_BYTES  # the server's own copies among it


def test_a_redirect_without_end_is_followed(gateway, store):
    away = Answer(b"", 307, {"location": f"{gateway.base_url}/v1/elsewhere"}, on=MORE)
    gateway.play(away, chat("fine"))
    assert run(gateway.model(store).ask(question())).text == "fine"
    gateway.play(says({"data": [{"url": f"{gateway.base_url}/a.png"}]}), away, Answer(png()))
    assert run(gateway.model(store).draw(picture())).image.width == 16


def test_an_image_that_is_an_error_without_end_cannot_be_fetched(gateway, store):
    gateway.play(says({"data": [{"url": f"{gateway.base_url}/a.png"}]}), Answer(b"no", 500, on=MORE))
    assert type(peak(gateway.model(store).draw(picture()))[0]) is Broken


def test_a_packed_answer_and_a_packed_error_are_read(gateway, store):
    fine, spent = chat("fine"), error(429, "top up", code="insufficient_quota")
    gateway.play(Answer(gzip.compress(fine.content), headers=PACKED))
    assert run(gateway.model(store).ask(question())).text == "fine"
    gateway.play(Answer(gzip.compress(spent.content), 429, PACKED))
    with pytest.raises(EngineDead, match="top up"):
        run(gateway.model(store).ask(question()))
