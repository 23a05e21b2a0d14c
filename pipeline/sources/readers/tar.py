"""WebDataset: tars. Members in a row with one name up to its first dot are one row, the rest of the name is the column.

In: a chunk. Out: rows by their place in the tar; JSON members as what they say, texts as texts, others as bytes. Several tars that
were joined into one are read to the end. Where a tar breaks off or is damaged, what is whole is good, and one BadRow says what is
missing. Nothing is ever unpacked to disk. Layout: https://huggingface.co/docs/hub/datasets-webdataset.
"""

import tarfile
from collections.abc import Callable, Iterator
from typing import IO, Any

from pipeline.sources.bad_row import BadRow, quote
from pipeline.sources.chunk import MOST_BYTES, Cells, Chunk, Numbered
from pipeline.sources.opening import BUFFER, Damaged, opened
from pipeline.sources.readers.head import BOM
from pipeline.sources.readers.lines import check_object
from pipeline.sources.remote import shown
from pipeline.sources.spec import TableSpec
from pipeline.sources.strict_json import parse
from pipeline.sources.table_error import TableError

KEY = "__key__"
TEXTS = ("txt", "text", "caption", "prompt", "cls")
_BLOCK = 512


def read(chunk: Chunk) -> Numbered:
    """The rows of a tar. Raises TableError where it is none, and OSError."""
    return _read(chunk, chunk.spec.columns_to_read())


def read_keys(chunk: Chunk) -> Numbered:
    """The rows of a tar without what they hold. Raises TableError, OSError."""
    return _read(chunk, set())


def _read(chunk: Chunk, columns: set[str]) -> Numbered:
    used, number, group, cut = {head for column in columns for head in _heads(column)}, 0, None, None
    with opened(chunk.file.path) as stream:
        tar = _Tar(shown(chunk.file.path), stream)
        try:
            for member, key, column in tar.members():
                if group is None or key != group.key or column in group.names:
                    if group is not None:
                        number += 1
                        yield number, group.row()
                    group = _TarRow(key)
                if column in used:
                    group.add(column, member, tar)
                group.names.add(column)
                tar.last = member.name
            cut = tar.why_cut()
        except (tarfile.TarError, EOFError, Damaged) as error:
            cut = " ".join(str(error).split())
    if group is not None and (cut is None or _is_whole(group, chunk.spec)):
        number += 1
        yield number, group.row()
        group = None
    yield from enumerate(_missing(tar, cut, group), number + 1)


def _is_whole(group: "_TarRow", spec: TableSpec) -> bool:
    """Whether all that the mapping must have is there: the last row of a tar that breaks off may lack members."""
    wanted = ({column} for column in spec.columns_used().values())
    either = (set(columns) for columns in spec.columns_to_choose().values())
    return all(any(set(_heads(column)) & (group.names | {KEY}) for column in columns) for columns in (*wanted, *either))


def _missing(tar: "_Tar", cut: str | None, group: "_TarRow | None") -> Iterator[BadRow]:
    """The rows that stand for what cannot be read."""
    if tar.garbage is not None:
        problem = f"is damaged {tar.garbage}: what stands there is no member"
        yield BadRow("tar", problem, "fetch it anew: members there are missing")
    if cut is not None:
        problem = f"breaks off {tar.place()} ({cut})"
        yield BadRow("tar", problem, "fetch it anew: what follows is missing", {} if group is None else group.cells)


def _heads(column: str) -> Iterator[str]:
    """The members that may hold a column: `json.task` stands in the member `json`, `1.0.jpg` is one."""
    parts = column.split(".")
    yield from (".".join(parts[:n]) for n in range(1, len(parts) + 1))


def _split(name: str) -> tuple[str, str] | None:
    """Row and column of a member's name; None where it has none, as of hidden files."""
    folder, slash, file = name.removeprefix("./").rpartition("/")
    stem, dot, column = file.partition(".")
    return (folder + slash + stem, column.lower()) if stem and dot and column else None


