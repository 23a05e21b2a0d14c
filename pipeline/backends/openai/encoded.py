"""Pictures as characters: base64 in every spelling that servers use, bare or as a data URI.

In: text. Out: whether it is meant as a picture, and its bytes. Base64 may be URL-safe, without its padding, wrapped into lines,
quoted, or escaped once more for an address or for JSON.
"""

import base64
import binascii
import re
from urllib.parse import unquote, unquote_to_bytes

_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*", b"\0\0\0", b"\xff\x0a")
_HEAD = 64  # characters that show what a text is
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_AROUND = b" \t\r\n\f\v\"'`<>"
_BASE64 = re.compile(r"[A-Za-z0-9+/_=\s-]+")


def is_data_uri(text: str) -> bool:
    """Whether a text is a data URI, in whatever case it is written."""
    return text.lstrip()[:5].lower() == "data:"


def is_address(text: str) -> bool:
    """Whether a text is an http address, and nothing else."""
    return bool(re.match(r"\s*https?://\S+\s*$", text[:8192], re.IGNORECASE)) and len(text) <= 8192


def shows_picture(text: str) -> bool:
    """Whether a text is base64 that begins as the files of pictures do."""
    head = "".join(text[: 2 * _HEAD].split())[:_HEAD]
    if len(head) < 16 or not _BASE64.fullmatch(head):
        return False
    try:
        return _standard(head[: len(head) // 4 * 4 - 4]).startswith(_MAGIC)
    except ValueError:
        return False


def decoded(text: str) -> bytes:
    """The bytes of a data URI or of bare base64. Raises ValueError that says what is wrong."""
    if not is_data_uri(text) and "base64," not in text[:200].lower():
        return _standard(text)
    head, comma, body = text.partition(",")
    if not comma:
        raise ValueError("a data URI without data")
    # some servers forget to name the encoding
    return _standard(body) if "base64" in head.lower() or shows_picture(body) else unquote_to_bytes(body)


def _standard(text: str) -> bytes:
    try:
        body = (unquote(text) if "%" in text else text).replace("\\r", "").replace("\\n", "").encode("ascii")
        body = body.strip(_AROUND).translate(_TO_STANDARD, b" \t\r\n\f\v").rstrip(b"=")
        return base64.b64decode(body + b"=" * (-len(body) % 4), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(str(error) if isinstance(error, binascii.Error) else "it holds other characters") from None
