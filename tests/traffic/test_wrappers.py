"""The wrappers around a backend: asked again by kind, the next provider when one is out, and how each call ended is reported."""

import asyncio
import time
from dataclasses import replace

import pytest

from pipeline.errors import Drained
from pipeline.money.cost import Load
from pipeline.traffic import breaker
from pipeline.traffic.failover import Failover
from pipeline.traffic.paced import Paced
from pipeline.traffic.retried import Retried
from pipeline.traffic.terms import After, ProviderOut
from stages.errors import Broken, EngineDead, Malformed, ModelError, RateLimited, Refused, TimedOut, Transient
from stages.protocols import Message, TextReply, TextRequest, Usage
from stages.scripted import ScriptedAnalyzer
from tests.traffic.wired import Actor, owner, provider

HANGS_S = 30  # what takes so long on any machine does not end

REQUEST = TextRequest((Message("user", "?"),), (), "evaluation", 1, 1)


def ask(model):
    return asyncio.run(model.ask(REQUEST)).text


def test_a_passing_error_is_asked_again():
    model = ScriptedAnalyzer([Transient("503"), TimedOut("slow"), RateLimited("429", 0.01), "done"])
    assert ask(Retried(model, 30, 5)) == "done"
    assert len(model.requests) == 4


def test_past_the_deadline_the_error_stands():
    model = ScriptedAnalyzer([Transient("503")] * 50)
    with pytest.raises(Transient, match="503"):
        ask(Retried(model, 0.01, 50))
    assert len(model.requests) < 10


def test_the_deadline_counts_from_the_first_failure():
    """And not while the call waits for its turn, before and after it."""

    class Queue(Recording):
        async def enter(self, provider, load):
            await asyncio.sleep(0.3)
            return 7

    model, _ = paced(ScriptedAnalyzer([*[RateLimited("429")] * 3, "done"]), Queue())
    assert ask(Retried(model, 1.1, 0)) == "done"
    model, _ = paced(ScriptedAnalyzer([RateLimited("429", 0.2)] * 9), Recording())
    with pytest.raises(RateLimited):
        ask(Retried(model, 0.5, 0))


def test_wishes_to_slow_down_are_not_counted_as_failures():
    model = ScriptedAnalyzer([Transient("503"), *[RateLimited("429", 0.0)] * 3, "done"])
    assert ask(Retried(model, 30, 1)) == "done"
    model = ScriptedAnalyzer([Transient("503"), RateLimited("429"), Transient("504"), "done"])
    with pytest.raises(Transient, match="504"):
        ask(Retried(model, 30, 1))


def test_a_providers_wish_when_to_come_back_is_kept():
    began = time.monotonic()
    assert ask(Retried(ScriptedAnalyzer([RateLimited("429", 0.3), "done"]), 30, 0)) == "done"
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("error", [Refused("no"), Malformed("x", "?"), EngineDead("gone"), ProviderOut("out", 1.0)])
def test_other_errors_are_not_asked_again(error):
    model = ScriptedAnalyzer([error, "done"])
    with pytest.raises(type(error)):
        ask(Retried(model, 30, 5, alone=False))
    assert len(model.requests) == 1


def test_a_provider_that_is_out_and_has_no_other_is_waited_for_without_counting():
    model = ScriptedAnalyzer([*[ProviderOut("out", 0.2)] * 3, Transient("503"), ProviderOut("out", 0.2), "back"])
    assert ask(Retried(model, 5.0, 1)) == "back"


@pytest.mark.parametrize("error", [EngineDead("401"), Transient("past its deadline"), ProviderOut("out", 60.0)])
def test_the_next_provider_answers_when_one_is_out_and_the_first_is_tried_first_again(error):
    first, second = ScriptedAnalyzer([error, "first"]), ScriptedAnalyzer(["second"])
    model = Failover((first, second), "openai/m@1")
    assert ask(model) == "second"
    assert ask(model) == "first"
    assert model.identity == "openai/m@1"


def test_an_answer_is_an_answer_even_if_it_declines():
    second = ScriptedAnalyzer(["second"])
    with pytest.raises(Refused):
        ask(Failover((ScriptedAnalyzer([Refused("no")]), second), "m"))
    assert second.requests == []


def test_while_any_provider_may_come_back_the_call_waits():
    first = ScriptedAnalyzer([ProviderOut("out", 0.1), ProviderOut("out", 0.1), "back"])
    second = ScriptedAnalyzer([EngineDead("401")] * 2)
    assert ask(Failover((first, second), "m")) == "back"


def test_when_all_failed_the_error_stands():
    with pytest.raises(EngineDead, match="401; 402"):
        ask(Failover((ScriptedAnalyzer([EngineDead("401")]), ScriptedAnalyzer([EngineDead("402")])), "m"))
    with pytest.raises(Transient, match="503"):
        ask(Failover((ScriptedAnalyzer([Transient("503")]), ScriptedAnalyzer([EngineDead("402")])), "m"))


class Recording:
    """Traffic that lets everything through, and records how each call ended."""

    def __init__(self, drained=False):
        self.after, self.drained = [], drained

    async def enter(self, provider, load):
        return 7

    def leave(self, ticket, after):
        assert ticket == 7
        self.after.append(after)

    async def wait_to_send(self):
        if self.drained:
            raise Drained("interrupt")


def paced(model, traffic):
    counts = []

    def cost(request, usage, images):
        return None if usage is None else 0.25

    return Paced(
        model, "a", lambda request: Load(9, 0.5), cost, traffic, lambda what, by: counts.append((what, by))
    ), counts


