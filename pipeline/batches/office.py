"""The batches of a build: what its samples asked goes out in files, and the build waits until answers come.

In: letters that a pass of the ladder posted. Out: the same letters sent, and the answers that came taken in (`taking`); or Waiting.
A job is written down before it is sent, and looked for before it is sent again, so that a kill at any moment sends nothing twice.
Jobs of other builds of the database are theirs: a question that one of them has sent is waited for (`others`).
"""

import asyncio
import json
import time
import uuid
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console

from pipeline.backends.batch.description import NAME
from pipeline.backends.batch.spec import BatchSpec
from pipeline.backends.openai.client import close_clients
from pipeline.batches.files import FilesPort
from pipeline.batches.others import OtherBuilds
from pipeline.batches.port import JobLook, Port
from pipeline.batches.taking import take_in
from pipeline.errors import RunStopped, Waiting
from pipeline.journal.parking import write_failure
from pipeline.manifest.batches import batches_used
from pipeline.manifest.prices import model_price
from pipeline.manifest.spec import Manifest, ModelSpec
from pipeline.money.budget import Budget
from pipeline.money.cost import CostOf, cost
from pipeline.money.prices import table
from pipeline.storage import letters
from pipeline.storage.image_store import ImageStore
from pipeline.storage.letters import Job, Letter
from pipeline.storage.outcomes import Outcomes
from stages.errors import ModelError, Transient

GO_ON = "type the same command again to go on"


def open_port(name: str, batch: BatchSpec, manifest: Manifest, store: ImageStore, out: Path) -> Port:
    """What the batch `name` goes out by."""
    if batch.provider is not None:
        from pipeline.batches.api import ApiPort  # here, because an HTTP client takes a second to import

        return ApiPort(batch.provider, manifest.providers[batch.provider], store, out)
    return FilesPort(name, Path(batch.folder) if batch.folder else out / "batches" / name, store)


@dataclass(frozen=True)
class _Out:
    """A job that is out, and by which port."""

    job: Job
    port: Port
    batch: BatchSpec


