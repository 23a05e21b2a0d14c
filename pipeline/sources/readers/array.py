"""JSON: one array of objects, read value by value, so that no more than one of them need fit into memory.

In: a chunk. Out: rows by their place in the array. A value that is no object is a BadRow; a file that is no such array raises
TableError.
"""

import codecs
from io import BufferedReader
from json import JSONDecodeError
from typing import Any, NoReturn

from pipeline.sources.chunk import MOST_BYTES, Chunk, Numbered
from pipeline.sources.opening import Damaged, check_end, opened
from pipeline.sources.readers.head import check_head
from pipeline.sources.readers.lines import broken_off, check_object
from pipeline.sources.remote import shown
from pipeline.sources.strict_json import decoder
from pipeline.sources.table_error import TableError

BLOCK = 1 << 20
_WORD = 64  # characters: a word, number or escape that the end of what was read cuts is shorter
_BLANK = " \t\n\r"


def read(chunk: Chunk) -> Numbered:
    """The rows of a file. Raises TableError, OSError."""
    with opened(chunk.file.path) as file:
        check_head(chunk.file.path, file.peek(BLOCK))
        text, number = _JsonText(shown(chunk.file.path), file), 0
        try:
            if text.peek() != "[":
                text.refuse_other()
            text.at += 1
            mark = text.peek()
            while mark != "]":
                number += 1
                yield number, check_object(text.value())
                mark = text.peek()
                if not mark or mark not in ",]":
                    text.refuse(JSONDecodeError("Expecting ',' delimiter", text.held, text.at))
                text.at += mark == ","
            text.at += 1
            if text.peek():
                text.refuse(JSONDecodeError("Extra data", text.held, text.at))
        except Damaged as error:
            yield number + 1, broken_off(error, f"row {number}")


class _JsonText:
    """The text of a file, of which little is held: from `at` on it was not read yet."""

    def __init__(self, name: str, file: BufferedReader) -> None:
        self._name, self._file = name, file
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
        self._decoder = decoder()
        self._bytes = self._characters = self._lines = self._column = 0  # before what is held
        self._ended = False
        self.held, self.at = "", 0

    def peek(self) -> str:
        """The next character that is not blank; "" at the end."""
        while True:
            while self.at < len(self.held) and self.held[self.at] in _BLANK:
                self.at += 1
            if self.at < len(self.held):
                return self.held[self.at]
            if not self._fill():
                return ""

    def value(self) -> Any:
        """The next value. Raises TableError where there is none."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self.held, self.at)
            except JSONDecodeError as error:
                is_cut = error.pos + _WORD >= len(self.held) or error.msg.startswith("Unterminated string")
                if not is_cut or not self._fill():
                    self.refuse(error)
                continue
            except (ValueError, RecursionError) as error:
                self.refuse(error)
            if end < len(self.held) or not self._fill():  # a number may go on
                self.at = end
                return value

    def refuse_other(self) -> NoReturn:
        """Raises TableError, which says what the file holds in place of an array."""
        value = self.value()
        if self.peek():
            self.refuse(JSONDecodeError("Extra data", self.held, self.at))
        raise TableError(self._name, f"holds no JSON array but {type(value).__name__}; make it a list of objects")

    def refuse(self, error: Exception) -> NoReturn:
        """Raises TableError about JSON that cannot be read."""
        words = self._words(error) if isinstance(error, JSONDecodeError) else str(error)
        problem = f"not JSON ({words}); mend the file, or say kind jsonl if it holds one object a line"
        raise TableError(self._name, problem) from error

    def _words(self, error: JSONDecodeError) -> str:
        column = error.colno if error.lineno > 1 else error.colno + self._column
        line, character = error.lineno + self._lines, error.pos + self._characters
        return f"{error.msg}: line {line} column {column} (char {character})"

    def _fill(self) -> bool:
        """Read on, as much again as is held of the next value; False at the end of the file."""
        if self._ended:
            return False
        passed, self.held, self.at = self.held[: self.at], self.held[self.at :], 0
        self._characters += len(passed)
        self._lines += passed.count("\n")
        self._column = len(passed) - passed.rfind("\n") - 1 + (0 if "\n" in passed else self._column)
        if len(self.held) > MOST_BYTES:
            raise TableError(
                self._name, f"a value is longer than {MOST_BYTES >> 20} MiB; keep images in files of their own"
            )
        data = self._file.read(max(BLOCK, len(self.held)))
        if not data:
            check_end(self._file)
        self._ended = not data
        pending = len(self._utf8.getstate()[0])
        try:
            self.held += self._utf8.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            place = self._bytes - pending + error.start + 1
            raise TableError(self._name, f"not UTF-8 at byte {place}; save the file as UTF-8") from error
        self._bytes += len(data)
        return True
