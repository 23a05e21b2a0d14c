"""How files begin that are taken for text by mistake. In: a file's first bytes. Out: nothing, or a TableError that says what."""

from pipeline.sources.remote import shown
from pipeline.sources.table_error import TableError

BOM = b"\xef\xbb\xbf"
_NO_TEXT = (
    (b"PAR1", "is a Parquet file; say kind parquet"),
    (b"PK\x03\x04", "is a ZIP archive; unpack it first"),
    (b"7z\xbc\xaf", "is a 7z archive; unpack it first"),
    (b"\xff\xfe", "is UTF-16 or UTF-32; save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16; save it as UTF-8"),
    (b"ARROW1", "is an Arrow file; say kind huggingface, and name its folder"),
)
_MARK = slice(257, 262)


def check_head(path: str, head: bytes) -> None:
    """Raises TableError where a file that begins so is no text."""
    for mark, problem in _NO_TEXT:
        if head.startswith(mark):
            raise TableError(shown(path), problem)
    if head[_MARK] == b"ustar":
        raise TableError(shown(path), "is a tar file; say kind webdataset")
