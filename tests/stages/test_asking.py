"""A reply that breaks the training voice is asked again once; what comes of it is no second judgement."""

import asyncio
import json

import pytest

import prompts.catalogue
from pipeline.output.record_checks import flaws
from stages import scripted
from stages.asking import Speech, question
from stages.calls import Models
from stages.errors import Malformed, Refused, TooLong
from stages.ladder import climb_all
from stages.policy import Policy
from stages.protocols import Message, TextRequest
from stages.records import Evaluation, Reflection
from stages.replies import evaluation, reflection
from stages.rungs import read_recipe
from stages.trajectory import Trajectory, dump, load
from tests.stages.test_ladder import GOOD, ONCE, sample

PROMPTS = prompts.catalogue.load()
REQUEST = TextRequest((Message("user", "look"),), (), "evaluation", 5, 1)
LISTENS = Speech("ask_again", frozenset({"evaluation", "reflection"}))
CLEAN = scripted.scores(GOOD, "The cup is red.")
LOUD = scripted.scores(GOOD, "The second attempt shows a red cup.")
OTHER = scripted.scores({**GOOD, "quality": 1}, "The cup is red.")


def ask(*replies, speech=LISTENS, kind="evaluation"):
    analyzer = scripted.ScriptedAnalyzer(replies)
    parse = reflection if kind == "reflection" else lambda text: evaluation(text, tuple(GOOD), Policy().thresholds)
    return asyncio.run(question(analyzer, PROMPTS, REQUEST, parse, kind, speech)), analyzer.requests


def reason(reply) -> str:
    assert isinstance(reply.payload, Evaluation)
    return reply.payload.axes[0].reason


def test_a_clean_reply_is_asked_for_once():
    reply, requests = ask(CLEAN)
    assert (len(requests), reply.request, reply.voice, reply.voice_before) == (1, REQUEST, (), ())


def test_a_breach_is_asked_again_with_the_words_shown():
    reply, requests = ask(LOUD, CLEAN)
    assert (reason(reply), reply.voice, reply.voice_before) == ("The cup is red.", (), ("attempts",))
    assert reply.request == requests[1]
    assert requests[1].seed == REQUEST.seed + 1
    first, own, again = requests[1].messages
    assert (first, own) == (REQUEST.messages[0], Message("assistant", LOUD))
    assert 'instruction.reason speaks of attempts, tries or rounds: "second attempt"' in again.content


def test_the_second_reply_counts_even_if_it_breaks_the_voice_still():
    judged = scripted.scores(GOOD, "The judge noted a red cup.")
    reply, requests = ask(LOUD, judged)
    assert (reason(reply), reply.voice, reply.voice_before) == (
        "The judge noted a red cup.",
        ("judging",),
        ("attempts",),
    )
    assert len(requests) == 2


@pytest.mark.parametrize("second", [OTHER, "no JSON", Refused("no"), TooLong("too long"), Malformed("", "empty")])
def test_where_nothing_equal_comes_the_first_reply_stands(second):
    reply, requests = ask(LOUD, second)
    assert (reply.request, reply.voice, reply.voice_before) == (requests[0], ("attempts",), ("attempts",))
    assert reason(reply) == "The second attempt shows a red cup."


def test_a_reply_that_could_not_be_read_may_still_break_the_voice():
    reply, requests = ask("no JSON", LOUD, CLEAN)
    assert reason(reply) == "The cup is red."
    assert [len(r.messages) for r in requests] == [1, 3, 5]
    assert len({r.seed for r in requests}) == 3


@pytest.mark.parametrize(
    ("speech", "voice"),
    [(Speech("count", LISTENS.kinds), ("attempts",)), (Speech("off", LISTENS.kinds), ()), (Speech("ask_again"), ())],
)
def test_nobody_is_asked_again_where_the_policy_counts_or_does_not_listen(speech, voice):
    reply, requests = ask(LOUD, speech=speech)
    assert (len(requests), reply.voice, reply.voice_before) == (1, voice, ())


def test_a_reflection_may_say_something_else_the_second_time():
    loud = json.dumps(
        {"error_type": "logic_flaw", "failure_analysis": "The attempt failed.", "improvement_plan": "Mend."}
    )
    reply, _ = ask(loud, scripted.reflection("Paint the cup red."), kind="reflection")
    assert reply.payload == Reflection("under_editing", "not done", "Paint the cup red.")
    assert reply.voice_before == ("attempts",)


@pytest.mark.parametrize("mark", ["✓", "\u200b", "\x00\x1b[31m"])
def test_a_text_in_which_nothing_can_be_read_is_malformed(mark):
    reply, requests = ask(scripted.scores(GOOD, mark), CLEAN)
    assert (reason(reply), len(requests)) == ("The cup is red.", 2)
    with pytest.raises(Malformed, match="nothing that can be read"):
        ask(scripted.scores(GOOD, mark), scripted.scores(GOOD, mark))


def climb(replies, made=None, **policy):
    recipe = read_recipe(Policy(judging=ONCE, ladder=("direct",), **policy))
    analyzer, drawer = scripted.ScriptedAnalyzer(replies), scripted.ScriptedGenerator(words="the last attempt was blue")
    models = Models(drawer, drawer, analyzer, PROMPTS, 7, speech=recipe.speech)
    return asyncio.run(climb_all(Trajectory(made or sample(), rank=1), recipe, models)), analyzer


def test_on_the_ladder_the_event_says_what_was_asked_again_and_survives_its_file():
    t, analyzer = climb([LOUD, CLEAN])
    event = t.last("evaluation")
    assert (event.voice, event.voice_before) == ((), ("attempts",))
    assert event.seed == analyzer.requests[-1].seed
    assert load(dump(t)) == t


def test_only_kinds_that_a_sentence_trains_are_listened_to():
    recipe = read_recipe(Policy())
    assert recipe.speech.kinds == {"evaluation", "reflection", "decomposition"}
    assert read_recipe(Policy(train_words=True)).speech.kinds == {*recipe.speech.kinds, "words"}
    assert read_recipe(Policy(ladder=("direct",))).speech.kinds == {"evaluation"}


def test_words_of_an_image_model_are_counted_where_they_are_trained():
    assert [e.voice for e in climb([CLEAN])[0].events] == [(), (), ()]
    words, image, verdict = climb([CLEAN], train_words=True)[0].events
    assert (words.kind, words.voice, image.voice, verdict.voice) == ("words", ("attempts",), (), ())


def test_nobody_listens_to_words_about_a_prompt_that_is_never_trained():
    made = sample(split="rl", climb="direct")
    t, analyzer = climb([LOUD], made, train_words=True)
    assert [e.voice for e in t.events] == [(), (), ()]
    assert len(analyzer.requests) == 1
    assert not list(flaws(t, read_recipe(Policy(judging=ONCE, ladder=("direct",), train_words=True))))
