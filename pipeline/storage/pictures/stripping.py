"""Takes everything but the picture out of PNG and JPEG files, without touching its pixels: places, names, times, previews.

In: the bytes of a file that decodes. Out: the same compressed pixels with the parts that a decoder needs and no others; the very
bytes that came in where there is nothing to take out; None where the file is of a kind that not every decoder reads.
"""

import re
from collections.abc import Iterator

PNG_START = b"\x89PNG\r\n\x1a\n"
# what says how pixels are to be shown has been read by then: these say that they are sRGB, or nothing about the picture
_PNG_KEPT = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"sBIT", b"bKGD", b"hIST")
)
_PNG_NEEDED = frozenset((b"IHDR", b"IDAT", b"IEND"))
_SOI, _EOI, _SOS = b"\xff\xd8", 0xD9, 0xDA
_FRAMES = (0xC0, 0xC1, 0xC2)  # Huffman-coded 8-bit pictures: baseline, extended, progressive
_TABLES = (0xC4, 0xDB, 0xDD)  # Huffman and quantisation tables, restart interval
_JFIF, _ADOBE = 0xE0, 0xEE
_COMMENT = 0xFE
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # within compressed pixels: neither an escaped FF nor a restart
MOST_PARTS = 20_000
"""Parts of a file that are looked at; ordinary ones have a few hundred at most."""

Part = tuple[bytes, int, int]
"""The kind of a PNG chunk, and where in the file it begins and ends, its length and checksum included."""


def png_parts(data: bytes) -> Iterator[Part]:
    """The chunks of a PNG in order, up to its end mark. Ends early where the file does."""
    place = len(PNG_START)
    for _ in range(MOST_PARTS):
        size = int.from_bytes(data[place : place + 4], "big")
        kind, end = data[place + 4 : place + 8], place + 12 + size
        if len(kind) < 4 or end > len(data):
            return
        yield kind, place, end
        if kind == b"IEND":
            return
        place = end


def strip_png(data: bytes) -> bytes | None:
    """A PNG without texts, times, EXIF, profiles, further frames and what follows its end."""
    parts = list(png_parts(data))
    if not parts or parts[-1][0] != b"IEND":
        return None
    if parts[-1][2] == len(data) and all(kind in _PNG_KEPT for kind, _, _ in parts):
        return data
    return PNG_START + b"".join(data[start:end] for kind, start, end in parts if kind in _PNG_NEEDED)


def strip_jpeg(data: bytes) -> bytes | None:
    """A JPEG without EXIF, XMP, profiles, comments, previews, further pictures and what follows its end."""
    if not data.startswith(_SOI):
        return None
    kept, place = [_SOI], 2
    for _ in range(MOST_PARTS):
        while data[place : place + 2] == b"\xff\xff":
            place += 1
        marker = data[place + 1] if data[place : place + 1] == b"\xff" and place + 1 < len(data) else 0
        if marker == _EOI:
            whole = b"".join((*kept, b"\xff\xd9"))
            return data if whole == data else whole
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if not _is_known(marker) or end < place + 4 or end > len(data):
            return None
        if marker == _SOS:
            following = _MARKER.search(data, end)
            if following is None:
                return None
            end = following.start()
        kept.append(_needed_part(marker, data[place:end]))
        place = end
    return None


def _is_known(marker: int) -> bool:
    return marker in (*_FRAMES, *_TABLES, _SOS, _COMMENT) or 0xE0 <= marker <= 0xEF


def _needed_part(marker: int, part: bytes) -> bytes:
    """Of the application's own segments two say how to decode: JFIF, which may hold a preview, and Adobe's."""
    body = part[4:]
    if marker == _JFIF and body.startswith(b"JFIF\0") and len(body) >= 12:
        return part if len(body) == 14 else b"\xff\xe0\x00\x10" + body[:12] + b"\0\0"
    if marker == _ADOBE and body.startswith(b"Adobe") and len(body) >= 12:
        return part if len(body) == 12 else b"\xff\xee\x00\x0e" + body[:12]
    return part if marker in (*_FRAMES, *_TABLES, _SOS) else b""