@pytest.mark.parametrize(
    ("error", "after"),
    [
        (RateLimited("slow", 3.0), After("rate_limited", 3.0, 0, 0.0, "slow")),
        (TimedOut("no answer"), After("transient", words="no answer")),  # what was reserved counts
        (Transient("503"), After("transient", usd=0.0, words="503")),
        (Broken("cut"), After("transient", words="cut")),  # and here
        (Refused("no"), After("ok")),
        (ModelError("400"), After("other", tokens=0, usd=0.0, words="400")),
        (EngineDead("401"), After("dead", tokens=0, usd=0.0, words="401")),
    ],
)
def test_how_a_call_failed_is_reported_and_its_ticket_given_back(error, after):
    traffic = Recording()
    model, counts = paced(ScriptedAnalyzer([error]), traffic)
    with pytest.raises(type(error)):
        ask(model)
    assert traffic.after == [replace(after, model=model.identity)]
    assert counts == [("in_flight", 1), ("calls", 1), ("in_flight", -1)]


def test_what_a_reply_took_is_reported():
    class Counting(ScriptedAnalyzer):
        async def ask(self, request):
            return TextReply("done", Usage(5, 2))

    traffic = Recording()
    assert ask(paced(Counting([]), traffic)[0]) == "done"
    assert traffic.after == [After("ok", tokens=7, usd=0.25, model="scripted/analyzer@1")]


def test_a_call_that_may_not_begin_is_not_sent_and_costs_nothing():
    traffic = Recording(drained=True)
    model, counts = paced(ScriptedAnalyzer(["never"]), traffic)
    with pytest.raises(Drained):
        ask(model)
    assert traffic.after == [After("unsent", tokens=0, usd=0.0, model="scripted/analyzer@1")]
    assert counts == [("in_flight", 1), ("in_flight", -1)]


def test_a_call_that_is_given_up_counts_as_paid():
    async def scenario():
        class Hanging(ScriptedAnalyzer):
            async def ask(self, request):
                await asyncio.sleep(60)

        traffic = Recording()
        call = asyncio.create_task(paced(Hanging([]), traffic)[0].ask(REQUEST))
        await asyncio.sleep(0.01)
        call.cancel()
        await asyncio.wait({call})
        return traffic.after

    assert asyncio.run(scenario()) == [After("cancelled", model="scripted/analyzer@1")]


class Flaky:
    """A provider that is there or not."""

    def __init__(self, name):
        self.identity, self.up, self.calls = name, True, 0

    async def ask(self, request):
        self.calls += 1
        await asyncio.sleep(0.005)
        if not self.up:
            raise Transient("connection refused")
        return TextReply(self.identity)


def test_an_outage_moves_calls_to_the_next_provider_and_back_again(monkeypatch):
    """Owner, entrance and all wrappers together: no call fails, the one that is out is hardly asked, and it is used again."""
    monkeypatch.setattr(breaker, "LEAST_S", 0.05)
    monkeypatch.setattr(breaker, "FIRST_WAIT_S", 0.2)

    async def scenario():
        first, second = Flaky("first"), Flaky("second")
        actor = Actor(owner(8, a=provider(), b=provider()), "one")

        def link(backend, name):
            made, _ = paced(backend, actor)
            pacing = Paced(backend, name, made.load_of, made.cost_of, actor, made.count)
            return Retried(pacing, 5.0, 10, alone=False)

        model = Failover((link(first, "a"), link(second, "b")), "m")

        async def many(n):
            return [reply.text for reply in await asyncio.gather(*(model.ask(REQUEST) for _ in range(n)))]

        before = await many(20)
        first.up, asked = False, first.calls
        during = await many(150)
        asked, first.up = first.calls - asked, True
        async with asyncio.timeout(HANGS_S):
            while await many(1) != ["first"]:
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.05)
        return before, during, asked, await many(20)

    before, during, asked, after = asyncio.run(scenario())
    assert set(before) == {"first"}
    assert set(during) == {"second"}
    assert asked < 60
    assert set(after) == {"first"}


class Poisoned(Flaky):
    """A provider that is there, and fails some requests whenever they are made."""

    async def ask(self, request):
        self.calls += 1
        await asyncio.sleep(0.005)
        if request.seed % 2:
            raise Transient("500")
        return TextReply(self.identity)


@pytest.mark.parametrize("there", [True, False])
def test_requests_that_always_fail_do_not_take_the_provider_with_them(monkeypatch, there):
    """When only they are left, nothing answers any more; a server that is there is not out for all that."""
    monkeypatch.setattr(breaker, "LEAST_S", 0.05)
    monkeypatch.setattr(breaker, "FIRST_WAIT_S", 0.1)
    monkeypatch.setattr(breaker, "LONGEST_WAIT_S", 0.2)

    async def scenario():
        backend = Poisoned("only")
        actor = Actor(owner(64, patience_s=60.0 if there else 1.0, there=there, a=provider()), "one")
        made, _ = paced(backend, actor)
        pacing = Paced(backend, "a", made.load_of, made.cost_of, actor, made.count)
        model = Failover((Retried(pacing, 60.0, 2),), "m")
        asked = (model.ask(replace(REQUEST, seed=seed)) for seed in range(16))
        return [type(end).__name__ for end in await asyncio.gather(*asked, return_exceptions=True)]

    ends = asyncio.run(scenario())
    assert ends[::2] == ["TextReply"] * 8
    assert set(ends[1::2]) == ({"Transient"} if there else {"Transient", "EngineDead"})
