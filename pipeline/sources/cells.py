"""What a cell says of its images, in whatever form a table holds them.

In: a cell: embedded bytes, base64, a data URI, a `{bytes, path}` struct, a path, or a list of them, also as JSON in a text.
Out: for each image its bytes or a path. What is neither gets a line of its own (`pipeline.sources.foreign`), and is never looked
for as a file.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from pipeline.sources.bad_row import BadRow, quote
from pipeline.sources.foreign import refuse_foreign
from pipeline.sources.numerals import is_absent
from pipeline.sources.strict_json import parse_whole

_DATA_KEYS = ("bytes", "data", "base64", "b64", "b64_json")
_PATH_KEYS = ("path", "file", "file_name", "filename")
_ADDRESS_KEYS = ("url", "uri", "image_url", "src", "href")
_BYTES_LEAST = 16
_NAME_MOST = 255
"""No name of a file is longer: a longer text without a dot or an end is data."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_PREFIX = re.compile(r"(?:[a-z]+/[a-z0-9.+-]+)?;?base64,", re.IGNORECASE)
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"%PDF", b"<svg", b"<?xml", b"\0\0\0")
"""How files of pictures begin, also those that are turned down later: base64 of them is no path."""


def split_cell(value: Any, field: str) -> list[tuple[Any, str]]:
    """The images of a cell, each with its name for error lines; [] when there is none. Raises BadRow on an empty item."""
    value = _unwrap(value)
    if _is_empty(value):
        return []
    if not _is_list(value):
        return [(value, field)]
    several = len(value) > 1
    named = [
        (_unwrap(item), f"{field}, image {n} of {len(value)}" if several else field) for n, item in enumerate(value, 1)
    ]
    for item, name in named:
        if _is_empty(item):
            raise BadRow(name, "is empty", "give an image or remove the item")
    return named


def count_images(value: Any) -> int:
    """How many images a cell holds, whether they can be read or not."""
    value = _unwrap(value)
    if _is_list(value):
        return len(value)
    return 0 if _is_empty(value) else 1


def read_cell(value: Any, field: str) -> bytes | str:
    """The image bytes in a cell, or the path that it names. Raises BadRow when it holds neither."""
    value = _unwrap(value)
    if isinstance(value, bytes):
        return _read_bytes(value, field)
    if isinstance(value, str):
        return _read_text(value, field)
    if isinstance(value, Mapping):
        return _read_struct(value, field)
    if _is_list(value):
        raise BadRow(field, "is a list in a list", "give one list of images; encode pixel values as PNG")
    kind = type(value).__name__
    raise BadRow(
        field,
        f"{quote(value)} ({kind}) is no image",
        "give bytes, base64, a data URI, a {bytes, path} struct or a path",
    )


def _unwrap(value: Any) -> Any:
    """The value as it was meant: an array as a list, byte values as bytes, JSON in a text as what it says."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, list) and len(value) >= _BYTES_LEAST and all(type(v) is int and 0 <= v < 256 for v in value):
        return bytes(value)
    if isinstance(value, str):
        text = _strip(value)
        if text[:1] + text[-1:] in ("[]", "{}", '""') and len(text) > 1:
            try:
                return parse_whole(text)
            except (ValueError, RecursionError):
                return value  # said what it is when it is read
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _is_empty(value: Any) -> bool:
    if isinstance(value, Mapping):
        return set(value) <= {"bytes", "path"} and all(_is_empty(part) for part in value.values())
    return is_absent(value) or (isinstance(value, str | bytes | list | tuple) and not value)


def _read_struct(value: Mapping[str, Any], field: str) -> bytes | str:
    for key in (*_DATA_KEYS, *_PATH_KEYS, *_ADDRESS_KEYS):
        inner = _unwrap(value.get(key))
        if _is_empty(inner):
            continue
        if key in _DATA_KEYS and isinstance(inner, str):  # JSON has no bytes
            return _read_data_uri(inner, field) if _is_data_uri(inner) else _decode(inner, field)
        read = read_cell(inner, field)
        if key in _ADDRESS_KEYS and isinstance(read, str):
            raise BadRow(field, f"{quote(inner)} under {key} names no local file", "give its path under path")
        return read
    raise BadRow(
        field,
        f"{quote(dict(value))} (dict) is no image",
        "give bytes, base64, a data URI, a {bytes, path} struct or a path",
    )


def _read_bytes(data: bytes, field: str) -> bytes | str:
    """The bytes of a picture as they are; a text that a binary column holds as that text."""
    if not data.isascii() or not (text := _strip(data.decode("ascii"))).isprintable():
        return data
    is_named = re.fullmatch(r"[^\s]{1,200}\.(png|jpe?g|webp|gif|bmp)", text, re.IGNORECASE)
    return _read_text(text, field) if is_named or _is_data_uri(text) or _is_base64(text) or "://" in text[:12] else data


def _read_text(text: str, field: str) -> bytes | str:
    text = _strip(text)
    if _is_data_uri(text):
        return _read_data_uri(text, field)
    if prefix := _PREFIX.match(text):
        return _decode(text[prefix.end() :], field)
    refuse_foreign(text, field)
    return _decode(text, field) if _is_base64(text) else text


def _strip(text: str) -> str:
    return text.strip().strip("\ufeff")


def _is_data_uri(text: str) -> bool:
    return text[:5].lower() == "data:"


def _read_data_uri(text: str, field: str) -> bytes:
    header, comma, payload = text.partition(",")
    if not comma:
        raise BadRow(field, f"{quote(text)} is a data URI without a comma", "write data:image/png;base64,...")
    if header.replace(" ", "").lower().endswith(";base64"):
        return _decode(unquote(payload) if "%" in payload else payload, field)
    return _decode(payload, field) if _is_base64(payload) else unquote_to_bytes(payload)


def _is_base64(text: str) -> bool:
    """True for what can only be base64: a picture begins with it, or no file has so long a name."""
    compact = _compact(text)
    if not _BASE64.fullmatch(compact):
        return False
    head = base64.b64decode(_to_standard(compact[:16]))
    is_bitmap = head.startswith(b"BM") and len(compact) >= 100
    return is_bitmap or head.startswith(_PICTURES) or len(compact) > _NAME_MOST


def _decode(text: str, field: str) -> bytes:
    """The bytes of base64 of any alphabet, padded or not, wrapped or not. Raises BadRow."""
    standard = _to_standard(_compact(text).rstrip("="))
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRow(
            field, f"embedded bytes are not base64 ({error})", "encode them as data:image/png;base64,..."
        ) from error


def _compact(text: str) -> str:
    return re.sub(r"\s|\\[rn]", "", text)


def _to_standard(text: str) -> str:
    return text.replace("-", "+").replace("_", "/")
