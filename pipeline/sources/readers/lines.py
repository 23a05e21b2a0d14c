"""JSONL: one object a line. In: a chunk. Out: rows by the numbers of their lines; blank lines are skipped.

A broken line makes a BadRow; a file that holds something else raises TableError. Where compressed data breaks off, the rows before
it are good, and the last one is a BadRow that says so.
"""

from collections.abc import Iterator
from io import BufferedReader

from pipeline.sources.bad_row import BadRow, quote
from pipeline.sources.chunk import MOST_BYTES, Cells, Chunk, Numbered
from pipeline.sources.opening import Damaged, check_end, opened
from pipeline.sources.readers.head import BOM, check_head
from pipeline.sources.remote import shown
from pipeline.sources.strict_json import parse, repeated_key
from pipeline.sources.table_error import TableError

Line = bytes | BadRow


def read(chunk: Chunk) -> Numbered:
    """The rows of a file. Raises TableError, OSError."""
    for number, line in read_lines(chunk):
        yield number, line if isinstance(line, BadRow) else _parse_line(line)


def read_lines(chunk: Chunk) -> Iterator[tuple[int, Line]]:
    """The lines that are not blank, with their numbers. Raises TableError, OSError."""
    path, begun, number = chunk.file.path, False, 0
    with opened(path) as file:
        try:
            for number, line in enumerate(_split(file), 1):
                if number == 1 and isinstance(line, bytes):
                    check_head(path, line)
                    line = line.removeprefix(BOM)
                if isinstance(line, bytes):
                    if not line.strip():
                        continue
                    if not begun and line.strip() in (b"[", b"[{"):
                        raise TableError(shown(path), "holds one JSON array; say kind json")
                begun = True
                yield number, line
        except Damaged as error:
            yield number + 1, broken_off(error, f"line {number}")


def broken_off(error: Exception, place: str) -> BadRow:
    """The row that stands for whatever is missing of a file."""
    return BadRow("file", f"breaks off after {place} ({error})", "fetch it anew: what follows is missing")


def _split(file: BufferedReader) -> Iterator[Line]:
    """The lines of a file, none of them longer than memory can bear."""
    while line := file.readline(MOST_BYTES):
        if len(line) < MOST_BYTES or line.endswith(b"\n"):
            yield line
            continue
        while (rest := file.readline(MOST_BYTES)) and not rest.endswith(b"\n"):
            pass
        yield BadRow("line", f"is longer than {MOST_BYTES >> 20} MiB", "keep images in files of their own")
    check_end(file)


def _parse_line(line: bytes) -> Cells:
    try:
        return check_object(parse(line))
    except UnicodeDecodeError as error:
        return BadRow("line", f"not UTF-8 at byte {error.start + 1}", "save the file as UTF-8")
    except (ValueError, RecursionError) as error:
        return BadRow("line", f"not JSON ({error})", "write one JSON object a line")


def check_object(value: object) -> Cells:
    """A JSON value as a row; a BadRow where it is no object, or gives a key twice."""
    if not isinstance(value, dict):
        return BadRow("row", f"{quote(value)} is no object", "make it a JSON object, column -> value")
    key = repeated_key(value)
    if key is not None:
        return BadRow("row", f"the key {quote(key)} is given twice", "keep one of the two")
    return value
