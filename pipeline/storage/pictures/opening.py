"""Opens encoded pictures: in the formats that are read here, and without a word of Pillow's on the terminal.

In: encoded bytes. Out: an opened Pillow image, or one of `UNREADABLE`. What Pillow warns of is either decided here (a limit of
pixels, a broken profile or orientation, which are ignored) or comes again as an error when the picture is decoded, so its
warnings, which name files of the environment, are switched off in every process that opens a picture, whoever started it.
"""

import io
import re
import struct
import warnings
import zlib

from PIL import Image, UnidentifiedImageError

# Pillow reads many more formats; those that start other programs (EPS) or complain on stderr when broken (TIFF) are refused.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""All that Pillow raises for a picture that is damaged, hostile, or none."""
MOST_SCANS = 500
"""Scans of a JPEG, each of which is decoded over the whole picture; a progressive one has about ten."""
_MODULES = r"PIL\."
_QUIET = ("ignore", None, Warning, re.compile(_MODULES), 0)


def opened(data: bytes) -> Image.Image:
    """The picture in `data`, of which only the header has been read.

    Raises OSError, mostly PIL.UnidentifiedImageError; PIL.Image.DecompressionBombError for more pixels than Pillow reads. What is
    done with the picture then may raise any of `UNREADABLE`.
    """
    _quiet()
    # within compressed pixels FF is never followed by DA: this counts beginnings of scans, and a few in previews
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > MOST_SCANS:
        raise UnidentifiedImageError(f"a JPEG of more than {MOST_SCANS} scans")
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except (OSError, Image.DecompressionBombError):
        raise
    except UNREADABLE as error:
        raise UnidentifiedImageError(str(error)) from error


def _quiet() -> None:
    # looked up each time: whoever enters or leaves a `catch_warnings` block puts other filters before this one
    if not warnings.filters or warnings.filters[0] != _QUIET:
        warnings.filterwarnings("ignore", category=Warning, module=_MODULES)
