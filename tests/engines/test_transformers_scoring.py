"""How likely texts are, by a tiny Qwen3-VL, Emu3 and Janus: the same as one plain forward pass for each text, at fewer tokens."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.backends.transformers.prompts import processed
from pipeline.backends.transformers.scoring import pieces_of
from tests.engines.asking import forwards, opened, picture, scored, together

pytestmark = pytest.mark.slow
TEXTS = ("a red cat", "a red cat on the image of a score", "x", "漢字, né?", "<|im_end|> a")
PLAIN = {"structured": "none"}


def naive(model, request):
    """One pass over the prompt and the text, without any cache."""
    weights = model._weights
    inputs = processed(weights, model._options, together(model._prompt(request)))
    numbers = weights.tokenizer(request.text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    whole = {
        name: torch.cat(
            [value, (torch.ones if name == "attention_mask" else torch.zeros)(1, len(numbers), dtype=value.dtype)], 1
        )
        if value.shape == inputs["input_ids"].shape
        else value
        for name, value in inputs.items()
    }
    whole["input_ids"][0, -len(numbers) :] = torch.tensor(numbers)
    with torch.inference_mode():
        logits = weights.model(**whole, use_cache=False).logits[0]
    likely = torch.log_softmax(logits.float(), -1)[-len(numbers) - 1 : -1]
    return [float(row[number]) for row, number in zip(likely, numbers, strict=True)]


@pytest.mark.parametrize("name", ["reader", "emu3", "janus"])
@pytest.mark.parametrize("pictures", [0, 2])
def test_scores_with_a_shared_prompt_are_those_of_one_pass_a_text(name, pictures, tiny, store):
    model = opened(tiny(name), store, len(TEXTS), **PLAIN)
    images = [picture(store, n, 64, 48) for n in range(pictures)]
    # a prompt with pictures in between: what a model remembers of their places must not reach the next
    together(model.score(scored("a", images=[picture(store, 7)])))
    requests = [scored(text, images=images) for text in TEXTS]
    with forwards(model) as counts:
        replies = together(*(model.score(request) for request in requests))
    for request, reply in zip(requests, replies, strict=True):
        assert "".join(token.token for token in reply.tokens) == request.text
        assert [token.logprob for token in reply.tokens] == pytest.approx(naive(model, request), abs=1e-4)
    # what is read of the prompt is counted once
    prompt = sum(reply.usage.input_tokens - len(reply.tokens) for reply in replies)
    longest = max(len(reply.tokens) for reply in replies)
    assert counts == [prompt, longest * len(TEXTS)]


def test_one_text_takes_one_pass(tiny, store):
    model = opened(tiny("reader"), store, **PLAIN)
    request = scored("a red cat", images=[picture(store, 1)])
    with forwards(model) as counts:
        [reply] = together(model.score(request))
    assert len(counts) == 1
    assert [token.logprob for token in reply.tokens] == pytest.approx(naive(model, request), abs=1e-4)


def test_texts_of_other_prompts_are_scored_apart(tiny, store):
    model = opened(tiny("reader"), store, 8, **PLAIN)
    requests = [scored("a red cat", prompt) for prompt in ("one", "two and more", "one")]
    replies = together(*(model.score(request) for request in requests))
    for request, reply in zip(requests, replies, strict=True):
        assert [token.logprob for token in reply.tokens] == pytest.approx(naive(model, request), abs=1e-4)


@given(text=st.text(min_size=1, max_size=40))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_tokens_of_a_text_are_the_text(text, tiny, store):
    weights = opened(tiny("reader"), store, **PLAIN)._weights
    pieces = pieces_of(weights, text)
    numbers, names = pieces.numbers, pieces.names
    assert "".join(names) == text
    assert len(numbers) == len(names)


def test_what_a_model_wrote_is_as_likely_when_it_is_scored(tiny, store):
    model = opened(tiny("reader"), store, 4, **PLAIN)
    [error] = together(model.score(scored("word " * 20000)))
    assert "room for" in str(error)
