"""What targets decided in a run: how many rows of which cell each round begins, and which samples were kept for earlier goals.

In: decisions, each written before anything of it is begun. Out: the same decisions, so that a build that goes on begins the same
rows.
"""

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import Column, Engine, Integer, String, Table, Text, delete, insert, select

from pipeline.storage.database import METADATA, insert_into, lock_run

ROUNDS = Table(
    "rounds",
    METADATA,
    Column("run", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("decision", Text, nullable=False),
)
KEPT = Table(
    "kept",
    METADATA,
    Column("run", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
)

Decision = Mapping[tuple[str, str, bool], int]
"""Source, category and whether it is RL prompts -> rows to begin."""


class RoundLog:
    """The rounds of the run `run`. All methods raise sqlalchemy.exc.SQLAlchemyError."""

    def __init__(self, engine: Engine, run: str) -> None:
        self._engine = engine
        self._run = run

    def read(self) -> list[Decision]:
        """The decisions so far, by their numbers from 0."""
        query = select(ROUNDS.c.decision).where(ROUNDS.c.run == self._run).order_by(ROUNDS.c.number)
        with self._engine.connect() as connection:
            texts = connection.execute(query).scalars().all()
        return [{(source, category, rl): rows for source, category, rl, rows in json.loads(text)} for text in texts]

    def add(self, number: int, decision: Decision) -> None:
        """Write down what round `number` begins."""
        text = json.dumps([[*cell, rows] for cell, rows in sorted(decision.items())])
        with self._engine.begin() as connection:
            lock_run(connection, self._run)
            made = insert_into(connection.dialect.name, ROUNDS)
            row = {"run": self._run, "number": number, "decision": text}
            connection.execute(made.on_conflict_do_nothing(index_elements=["run", "number"]), row)

    def kept(self) -> frozenset[str]:
        """The ids that were kept when the build last came to its end."""
        with self._engine.connect() as connection:
            return frozenset(connection.execute(select(KEPT.c.id).where(KEPT.c.run == self._run)).scalars())

    def keep(self, ids: Iterable[str]) -> None:
        """The build has come to its end with these ids kept."""
        rows = [{"run": self._run, "id": name} for name in sorted(ids)]
        with self._engine.begin() as connection:
            lock_run(connection, self._run)
            connection.execute(delete(KEPT).where(KEPT.c.run == self._run))
            if rows:
                connection.execute(insert(KEPT), rows)
