"""Is the server there, and does it take the key? The log-probs that only some servers give."""

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.backends.openai.check import Seen, look, reachable, unlisted
from pipeline.backends.openai.client import Wire, close_clients, loopback
from pipeline.backends.openai.spec import Provider
from pipeline.manifest.file import load
from pipeline.run.providers import check_providers
from pipeline.views.closing import warn
from stages.errors import ModelError
from stages.protocols import Message, ScoreReply, ScoreRequest, TokenLogprob, Usage
from tests.backends.openai.gateway import Answer, chat, error, hanging_up, question, run, says


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says({"object": "list", "data": []}), None),
        (error(404), None),
        (error(405), None),
        (error(429), None),
        (error(401), "providers.gate: status 401; the key is not accepted; check api_key_env or api_key_file (no)"),
        (error(500), "start the server at"),
    ],
)
def test_a_server_that_answers_passes_unless_it_refuses_the_key(gateway, answer, expected):
    gateway.play(answer)
    problem = asyncio.run(reachable("gate", gateway.provider()))
    assert problem is None if expected is None else expected in problem
    assert [asked.path for asked in gateway.asked] == ["/v1/models"]


def test_a_server_that_is_not_there_is_reported_with_its_address():
    with hanging_up() as url:
        assert "start the server" in asyncio.run(reachable("gate", Provider(base_url=url)))
    assert url in asyncio.run(reachable("gate", Provider(base_url=url)))


DEMO = Path(__file__).parents[3] / "manifests" / "demo.yaml"
NAMES = ("gpt-image-1", "gpt-image-1-mini", "models/gemini-3-pro-image", "qwen/qwen3-vl-8b-instruct")


@pytest.mark.parametrize(
    ("model", "listed", "near"),
    [
        ("gpt-image-1", NAMES, None),
        ("gemini-3-pro-image", NAMES, None),
        ("openai/gpt-image-1", NAMES, None),
        ("any", (), None),
        ("gpt-imag-1", NAMES, "did you mean gpt-image-1 or gpt-image-1-mini?"),
        ("image-1-mini", NAMES[1:2], "did you mean gpt-image-1-mini?"),
        ("zzz", tuple("abcdefg"), "it lists a, b, c, d, e, ..."),
        ("zzz", ("b", "a"), "it lists a, b"),
    ],
)
def test_a_model_that_the_server_does_not_list_is_reported_with_the_nearest_names(gateway, model, listed, near):
    gateway.play(says({"object": "list", "data": [{"id": name, "object": "model"} for name in listed]}))
    seen = asyncio.run(look("gate", gateway.provider()))
    assert (seen.problem, seen.models) == (None, listed)
    problem = None if near is None else f"providers.gate does not list the model {model}; {near}"
    assert unlisted("gate", model, seen.models) == problem


def test_a_build_warns_of_it_once_before_it_begins_and_goes_on(gateway):
    gateway.play(says({"object": "list", "data": [{"id": name} for name in NAMES]}))
    spelt = "{backend: openai, provider: gate, model: gpt-image-1}"
    misspelt = "{backend: openai, provider: gate, model: gpt-imag-1}"
    models = [f"models.baseline={spelt}", f"models.generator={misspelt}", f"models.analyzer={misspelt}"]
    manifest = load(DEMO, [f"providers.gate.base_url={gateway.base_url}/v1", *models])
    out = io.StringIO()
    console = Console(file=out, width=40)
    check_providers(manifest, lambda words: warn(console, words))
    near = "did you mean gpt-image-1 or gpt-image-1-mini?"
    assert out.getvalue() == f"Warning: providers.gate does not list the model gpt-imag-1; {near}\n"
    assert len(gateway.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [says({}), says({"data": "x"}), says({"data": [1, {"id": 7}, {"id": ""}]}), Answer(b"hello"), error(404)],
)
def test_a_list_of_another_shape_says_nothing(gateway, answer):
    gateway.play(answer)
    assert asyncio.run(look("gate", gateway.provider())) == Seen()


def test_a_listed_name_cannot_colour_or_leak(gateway, monkeypatch):
    monkeypatch.setenv("GATE_KEY", "sk-0123456789")
    gateway.play(says([{"id": "\x1b[31mred\n sk-0123456789"}]))
    seen = asyncio.run(look("gate", gateway.provider(api_key_env="GATE_KEY")))
    assert seen.models == ("red •••",)


def test_one_client_serves_a_provider_on_an_event_loop(gateway):
    async def twice():
        gateway.play(chat("fine"))
        one, other = Wire("gate", gateway.provider()), Wire("gate", gateway.provider())
        try:
            return one._client() is other._client(), one._client() is Wire("b", gateway.provider())._client()
        finally:
            await close_clients()

    assert asyncio.run(twice()) == (True, False)


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(gateway, store, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    gateway.play(chat("fine"))
    assert run(gateway.model(store).ask(question())).text == "fine"
    assert [loopback(f"http://{h}/v1") for h in ("localhost", "127.0.0.2:8", "[::1]:8", "example.com")] == [
        True
    ] * 3 + [False]


def test_many_calls_are_in_flight_at_once(gateway, store):
    gateway.play(Answer(chat("fine").content, after_s=0.5))

    async def many():
        model = gateway.model(store)
        start = asyncio.get_running_loop().time()
        await asyncio.gather(*(model.ask(question()) for _ in range(150)))
        return asyncio.get_running_loop().time() - start

    assert run(many()) < 10  # 75 s one after another


def likely(text):
    return ScoreRequest((Message("user", "what is it?"),), (), text, 7, 1)


def completion(ids, **more):
    return says({"choices": [{"message": {"content": "x"}}], "prompt_token_ids": ids, **more})


def test_the_log_probs_of_an_answer_are_those_after_the_request(gateway, store):
    given = [None, {"2": {"logprob": -9.0}}, {"5": {"logprob": -0.5, "decoded_token": "cat"}, "6": {"logprob": 0}}]
    took = [{"prompt_tokens": n, "completion_tokens": 1} for n in (5, 8)]
    gateway.play(completion([1, 2], usage=took[0]), completion([1, 2, 5], usage=took[1], prompt_logprobs=given))
    model = gateway.model(store)
    reply = run(model.score(likely("cat")))
    assert reply == ScoreReply((TokenLogprob("cat", -0.5, 5),), Usage(13, 2))
    assert reply.total == -0.5
    body = gateway.asked[1].body
    assert body["messages"][-1] == {"role": "assistant", "content": "cat"}
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)


@pytest.mark.parametrize(
    ("alone", "whole", "problem"),
    [
        (chat("x"), chat("x"), "vLLM"),
        (completion([1]), completion([1, 2]), "vLLM"),
        (completion([1]), completion([2, 3], prompt_logprobs=[None, {"3": {"logprob": -1}}]), "cannot be told"),
        (completion([1]), completion([1, 3], prompt_logprobs=[None, {"4": {"logprob": -1}}]), "token 3"),
        (completion([1]), completion([1, 3], prompt_logprobs=[None, {"3": {"logprob": float("-inf")}}]), "token 3"),
        (completion([1]), completion([1], prompt_logprobs=[None]), "cannot be told"),
    ],
)
def test_a_server_without_log_probs_is_reported(gateway, store, alone, whole, problem):
    gateway.play(alone, whole)
    with pytest.raises(ModelError, match=problem):
        run(gateway.model(store).score(likely("cat")))
