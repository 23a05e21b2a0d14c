"""The state of an output folder: whose it is, and whether it is finished.

In: a folder, a manifest and its fingerprint. Out: `manifest.lock.yaml` beside the output (the resolved manifest with its
fingerprint), and a decision: start, go on, leave alone, or refuse. A folder that is not ours is never touched.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import filelock
import yaml

from pipeline.errors import BuildError
from pipeline.output import run_json

LOCK = "manifest.lock.yaml"
RUN = "run.json"
ASIDE = f".{LOCK}"  # a lock half written, when a disk was full
OURS = (
    RUN, "README.md", "report.html", "truth.parquet", "ledger.parquet", "sft", "rl", "pairs", "record", "store",
    "run.db", "run.db-wal", "run.db-shm", "ray.log", LOCK,
)  # fmt: skip

State = Literal["fresh", "unfinished", "finished"]


class OutputError(BuildError):
    """The output folder cannot be used for this build; the message says why and what to do."""


@dataclass(frozen=True)
class Plan:
    """What an output is made from: the fingerprint of all that can change a row, and the resolved manifest."""

    fingerprint: str
    manifest: dict[str, Any]

    def asks_the_same(self, other: "Plan") -> bool:
        """True when the finished output of `other` is the finished output of this one (where it runs aside)."""
        return self.fingerprint == other.fingerprint and self.manifest["quotas"] == other.manifest.get("quotas")


@contextmanager
def held(out: Path) -> Iterator[None]:
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


def read(out: Path) -> Plan | None:
    """What the folder was made from; None when it holds no output. Raises OutputError when it is not readable or not ours."""
    path = out / LOCK
    if not path.exists():
        strangers = sorted(p.name for p in out.iterdir() if p.name not in (".lock", ASIDE))
        if strangers:
            raise OutputError(
                f"{out}: holds {strangers[0]} but no {LOCK}: not an output of x2i; name another folder with --out"
            )
        return None
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
        return Plan(str(found["fingerprint"]), dict(found["manifest"]))
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise OutputError(f"{path}: cannot be read ({type(error).__name__}); build again with --overwrite") from None


def write(out: Path, plan: Plan) -> None:
    """Lay the lock beside the output, aside first."""
    text = yaml.safe_dump(
        {"fingerprint": plan.fingerprint, "manifest": plan.manifest}, sort_keys=False, allow_unicode=True
    )
    aside = out / ASIDE
    aside.write_text(text, "utf-8")
    os.replace(aside, out / LOCK)


def settle(out: Path, plan: Plan, overwrite: bool) -> State:
    """Decide what to do with the folder, and clear it if it is to be overwritten. Raises OutputError to refuse."""
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
        raise OutputError(
            f"{out}: holds the output of another manifest (fingerprint {before.fingerprint[:12]}, "
            f"this one is {plan.fingerprint[:12]}); name another folder with --out, or replace it with --overwrite"
        )
    return "finished" if plan.asks_the_same(before) and _whole(out) else "unfinished"


def _whole(out: Path) -> bool:
    """True when the output is there, and no sample failed for want of a connection: such samples are tried again."""
    try:
        return not run_json.read(out).reasons["failed"].get("transport")
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(
            f"{out / RUN}: cannot be read ({type(error).__name__}); build again with --overwrite"
        ) from None


def clear(out: Path) -> None:
    """Remove what a build writes and nothing else; the lock last, so that a clearing cut short can be told and repeated."""
    for path in (*out.glob(".aside-*"), *(out / name for name in OURS)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
