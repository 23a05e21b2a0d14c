"""What can go wrong in a review. Each message is one line that says what to do.

    ReviewError (a BuildError)   the review cannot be opened, or what was asked cannot be done      exit code 2
    └── ClaimLost                the claim is nobody's or somebody else's by now; nothing was written

In: nothing. Out: these classes.
"""

from pipeline.errors import BuildError


class ReviewError(BuildError):
    """The review cannot be opened, or a person asked for what cannot be done."""


class ClaimLost(ReviewError):
    """A verdict or a skip came under a claim that is given to somebody else, or settled already. Nothing was written."""
