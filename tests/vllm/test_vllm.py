"""A real vLLM server through our backend: scoring, structured output of every kind, log-probs, errors.

The server at X2I_VLLM_URL (http://HOST:PORT/v1) serves a tiny random Qwen3-VL as tiny-qwen3vl: a real API and meaningless words.
"""

import json
import math
import os
import urllib.request

import pytest

from pipeline.backends.openai.backend import OpenAIModel
from pipeline.backends.openai.check import reachable
from pipeline.backends.openai.spec import Provider
from pipeline.storage.image_store import ImageStore
from stages import replies
from stages.errors import EngineDead, Malformed, ModelError, TooLong
from stages.policy import Thresholds
from stages.protocols import Message, ScoreRequest, TextRequest
from tests.backends.openai.gateway import png, run

URL = os.environ.get("X2I_VLLM_URL", "").rstrip("/")
NAME = "tiny-qwen3vl"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not URL, reason="X2I_VLLM_URL names no running vLLM server")]

READERS = {
    "evaluation": lambda text: replies.evaluation(text, ("instruction", "quality"), Thresholds()),
    "reflection": replies.reflection,
    "diagnosis": replies.diagnosis,
    "plan": lambda text: replies.plan(text, 0, 10_000),
}


@pytest.fixture(scope="module")
def store():
    return ImageStore("memory://vllm")


@pytest.fixture(scope="module")
def brief():
    """Options under which random words end: a random model hardly ever thinks of a closing quote or bracket by itself."""

    def number(text):
        body = json.dumps({"model": NAME, "prompt": text, "add_special_tokens": False}).encode()
        asked = urllib.request.Request(
            f"{URL.removesuffix('/v1')}/tokenize", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return str(json.load(answer)["tokens"][0])

    return {"extra": {"logit_bias": {number('"'): 3, number("]"): 3, number("}"): 3}}, "max_tokens": 1500}


def model(store, **options):
    return OpenAIModel(NAME, "1", options, "vllm", Provider(base_url=URL, timeout_s=240), store)


def likely(store, text, images=("red", "blue")):
    refs = tuple(store.put(png(colour, side=64)) for colour in images)
    return ScoreRequest((Message("user", "what is it?"),), refs, text, 1, 1)


def question(store, kind, text="score the image", seed=1, images=("red", "blue")):
    refs = tuple(store.put(png(colour, side=64)) for colour in images)
    return TextRequest((Message("user", text),), refs, kind, seed, 1, ("instruction", "quality"))


@pytest.mark.parametrize("kind", READERS)
def test_a_schema_makes_even_a_random_model_readable(store, brief, kind):
    """A string of blanks alone is valid JSON and no verdict: such a reply is malformed, as it would be of any model. Nor is a
    reflection that names no error.
    """
    problems = []
    for seed in range(6):
        reply = run(model(store, **brief).ask(question(store, kind, seed=seed)))
        assert reply.usage is not None
        assert reply.usage.input_tokens > 0
        assert reply.usage.output_tokens > 0
        assert isinstance(json.loads(reply.text), dict)
        problems.append(problem_of(kind, reply.text))
    assert all("is empty" in problem or "no fault" in problem for problem in problems if problem)
    assert problems.count(None) >= 4


def problem_of(kind, text):
    try:
        READERS[kind](text)
    except Malformed as error:
        return error.problem
    return None


def test_without_a_schema_its_words_are_no_verdict(store):
    reply = run(model(store, structured="none", max_tokens=50).ask(question(store, "evaluation")))
    with pytest.raises(Malformed):
        READERS["evaluation"](reply.text)


def test_a_json_object_can_be_asked_for_without_a_schema(store, brief):
    reply = run(model(store, structured="json_object", **brief).ask(question(store, "plan")))
    assert isinstance(json.loads(reply.text), dict)


def test_the_seed_decides(store):
    def said(seed):
        return run(model(store, structured="none", max_tokens=30).ask(question(store, "plan", seed=seed))).text

    assert said(5) == said(5) != said(6)


def test_images_are_seen_and_the_dialogue_goes_on(store):
    asked = question(store, "diagnosis")
    again = TextRequest(
        (*asked.messages, Message("assistant", "hm"), Message("user", "again")), asked.images, "diagnosis", 2, 1
    )
    small = model(store, structured="none", max_tokens=20)
    one, two = run(small.ask(asked)).usage, run(small.ask(again)).usage
    none = run(small.ask(question(store, "diagnosis", images=()))).usage
    assert none.input_tokens < one.input_tokens < two.input_tokens


def test_every_token_of_an_answer_has_its_log_prob(store):
    answer = "a red square, and a blue one"
    tokens = run(model(store).score(likely(store, answer))).tokens
    assert "".join(token.token for token in tokens) == answer
    assert all(math.isfinite(token.logprob) and token.logprob <= 0 for token in tokens)
    other = run(model(store).score(likely(store, answer, images=("green", "white")))).tokens
    assert [t.token for t in other] == [t.token for t in tokens]
    assert other != tokens  # the images count


def test_errors_are_told_by_their_kind(store):
    with pytest.raises(TooLong):
        run(model(store).ask(question(store, "plan", text="score " * 5000)))
    with pytest.raises(EngineDead, match="no such model"):
        run(OpenAIModel("gone", "1", {}, "vllm", Provider(base_url=URL), store).ask(question(store, "plan")))
    with pytest.raises(ModelError) as found:
        run(model(store, extra={"temperature": -1}).ask(question(store, "plan")))
    assert type(found.value) is ModelError


def test_the_server_is_found_before_a_build():
    assert run(reachable("vllm", Provider(base_url=URL))) is None
