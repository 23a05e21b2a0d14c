"""Which files are a data set: the Parquet files of a folder, of a pattern, or of a list.

In: a place (a path or a URL of fsspec) and the options of its file system. Out: a `ShardPlace` and the paths of its files in order
of their names, without duplicates, of one split, and complete where the names say how many there are.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import PurePosixPath
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from training.loader.problem import LoaderProblem

_NUMBERED = re.compile(r"(?P<split>[\w.]+)-(?P<number>\d+)-of-(?P<total>\d+)\.parquet")


@dataclass(frozen=True, slots=True)
class ShardPlace:
    """Where files lie: a path or URL, or several, and what their file system needs (`key`, `endpoint_url`, `token`...).

    `options` may hold secrets: it is left out of every message and of `repr`.
    """

    urls: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, place: str | PathLike[str] | Sequence[str], options: Mapping[str, Any] | None) -> "ShardPlace":
        """The place that a user named: one folder, file or pattern, or a list of them."""
        urls = (fspath(place),) if isinstance(place, str | PathLike) else tuple(map(str, place))
        if not urls:
            raise LoaderProblem("the list of files is empty: name a folder, a pattern or files")
        return cls(urls, dict(options or {}))

    def file_system(self) -> Any:
        """The fsspec file system. Made anew in every process: those with event loops do not outlive a fork."""
        try:
            file_system, _ = fsspec.core.url_to_fs(self.urls[0], **self.options)
        except (ImportError, ValueError) as error:
            raise LoaderProblem(
                f"{self.urls[0]}: {error}; install what opens such addresses, or name a folder"
            ) from None
        return file_system

    def is_local(self) -> bool:
        """Whether the files lie on this machine, so that Arrow may open them by their paths."""
        return isinstance(self.file_system(), LocalFileSystem)


def find_files(place: ShardPlace) -> list[str]:
    """The paths of the Parquet files of `place`, as its file system names them. Raises LoaderProblem."""
    file_system = place.file_system()
    paths = [path for url in place.urls for path in _paths(file_system, url)]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    if twice:
        raise LoaderProblem(f"{twice[0]}: named twice; its rows would be trained twice: name each file once")
    return sorted(paths, key=lambda path: (PurePosixPath(path).name, path))


def _paths(file_system: Any, url: str) -> list[str]:
    """The files that one address stands for."""
    path = str(file_system._strip_protocol(url))
    if any(sign in path for sign in "*?["):
        files = sorted(map(str, file_system.glob(path)))
        if not files:
            raise LoaderProblem(f"{url}: no file fits this pattern; check it with `ls`")
        return files
    if path.endswith(".parquet"):
        if not file_system.exists(path):
            raise LoaderProblem(f"{url}: there is no such file; check the path")
        return [path]
    if not file_system.isdir(path):
        raise LoaderProblem(f"{url}: there is no such folder; name the folder of one split, as in build/demo/sft/train")
    files = sorted(map(str, file_system.glob(f"{path}/*.parquet")))
    if not files:
        raise LoaderProblem(f"{url}: this folder holds no *.parquet{_hint(file_system, path)}")
    if file_system.exists(f"{path}/run.json"):
        raise LoaderProblem(f"{url}: this is a whole build{_hint(file_system, f'{path}/sft')}")
    _check_names(url, [PurePosixPath(name).name for name in files])
    return files


def _hint(file_system: Any, path: str) -> str:
    """Where the files may be meant to lie, when they lie a folder or two deeper."""
    deeper = sorted({str(PurePosixPath(name).parent) for name in file_system.glob(f"{path}/**/*.parquet")})
    return f"; name one of {', '.join(deeper[:4])}" if deeper else "; name the folder of one split of sft"


def _check_names(folder: str, names: list[str]) -> None:
    """Refuses a folder that mixes splits, or lacks one of the files that the others count."""
    numbered = [match for match in map(_NUMBERED.fullmatch, names) if match]
    splits = sorted({match["split"] for match in numbered})
    if len(splits) > 1:
        raise LoaderProblem(
            f"{folder}: holds the splits {' and '.join(splits)} side by side; name one: {folder}/{splits[-1]}-*.parquet"
        )
    totals = sorted({int(match["total"]) for match in numbered})
    if len(totals) > 1:
        raise LoaderProblem(
            f"{folder}: some files say they are of {totals[0]}, others of {totals[1]}: two builds lie here; remove one"
        )
    missing = sorted(set(range(totals[0] if totals else 0)) - {int(match["number"]) for match in numbered})
    if missing:
        name = f"{splits[0]}-{missing[0]:05}-of-{totals[0]:05}.parquet"
        raise LoaderProblem(
            f"{folder}: {name} is missing ({len(missing)} of {totals[0]} files are); fetch it, or name the files you want"
        )
