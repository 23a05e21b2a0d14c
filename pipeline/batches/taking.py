"""Taking answers in: what came back for letters becomes answers of the journal and calls of the ledger, in one commit.

In: what arrived, and the letters it answers. Out: rows of journal and ledger; letters that are sent again, or have come to nothing.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.batches.port import Arrived
from pipeline.journal.metered import paid
from pipeline.journal.parking import load_request, write_failure
from pipeline.money.cost import CostOf
from pipeline.storage import batch, letters
from pipeline.storage.batch import Batch
from pipeline.storage.database import lock_run
from pipeline.storage.entries import ANSWER_ERRORS, Entry, make_failure
from pipeline.storage.ledger import Call
from pipeline.storage.letters import Job, Letter
from pipeline.storage.outcomes import Outcomes
from stages.errors import EngineDead, ModelError, Transient
from stages.protocols import ImageReply, TextReply, Usage


@dataclass
class TakenIn:
    """`answered`: letters whose answer is in the journal now. `again`: those that are sent again. `dead`: why no further one can be
    answered, in words."""

    answered: int = 0
    again: int = 0
    dead: str | None = None


@dataclass
class _Rows:
    calls: dict[str, Call] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    again: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def take_in(
    outcomes: Outcomes,
    job: Job,
    waiting: Mapping[str, Letter],
    arrived: Sequence[Arrived],
    provider: str,
    retries: int,
    cost_of: Callable[[Letter], CostOf],
) -> TakenIn:
    """Take in what `arrived` for letters of `job`; a letter goes out again `retries` times at most. Raises SQLAlchemyError."""
    rows, dead = _Rows(), None
    for one in arrived:
        letter = waiting[one.key]
        rows.calls[one.key] = _call(job, letter, one, provider, cost_of(letter))
        match one.outcome:
            case EngineDead() as error:
                dead = error.text
                rows.again.append(one.key)
            case ModelError() as error if not isinstance(error, ANSWER_ERRORS):
                if isinstance(error, Transient) and letter.tries < retries:
                    rows.again.append(one.key)
                else:
                    rows.failed[one.key] = write_failure(error)
            case outcome:
                rows.entries[one.key] = _entry(letter, outcome)
    with outcomes.engine.begin() as connection:
        lock_run(connection, outcomes.run)
        # another data set of this database may have taken them in since
        there = letters.of_job(connection, job.id)
        calls = [call for key, call in rows.calls.items() if key in there]
        entries = [entry for key, entry in rows.entries.items() if key in there]
        batch.write(connection, outcomes.run, Batch(calls=calls, entries=entries))
        letters.delete_letters(connection, [entry.key for entry in entries])
        letters.post_again(connection, [key for key in rows.again if key in there])
        for key, failure in rows.failed.items():
            letters.fail(connection, key, failure)
    return TakenIn(len(entries) + len(rows.failed), len(rows.again), dead)


def _entry(letter: Letter, outcome: TextReply | ImageReply | ModelError) -> Entry:
    kind, now = load_request(letter.request).schema, time.time()
    match outcome:
        case TextReply():
            return Entry(
                letter.key, kind, now, outcome.text, usage=outcome.usage, carrier=outcome.carrier, tokens=outcome.tokens
            )
        case ImageReply():
            return Entry(letter.key, kind, now, outcome.text, outcome.image, outcome.usage, tokens=outcome.tokens)
        case _:
            return make_failure(letter.key, kind, now, outcome)


def _call(job: Job, letter: Letter, one: Arrived, provider: str, cost_of: CostOf) -> Call:
    request, outcome = load_request(letter.request), one.outcome
    error = outcome if isinstance(outcome, ModelError) else None
    usage = outcome.usage or Usage()
    return Call(
        call_key=letter.key,
        role=letter.role,
        model=letter.identity,
        provider=provider,
        kind=request.schema,
        started=job.created,
        seconds=one.seconds,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        images=int(isinstance(outcome, ImageReply)),
        usd=paid(request, outcome.usage, error, letter.usd, cost_of),
        outcome="ok" if error is None else type(error).__name__,
        carrier=outcome.carrier if isinstance(outcome, TextReply) else None,
    )
