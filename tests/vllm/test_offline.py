"""vLLM's offline engine through our backend: the real library and a tiny random Qwen3-VL, in this process.

The folder X2I_VLLM_MODEL holds the weights; it runs where vllm can be imported.
"""

import asyncio
import importlib.util
import json
import math
import os

import pytest

from pipeline.backends.contract import Access
from pipeline.backends.vllm.description import VllmBackend
from pipeline.storage.image_store import ImageStore
from pipeline.storage.token_files import read_tokens
from stages import replies
from stages.errors import EngineDead, Malformed, TooLong
from stages.protocols import ImageRequest, Message, ScoreRequest, TextRequest
from tests.backends.openai.gateway import png

FOLDER = os.environ.get("X2I_VLLM_MODEL", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not FOLDER or importlib.util.find_spec("vllm") is None, reason="no vllm, or X2I_VLLM_MODEL is unset"
    ),
]
LOAD = {
    "dtype": "bfloat16",
    "max_model_len": 4096,
    "enforce_eager": True,
    "limit_mm_per_prompt": {"image": 8, "video": 0},
}


@pytest.fixture(scope="module")
def store():
    return ImageStore("memory://offline")


@pytest.fixture(scope="module")
def loop():
    """One loop for all: an engine's queue lives on the loop that it was first used on."""
    made = asyncio.new_event_loop()
    yield made
    made.close()


def model(store, folder=FOLDER, batch=16, **options):
    return VllmBackend().open(
        Access("vllm", "mine", None, folder, "1", {"load": LOAD, **options}, batch, 0.05), store, None
    )


def refs(store, images):
    return tuple(store.put(png(colour, 64)) for colour in images)


def question(store, kind="plan", text="score the image", seed=1, images=("red", "blue")):
    return TextRequest((Message("user", text),), refs(store, images), kind, seed, 1, ("instruction", "quality"), (1, 3))


def weighed(store, text, images=("red", "blue")):
    return ScoreRequest((Message("user", "what is it?"),), refs(store, images), text, 1, 1)


def together(loop, *calls):
    async def gathered():
        return await asyncio.gather(*calls, return_exceptions=True)

    return loop.run_until_complete(gathered())


def test_replies_keep_to_their_schema(store, loop):
    """Random words hardly ever close a quote: what is no whole JSON is cut short and said to be so."""
    asked = [question(store, "evaluation", seed=seed) for seed in range(4)]
    given = together(loop, *(model(store, max_tokens=1500).ask(q) for q in asked))
    for reply in given:
        if isinstance(reply, Malformed):
            assert "cut short" in reply.problem or "is empty" in reply.problem
            assert reply.usage.output_tokens > 0
        else:
            assert reply.text.lstrip().startswith("{")
            assert reply.usage.input_tokens > 0


def test_a_schema_that_ends_is_filled(store, loop):
    reply = loop.run_until_complete(
        model(store, max_tokens=3000, temperature=1.0).ask(question(store, "diagnosis", seed=3))
    )
    assert set(json.loads(reply.text)) == {"cause", "explanation"}
    replies.diagnosis(reply.text)


def test_the_seed_decides_and_images_count(store, loop):
    free = model(store, structured="none", max_tokens=20)

    def said(**changes):
        return loop.run_until_complete(free.ask(question(store, **changes)))

    assert said(seed=5).text == said(seed=5).text != said(seed=6).text
    assert said(images=()).usage.input_tokens < said().usage.input_tokens


def test_sampled_tokens_are_kept(store, loop):
    reply = loop.run_until_complete(model(store, structured="none", max_tokens=9, logprobs=True).ask(question(store)))
    tokens = read_tokens(store, reply.tokens.sha256)
    assert 1 <= len(tokens) == reply.usage.output_tokens <= 9
    assert all(token.logprob <= 0 and token.number is not None for token in tokens)


def test_scores_in_a_batch_are_those_of_one_by_one(store, loop):
    answers = ["a red square, and a blue one", "no", "it is a red square " * 20]
    scorer = model(store)
    alone = [loop.run_until_complete(scorer.score(weighed(store, text))) for text in answers]
    batch = together(loop, *(scorer.score(weighed(store, text)) for text in answers))
    assert [str(other) for other in batch if isinstance(other, Exception)] == []
    for text, one, other in zip(answers, alone, batch, strict=True):
        assert "".join(token.token for token in one.tokens).strip() == text.strip()
        assert [t.number for t in one.tokens] == [t.number for t in other.tokens]
        assert math.isclose(one.total, other.total, rel_tol=0.05)  # bfloat16: sums differ by their order
    other = loop.run_until_complete(scorer.score(weighed(store, answers[0], ("green", "white"))))
    assert other.tokens != alone[0].tokens


def test_a_text_that_was_scored_before_is_scored_the_same_again(store, loop):
    """Its prompt lies in the prefix cache by then, and what is read from there has no log-probabilities."""
    text = "it is a red square on a blue ground " * 20
    scorer = model(store)
    first, second = (loop.run_until_complete(scorer.score(weighed(store, text))) for _ in range(2))
    assert [t.number for t in first.tokens] == [t.number for t in second.tokens]
    assert math.isclose(first.total, second.total, rel_tol=1e-3)


def test_one_that_is_too_long_fails_alone(store, loop):
    free = model(store, structured="none", max_tokens=5)
    asked = [question(store, seed=n, text="score " * (5000 if n == 1 else 5)) for n in range(4)]
    given = together(loop, *map(free.ask, asked))
    assert [isinstance(reply, TooLong) for reply in given] == [False, True, False, False]
    assert all(reply.text is not None for n, reply in enumerate(given) if n != 1)


def test_one_call_that_is_given_up_ends_nobody_elses(store, loop):
    free = model(store, structured="none", max_tokens=5)

    async def calls():
        first, second = (asyncio.create_task(free.ask(question(store, seed=n))) for n in (1, 2))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert loop.run_until_complete(calls()).usage.output_tokens > 0


def test_roles_share_the_weights(store):
    assert model(store)._engine is model(store, temperature=0.5)._engine


def test_what_is_missing_is_said(store, loop, tmp_path):
    with pytest.raises(EngineDead, match=r"finds no config\.json in"):
        model(store, str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EngineDead, match="cannot load"):
        model(store, str(tmp_path))
    with pytest.raises(EngineDead, match="reads and does not draw"):
        loop.run_until_complete(model(store).draw(ImageRequest((Message("user", "a"),), (), 64, 64, "image", 1, 1)))
