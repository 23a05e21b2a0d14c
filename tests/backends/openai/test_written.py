"""Pictures written into words, in every spelling of base64; which words are a refusal; texts that are meant to take for ever."""

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.backends.openai.carriers import pictures_in
from pipeline.backends.openai.encoded import decoded
from pipeline.backends.openai.written import is_refusal, written
from tests.backends.openai.gateway import png

HEADERS = (
    "",
    "data:image/png;base64,",
    "DATA:image/png;charset=utf-8;base64,",
    "data:;base64,",
    "data:image/png,",
    "image/png;base64,",
)
AROUND = (
    ("", ""),
    ("Here it is:\n", "\n\nEnjoy, and tell me more."),
    ("```\n", "\n```"),
    ("![a red cup](", ")"),
    ('<img alt="a" src="', '">'),
    ('{"image": "', '", "note": "a red cup"}'),
    ("<", ">"),
    ("`", "`"),
)
SPELLINGS = {
    "standard": lambda data: base64.b64encode(data).decode(),
    "URL-safe": lambda data: base64.urlsafe_b64encode(data).decode(),
    "unpadded": lambda data: base64.b64encode(data).decode().rstrip("="),
    "wrapped": lambda data: base64.encodebytes(data).decode().strip(),
    "CRLF": lambda data: base64.encodebytes(data).decode().strip().replace("\n", "\r\n"),
    "escaped": lambda data: base64.encodebytes(data).decode().strip().replace("\n", "\\n"),
    "percent": lambda data: base64.b64encode(data).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
}
PICTURES = st.tuples(st.sampled_from(["red", "blue", "#123456"]), st.integers(1, 40)).map(lambda shape: png(*shape))


@given(PICTURES, st.sampled_from(HEADERS), st.sampled_from(AROUND), st.sampled_from(sorted(SPELLINGS)))
def test_a_picture_is_found_in_words_however_it_is_spelt(picture, header, around, spelling):
    text = SPELLINGS[spelling](picture)
    if around[0].startswith("{"):
        text = text.replace("\r", "\\r").replace("\n", "\\n")
    if spelling == "percent" and "base64" not in header.lower():
        return  # nothing says that it is base64, spelt as in an address
    inline = written(f"{around[0]}{header}{text}{around[1]}")
    assert [decoded(found) for found in inline.pictures] == [picture]
    assert text[:40] not in inline.words


@given(st.binary(min_size=1, max_size=400), st.sampled_from(sorted(SPELLINGS)), st.sampled_from(HEADERS[1:4]))
def test_bytes_come_back_from_every_spelling(data, spelling, header):
    assert decoded(header + SPELLINGS[spelling](data)) == data


@given(st.text(max_size=300) | st.text(string.ascii_letters + "![](){}<>\"'`/:.,;=+-_ \n", max_size=300))
def test_any_text_is_read(text):
    inline = written(text)
    assert isinstance(is_refusal(text), bool)
    assert all(isinstance(picture, str) for picture in inline.pictures)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["data", "image", "url", "images", "b64_json", "source", "type", "result", "x"]), inner
            )
        ),
    )
)
def test_any_json_is_read(value):
    assert all(isinstance(picture, str) for picture in pictures_in(value))


HOSTILE = (
    "![",
    "![a](",
    "<img src='a' ",
    "data:",
    "http://",
    "(data:image/png;base64,",
    "iVBORw0KGgo\n",
    "{",
    "`",
    "[](",
    "a\n",
    "((",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_work_grows_with_the_length_of_a_text_and_not_faster(piece):
    """A text of two million characters would take hours where each place is compared with all that follow."""
    text = piece * (2_000_000 // len(piece))
    written(text)
    is_refusal(text)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("I cannot draw that.", True),
        ("No.", True),
        ("無理です", True),
        ("I can't help with that. Our rules: https://example.com/policy", True),
        ("```\nSorry, no.\n```", True),
        ("[I cannot generate this image]", True),
        ('{"error": "I am unable to draw people"}', True),
        ("", False),
        ("![image]", False),
        ("<image>", False),
        ("image_1.png", False),
        ("null", False),
        ("{}", False),
        ("🎨", False),
        ("QUJD" * 100, False),
        ("89504e470d0a1a0a" * 20, False),
        ('<svg width="9"><text>cup</text></svg>', False),
        ("```python\nimport turtle\n```", False),
        ('<tool_call>{"name": "draw", "arguments": {"prompt": "a red square"}}</tool_call>', False),
    ],
)
def test_only_words_are_a_refusal(text, refusal):
    assert is_refusal(text) is refusal
