"""The error of a table that cannot be read at all. In: the file and what is wrong with it. Out: one line."""


class TableError(Exception):
    """A table or a file of it cannot be read at all; the message names the file, what is wrong and what to do, in one line."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"
