"""A model behind its journal and its meter: what is replayed, what is called again, and what happens to calls given up."""

import asyncio

import pytest
from sqlalchemy import select

from pipeline.errors import Drained
from pipeline.journal.journalled import Journalled
from pipeline.journal.metered import Metered
from pipeline.journal.scribe import Scribe
from pipeline.money.cost import Load
from pipeline.storage.calls import OPEN_CALLS
from pipeline.storage.entries import HITS, JOURNAL
from pipeline.storage.image_store import ImageStore
from pipeline.storage.ledger import LEDGER
from pipeline.storage.outcomes import Outcomes
from stages.errors import EngineDead, Malformed, RateLimited, Refused, TimedOut, TooLong, Transient
from stages.identity import call_key
from stages.protocols import ImageReply, ImageRequest, Message, TextReply, TextRequest, Usage
from stages.records import ImageRef
from stages.scripted import ScriptedAnalyzer, ScriptedGenerator

QUESTION = TextRequest((Message("user", "?"),), (), "evaluation", 1, 1)
WISH = ImageRequest((Message("user", "!"),), (), 64, 64, "image", 1, 1)
WORDS = "no \udc80 thanks\x00"


@pytest.fixture
def database(tmp_path):
    outcomes = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "one")
    outcomes.create()
    yield outcomes
    outcomes.close()


def rows(database, table):
    with database.engine.connect() as connection:
        return connection.execute(select(table)).all()


class Slow:
    """Answers once `go` is set."""

    identity = "slow@1"

    def __init__(self):
        self.requests, self.sent, self.go = [], asyncio.Event(), asyncio.Event()

    async def ask(self, request):
        self.requests.append(request)
        self.sent.set()
        await self.go.wait()
        return TextReply("at last")

    async def draw(self, request):
        raise AssertionError


def metered(model, scribe, role="analyzer", usd=2.0, cost=0.5, chain=None):
    return Metered(model, role, "far", scribe, lambda _: Load(9, usd), lambda _, usage, images: cost, chain)


def run_flushed(database, work):
    """The result of `work(scribe)`, flushed."""

    async def run():
        scribe = Scribe(database)
        try:
            return await work(scribe)
        finally:
            await scribe.flush()
            scribe.close()

    return asyncio.run(run())


def test_what_is_known_is_replayed_by_another_process_and_another_run(database, tmp_path):
    store = ImageStore(str(tmp_path / "store"))
    image = ImageReply(ImageRef("a" * 64, 64, 64, "PNG"), "here you are", Usage(usd=0.1))

    async def once(scribe):
        analyzer = metered(ScriptedAnalyzer([WORDS], usage=Usage(1, 2)), scribe)
        reply = await Journalled(analyzer, scribe, store).ask(QUESTION)
        return reply, await Journalled(metered(Drawing(), scribe), scribe, Full(store.root)).draw(WISH)

    class Drawing(ScriptedGenerator):
        async def draw(self, request):
            return image

    class Full(ImageStore):
        def has(self, sha256):
            return True

    first = run_flushed(database, once)
    assert first == (TextReply(WORDS, Usage(1, 2)), image)

    async def again(scribe):
        text, picture = ScriptedAnalyzer([]), ScriptedGenerator([])
        replies = [await Journalled(metered(text, scribe), scribe, store).ask(QUESTION) for _ in range(2)]
        return replies[1], await Journalled(metered(picture, scribe), scribe, Full(store.root)).draw(WISH)

    other = Outcomes(str(database.engine.url), "other")
    assert run_flushed(other, again) == first
    other.close()
    assert sorted((h.run, h.count) for h in rows(database, HITS)) == [("other", 1), ("other", 2)]
    assert {row.run for row in rows(database, LEDGER)} == {"one"}


class Thinking(Slow):
    """Answers in its reasoning."""

    identity = "thinking@1"

    async def ask(self, request):
        return TextReply("in thought", Usage(3, 4), "reasoning")


def test_where_an_answer_stood_is_kept_with_it_and_in_the_ledger(database):
    async def both(scribe):
        model = Journalled(metered(Thinking(), scribe), scribe, ImageStore("memory://none"))
        return await model.ask(QUESTION), await model.ask(QUESTION)

    first, again = run_flushed(database, both)
    assert first == again == TextReply("in thought", Usage(3, 4), "reasoning")
    assert [row.carrier for row in rows(database, LEDGER)] == ["reasoning"]


@pytest.mark.parametrize("error", [Refused(WORDS), Malformed(WORDS, "half a picture"), TooLong("1 token too many")])
def test_an_error_that_is_an_answer_is_replayed(error, database, tmp_path):
    model = ScriptedGenerator([error])

    async def twice(scribe):
        journalled = Journalled(metered(model, scribe), scribe, ImageStore(str(tmp_path)))
        return await asyncio.gather(journalled.draw(WISH), return_exceptions=True) + [
            *await asyncio.gather(journalled.draw(WISH), return_exceptions=True)
        ]

    for caught in run_flushed(database, twice):
        assert (type(caught), caught.args) == (type(error), error.args)
    assert len(model.requests) == 1
    assert [(row.outcome, row.usd, row.images) for row in rows(database, LEDGER)] == [(type(error).__name__, 0.5, 0)]


