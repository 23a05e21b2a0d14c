"""Where a training stands in an epoch, as rows that were given out: what a state holds, and how to go on from it.

In: what was loaded, how many batches a rank was given since. Out: a `Cursor`, its JSON form, and the cursor for another number of
ranks or workers. Rows that workers had read ahead and nobody was given are not counted, so they come again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from training.loader.deal import Deal, Remainder
from training.loader.problem import LoaderProblem

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """An epoch, how its rows are dealt, the rows each stream has given out (by rank, by worker), and whose turn is next by rank."""

    epoch: int
    deal: Deal
    given: tuple[tuple[int, ...], ...]
    turn: tuple[int, ...]

    @classmethod
    def begin(cls, epoch: int, deal: Deal) -> "Cursor":
        """Nothing of this deal is given out yet."""
        return cls(epoch, deal, ((0,) * deal.workers,) * deal.world, (0,) * deal.world)

    @property
    def is_done(self) -> bool:
        """Whether every stream has given out all it has."""
        return all(rows >= self.deal.length for ranks in self.given for rows in ranks)

    def after(self, batches: int, size: int) -> "Cursor":
        """After every rank was given so many more batches of `size` rows; a stream's last batch is a short one."""
        given, turn = [], []
        for rank, ranks in enumerate(self.given):
            each, more = divmod(batches, self.deal.workers)
            extra = [(worker - self.turn[rank]) % self.deal.workers < more for worker in range(self.deal.workers)]
            taken = [rows + (each + one) * size for rows, one in zip(ranks, extra, strict=True)]
            given.append(tuple(min(rows, self.deal.length) for rows in taken))
            turn.append((self.turn[rank] + batches) % self.deal.workers)
        return replace(self, given=tuple(given), turn=tuple(turn))

    def at(self, rank: int, worker: int, rows: int) -> "Cursor":
        """With `rows` given out by one worker of one rank, the others as they are."""
        ranks = list(self.given[rank])
        ranks[worker] = rows
        return replace(self, given=(*self.given[:rank], tuple(ranks), *self.given[rank + 1 :]))

    def dealt(self, world: int, workers: int, remainder: Remainder) -> "Cursor":
        """For so many ranks and workers: the same cursor where nothing changes, else what is left, dealt anew."""
        if (world, workers, remainder) == (self.deal.world, self.deal.workers, self.deal.remainder):
            return self
        return Cursor.begin(self.epoch, Deal(self.deal.left_after(self.given), world, workers, remainder))


@dataclass(frozen=True, slots=True)
class Identity:
    """What a state and a loader must share: the shards, the seed, what is shuffled, how many rows there are."""

    shards: str
    seed: int
    shuffle: str
    rows: int


@dataclass(frozen=True, slots=True)
class State:
    """A cursor as it is saved: whose it is (`worker` None for a whole rank), and of which data set."""

    format: int
    identity: Identity
    cursor: Cursor
    rank: int
    worker: int | None

    def to_json(self) -> dict[str, Any]:
        """Plain lists and dictionaries, as JSON and torch's checkpoints take them."""
        plain: dict[str, Any] = _states().dump_python(self, mode="json")
        return plain


def read_state(state: Any, identity: Identity) -> State:
    """A state that was saved for `identity`. Raises LoaderProblem for a foreign, damaged or unfitting one."""
    if not isinstance(state, Mapping) or state.get("format") != FORMAT:
        raise LoaderProblem("this is no state of this loader: give what its state_dict() returned")
    try:
        saved = _states().validate_python(dict(state))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise LoaderProblem(f"state: {field}: {first['msg']}; load another checkpoint") from None
    _check_identity(saved.identity, identity)
    _check_shape(saved)
    return saved


def read_states(states: Sequence[Any], identity: Identity) -> Cursor:
    """One cursor from the states of all ranks, which need not have been given equally many batches."""
    saved = [read_state(state, identity) for state in states]
    first = saved[0].cursor
    ranks = sorted(state.rank for state in saved)
    if ranks != list(range(first.deal.world)):
        raise LoaderProblem(f"states: of ranks {ranks}, {first.deal.world} ranks were saved; give one state of each")
    if any((state.cursor.epoch, state.cursor.deal) != (first.epoch, first.deal) for state in saved):
        raise LoaderProblem("states: the ranks stood in different epochs; give states that were saved at one step")
    mine = {state.rank: state.cursor for state in saved}
    return replace(
        first,
        given=tuple(mine[rank].given[rank] for rank in ranks),
        turn=tuple(mine[rank].turn[rank] for rank in ranks),
    )


def _check_identity(saved: Identity, mine: Identity) -> None:
    if saved.shards != mine.shards:
        raise LoaderProblem(
            f"state: saved over other shards ({saved.rows} rows, {saved.shards[:12]}) than these ({mine.rows} rows, "
            f"{mine.shards[:12]}); name the shards it was saved over, or begin anew"
        )
    for name in ("seed", "shuffle"):
        if getattr(saved, name) != getattr(mine, name):
            was, now = getattr(saved, name), getattr(mine, name)
            raise LoaderProblem(f"state: {name} was {was}, here it is {now}; pass {name}={was!r}, or begin anew")


def _check_shape(state: State) -> None:
    """Refuses a state whose parts do not fit one another: one that was edited or damaged."""
    cursor, deal = state.cursor, state.cursor.deal
    streams = [rows for ranks in cursor.given for rows in ranks]
    spans = [number for span in deal.left for number in span]
    fits = (
        deal.world > 0
        and deal.workers > 0
        and len(cursor.given) == len(cursor.turn) == deal.world
        and all(len(ranks) == deal.workers for ranks in cursor.given)
        and all(0 <= rows <= deal.length for rows in streams)
        and all(0 <= turn < deal.workers for turn in cursor.turn)
        and spans == sorted(spans)
        and (not spans or (spans[0] >= 0 and spans[-1] <= state.identity.rows))
        and 0 <= state.rank < deal.world
        and cursor.epoch >= 0
    )
    if not fits:
        raise LoaderProblem("state: its parts do not fit one another (was it edited?); load another checkpoint")


@cache
def _states() -> TypeAdapter[State]:
    return TypeAdapter(State)


def as_json(cursor: Cursor, identity: Identity, rank: int, worker: int | None = None) -> dict[str, Any]:
    """The state to save."""
    return State(FORMAT, identity, cursor, rank, worker).to_json()
