"""The world's server attacked over real HTTP: whatever comes, it answers in the form of the OpenAI API, and goes on answering."""

import base64
import gzip
import io
import json
import struct
import zlib

import cv2
import httpx2
import numpy as np
import pytest

from pipeline.backends.serving.limits import MOST_BODY, MOST_IMAGES, MOST_TEXT, MOST_VALUES
from pipeline.backends.world.drawing.draw import png
from pipeline.backends.world.server.app import app
from tests.backends.world.climber import tag
from tests.serving import serving

SMALL = png(np.full((96, 96, 3), 255, np.uint8))
DRAWN = tag("instruction", "a large red circle at the top")
CHAT, MADE, EDITS = "/v1/chat/completions", "/v1/images/generations", "/v1/images/edits"
GOOD = {"model": "world-baseline", "prompt": DRAWN + tag("size", "96x96")}


@pytest.fixture(scope="module")
def base_url():
    with serving(app(1)) as url:
        yield url


@pytest.fixture(autouse=True)
def _still_answers(base_url):
    """After every attack a good request has a good answer."""
    yield
    assert httpx2.post(f"{base_url}{MADE}", json=GOOD, timeout=60).status_code == 200


def error_of(reply, status):
    """The error of a reply, which has the form of the OpenAI API and one short line."""
    assert reply.status_code == status, reply.text[:300]
    (error,) = reply.json().values()
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"].strip()
    assert "\n" not in error["message"]
    assert len(error["message"]) <= 600
    return error


def chat_of(*images: bytes, text: str = DRAWN, **more):
    urls = [f"data:image/png;base64,{base64.b64encode(image).decode()}" for image in images]
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    content = [*parts, {"type": "text", "text": text}]
    schema = {"type": "json_schema", "json_schema": {"name": "evaluation"}}
    message = {"role": "user", "content": content}
    return {"model": "world-analyzer", "messages": [message], "response_format": schema} | more


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(kind: bytes, data: bytes, width: int = 8, height: int = 8) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = zlib.compress(b"\0" * (height * (1 + 3 * width)) if width * height < 10**6 else b"\0")
    return b"\x89PNG\r\n\x1a\n" + head + chunk(kind, data) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


