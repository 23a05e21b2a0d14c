"""The words in which several edits are asked to be worded as one. They are no part of a build, so that a change here changes no
build's fingerprint."""

BESIDE = __file__
"""What `prompts.catalogue.load` takes to find them."""
