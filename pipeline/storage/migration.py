"""The schema of a database: which version it has, and how one of an older version is brought up to date.

In: a connection. Out: a database with every table and column of this version, in one transaction, and its version in the table
`x2i_schema`. A database of a newer version is refused. Columns are only ever added, so that a build of an older version that is
at work with the same database can go on.
"""

from sqlalchemy import Column, Connection, Integer, Table, delete, insert, inspect, select, text
from sqlalchemy.schema import CreateColumn

from pipeline.errors import RunStopped
from pipeline.storage.database import METADATA, lock_run, masked

VERSION = 3
"""1: without this table, before rows had checksums. 2: outcomes, answers and calls have one. 3: jobs of batches name the output
folder that they were sent from. A new column needs a new number."""
_SCHEMA = Table("x2i_schema", METADATA, Column("version", Integer, primary_key=True, autoincrement=False))


def migrate(connection: Connection) -> None:
    """Make what is missing of this version, within the caller's transaction; builds that begin at once wait for each other.

    Raises RunStopped for a database of a newer version, sqlalchemy.exc.SQLAlchemyError.
    """
    lock_run(connection, "tables")  # else two builds that begin at once both try to make them
    version = refuse_newer(connection)
    METADATA.create_all(connection)
    for table in METADATA.sorted_tables:
        _add_columns(connection, table)
    if version != VERSION:
        connection.execute(delete(_SCHEMA))
        connection.execute(insert(_SCHEMA), {"version": VERSION})


def refuse_newer(connection: Connection) -> int:
    """The version of the database, 1 where it names none. Raises RunStopped when it is newer than this one."""
    version = 1
    if inspect(connection).has_table(_SCHEMA.name):
        version = max(connection.execute(select(_SCHEMA.c.version)).scalars(), default=1)
    if version > VERSION:
        url = masked(connection.engine.url.render_as_string(hide_password=False))
        raise RunStopped(
            f"{url}: its tables are of version {version}, and this x2i knows them up to {VERSION}; install a newer x2i-ladder, "
            "or build in another folder"
        )
    return version


def _add_columns(connection: Connection, table: Table) -> None:
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name not in there:
            definition = CreateColumn(column).compile(dialect=connection.dialect)
            connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {definition}"))
