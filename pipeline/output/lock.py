"""The state of an output folder: whose it is, and whether it is finished.

In: a folder, a manifest, its fingerprint and its meaning. Out: `manifest.lock.yaml` beside the output (the resolved manifest, with
its fingerprint and meaning), and a decision: start, go on, leave alone, or refuse and say what differs. A folder that is not
ours is never touched.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import filelock
import yaml

from pipeline.errors import BuildError
from pipeline.manifest.difference import differences, shared
from pipeline.manifest.forms import PRODUCTS
from pipeline.output import run_json
from pipeline.storage.database import answers_kept
from pipeline.storage.files import write_synced

LOCK = "manifest.lock.yaml"
RUN = "run.json"
ASIDE = f".{LOCK}"  # a lock half written, when a disk was full
OURS = (
    RUN, "README.md", "report.html", "truth.parquet", "ledger.parquet", *PRODUCTS, "store",
    "run.db", "run.db-wal", "run.db-shm", "plan.db", "plan.db-wal", "plan.db-shm", "screens.db",
    "screens.db-wal", "screens.db-shm", "screened.parquet", "ray.log", "engines", "servers", LOCK,
)  # fmt: skip

_PEOPLES = ("review", "release")
"""What people made of an output stays when it is cleared, and makes the folder no stranger's."""

DATABASE = "run.db"
_MOST = 12  # lines of differences

State = Literal["fresh", "unfinished", "finished"]


class OutputError(BuildError):
    """The output folder cannot be used for this build; the message says why and what to do."""


@dataclass(frozen=True)
class OutputIdentity:
    """What an output is made from: the fingerprint of all that can change a row, the resolved manifest, and all that can change a
    row (`pipeline.manifest.identity.meaning`; empty in the lock of an older version)."""

    fingerprint: str
    manifest: dict[str, Any]
    meaning: Mapping[str, Any] = field(default_factory=dict)

    def asks_the_same(self, other: "OutputIdentity") -> bool:
        """True when a finished output of `other` is one of this manifest too; how it runs may differ."""
        goals = ({key: one.manifest.get(key) for key in ("quotas", "targets")} for one in (self, other))
        return self.fingerprint == other.fingerprint and next(goals) == next(goals)


@contextmanager
def hold(out: Path) -> Iterator[None]:
    """Keep other builds out of the folder. Raises OutputError when one is at work there."""
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out}: is a file; name another folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(out / ".lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise OutputError(
            f"{out}: another build is at work here; wait for it, or name another folder with --out"
        ) from None
    try:
        yield
    finally:
        lock.release()


def read(out: Path) -> OutputIdentity | None:
    """What the folder was made from; None when it holds no output. Raises OutputError when it is not readable or not ours."""
    path = out / LOCK
    if not path.exists():
        strangers = sorted(p.name for p in out.iterdir() if p.name not in (".lock", ASIDE, *_PEOPLES))
        if strangers:
            raise OutputError(f"{out}: holds {strangers[0]} but no {LOCK}: not an output of x2i; name another folder")
        return None
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        return OutputIdentity(str(content["fingerprint"]), dict(content["manifest"]), dict(content.get("meaning", {})))
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise OutputError(f"{path}: cannot be read ({type(error).__name__}); build again with --overwrite") from None


def write(out: Path, plan: OutputIdentity) -> None:
    """Lay the lock beside the output, aside first. Raises OSError."""
    content = {"fingerprint": plan.fingerprint, "manifest": plan.manifest, "meaning": dict(plan.meaning)}
    aside = out / ASIDE
    write_synced(aside, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    os.replace(aside, out / LOCK)


def settle(out: Path, plan: OutputIdentity, overwrite: bool, fork: bool = False) -> State:
    """Decide what to do with the folder, and clear it if it is to be overwritten. Raises OutputError to refuse.

    An output of another meaning goes on under this one where `fork` says so: store and journal stay, its outcomes stay under their
    own fingerprint, and a finished output stays whole until `take_over`.
    """
    try:
        before = read(out)
    except OutputError:
        if not (overwrite and (out / LOCK).exists()):
            raise
        clear(out)
        return "fresh"
    if before is None:
        return "fresh"
    if overwrite:
        clear(out)
        return "fresh"
    if before.fingerprint != plan.fingerprint:
        if fork:
            return "unfinished"
        raise OutputError(_describe_refusal(out, before, plan))
    return "finished" if plan.asks_the_same(before) and _is_complete(out, plan) else "unfinished"


def take_over(out: Path, plan: OutputIdentity) -> None:
    """Make the folder that of `plan` before anything of it is replaced: an output of another meaning counts as finished no more.

    A kill leaves the old output whole, or a folder that says it is unfinished; never one that mixes two. Raises OSError.
    """
    if (out / RUN).exists() and not _is_of(out, plan):
        (out / RUN).unlink()
        write(out, plan)


def _describe_refusal(out: Path, before: OutputIdentity, plan: OutputIdentity) -> str:
    if before.meaning and plan.meaning:
        changes = differences(before.meaning, plan.meaning)
    else:
        changes = shared(before.manifest, plan.meaning or plan.manifest)
        changes.append("perhaps prompts or the files of sources: an older version built it, which did not note them")
    more = [f"... and {len(changes) - _MOST} more"] if len(changes) > _MOST else []
    kept = None if plan.manifest["run"].get("database") else answers_kept(out / DATABASE)
    answers = "" if kept is None else f"; {kept:,} answers are journalled there"
    paid = "" if kept is None else f", and so are the {kept:,} answers, which were paid for"
    lines = (
        f"{out}: holds the output of another manifest{answers}. What differs:",
        *(f"  {line}" for line in (*changes[:_MOST], *more)),
        "Say which you want:",
        "  --fork       go on in this folder under the new meaning; answers to what is asked alike are used again, and a",
        "               finished output stays until the new one takes its place",
        "  --out DIR    build in another folder; this one stays as it is",
        f"  --overwrite  begin from nothing: this output is removed{paid}",
    )  # fmt: skip
    return "\n".join(lines)


def _is_complete(out: Path, plan: OutputIdentity) -> bool:
    """True when the output is there, and no sample failed for want of a connection: such samples are tried again."""
    try:
        return _is_of(out, plan) and not run_json.read(out).reasons["failed"].get("transport")
    except KeyError as error:
        raise _unreadable(out, error) from None


def _is_of(out: Path, plan: OutputIdentity) -> bool:
    """True when the output there says that it is that of `plan`."""
    try:
        return run_json.read(out).fingerprint == plan.fingerprint
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise _unreadable(out, error) from None


def _unreadable(out: Path, error: Exception) -> OutputError:
    return OutputError(f"{out / RUN}: cannot be read ({type(error).__name__}); build again with --overwrite")


def clear(out: Path) -> None:
    """Remove what a build writes and nothing else; the lock last, so that a clearing cut short is recognised and repeated."""
    for path in (*out.glob(".aside-*"), *(out / name for name in OURS)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
