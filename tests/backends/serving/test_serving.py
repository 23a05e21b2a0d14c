"""A served model, asked by our own client over real HTTP: it answers as the same model does in this process."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from pipeline.backends.contract import Access, DeviceLost
from pipeline.backends.openai.backend import OpenAIModel
from pipeline.backends.openai.spec import Provider
from pipeline.backends.registry import backend
from pipeline.backends.serving import shelf as shelves
from pipeline.backends.serving.app import ServedModel, model_app
from pipeline.backends.serving.asked import size_asked
from pipeline.backends.serving.problems import RequestProblem
from pipeline.backends.serving.shelf import Shelf
from pipeline.backends.world.source import WorldSpec, rows
from pipeline.storage.image_store import ImageStore
from pipeline.storage.token_files import read_tokens, write_tokens
from stages.errors import Broken, EngineDead, Malformed, ModelError, RateLimited, Refused, TimedOut, TooLong, Transient
from stages.protocols import (
    ImageReply,
    ImageRequest,
    Message,
    ScoreReply,
    ScoreRequest,
    TextReply,
    TextRequest,
    TokenLogprob,
    Usage,
)
from stages.records import ImageRef
from tests.backends.openai.gateway import png, run, uri
from tests.backends.world.climber import tag
from tests.serving import serving

ROOT = Path(__file__).parents[3]
CHAT = "/v1/chat/completions"
QUESTION = (Message("user", "why?"),)


@dataclass
class Obedient:
    """A model that does what a test says, and keeps what it was asked."""

    store: ImageStore
    reply: Any = None
    asked: list[Any] = field(default_factory=list)
    identity: str = "obedient"
    max_output_tokens: int | None = None
    begun: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)

    async def _next(self, request: Any) -> Any:
        self.asked.append(request)
        self.begun.set()
        if isinstance(self.reply, Exception):
            raise self.reply
        if self.reply == "wait":
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        return self.reply

    async def ask(self, request: TextRequest) -> TextReply:
        reply: TextReply = await self._next(request)
        return reply

    async def draw(self, request: ImageRequest) -> ImageReply:
        reply: ImageReply = await self._next(request)
        return reply

    async def score(self, request: ScoreRequest) -> ScoreReply:
        reply: ScoreReply = await self._next(request)
        return reply


@dataclass
class Bench:
    """A served model, its store, and that of the client."""

    there: Obedient
    here: ImageStore
    url: str
    died: list[EngineDead]

    def client(self, **options: Any) -> OpenAIModel:
        return OpenAIModel("m", "1", options, "gate", Provider(base_url=f"{self.url}/v1"), self.here)


@pytest.fixture
def bench(tmp_path):
    there = Obedient(ImageStore(str(tmp_path / "there")))
    died: list[EngineDead] = []
    with serving(model_app(ServedModel("m", there, Shelf(there.store, False), True, died.append))) as url:
        yield Bench(there, ImageStore(str(tmp_path / "here")), url, died)


def text_request(*images: ImageRef, **more: Any) -> TextRequest:
    given: dict[str, Any] = {"schema": "diagnosis", "seed": 7, "ordinal": 1} | more
    return TextRequest(QUESTION, images, **given)


def image_request(*images: ImageRef, words: str = "a red square") -> ImageRequest:
    return ImageRequest((Message("user", words),), images, 640, 512, "image", 7, 1)


def test_the_world_served_is_the_world_in_this_process(tmp_path):
    row = next(r for r in rows(WorldSpec(kind="world", name="w", count=40, size=192), 8) if len(r.references) == 2)
    head = tag("instruction", row.instruction) + tag("references", 2)
    store, there = ImageStore(str(tmp_path / "here")), ImageStore(str(tmp_path / "there"))
    drawing = ImageRequest(
        (Message("user", head + tag("size", "192x192")),),
        tuple(map(store.put, row.references)),
        192,
        192,
        "image",
        5,
        1,
    )
    with ThreadPoolExecutor(1) as pool:
        for name, ways in (("world-baseline", ({}, {"images": "chat"})), ("world-analyzer", ({},))):
            access = Access("world", "world", None, name, "1")
            local = backend("world").open(access, store, pool)
            served = ServedModel(name, backend("world").open(access, there, pool), Shelf(there, False), False, print)
            with serving(model_app(served)) as url:
                for options in ways:
                    remote = OpenAIModel(name, "1", options, "w", Provider(base_url=f"{url}/v1"), store)
                    if name == "world-baseline":
                        made = asyncio.run(local.draw(drawing))
                        assert run(remote.draw(drawing)) == made
                        continue
                    judged = TextRequest(
                        (Message("user", head + tag("axes", "instruction, quality")),),
                        (*drawing.images, made.image),
                        "evaluation",
                        11,
                        1,
                        ("instruction", "quality"),
                    )
                    assert run(remote.ask(judged)) == asyncio.run(local.ask(judged))
                    score = ScoreRequest(QUESTION, (), "because", 0, 1)
                    for model in (local, remote):
                        with pytest.raises(EngineDead, match="log-prob"):
                            run(model.score(score))


def test_the_model_is_asked_what_the_client_was_asked(bench):
    """Messages, the order of images, seed, schema, axes and steps come through; so do words, tokens and usage."""
    first, second = bench.here.put(png("red")), bench.here.put(png("blue"))
    usage = Usage(11, 5, 0.25)
    tokens = [TokenLogprob("a", -0.5, 7), TokenLogprob("b", -1.25, 9)]
    bench.there.reply = TextReply("{}", usage, tokens=write_tokens(bench.there.store, tokens))
    turns = (*QUESTION, Message("assistant", "fine & well"), Message("user", "again\u2028ü"))
    requests = [
        TextRequest(turns, (second, first), "evaluation", 2**31 - 1, 1, ("instruction", "quality")),
        text_request(schema="plan", steps=(2, 4)),
        text_request(schema="reflection"),
    ]
    for request in requests:
        reply = run(bench.client(logprobs=True).ask(request))
        assert bench.there.asked.pop() == request
        assert (reply.text, reply.usage) == ("{}", usage)
        assert list(read_tokens(bench.here, reply.tokens.sha256)) == tokens
    bench.there.reply = ImageReply(bench.there.store.put(png("green", 64)), "First the ground.", usage)
    for options, words in (({}, None), ({"images": "chat"}, "First the ground.")):
        request = image_request(second, first, words="a red square <size>640x512</size>")
        reply = run(bench.client(**options).draw(request))
        assert bench.there.asked.pop() == request
        assert (reply.image.width, reply.text, reply.usage) == (64, words, usage)
    run(bench.client().draw(image_request()))
    assert bench.there.asked.pop() == image_request()


def test_a_score_comes_back_token_by_token(bench):
    request = ScoreRequest(QUESTION, (bench.here.put(png()),), "because it is", 0, 1)
    bench.there.reply = ScoreReply((TokenLogprob("because", -0.5, 3), TokenLogprob(" it is", -2.0, 3)), Usage(9, 0))
    reply = run(bench.client().score(request))
    assert reply.tokens == bench.there.reply.tokens
    assert reply.usage == Usage(9, 0)
    assert bench.there.asked == [request]  # the call that only measures costs the model nothing


@pytest.mark.parametrize(
    "error",
    [
        Refused("I would rather not."),
        Malformed("{half", "cut short"),
        TooLong("4000 tokens are too many"),
        RateLimited("slow down", 2.5),
        Transient("the worker is busy"),
        Broken("half an answer"),
        TimedOut("no answer in time"),
        ModelError("the picture cannot be read"),
        EngineDead("this model does not speak"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_the_same_error_on_the_other_side(bench, error):
    bench.there.reply = error
    if isinstance(error, Malformed):  # the reply goes out as it is, and whoever asked reads it
        assert run(bench.client().ask(text_request())).text == "{half"
    for options, method, request in (
        ({}, "ask", text_request()),
        ({}, "draw", image_request()),
        ({"images": "chat"}, "draw", image_request()),
    ):
        if (type(error), method) == (Malformed, "ask"):
            continue
        with pytest.raises(ModelError) as caught:
            run(getattr(bench.client(**options), method)(request))
        expected = Transient if isinstance(error, Broken | TimedOut) else type(error)
        assert type(caught.value) is expected
        if not isinstance(error, Malformed):
            assert error.text in str(caught.value)
        assert getattr(caught.value, "retry_after", None) == getattr(error, "retry_after", None)
    assert bench.died == []


def test_an_engine_that_is_gone_ends_the_server(bench):
    """What has worked before and is dead now is gone; what never worked is not to be had here."""
    bench.there.reply = EngineDead("it only draws")
    for _ in range(2):
        with pytest.raises(EngineDead, match="it only draws"):
            run(bench.client().ask(text_request()))
    assert httpx2.get(f"{bench.url}/health").status_code == 200
    bench.there.reply = TextReply("{}")
    run(bench.client().ask(text_request()))
    bench.there.reply = EngineDead("out of luck")
    with pytest.raises(Transient, match="out of luck"):  # another server may take its place
        run(bench.client().ask(text_request()))
    assert [str(error) for error in bench.died] == ["out of luck"]
    assert httpx2.get(f"{bench.url}/health").status_code == 500


def test_a_device_that_is_lost_ends_the_server_at_the_first_call_too(bench):
    bench.there.reply = DeviceLost("it fell off the bus")
    with pytest.raises(Transient, match="fell off"):
        run(bench.client().ask(text_request()))
    assert [str(error) for error in bench.died] == ["it fell off the bus"]


def test_a_client_that_hangs_up_takes_its_call_with_it(bench):
    bench.there.reply = "wait"
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    with pytest.raises(httpx2.TimeoutException):
        httpx2.post(f"{bench.url}{CHAT}", json=body, timeout=0.5)
    assert bench.there.begun.wait(10)
    assert bench.there.cancelled.wait(10)


def bears(url: str, role: str = "user") -> list[dict[str, Any]]:
    return [{"role": role, "content": [{"type": "image_url", "image_url": {"url": url}}]}]


FOREIGN = {"type": "json_schema", "json_schema": {"name": "evaluation", "schema": {"type": "array"}}}


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"model": "gpt"}, 404, "no model 'gpt'; there is m"),
        ({"messages": []}, 400, "messages"),
        (
            {"messages": bears(uri(png()), "system")},
            400,
            "bear",
        ),
        (
            {"messages": bears(uri(b"x"))},
            400,
            "image 1",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/a.png"}}]}
                ]
            },
            400,
            "fetched",
        ),
        ({"response_format": FOREIGN}, 400, "only the shapes"),
        ({"response_format": {"type": "json_object"}}, 400, "only the shapes"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "poem"}}}, 400, "only the shapes"),
        ({"seed": -1}, 400, "seed"),
        ({"seed": 2**31}, 400, "seed"),
        ({"n": 2}, 400, "n: "),
        ({"stream": True}, 400, "stream"),
        ({"prompt_logprobs": 0}, 400, "last message"),
        (
            {"modalities": ["image"], "messages": [{"role": "user", "content": "<size>9000x9000</size>"}]},
            400,
            "not drawn",
        ),
    ],
)
def test_what_is_wrong_with_a_request_is_one_clear_line(bench, change, status, words):
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    reply = httpx2.post(f"{bench.url}{CHAT}", json=body | change)
    assert reply.status_code == status
    assert words in reply.json()["error"]["message"]
    assert bench.there.asked == []


def test_requests_without_a_seed_are_drawn_anew(bench):
    bench.there.reply = TextReply("{}")
    for _ in range(2):
        run(bench.client(seed=False).ask(text_request()))
    first, second = bench.there.asked
    assert first.seed != second.seed


@pytest.mark.parametrize(
    ("field", "words", "canvas", "size"),
    [
        ("640x512", "<size>64x64</size>", None, (640, 512)),
        (None, "<size>64x96</size>", (32, 48), (64, 96)),
        ("auto", "Size: 512 by 256 pixels.", None, (512, 256)),
        (None, "The picture is 300 pixels wide and 200 pixels high.", None, (300, 200)),
        (None, "a cat", (32, 48), (32, 48)),
        (None, "a cat", None, (1024, 1024)),
    ],
)
def test_a_size_is_taken_from_field_words_or_canvas(field, words, canvas, size):
    images = [ImageRef("", *canvas, "PNG")] if canvas else []
    assert size_asked(field, words, images) == size


@pytest.mark.parametrize("size", ["8x64", "64", "9999999x64", "-1x64", "²x64", "8192x8192"])
def test_a_size_that_is_not_drawn_is_refused(size):
    with pytest.raises(RequestProblem):
        size_asked(size, "", ())


def test_a_store_of_its_own_is_swept(tmp_path, monkeypatch):
    monkeypatch.setattr(shelves, "SWEPT_EVERY_S", 0.0)
    store = ImageStore(str(tmp_path))
    old, used = store.put(png("red")), store.put(png("blue"))
    for image in (old, used):
        os.utime(store.path(image.sha256), (time.time() - 2 * shelves.KEPT_S,) * 2)
    shelf = Shelf(store, passing=True)
    shelf._keep(png("blue"), 1)
    shelf.sweep()
    assert (store.has(old.sha256), store.has(used.sha256)) == (False, True)
    os.utime(store.path(used.sha256), (0, 0))
    Shelf(store, passing=False).sweep()  # a store that somebody named is somebody's
    assert store.has(used.sha256)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_and_stops_cleanly(by):
    line = ["serve", "world", "--model", "world-analyzer", "--name", "judge", "--port", "0", "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *line, "--option", "severe=1.0"],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout
    url = process.stdout.readline().strip().removeprefix("X2I_BASE_URL=")
    assert [entry["id"] for entry in httpx2.get(f"{url}/models").json()["data"]] == ["judge"]
    os.killpg(process.pid, by)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["wrld"], "it should be 'world'"),
        (["world", "--host", "0.0.0.0"], "name one of them"),
        (["openai", "--model", "x"], "runs no model on this machine"),
        (["world", "--model", "world-peace"], "world-peace"),
        (["world", "--model", "world-analyzer", "--option", "severe=9"], "options.severe"),
        (["world", "--model", "world-analyzer", "--option", "severe"], "KEY=VALUE"),
    ],
)
def test_what_cannot_be_served_is_one_line(line, words):
    done = subprocess.run([sys.executable, "-m", "pipeline", "serve", *line], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
