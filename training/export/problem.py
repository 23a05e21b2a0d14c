"""What an export cannot do, in one line."""


class ExportProblem(ValueError):
    """An export that cannot be made; the message names file, row or option, and the remedy."""
