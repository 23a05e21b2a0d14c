"""Mends the database of a build: rows that are not what was written are deleted, or taken as they are.

In: the folder of a build. Out: the names of the rows, and what was done about them; a database that a build goes on with. No model
is asked. Damage to the file itself is beyond this: then SQLite cannot read it (`pipeline.storage.database.WAYS_OUT`).
"""

from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import RunStopped, one_line
from pipeline.output import lock
from pipeline.replay.place import open_outcomes, place
from pipeline.storage.damage import find_damage, mend
from pipeline.storage.database import held, masked
from pipeline.storage.outcomes import Outcomes


def mend_database(out: Path, database: str | None = None) -> list[str]:
    """Mend every damaged row; one line for each. `database` is a URL for one that needs a password.

    Raises LookupError where there is no database, RunStopped when it cannot be read, OutputError while a build is at work.
    """
    where = place(out, database)
    with open_outcomes(where):
        pass  # to make tables in a database that holds none would hide that the journal is lost
    outcomes = Outcomes(where.url, where.fingerprint)
    try:
        with lock.hold(out), held(outcomes.engine, where.fingerprint) as is_alone:
            if not is_alone:
                raise RunStopped(f"a build is at work with {masked(where.url)}; wait for it")
            return _mend(outcomes)
    except SQLAlchemyError as error:
        raise RunStopped(one_line(error)) from error
    finally:
        outcomes.close()


def _mend(outcomes: Outcomes) -> list[str]:
    outcomes.create()
    with outcomes.engine.begin() as connection:
        damaged = list(find_damage(connection))
        for row in damaged:
            mend(connection, row)
    return [f"{row.name}: {'deleted' if row.deletable else 'taken as it is'}" for row in damaged]
