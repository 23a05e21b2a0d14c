"""The pictures in the JSON of an answer, whichever field carries them: the one place that knows the names in use.

In: a part of an answer, as JSON. Out: pictures as text: data URIs, bare base64, addresses. One picture may be given twice, inline
and by address: then the inline one counts.
"""

from collections.abc import Iterator
from typing import Any

from pipeline.backends.openai.encoded import is_address, is_data_uri, shows_picture
from pipeline.backends.openai.wording import THOUGHTS

_DEEPEST = 8
_SURE = (
    "b64_json",
    "b64",
    "base64",
    "image_base64",
    "image_b64",
    "base64_image",
    "bytesBase64Encoded",
    "bytes_base64_encoded",
    "inline_data",
    "inlineData",
    "image_data",
    "image",
    "images",
    "image_url",
    "imageUrl",
    "image_urls",
    "url",
    "uri",
    "urls",
    "file_uri",
    "fileUri",
    "image_uri",
)
"""Fields that hold pictures: any text there is meant as one. In the order in which they are believed."""
_PERHAPS = (
    "result",
    "data",
    "source",
    "output",
    "file_data",
    "fileData",
    "file",
    "content",
    "parts",
    "artifacts",
    "predictions",
    "results",
    "annotations",
    "attachments",
    "media",
)
"""Fields that may hold a picture, or something else: a text there is one if it looks like one."""
_OTHER = (
    "text",
    "output_text",
    "thinking",
    "reasoning",
    "redacted_thinking",
    "refusal",
    "input_audio",
    "audio",
    "video",
    "url_citation",
    "file_citation",
)
"""Types of parts that hold no picture."""


def pictures_in(value: Any) -> Iterator[str]:
    """The pictures of a part or of parts, in their order."""
    yield from _pictures(value, sure=False, depth=0)


def has_carrier(answer: dict[str, Any]) -> bool:
    """Whether an answer has any field that lists or holds pictures, be it empty."""
    return any(isinstance(answer.get(name), list | dict) for name in (*_SURE, *_PERHAPS))


def _pictures(value: Any, sure: bool, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if value.strip() and (sure or is_data_uri(value) or is_address(value) or shows_picture(value)):
            yield value
    elif depth >= _DEEPEST:
        return
    elif isinstance(value, list):
        for item in value:
            yield from _pictures(item, sure, depth + 1)
    elif isinstance(value, dict) and value.get("type") not in _OTHER:
        yield from _first_field(value, sure, depth + 1)


def _first_field(part: dict[str, Any], sure: bool, depth: int) -> Iterator[str]:
    """The pictures of the first field that has any: the others name the same ones."""
    for name in (*_SURE, *_PERHAPS):
        # {"inline_data": {"data": ...}}: within a field for pictures, data is one
        inner = list(_pictures(part.get(name), name in _SURE or (sure and name in ("data", "source")), depth))
        if inner:
            yield from inner
            return
    # fields that nobody has named here: a picture that is inline shows itself, an address may be of anything
    others = (value for name, value in part.items() if name not in (*_SURE, *_PERHAPS, *THOUGHTS))
    yield from (p for value in others for p in _pictures(value, False, depth) if is_data_uri(p) or shows_picture(p))
