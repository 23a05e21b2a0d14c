"""The backends as the contract test takes them: `cases/NAME.py: CASE` for each. Importing a case costs no heavy library.

In: nothing. Out: `Case` and `Fault`, and `CASES`, read from this folder.
"""

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from pipeline.backends.contract import Access, BareModel
from pipeline.storage.image_store import ImageStore
from stages.errors import ModelError
from stages.protocols import Request

Open = Callable[[], BareModel]


@dataclass(frozen=True)
class Fault:
    """A way to go wrong. `made(folder, store)` sets it up and yields what opens the model, and a request to it.

    Opening it or asking it must raise `error`, whose words match `words`.
    """

    made: Callable[[Path, ImageStore], AbstractContextManager[tuple[Open, Request]]]
    error: type[ModelError]
    words: str


@dataclass(frozen=True)
class Case:
    """A backend. `accessible(folder)` makes its weights or starts its server, and yields how a model of it is reached.

    `requests(store, count)`: so many requests of every kind that the model answers, which differ in their seeds alone, one kind
    after the other. `other`: options that change answers. `batches(model)`: the sizes of the batches that an opened model has
    run, where it coalesces calls. `needs`: the library that it takes beyond the default install, which decides which tests run it.
    `answers_at_once`: whether a call to an opened model gives a reply; else its faults alone show what it does.
    """

    accessible: Callable[[Path], AbstractContextManager[Access]]
    requests: Callable[[ImageStore, int], Sequence[Request]]
    other: Mapping[str, Any]
    faults: Mapping[str, Fault] = field(default_factory=dict)
    batches: Callable[[BareModel], Sequence[int]] | None = None
    needs: Literal["", "torch", "vllm"] = ""
    answers_at_once: bool = True


def cases() -> dict[str, Case]:
    """Every case of this folder, by name."""
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    return {name: import_module(f"{__name__}.{name}").CASE for name in names}
