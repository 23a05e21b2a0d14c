"""Rows to train on. `make test-training` installs what tests in `torch/` need: the default tests run without it."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") and find_spec("transformers") else ["torch"]
