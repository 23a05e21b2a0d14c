"""What a batch goes out by: a folder of files, or the batch API of a provider.

In: letters (`pipeline.storage.letters`). Out: files of requests, and what has come back for each letter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from pipeline.storage.letters import Job, Letter
from stages.errors import ModelError
from stages.protocols import ImageReply, TextReply

Outcome: TypeAlias = TextReply | ImageReply | ModelError


@dataclass(frozen=True)
class Arrived:
    """What came back for the letter `key`, made in `seconds` (0 where nobody says); an image lies in the store already."""

    key: str
    outcome: Outcome
    seconds: float = 0.0


@dataclass(frozen=True)
class JobLook:
    """What a look at a job found. `over`: nothing more will come, and letters without an answer are to be sent again; `remark`: how
    it stands, in few words; `problem`: why no letter of it can be answered, which stops the run. `full`: it was over before it
    began, for want of room at the provider."""

    arrived: Sequence[Arrived]
    over: bool
    remark: str = ""
    problem: str | None = None
    full: bool = False


class Port(Protocol):
    """One batch of a manifest."""

    @property
    def place(self) -> str:
        """Where answers are awaited, as a person finds it."""
        ...

    def endpoint(self, letter: Letter) -> str:
        """Letters go out together where this is equal."""
        ...

    async def line(self, job: str, letter: Letter) -> bytes:
        """The request as one line of the file of `job`. Raises stages.errors.ModelError, OSError."""
        ...

    async def send(self, job: Job, lines: Sequence[bytes]) -> str | None:
        """Send a job, once; its name there. Raises stages.errors.ModelError, OSError."""
        ...

    async def find(self, job: Job) -> str | None:
        """The name of a job that may have been sent before a kill; None where it was not. Raises stages.errors.ModelError."""
        ...

    async def look(self, job: Job, letters: Mapping[str, Letter]) -> JobLook:
        """How a job stands whose `letters` (by key) have no answer yet. Raises stages.errors.ModelError, OSError."""
        ...

    def finish(self, job: Job) -> None:
        """Every letter of the job is taken in. Raises OSError."""
        ...