class _TarRow:
    """The members of a row, as far as they were read. `names`: their columns, those not used as well."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.cells: dict[str, Any] = {KEY: key}
        self.names: set[str] = set()
        self._error: BadRow | None = None

    def row(self) -> Cells:
        """The row; its first error, where a member cannot be used."""
        if self._error is not None:
            self._error.rest = self.cells
        return self._error or self.cells

    def add(self, column: str, member: tarfile.TarInfo, tar: "_Tar") -> None:
        """Read a member. Raises TarError where the tar breaks off in it."""
        value = tar.content(member)
        if isinstance(value, bytes):
            value = _convert(column, value)
        if isinstance(value, BadRow):
            self._error = self._error or value
        else:
            self.cells[column] = value


def _convert(column: str, data: bytes) -> Any:
    form = column.rpartition(".")[2]
    try:
        if form == "json":
            return check_object(parse(data.removeprefix(BOM)))
        return data.decode("utf-8-sig") if form in TEXTS else data
    except UnicodeDecodeError as error:
        return BadRow(column, f"not UTF-8 at byte {error.start + 1}", "save it as UTF-8")
    except (ValueError, RecursionError) as error:
        return BadRow(column, f"not JSON ({error})", "make it one JSON object")


class _Tar:
    """A tar that is read from its beginning to its end. `last`: its last whole member. `garbage`: where something stands that is no
    member.
    """

    def __init__(self, name: str, stream: IO[bytes]) -> None:
        self._name, self._watched = name, _Watched(stream)
        self.last: str | None = None
        self.garbage: str | None = None
        self._tar: tarfile.TarFile

    def members(self) -> Iterator[tuple[tarfile.TarInfo, str, str]]:
        """The members with their row and column; folders and names without one are passed over. Raises TarError, TableError."""
        kind = _header(self._notice)
        # tars that were joined have blocks of zeros in between
        source: Any = self._watched
        self._tar = tarfile.open(mode="r|", fileobj=source, bufsize=BUFFER, tarinfo=kind, ignore_zeros=True)  # noqa: SIM115
        while (member := self._tar.next()) is not None:
            self._tar.members = []  # type: ignore[attr-defined]  # it would keep every one
            split = None if member.isdir() else _split(member.name)
            if split is not None:
                yield member, *split

    def content(self, member: tarfile.TarInfo) -> bytes | BadRow:
        """What a member holds. Raises TarError."""
        if not member.isreg():
            return BadRow("tar", f"{quote(member.name)} is a link or a device", "pack the files themselves")
        if member.size > MOST_BYTES:
            return BadRow(
                "tar", f"{quote(member.name)} is longer than {MOST_BYTES >> 20} MiB", "keep it out of the table"
            )
        file = self._tar.extractfile(member)
        data = b"" if file is None else file.read()
        if len(data) < member.size:
            raise tarfile.ReadError("unexpected end of data")
        return data

    def why_cut(self) -> str | None:
        """Why the end is not the end of a tar, which is a block of zeros; None where it is."""
        whole = self._watched.count % _BLOCK == 0 and self._watched.tail == bytes(_BLOCK)
        return None if whole else "its end is missing"

    def place(self) -> str:
        """Where reading stands."""
        return "before its first member" if self.last is None else f"after member {quote(self.last)}"

    def _notice(self, error: Exception) -> None:
        if self._watched.count <= BUFFER and self.last is None:
            raise TableError(self._name, f"is no tar ({error}); name tar files")
        self.garbage = self.garbage or self.place()


def _header(notice: Callable[[Exception], None]) -> type[tarfile.TarInfo]:
    """Headers that tell of blocks that are none: with `ignore_zeros` they would be passed over without a word."""

    class Header(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "Header":
            try:
                return super().frombuf(buf, encoding, errors)
            except tarfile.HeaderError as error:
                if len(buf) == _BLOCK and any(buf):  # neither the end nor a cut
                    notice(error)
                raise

    return Header


class _Watched:
    """A stream that knows how many bytes it gave, and the last block of them."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.count, self.tail = 0, b""

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end alone."""
        data = self._stream.read(size)
        self.count += len(data)
        self.tail = (self.tail + data[-_BLOCK:])[-_BLOCK:]
        return data