@pytest.mark.parametrize(
    ("error", "usd"),
    [(Transient("503"), 0.0), (RateLimited("429"), 0.0), (TimedOut("2 minutes"), 2.0), (EngineDead("gone"), 0.0)],
)
def test_other_errors_are_not_answers(error, usd, database, tmp_path):
    model = ScriptedAnalyzer([error, "yes"])

    async def twice(scribe):
        journalled = Journalled(metered(model, scribe), scribe, ImageStore(str(tmp_path)))
        with pytest.raises(type(error)):
            await journalled.ask(QUESTION)
        return await journalled.ask(QUESTION)

    assert run_flushed(database, twice).text == "yes"
    entered = [(row.outcome, row.usd) for row in rows(database, LEDGER)]
    assert entered == [(type(error).__name__, usd), ("ok", 0.5)]
    assert len(rows(database, JOURNAL)) == 1


def test_a_call_is_noted_with_what_it_took(database):
    text, picture = ScriptedAnalyzer(["yes"], usage=Usage(12, 3, 0.25)), ScriptedGenerator()

    async def both(scribe):
        await metered(text, scribe, "second_analyzer", chain="chain@1").ask(QUESTION)
        await metered(picture, scribe, "generator", cost=None).draw(WISH)

    run_flushed(database, both)
    text_row, image_row = sorted(rows(database, LEDGER), key=lambda row: row.started)
    assert text_row.call_key == call_key("chain@1", QUESTION)
    assert image_row.call_key == call_key(picture.identity, WISH)
    assert (text_row.role, text_row.model, text_row.provider, text_row.kind) == (
        "second_analyzer",
        text.identity,
        "far",
        "evaluation",
    )
    assert (text_row.input_tokens, text_row.output_tokens, text_row.usd, text_row.images, text_row.outcome) == (
        12,
        3,
        0.5,
        0,
        "ok",
    )
    assert (image_row.role, image_row.kind, image_row.images, image_row.input_tokens, image_row.usd) == (
        "generator",
        "image",
        1,
        None,
        2.0,
    )  # as reserved
    assert text_row.started > 1.7e9
    assert text_row.seconds >= 0


def test_a_fault_of_ours_is_noted_too(database):
    class Failing(ScriptedGenerator):
        async def draw(self, request):
            raise ValueError("a fault")

    async def once(scribe):
        await metered(Failing(), scribe).draw(WISH)

    with pytest.raises(ValueError, match="a fault"):
        run_flushed(database, once)
    assert [(c.outcome, c.images, c.usd) for c in rows(database, LEDGER)] == [("ValueError", 0, 2.0)]


def test_nothing_is_sent_before_it_is_durable_that_it_will_be(database):
    open_calls = []

    class Watching(ScriptedAnalyzer):
        async def ask(self, request):
            open_calls.extend(rows(database, OPEN_CALLS))
            return await super().ask(request)

    async def once(scribe):
        await metered(Watching(["yes"]), scribe, usd=0.0).ask(QUESTION)

    run_flushed(database, once)
    assert [(row.run, row.role, row.provider, row.usd) for row in open_calls] == [("one", "analyzer", "far", None)]
    assert rows(database, OPEN_CALLS) == []


def test_a_call_that_was_sent_is_kept_when_who_asked_is_gone(database, tmp_path):
    async def cancelled(scribe):
        slow = Slow()
        journalled = Journalled(metered(slow, scribe), scribe, ImageStore(str(tmp_path)))
        asking = asyncio.create_task(journalled.ask(QUESTION))
        await slow.sent.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        joining = asyncio.create_task(journalled.ask(QUESTION))  # as a sample that is tried again would
        await asyncio.sleep(0.01)
        slow.go.set()
        await journalled.wait_for_calls()
        assert (await joining).text == (await journalled.ask(QUESTION)).text == "at last"
        assert len(slow.requests) == 1

    run_flushed(database, cancelled)
    assert [row.outcome for row in rows(database, LEDGER)] == ["ok"]


def test_calls_given_up_say_so_and_what_came_is_kept(database, tmp_path):
    async def given_up(scribe):
        slow, store = Slow(), ImageStore(str(tmp_path))
        journalled = Journalled(metered(slow, scribe), scribe, store)
        asking = asyncio.create_task(journalled.ask(QUESTION))
        await slow.sent.wait()
        quick = Journalled(metered(ScriptedAnalyzer(["yes"]), scribe), scribe, store)
        answered = asyncio.create_task(quick.ask(QUESTION))
        while not (quick._under_way and not quick._calling and scribe._batch.entries):
            await asyncio.sleep(0)
        for model in (journalled, quick):
            model.give_up()
            await model.wait_for_calls()
        with pytest.raises(Drained):
            await asking
        assert (await answered).text == "yes"

    run_flushed(database, given_up)
    assert sorted((row.outcome, row.usd) for row in rows(database, LEDGER)) == [("Cancelled", 2.0), ("ok", 0.5)]
    assert rows(database, OPEN_CALLS) == []
    assert len(rows(database, JOURNAL)) == 1


def test_a_commit_that_fails_is_heard_by_who_asked(database, tmp_path):
    class Full(Outcomes):
        def commit(self, batch):
            if batch.entries:
                raise OSError("no space left on device")
            super().commit(batch)

    async def once(scribe):
        model = Journalled(metered(ScriptedAnalyzer(["yes"]), scribe), scribe, ImageStore(str(tmp_path)))
        with pytest.raises(OSError, match="no space"):
            await model.ask(QUESTION)
        await model.wait_for_calls()

    with pytest.raises(OSError, match="no space"):
        run_flushed(Full(str(database.engine.url), "one"), once)
