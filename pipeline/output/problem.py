"""What the check of an output finds. In: nothing. Out: `Problem`, one line each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong: in which file (relative to the output), in which row if in one, and what."""

    file: str
    row: str | None
    what: str
    of_models: bool = False
    """True where nothing is damaged: it lies in what the models made."""
    of_form: bool = False
    """True where nothing is damaged: another version of this program wrote it."""

    def __str__(self) -> str:
        place = self.file if self.row is None else f"{self.file}: {self.row}"
        return f"{place}: {self.what}".replace("\n", " ")


def one_line(error: BaseException) -> str:
    """An error's kind and the first line of what it says."""
    words = str(error).strip().splitlines()
    return f"{type(error).__name__}: {words[0][:200]}" if words else type(error).__name__