BOMB = b"Comment\0\0" + zlib.compress(b"a" * 100_000_000)
BAD_IMAGES = {
    "a text chunk of 100 MB": png_with(b"zTXt", BOMB),
    "an international text chunk of 100 MB": png_with(b"iTXt", b"Comment\0\1\0\0\0" + BOMB[9:]),
    "a gigapixel": png_with(b"tEXt", b"a\0b", 40_000, 40_000),
    "more pixels than are taken": png_with(b"tEXt", b"a\0b", 5_000, 5_000),
    "no pixels": png_with(b"tEXt", b"a\0b", 0, 0),
    "a head and no more": SMALL[:40],
    "half an image": SMALL[: len(SMALL) // 2],
    "nothing": b"",
    "text": b"text",
    "a GIF": bytes.fromhex("47494638396101000100800000000000ffffff2c00000000010001000002024401003b"),
    "a BMP": cv2.imencode(".bmp", np.zeros((8, 8, 3), np.uint8))[1].tobytes(),
    "a TIFF head": b"II*\0\xff\xff\xff\xff",
    "an SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a JPEG of 0 bytes of data": b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9",
}


@pytest.mark.parametrize("name", BAD_IMAGES)
def test_an_image_that_cannot_be_used_is_a_400(base_url, name):
    judged = DRAWN + tag("axes", "instruction")
    reply = httpx2.post(f"{base_url}{CHAT}", json=chat_of(BAD_IMAGES[name], text=judged), timeout=60)
    if reply.status_code == 200:  # a picture whose pixels end early is one that the judge cannot see
        assert name == "half an image"
        return
    assert "image 1" in error_of(reply, 400)["message"]
    files = {"image[]": ("a.png", BAD_IMAGES[name], "image/png")}
    error_of(httpx2.post(f"{base_url}{EDITS}", data=GOOD, files=files, timeout=60), 400)


SIZES = [
    "9" * 5_000 + "x64",
    "64x" + "9" * 5_000,
    "8192x8192",
    "4096x4096",
    "2049x2049",
    "15x64",
    "0x0",
    "-1x64",
    "axb",
]


@pytest.mark.parametrize("size", [*SIZES, "²x64", "64x64x64", "1e3x1e3", "٣٢x٣٢"], ids=lambda size: size[:12])
def test_a_size_that_is_not_drawn_is_a_400(base_url, size):
    body = {"model": "world-baseline", "prompt": DRAWN + tag("size", size)}
    assert "draw an image" in error_of(httpx2.post(f"{base_url}{MADE}", json=body, timeout=60), 400)["message"]


@pytest.mark.parametrize("count", ["9" * 5_000, "²", "9999", "-1", "1.0", "x"], ids=lambda count: count[:8])
def test_a_number_that_is_none_is_refused(base_url, count):
    text = DRAWN + tag("start", "references") + tag("steps_min", count) + tag("steps_max", count)
    body = chat_of(SMALL, text=text)
    body["response_format"]["json_schema"]["name"] = "plan"
    reply = httpx2.post(f"{base_url}{CHAT}", json=body, timeout=60)
    assert reply.status_code == 200
    assert "I cannot" in reply.json()["choices"][0]["message"]["refusal"]


def chunks(total: int, start: bytes = b'{"model": "'):
    yield start
    for _ in range(total // 2**20):
        yield b"a" * 2**20


@pytest.mark.parametrize("path", [CHAT, MADE, EDITS])
def test_a_body_beyond_the_limit_is_a_413_whole_and_in_chunks(base_url, path):
    kind = {"content-type": "multipart/form-data; boundary=x" if path == EDITS else "application/json"}
    start = (
        b'--x\r\nContent-Disposition: form-data; name="image[]"; filename="a"\r\n\r\n' if path == EDITS else b'{"a": "'
    )
    for content in (b"a" * (MOST_BODY + 1), chunks(MOST_BODY + 2**21, start)):
        reply = httpx2.post(f"{base_url}{path}", content=content, headers=kind, timeout=60)
        assert error_of(reply, 413)["code"] == "request_too_large"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_an_encoded_body_is_not_unpacked(base_url, coding):
    packed = gzip.compress(b'{"model": "' + b"a" * 10**8 + b'"}')
    for path in (CHAT, MADE, EDITS):
        reply = httpx2.post(f"{base_url}{path}", content=packed, headers={"content-encoding": coding}, timeout=60)
        assert error_of(reply, 415)["code"] == "unsupported_encoding"


BODIES = {
    "nothing": b"",
    "half": b"{",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "not UTF-8": b'{"model": "\xff"}',
    "deep lists": b"[" * 15_000,
    "deep objects": b'{"a":' * 9_000,
    "deep messages": json.dumps(GOOD).encode()[:-1] + b', "messages": ' + b"[" * 9_000 + b"]" * 9_000 + b"}",
    "a number of 5,000 digits": b'{"model": "world-baseline", "prompt": "a", "seed": ' + b"9" * 5_000 + b"}",
    "NaN": b'{"model": "world-baseline", "prompt": "a", "seed": NaN}',
    "Infinity in options": b'{"model": "world-baseline", "prompt": "a", "options": {"slip": Infinity}}',
    "a large number in options": b'{"model": "world-baseline", "prompt": "a", "options": {"slip": 1e999}}',
    "half a character": b'{"model": "\\ud800", "prompt": "a"}',
    "half a character in a prompt": b'{"model": "world-baseline", "prompt": "\\ud800"}',
    "half a character in a key": b'{"model": "world-baseline", "prompt": "a", "options": {"\\ud800": 1}}',
    "many values": b'{"model": [' + b"0," * MOST_VALUES + b"0]}",
    "a long key": b'{"model": "world-baseline", "prompt": "a", "options": {"' + b"k" * 100_000 + b'": 1}}',
    "a long model": b'{"model": "' + b"m" * 1_000_000 + b'", "prompt": "a"}',
    "a long prompt": b'{"model": "world-baseline", "prompt": "' + b"<axis>" * (MOST_TEXT // 3) + b'"}',
    "null bytes": b"\0" * 100,
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_cannot_be_read_is_a_400(base_url, name):
    for path in (CHAT, MADE):
        status = 404 if name in ("half a character", "a long model") and path == MADE else 400
        error_of(httpx2.post(f"{base_url}{path}", content=BODIES[name], timeout=60), status)


WRONG = [
    ("messages", "hello"),
    ("messages", [None]),
    ("messages", [{"role": "user", "content": {"a": 1}}]),
    ("messages", [{"role": "user", "content": [{"type": "audio"}]}]),
    ("messages", [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]),
    ("messages", [{"role": "tool", "content": "x"}]),
    ("seed", "one"),
    ("seed", 1.5),
    ("seed", []),
    ("options", []),
    ("options", {"slip": None}),
    ("options", {"slip": {"a": 1}}),
    ("options", {"style": "oil"}),
    ("max_tokens", -1),
    ("max_tokens", "many"),
    ("response_format", "json"),
    ("response_format", {"type": "json_schema", "json_schema": {"name": 5}}),
    ("modalities", "image"),
    ("model", None),
    ("model", {"a": 1}),
]


@pytest.mark.parametrize(("field", "value"), WRONG, ids=[f"{n} {field}" for n, (field, _) in enumerate(WRONG)])
def test_a_field_of_the_wrong_type_is_named(base_url, field, value):
    error = error_of(httpx2.post(f"{base_url}{CHAT}", json=chat_of(SMALL) | {field: value}, timeout=60), 400)
    assert field in error["message"] or field in error["param"]


URLS = [
    "data:image/png;base64,ÄÖ",
    "data:image/png;base64," + "=" * 99,
    "data:,",
    "file:///etc/passwd",
    "",
    "data:image/png",
]


@pytest.mark.parametrize("url", URLS)
def test_a_url_that_is_no_picture_is_a_400(base_url, url):
    content = [{"type": "image_url", "image_url": {"url": url}}]
    body = chat_of() | {"messages": [{"role": "user", "content": content}]}
    error_of(httpx2.post(f"{base_url}{CHAT}", json=body, timeout=60), 400)


def test_images_without_end_are_a_400(base_url):
    assert (
        "at most"
        in error_of(httpx2.post(f"{base_url}{CHAT}", json=chat_of(*[SMALL] * (MOST_IMAGES + 1))), 400)["message"]
    )
    files = [("image[]", ("a.png", SMALL, "image/png"))] * (MOST_IMAGES + 1)
    error_of(httpx2.post(f"{base_url}{EDITS}", data=GOOD, files=files), 400)


FORM = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nworld-baseline\r\n'
FORMS = {
    "no boundary": ("multipart/form-data", FORM),
    "another boundary": ("multipart/form-data; boundary=y", FORM),
    "cut short": ("multipart/form-data; boundary=x", FORM[:30]),
    "empty": ("multipart/form-data; boundary=x", b""),
    "no name": ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n"),
    "an odd charset": ("multipart/form-data; boundary=x; charset=klingon", FORM + b"--x--\r\n"),
    "a boundary of blanks": ("multipart/form-data; boundary=", FORM),
    "fields without end": ("multipart/form-data; boundary=x", FORM * 500 + b"--x--\r\n"),
    "a field without end": ("multipart/form-data; boundary=x", FORM[:-2] + b"a" * 10**6 + b"\r\n--x--\r\n"),
    "a form of the other kind": ("application/x-www-form-urlencoded", b"a=b&" * 10**6),
    "JSON": ("application/json", json.dumps(GOOD).encode()),
    "nothing said": ("", b"hello"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_cannot_be_read_is_a_400(base_url, name):
    kind, content = FORMS[name]
    error_of(httpx2.post(f"{base_url}{EDITS}", content=content, headers={"content-type": kind}, timeout=60), 400)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/v1/models/", 404),
        ("GET", "/v1/models/%ff%00", 404),
        ("POST", "/v1/models", 405),
        ("DELETE", CHAT, 405),
        ("PUT", MADE, 405),
        ("OPTIONS", EDITS, 405),
        ("BREW", CHAT, 405),
        ("GET", "/" + "a" * 8_000, 404),
    ],
)
def test_a_route_or_a_method_that_is_not_there(base_url, method, path, status):
    assert error_of(httpx2.request(method, f"{base_url}{path}"), status)["code"] in ("unknown_url", "model_not_found")


def test_a_picture_of_the_largest_size_is_drawn(base_url):
    body = {"model": "world-baseline", "prompt": DRAWN + tag("size", "4096x64")}
    reply = httpx2.post(f"{base_url}{MADE}", json=body, timeout=120)
    image = cv2.imdecode(np.frombuffer(base64.b64decode(reply.json()["data"][0]["b64_json"]), np.uint8), 1)
    assert image is not None
    assert image.shape == (64, 4096, 3)
    assert io.BytesIO(base64.b64decode(reply.json()["data"][0]["b64_json"])).read(4) == b"\x89PNG"
