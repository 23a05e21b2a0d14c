"""Are the side files there that events name, as they were written?

In: rows of the record and the store. Out: problems; none when all is well.
"""

from collections.abc import Iterator, Sequence

from pipeline.output.problem import Problem, one_line
from pipeline.output.record import Recorded
from pipeline.storage.image_store import ImageStore
from pipeline.storage.token_files import read_tokens


def check_tokens(rows: Sequence[Recorded], store: ImageStore) -> Iterator[Problem]:
    """What is wrong with the token files that the events of `rows` name."""
    for r in rows:
        for n, event in enumerate(r.trajectory.events):
            if event.tokens is None:
                continue
            where = f"events[{n}] ({event.kind} {event.index})"
            try:
                read_tokens(store, event.tokens)
            except FileNotFoundError:
                yield Problem(
                    r.file, r.trajectory.sample.id, f"{where}: tokens {event.tokens[:16]} are not in the store"
                )
            except (OSError, ValueError, LookupError) as error:
                yield Problem(r.file, r.trajectory.sample.id, f"{where}: {one_line(error)}")
