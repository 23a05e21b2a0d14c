"""What the loader refuses: one line that says where, what is wrong, and what to do. Nothing else comes in or goes out."""


class LoaderProblem(ValueError):
    """Shards, a state or settings that cannot be used; the message is one line: the file or field, the fault, the remedy."""
