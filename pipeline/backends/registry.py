"""The backends, by the name that a manifest gives them. A new one needs its own folder and a line in `BACKENDS`.

In: a name. Out: the backend's description of itself (`pipeline.backends.contract.Backend`), imported when it is asked for.
"""

from functools import cache
from importlib import import_module

from pipeline.backends.contract import Backend
from pipeline.typed import shown

BACKENDS = {
    "world": "pipeline.backends.world.description:WorldBackend",
    "openai": "pipeline.backends.openai.description:OpenAIBackend",
    "batch": "pipeline.backends.batch.description:BatchBackend",
    "diffusers": "pipeline.backends.diffusers.description:DiffusersBackend",
    "transformers": "pipeline.backends.transformers.description:TransformersBackend",
    "precomputed": "pipeline.backends.precomputed.description:PrecomputedBackend",
    "vllm": "pipeline.backends.vllm.description:VllmBackend",
}
"""Name -> import path of the class, which is made without arguments."""


def backend(name: str) -> Backend:
    """The backend called `name`. Raises KeyError for a name that `BACKENDS` does not list."""
    return _made(BACKENDS[name])


def unknown(name: str) -> str | None:
    """What to say of a name that is no backend's, as "problem; remedy"; None where it is one."""
    if name in BACKENDS:
        return None
    *others, last = map(repr, BACKENDS)
    return f"got {shown(name)}; it should be {', '.join(others)} or {last}"


@cache
def _made(path: str) -> Backend:
    module, _, name = path.partition(":")
    description: Backend = getattr(import_module(module), name)()
    return description
