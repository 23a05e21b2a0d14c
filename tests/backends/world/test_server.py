"""The world's server, asked by the official client over real HTTP: what it gives is what the one function gives."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import httpx2
import numpy as np
import openai
import pytest

from pipeline.backends.serving.problems import RequestProblem
from pipeline.backends.world.drawing.draw import png
from pipeline.backends.world.models.skill import PRESETS, skill
from pipeline.backends.world.respond import respond
from pipeline.backends.world.server.app import app
from pipeline.backends.world.server.serve import serve
from pipeline.backends.world.server.work import Workers
from pipeline.backends.world.source import WorldSpec, rows
from pipeline.backends.world.tokens import usage
from pipeline.errors import RunStopped
from pipeline.storage.image_store import describe
from stages.protocols import Message
from stages.records import ImageRef
from tests.backends.world.climber import tag
from tests.serving import serving

ROOT = Path(__file__).parents[3]
ROW = next(r for r in rows(WorldSpec(kind="world", name="w", count=40, size=192), 8) if len(r.references) == 2)
HEAD = tag("instruction", ROW.instruction) + tag("references", 2)
DRAW = HEAD + tag("size", "192x192")
JUDGE = HEAD + tag("axes", "instruction, quality")
AGAIN = [("user", JUDGE), ("assistant", "fine & well"), ("user", "Answer once more.\r\n\u2028ü")]


@pytest.fixture(scope="module")
def base_url():
    with serving(app(1)) as url:
        yield url


@pytest.fixture(scope="module")
def client(base_url):
    with openai.OpenAI(base_url=f"{base_url}/v1", api_key="none", max_retries=0) as client:
        yield client


def uri(image: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(image).decode()}"


def image_part(image: bytes) -> dict[str, object]:
    return {"type": "image_url", "image_url": {"url": uri(image)}}


def schema(name: str) -> dict[str, object]:
    return {"type": "json_schema", "json_schema": {"name": name, "schema": {}}}


def drawing() -> bytes:
    image = respond([Message("user", DRAW)], ROW.references, 5, schema="image", skill=PRESETS["world-baseline"])
    assert isinstance(image, bytes)
    return image


def test_who_is_there(client, base_url):
    with urllib.request.urlopen(f"{base_url}/health") as reply:
        assert json.load(reply) == {"status": "ok"}
    assert {model.id for model in client.models.list()} == set(PRESETS)
    assert client.models.retrieve("world-baseline").id == "world-baseline"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("world-peace")
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize("dialogue", [AGAIN[:1], AGAIN])
@pytest.mark.parametrize("last", [False, True])
def test_an_evaluation_is_that_of_the_function(client, dialogue, last):
    """The pictures may stand in the first message of a user or in the last one; words arrive to the letter."""
    images = [*ROW.references, drawing()]
    bearer = len(dialogue) - 1 if last else 0
    messages = [
        {"role": r, "content": [*map(image_part, images), {"type": "text", "text": t}] if n == bearer else t}
        for n, (r, t) in enumerate(dialogue)
    ]
    reply = client.chat.completions.create(
        model="world-analyzer",
        messages=messages,
        response_format=schema("evaluation"),
        seed=11,
        extra_body={"options": {"severe": 1.0}},
    )
    dialogue_messages = [Message(role, text) for role, text in dialogue]
    severe = skill("world-analyzer", {"severe": 1.0})
    expected = respond(dialogue_messages, images, 11, schema="evaluation", skill=severe)
    assert reply.choices[0].message.content == expected
    assert reply.choices[0].finish_reason == "stop"
    tokens = usage(dialogue_messages, map(describe, images), str(expected))
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (tokens.input_tokens, tokens.output_tokens)
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 100


def test_all_ways_to_an_image_give_the_same_bytes(client):
    pictures = [("1.png", ROW.references[0], "image/png"), ("2.png", ROW.references[1], "image/png")]
    edited = client.images.edit(
        model="world-baseline", prompt=DRAW, image=pictures, size="192x192", n=1, extra_body={"seed": 5}
    )
    content = [*map(image_part, ROW.references), {"type": "text", "text": DRAW}]
    chat = client.chat.completions.create(
        model="world-baseline",
        messages=[{"role": "user", "content": content}],
        seed=5,
        extra_body={"modalities": ["image", "text"]},
    )
    url = chat.choices[0].message.model_extra["images"][0]["image_url"]["url"]
    assert base64.b64decode(edited.data[0].b64_json) == drawing()
    assert url == uri(drawing())
    assert chat.usage.completion_tokens == edited.usage.output_tokens == 36
    swapped = client.images.edit(model="world-baseline", prompt=DRAW, image=pictures[::-1], extra_body={"seed": 5})
    assert base64.b64decode(swapped.data[0].b64_json) != drawing()


def test_a_new_picture_with_options_nested_and_flat(client):
    prompt = tag("instruction", "a large red circle at the top left and two blue stars") + tag("size", "160x96")
    hopeless = skill("world-generator", {"ability": 0.0, "missed": 1.0})
    expected = respond([Message("user", prompt)], [], 9, schema="image", skill=hopeless)
    extra = {"seed": 9, "options": {"ability": 0.0, "missed": 1.0}}
    generated = client.images.generate(model="world-generator", prompt=prompt, extra_body=extra)
    assert base64.b64decode(generated.data[0].b64_json) == expected
    canvas = png(np.full((96, 160, 3), 255, np.uint8))
    changed = tag("instruction", "Add a red circle at the top.") + tag("references", 1) + tag("size", "160x96")
    edited = client.images.edit(model="world-generator", prompt=changed, image=canvas, extra_body=extra)
    expected = respond([Message("user", changed)], [canvas], 9, schema="image", skill=hopeless)
    assert base64.b64decode(edited.data[0].b64_json) == expected


def test_refusals_are_told_as_each_endpoint_tells_them(client):
    prompt = tag("instruction", "a photo of a bench") + tag("size", "64x64")
    with pytest.raises(openai.BadRequestError, match="bench") as caught:
        client.images.generate(model="world-baseline", prompt=prompt)
    assert caught.value.code == "content_policy_violation"
    for more in ({"modalities": ["image"]}, {"response_format": schema("poem")}):
        reply = client.chat.completions.create(
            model="world-baseline", messages=[{"role": "user", "content": prompt}], extra_body=more
        )
        message = reply.choices[0].message
        assert message.content is None
        assert "bench" in message.refusal or "poem" in message.refusal


def test_a_reply_that_is_too_long_is_cut(client):
    images = [*map(image_part, ROW.references), image_part(drawing())]
    reply = client.chat.completions.create(
        model="world-analyzer",
        messages=[{"role": "user", "content": [*images, {"type": "text", "text": JUDGE}]}],
        response_format=schema("evaluation"),
        max_tokens=5,
    )
    assert reply.choices[0].finish_reason == "length"
    assert (len(reply.choices[0].message.content), reply.usage.completion_tokens) == (20, 5)


USER = [{"role": "user", "content": "hello"}]
FETCHED = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://127.0.0.1/a.png"}}]}]
BROKEN = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,?"}}]}]
NO_IMAGE = [{"role": "user", "content": [image_part(b"text")]}]
CHAT = {"model": "world-analyzer", "messages": USER, "response_format": schema("evaluation")}


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"model": "gpt"}, 404, "no model 'gpt'"),
        ({"options": {"slipp": 1}}, 400, "did you mean 'slip'"),
        ({"options": {"slip": 7}}, 400, "from 0 to 1"),
        ({"messages": []}, 400, "messages: List should have"),
        ({"messages": [{"role": "user"}]}, 400, "messages.0.content: Field required"),
        ({"messages": FETCHED}, 400, "nothing is fetched"),
        ({"messages": BROKEN}, 400, "not base64"),
        ({"messages": NO_IMAGE}, 400, "image 1 cannot be read"),
        ({"response_format": None}, 400, "name of the reply's schema"),
        ({"response_format": {"type": "json_object"}}, 400, "name of the reply's schema"),
        ({"n": 3}, 400, "n: Input should be 1"),
        ({"stream": True}, 400, "stream: "),
    ],
)
def test_what_is_wrong_with_a_request_is_one_clear_line(base_url, change, status, words):
    reply = httpx2.post(f"{base_url}/v1/chat/completions", json=CHAT | change)
    error = reply.json()["error"]
    assert (reply.status_code, error["type"]) == (status, "invalid_request_error")
    assert words in error["message"]
    assert "\n" not in error["message"]


def test_errors_of_all_kinds_have_the_same_form(base_url):
    image = {"image[]": ("a.png", ROW.references[0])}
    fields = {"model": "world-baseline", "prompt": DRAW}
    replies = [
        httpx2.post(f"{base_url}/v1/chat/completions", content=b"{"),
        httpx2.get(f"{base_url}/v1/completions"),
        httpx2.get(f"{base_url}/v1/chat/completions"),
        httpx2.post(f"{base_url}/v1/images/edits", data=fields),
        httpx2.post(f"{base_url}/v1/images/edits", data={"model": "world-baseline"}, files=image),
        httpx2.post(f"{base_url}/v1/images/edits", data=fields | {"n": "2"}, files=image),
        httpx2.post(f"{base_url}/v1/images/edits", data=fields, files={"mask": ("a.png", b"")}),
        httpx2.post(f"{base_url}/v1/images/generations", json=fields | {"size": "64x64"}),
    ]
    assert [r.status_code for r in replies] == [400, 404, 405, 400, 400, 400, 400, 400]
    assert all(set(r.json()["error"]) == {"message", "type", "param", "code"} for r in replies)


def test_a_size_that_the_prompt_does_not_ask_for_is_told(client):
    prompt = tag("instruction", "a large red circle at the top") + tag("size", "96x96")
    with pytest.raises(openai.BadRequestError, match="size is 64x64, and the prompt asks for 96x96"):
        client.images.generate(model="world-baseline", prompt=prompt, size="64x64")


def test_tokens_grow_with_all_that_is_sent():
    little = usage([Message("user", "a" * 9)], [], "bcd")
    assert (little.input_tokens, little.output_tokens) == (4 + 3, 1)
    much = usage([], [ImageRef("", 256, 100, "PNG"), ImageRef("", 9000, 9000, "PNG")], ImageRef("", 64, 65, "PNG"))
    assert (much.input_tokens, much.output_tokens) == (8 * 4 + 2048, 6)


def test_a_worker_that_dies_is_replaced():
    async def break_worker():
        workers = Workers(1)
        try:
            with pytest.raises(RequestProblem, match="ask again"):
                await workers.run(os.abort)
            assert await workers.run(len, "abc") == 3
        finally:
            workers.stop()

    asyncio.run(break_worker())


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly_with_its_workers(by):
    code = "from pipeline.backends.world.server.serve import serve; serve(0, 1)"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout
    url = process.stdout.readline().strip().removeprefix("X2I_BASE_URL=")
    assert httpx2.get(url.removesuffix("/v1") + "/health", timeout=60).status_code == 200
    os.killpg(process.pid, by)  # as a terminal does: the workers get it, too
    _, errors = process.communicate(timeout=30)  # ends when the last worker has closed its end, too
    assert (process.returncode, errors) == (0, "")


def test_a_port_that_is_taken_is_one_line():
    with serving(app(1)) as url, pytest.raises(RunStopped, match="--port"):
        serve(int(url.rsplit(":", 1)[1]), 1)
