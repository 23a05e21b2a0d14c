"""The errors a model call may raise, and what each one means for the sample.

    ModelError
    ├── Transient        try again later; past the deadline -> failed(transport)
    │   ├── RateLimited  the same, with the server's wish when to come back
    │   ├── TimedOut     no answer in time: it may have been made, and counts as paid
    │   └── Broken       an answer came that cannot be used: it was made, and counts as paid
    ├── Refused          the model declined        -> discarded(refused), its words kept
    ├── Malformed        unreadable reply          -> asked once more, then failed(malformed)
    │   └── NothingWrong a reflection that found no fault: judge and reflection disagree
    ├── TooLong          the request does not fit  -> failed(too_long)
    └── EngineDead       the engine is gone        -> the run stops

In: nothing. Out: exception classes; a backend maps foreign errors to these once, where they arise.
"""

from stages.protocols import Usage


class ModelError(Exception):
    """A model call did not give a usable reply. `text` is what is worth keeping of it, `usage` what the provider says it took."""

    def __init__(self, text: str, *more: object) -> None:
        super().__init__(text, *more)  # all of it: errors cross process borders by their arguments
        self.text = text
        self.usage: Usage | None = None

    def __str__(self) -> str:
        return self.text


class Transient(ModelError):
    """The call may succeed if it is made again."""


class RateLimited(Transient):
    """The provider asks us to slow down; `retry_after` in seconds where it names a time."""

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        # both arguments, or the error could not be made again on the other side of a process border
        super().__init__(text, retry_after)
        self.retry_after = retry_after


class TimedOut(Transient):
    """We stopped waiting for the answer; the provider may have made it, and the call counts as paid."""


class Broken(Transient):
    """An answer was made and did not reach us whole: cut short, no JSON, an image that is not where it should be. It is paid."""


class Refused(ModelError):
    """The model declined; `text` holds its words."""


class Malformed(ModelError):
    """The reply could not be read; `text` holds the reply, `problem` says what is wrong with it."""

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(text, problem)
        self.problem = problem

    def __str__(self) -> str:
        return self.problem


class NothingWrong(Malformed):
    """A reflection on a failed image says that nothing is wrong with it: no fault to mend, and a judge to be asked again."""


class TooLong(ModelError):
    """The request exceeds what the model accepts."""


class EngineDead(ModelError):
    """The engine behind the model is gone: no further call can succeed."""
