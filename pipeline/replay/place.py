"""Where the journal of an output lies.

In: the folder of a build, finished or not. Out: its manifest, its fingerprint, the URL of its database and the root of its store.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import inspect, make_url
from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import RunStopped, one_line
from pipeline.manifest.spec import Manifest
from pipeline.output import lock
from pipeline.storage.database import HIDDEN
from pipeline.storage.image_store import ImageStore
from pipeline.storage.migration import refuse_newer
from pipeline.storage.outcomes import Outcomes

_WAYS = "put a copy of it back, or build with --import-record to take over what the output knows"


@dataclass(frozen=True)
class RunPlace:
    """What the lock of an output says: its manifest and fingerprint; and where its database and its images are."""

    manifest: Manifest
    fingerprint: str
    url: str
    store: ImageStore


def place(out: Path, database: str | None = None) -> RunPlace:
    """Where the journal of `out` lies; `database` is a URL for one that needs a password.

    Raises LookupError where there is none, or when its manifest cannot be read here.
    """
    plan = lock.read(out)
    if plan is None:
        raise LookupError(f"{out}: no build has begun here; name the folder of one, such as build/demo")
    try:
        manifest = Manifest.model_validate(plan.manifest)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise LookupError(f"{out}: {lock.LOCK}: {field}: {first['msg'].removeprefix('Value error, ')}") from error
    url = database or manifest.run.database
    if url is None and not (out / lock.DATABASE).exists():
        raise LookupError(f"{out}: {lock.DATABASE} is gone, and the journal was in it; {_WAYS}")
    url = url or f"sqlite:///{out.resolve() / lock.DATABASE}"
    try:
        hidden = make_url(url).password == HIDDEN
    except SQLAlchemyError as error:
        raise LookupError(f"{out}: --database or run.database is no URL of a database ({one_line(error)})") from None
    if hidden:
        raise LookupError(f"{out}: its database needs a password, which no output holds; give the URL with --database")
    return RunPlace(manifest, plan.fingerprint, url, ImageStore(manifest.run.store or str(out / "store")))


@contextmanager
def open_outcomes(where: RunPlace) -> Iterator[Outcomes]:
    """The database, to read from only. Raises LookupError when it holds no journal, RunStopped when it cannot be read."""
    outcomes = Outcomes(where.url, where.fingerprint, looking=True)
    try:
        with outcomes.engine.connect() as connection:
            refuse_newer(connection)
        if not inspect(outcomes.engine).has_table("journal"):
            raise LookupError(f"its database holds no journal; {_WAYS}")
        yield outcomes
    except SQLAlchemyError as error:
        raise RunStopped(one_line(error)) from error
    finally:
        outcomes.close()