class Office:
    """The batches that a manifest uses, and those of its batches by which requests are out still."""

    def __init__(self, manifest: Manifest, outcomes: Outcomes, store: ImageStore, out: Path, console: Console) -> None:
        self._manifest = manifest
        self._outcomes = outcomes
        self._place = str(out.resolve())
        self._used = batches_used(manifest)
        with outcomes.engine.connect() as connection:
            names = {job.batch for job in letters.jobs(connection, outcomes.run, self._place)} | self._used.keys()
        self._batches = {name: batch for name, batch in manifest.batches.items() if name in names}
        self._ports = {name: open_port(name, b, manifest, store, out) for name, b in self._batches.items()}
        self._others = OtherBuilds(outcomes, self._place)
        self._console = console
        self._warned = ""

    def begin(self) -> None:
        """Take in what came while no build was at work. Raises RunStopped, OSError, SQLAlchemyError."""
        if self._batches or self.busy:
            with self._outcomes.engine.begin() as connection:
                letters.forget_unsent(connection, self._outcomes.run)
        if self._batches:
            asyncio.run(self._closing(self._look_once()))

    @property
    def busy(self) -> bool:
        """Whether any question waits for an answer."""
        with self._outcomes.engine.connect() as connection:
            mine = any(letters.count(connection, self._outcomes.run, state) for state in ("posted", "sent"))
        return mine or bool(self._used and self._others.letters())

    def mention_rest(self) -> None:
        """Say what is out and no longer needed: it may be paid all the same, and is taken in if the build ever goes on."""
        if self._jobs() and self.busy:
            self._console.print(
                f"Requests that no quota needs any more are out still: {self._places()}.", markup=False, soft_wrap=True
            )

    def exchange(self, samples: int) -> None:
        """Send what `samples` samples asked, and wait until the answers to one file have come.

        Raises Waiting when they do not come in time, RunStopped, OSError, SQLAlchemyError; KeyboardInterrupt is safe.
        """
        asyncio.run(self._closing(self._exchange(samples)))

    async def _closing(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except ModelError as error:
            raise RunStopped(str(error)) from error
        finally:
            await close_clients()

    async def _exchange(self, samples: int) -> None:
        await self._send_all()
        if not self._jobs():
            self._refuse_moved()
            least = min((batch.poll_s for batch in self._used.values()), default=0.0)
            await self._others.wait(samples, least, self._longest_wait_s(self._used.values()))
            return
        began, answered = time.monotonic(), 0
        self._console.print(self._state(samples), markup=False, highlight=False, soft_wrap=True)
        with self._console.status("waiting for answers; Ctrl-C is safe"):
            while True:
                over, arrived = await self._look_once()
                answered += arrived
                if over and not arrived:  # it expired, or was not taken: not at once again
                    await asyncio.sleep(min(batch.poll_s for batch in self._batches.values()))
                if over or not self._jobs():
                    return
                left_s = self._longest_wait_s(out.batch for out in self._jobs()) - (time.monotonic() - began)
                if left_s <= 0:
                    break
                await asyncio.sleep(min(left_s, *(out.batch.poll_s for out in self._jobs())))
        if not answered:
            raise Waiting(f"{self._state(samples)}; {self._places()}; {GO_ON}")

    @staticmethod
    def _longest_wait_s(batches: Iterable[BatchSpec]) -> float:
        return max((float("inf") if batch.wait_s is None else batch.wait_s for batch in batches), default=0.0)

    def _jobs(self) -> list[_Out]:
        with self._outcomes.engine.connect() as connection:
            jobs = letters.jobs(connection, self._outcomes.run, self._place)
        return [_Out(job, self._ports[job.batch], self._batches[job.batch]) for job in jobs if job.batch in self._ports]

    def _state(self, samples: int) -> str:
        files: dict[str, int] = {}
        for out in self._jobs():
            files[out.job.batch] = files.get(out.job.batch, 0) + 1
        named = ", ".join(f"{n} {'batch' if n == 1 else 'batches'} of {name}" for name, n in files.items())
        return f"{samples:,} samples wait for {named or 'nothing'}"

    def _places(self) -> str:
        return "answers are awaited at " + ", ".join(dict.fromkeys(out.port.place for out in self._jobs()))

    def _refuse_moved(self) -> None:
        """Raises RunStopped where samples wait for what went out with a batch that no model goes by any more."""
        with self._outcomes.engine.connect() as connection:
            elsewhere = letters.count_elsewhere(connection, self._outcomes.run, self._place, list(self._batches))
        if elsewhere:
            places = ", ".join(f"{number:,} with {name}" for name, number in elsewhere.items())
            raise RunStopped(
                f"samples wait for requests that are out with a batch which no model goes by any more ({places}); name it again "
                "under models.ROLE.batch until their answers are here"
            )

    async def _look_once(self) -> tuple[bool, int]:
        """Whether a job came to its end, and how many letters were answered."""
        ended, answered = False, 0
        for out in self._jobs():
            try:
                if out.job.state == "making":
                    await self._heal(out)
                    continue
                over, arrived = await self._look_at(out)
            except Transient as error:  # the next look may find it
                self._warn(error)
                continue
            ended, answered = ended or over, answered + arrived
        return ended, answered

    async def _look_at(self, out: _Out) -> tuple[bool, int]:
        with self._outcomes.engine.connect() as connection:
            waiting = letters.of_job(connection, out.job.id)
        look = await out.port.look(out.job, waiting)
        provider, retries = out.batch.provider or out.job.batch, self._manifest.run.retries
        taken = take_in(self._outcomes, out.job, waiting, look.arrived, provider, retries, self._cost_of)
        over = look.over or len(look.arrived) == len(waiting)
        if over:
            self._end(out, look)
        if out.job.batch not in self._used:  # whoever wants it now asks directly
            with self._outcomes.engine.begin() as connection:
                letters.forget_posted(connection, self._outcomes.run, out.job.batch)
        problem = taken.dead or look.problem
        if problem is not None:
            raise RunStopped(f"batch {out.job.batch}: {problem}")
        return over, taken.answered

    def _warn(self, error: Transient) -> None:
        if self._warned != error.text:
            self._console.print(error.text, markup=False, highlight=False, soft_wrap=True)
        self._warned = error.text

    def _end(self, out: _Out, look: JobLook) -> None:
        """A job is over: what has no answer goes out again, as often as the run says."""
        retries = self._manifest.run.retries
        with self._outcomes.engine.begin() as connection:
            left = letters.of_job(connection, out.job.id)
            given_up = [one.key for one in left.values() if one.tries >= retries and not look.full]
            letters.post_again(connection, [key for key in left if key not in set(given_up)], counted=not look.full)
            words = f"{retries + 1} batches of {out.job.batch} came back without an answer to it ({look.remark})"
            for key in given_up:
                letters.fail(connection, key, write_failure(Transient(words)))
            letters.set_job(connection, out.job.id, state="done")
        out.port.finish(out.job)
        if left:
            why = "the provider has no room for them yet" if look.full else look.remark
            ends = f"; {len(given_up):,} of them for the last time" if given_up else ": they are sent again"
            text = f"{len(left):,} requests of {out.job.batch} came back without an answer ({why}){ends}."
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _cost_of(self, letter: Letter) -> CostOf:
        spec = ModelSpec(
            backend=NAME,
            batch=letter.batch,
            model=letter.model,
            revision=letter.revision,
            options=json.loads(letter.options),
        )
        return partial(cost, model_price(self._manifest, spec, table().models))

    async def _send_all(self) -> None:
        """Send what is posted, as far as the budget goes. Raises RunStopped when it pays for nothing more."""
        budget = Budget(self._manifest.run.budget_usd, self._outcomes.spent())
        with self._outcomes.engine.connect() as connection:
            posted = [one for one in letters.posted(connection, self._outcomes.run) if one.batch in self._used]
        paid_for = [one for one in posted if budget.reserve(one.usd or 0.0)]
        if posted and not paid_for and not self._jobs():
            raise RunStopped(
                f"{budget.spent:.2f} US dollars are spent, and the next batch may cost "
                f"{posted[0].usd or 0.0:.4f} for one request alone; raise run.budget_usd"
            )
        for (name, endpoint), group in _grouped(paid_for, self._ports):
            await self._send_group(name, endpoint, group)

    async def _send_group(self, name: str, endpoint: str, group: Sequence[Letter]) -> None:
        batch, port = self._batches[name], self._ports[name]
        job, size = uuid.uuid4().hex[:12], 0
        lines: list[bytes] = []
        held: list[str] = []
        for letter in group:
            line = await port.line(job, letter)
            if held and (len(held) == batch.most_per_file or size + len(line) > batch.most_bytes):
                await self._send(Job(job, name, endpoint, len(held), time.time(), out=self._place), held, lines)
                job, size, lines, held = uuid.uuid4().hex[:12], 0, [], []
                line = await port.line(job, letter)
            lines.append(line)
            held.append(letter.key)
            size += len(line) + 1
        await self._send(Job(job, name, endpoint, len(held), time.time(), out=self._place), held, lines)

    async def _send(self, job: Job, keys: Sequence[str], lines: Sequence[bytes]) -> None:
        with self._outcomes.engine.begin() as connection:
            letters.begin_job(connection, self._outcomes.run, job, keys)
        try:
            self._note_sent(job, await self._ports[job.batch].send(job, lines))
        except Transient as error:  # it may have been sent all the same: it is looked for before it is sent again
            self._warn(error)

    async def _heal(self, out: _Out) -> None:
        """Finish what a kill cut short: the job may have been sent, and must not be sent twice."""
        with self._outcomes.engine.connect() as connection:
            held = letters.of_job(connection, out.job.id)
        remote = await out.port.find(out.job)
        if remote is None:
            lines = [await out.port.line(out.job.id, letter) for letter in held.values()]
            remote = await out.port.send(out.job, lines)
        self._note_sent(out.job, remote)

    def _note_sent(self, job: Job, remote: str | None) -> None:
        with self._outcomes.engine.begin() as connection:
            letters.set_job(connection, job.id, state="sent", remote=remote)


def _grouped(posted: Sequence[Letter], ports: dict[str, Port]) -> Iterator[tuple[tuple[str, str], list[Letter]]]:
    """Letters that may share a file: of one batch, endpoint and model, in the order in which they were posted."""

    def place(letter: Letter) -> tuple[str, str, str]:
        return letter.batch, ports[letter.batch].endpoint(letter), letter.identity

    for (name, endpoint, _), group in groupby(sorted(posted, key=place), place):
        yield (name, endpoint), list(group)
