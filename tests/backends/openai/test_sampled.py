"""The tokens of a reply are kept beside it, by reference: in the store, the journal and the event, and verify looks for them."""

import asyncio
from dataclasses import replace

import pytest

import prompts.catalogue
from pipeline.output.record import Recorded
from pipeline.output.token_checks import check_tokens
from pipeline.storage import entries
from pipeline.storage.entries import Entry
from pipeline.storage.image_store import ImageStore
from pipeline.storage.outcomes import Outcomes
from pipeline.storage.token_files import read_tokens, write_tokens
from stages import scripted
from stages.calls import Models
from stages.errors import EngineDead
from stages.ladder import climb_all
from stages.policy import Policy
from stages.protocols import TextReply, TokenLogprob, TokensRef
from stages.rungs import read_recipe
from stages.trajectory import Trajectory
from tests.backends.openai.gateway import picture, png, question, run, says, uri
from tests.stages.test_ladder import ONCE, PASS, sample

TOKENS = (TokenLogprob("a", -0.5, 7), TokenLogprob(" cup", -1.25, 8))


def completion(**choice):
    message = {"role": "assistant", "content": '{"cause": "rendering_limit", "explanation": "x"}'}
    return says({"choices": [{"index": 0, "finish_reason": "stop", "message": message, **choice}]})


def given(*pairs):
    return {"content": [{"token": token, "logprob": logprob} for token, logprob in pairs]}


def test_the_tokens_of_a_reply_are_kept_in_a_side_file(gateway, store):
    gateway.play(completion(logprobs=given(("a", -0.5), (" cup", -1.25)), token_ids=[7, 8]))
    model = gateway.model(store, logprobs=True)
    reply = run(model.ask(question()))
    assert reply.tokens.count == 2
    assert read_tokens(store, reply.tokens.sha256) == TOKENS
    assert (gateway.asked[0].body["logprobs"], gateway.asked[0].body["return_token_ids"]) == (True, True)
    assert model.identity.endswith("?logprobs=true")
    gateway.play(completion(logprobs=given(("a", -0.5))))
    assert run(gateway.model(store).ask(question())).tokens is None
    assert "logprobs" not in gateway.asked[0].body


def test_so_are_those_of_words_beside_an_image(gateway, store):
    message = {"content": "a cup", "images": [{"image_url": {"url": uri(png())}}]}
    gateway.play(says({"choices": [{"message": message, "logprobs": given(("a", -0.5), (" cup", -1.25))}]}))
    reply = run(gateway.model(store, logprobs=True, images="chat").draw(picture()))
    assert read_tokens(store, reply.tokens.sha256) == tuple(replace(token, number=None) for token in TOKENS)


@pytest.mark.parametrize("choice", [{}, {"logprobs": None}, {"logprobs": {"content": [{"token": "a"}]}}])
def test_a_server_that_gives_none_is_named(gateway, store, choice):
    gateway.play(completion(**choice))
    with pytest.raises(EngineDead, match=r"options\.logprobs is true and the server gives no log-probs"):
        run(gateway.model(store, logprobs=True).ask(question()))


def test_an_image_endpoint_has_none_to_give(gateway, store):
    gateway.play()
    with pytest.raises(EngineDead, match=r"image endpoints give none; say false, or images: chat"):
        run(gateway.model(store, logprobs=True).draw(picture()))
    assert not gateway.asked


def test_the_journal_gives_the_reference_back(tmp_path):
    outcomes = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "f" * 64)
    outcomes.create()
    kept = Entry("k" * 64, "evaluation", 1.0, text="x", tokens=TokensRef("a" * 64, 2))
    with outcomes.engine.begin() as connection:
        entries.put(connection, [kept])
    assert outcomes.answers(["k" * 64])["k" * 64].text_reply() == TextReply("x", tokens=TokensRef("a" * 64, 2))


class Kept(scripted.ScriptedAnalyzer):
    """Gives every reply with the same side file."""

    tokens: TokensRef

    async def ask(self, request):
        return replace(await super().ask(request), tokens=self.tokens)


def test_an_event_names_the_file_and_a_lost_or_changed_one_is_found(tmp_path):
    store = ImageStore(str(tmp_path))
    analyzer, drawer = Kept([PASS]), scripted.ScriptedGenerator()
    analyzer.tokens = write_tokens(store, TOKENS)
    models = Models(drawer, drawer, analyzer, prompts.catalogue.load(), 7)
    t = asyncio.run(climb_all(Trajectory(sample(), 1), read_recipe(Policy(judging=ONCE)), models))
    assert [e.tokens for e in t.events] == [None, analyzer.tokens.sha256]
    rows = [Recorded(t, "kept")]
    assert list(check_tokens(rows, store)) == []
    (path,) = tmp_path.rglob("*.tokens")
    path.write_bytes(b"[]")
    assert "do not match their hash" in next(check_tokens(rows, store)).what
    path.unlink()
    assert "not in the store" in next(check_tokens(rows, store)).what
