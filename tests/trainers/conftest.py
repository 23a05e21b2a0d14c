"""Tests with the trainers' own code. Each runs in an environment that `make test-trainers` makes; elsewhere none is collected whose
trainer is not installed.
"""

from importlib.util import find_spec

TRAINERS = {"trl": "trl", "swift": "swift", "verl": "verl", "webdataset": "webdataset"}

collect_ignore_glob = [
    f"test_*{name}.py" for name, module in TRAINERS.items() if not find_spec(module) or not find_spec("torch")
]
