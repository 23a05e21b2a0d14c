"""Keys come from where the manifest says, and go nowhere but into the request's header."""

import json
import logging
import pickle
import string
import traceback
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from pipeline.backends.openai.check import reachable
from pipeline.backends.openai.secrets import MASK, PLACEHOLDER, SHORTEST, KeyMissing, key_of, quoted, scrubbed
from pipeline.backends.openai.spec import Provider
from pipeline.errors import BuildError
from stages.errors import EngineDead, ModelError, Refused
from tests.backends.openai.gateway import SECRET, Answer, chat, error, picture, png, question, run, uri

URL = "http://127.0.0.1:9/v1"
KEYS = st.text(string.ascii_letters + string.digits + string.punctuation, min_size=SHORTEST, max_size=40)


def test_a_key_from_the_environment_or_a_file_loses_the_space_around_it(monkeypatch, tmp_path):
    file = tmp_path / "key"
    file.write_text(f"\n  {SECRET}\r\n")
    monkeypatch.setenv("GATE_KEY", f" {SECRET}\n")
    for provider in (Provider(base_url=URL, api_key_env="GATE_KEY"), Provider(base_url=URL, api_key_file=str(file))):
        key = key_of("gate", provider)
        assert key.get_secret_value() == SECRET
        assert SECRET not in repr((key, provider)) + str(key)


def test_without_a_key_the_one_of_another_service_is_not_sent(gateway, store, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"authorization: Bearer {SECRET}")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    gateway.play(chat("fine"))
    run(gateway.model(store).ask(question()))
    assert gateway.asked[0].headers["authorization"] == f"Bearer {PLACEHOLDER.get_secret_value()}"
    assert SECRET not in str(gateway.asked)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"a b", "more than one"),
        (b"\xff", "no text"),
    ],
)
def test_a_missing_or_unusable_file_is_one_line_with_a_remedy(tmp_path, content, problem):
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BuildError, match=problem) as caught:
        key_of("gate", Provider(base_url=URL, api_key_file=str(file)))
    words = str(caught.value)
    assert words.startswith("providers.gate: ")
    assert str(file) in words
    assert "\n" not in words


def test_a_missing_variable_is_named_before_the_build_and_stops_a_call(store, monkeypatch, gateway):
    monkeypatch.delenv("GATE_KEY", raising=False)
    provider = Provider(base_url=URL, api_key_env="GATE_KEY")
    with pytest.raises(KeyMissing, match="GATE_KEY is not set; set it"):
        key_of("gate", provider)
    assert "GATE_KEY" in run(reachable("gate", provider))
    with pytest.raises(EngineDead, match="GATE_KEY"):
        run(gateway.model(store, provider).ask(question()))


LEAKS = {
    "401": error(401, f"Incorrect API key provided: {SECRET}", code="invalid_api_key"),
    "401 bare": Answer(f"bad key {SECRET}".encode(), 401),
    "500": error(500, f"at line 3: key={SECRET!r}"),
    "500 coloured": error(500, f"key {SECRET[:5]}\x1b[0m{SECRET[5:]}\n"),
    "500 in a URL": error(500, f"GET /?key={quote(SECRET, safe='')}"),
    "html": Answer(f"<p>{SECRET}</p>".encode()),
    "param": error(400, param=SECRET, code="unknown_parameter"),
    "refusal": chat(None, refusal=f"I will not tell {SECRET}"),
    "filter": chat(f"I will not tell {SECRET}", finish="content_filter"),
    "inside": chat(None, finish=None, error=SECRET),
    "shape": Answer(json.dumps({"choices": [{"message": {"content": 7, "key": SECRET}}]}).encode()),
    "no image": chat(f"No image for {SECRET}", finish="safety"),
    "address": Answer(json.dumps({"data": [{"url": f"ftp://{SECRET}@host/a.png"}]}).encode()),
}


@pytest.mark.parametrize("answer", LEAKS.values(), ids=LEAKS)
@pytest.mark.parametrize("images", [None, "generations", "chat"])
def test_a_key_that_a_server_repeats_is_in_no_error_and_no_log(gateway, store, monkeypatch, caplog, answer, images):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("GATE_KEY", SECRET)
    gateway.play(answer)
    model = gateway.model(store, gateway.provider(api_key_env="GATE_KEY"), **({"images": images} if images else {}))
    with pytest.raises(ModelError) as caught:
        run(model.draw(picture()) if images else model.ask(question()))
    assert gateway.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    written = "".join(traceback.format_exception(caught.value)) + repr(caught.value.args) + repr(vars(model))
    written += caplog.text + pickle.dumps(caught.value).decode("latin-1")
    for form in (SECRET, quote(SECRET, safe="")):
        assert form not in written


def test_a_key_is_in_no_reply(gateway, store, monkeypatch):
    monkeypatch.setenv("GATE_KEY", SECRET)
    model = gateway.model(store, gateway.provider(api_key_env="GATE_KEY"), images="chat")
    shown = [{"type": "image_url", "image_url": {"url": uri(png())}}]
    gateway.play(chat(f"your key is {SECRET}, I see"), chat(f"drawn with {SECRET}", images=shown))

    async def both():
        return await model.ask(question()), await model.draw(picture())

    told_, drawn = run(both())
    assert (told_.text, drawn.text) == (f"your key is {MASK}, I see", f"drawn with {MASK}")
    assert SECRET not in model.identity + repr(model)


def test_a_refusal_keeps_the_words_around_the_key(gateway, store, monkeypatch):
    monkeypatch.setenv("GATE_KEY", SECRET)
    gateway.play(LEAKS["refusal"])
    with pytest.raises(Refused) as caught:
        run(gateway.model(store, gateway.provider(api_key_env="GATE_KEY")).ask(question()))
    assert caught.value.text == f"I will not tell {MASK}"


@given(st.lists(KEYS, min_size=1, max_size=3), st.lists(st.text(max_size=20), min_size=1, max_size=6), st.data())
def test_no_secret_survives_in_any_words(keys, words, data):
    text = "".join(word + data.draw(st.sampled_from([*keys, "", keys[0][:3]])) for word in words)
    secrets = [SecretStr(key) for key in keys]
    for clean in (scrubbed(text, secrets), quoted(text, secrets)):
        assert not any(key in clean for key in keys)
    assert len(quoted(text, secrets)) <= 300
    assert quoted(text, secrets).isprintable()


@given(st.text(max_size=60), KEYS)
def test_words_without_a_secret_stay_as_they_are(text, key):
    if key not in text and quote(key, safe="") not in text:
        assert scrubbed(text, [SecretStr(key)]) == text


def test_a_placeholder_masks_no_plain_words():
    assert scrubbed("the canvas is EMPTY, none of it done", [PLACEHOLDER, SecretStr("none")]).count(MASK) == 0
