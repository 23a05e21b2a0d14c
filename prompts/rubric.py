"""The version of the rubric that images are judged by.

In: nothing. Out: `RUBRIC`, which goes into each evaluation, so that rows judged by other words can be told apart.
"""

RUBRIC = "1"
"""Raised with each change of `evaluate.j2` that may move a score."""
