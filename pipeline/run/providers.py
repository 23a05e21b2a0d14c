"""The providers of a run before it begins: which may be asked, and whether they are there.

In: a manifest. Out: the names of its providers; a warning for each model that its provider does not list, or the reason why none of
this can be asked.
"""

import asyncio
from collections.abc import Callable

from pipeline.backends.openai.check import look, unlisted
from pipeline.errors import RunStopped
from pipeline.manifest.spec import Manifest


def providers_asked(manifest: Manifest) -> set[str]:
    """The providers that a role may ask."""
    return {name for _, spec in manifest.models for name in spec.providers}


def check_providers(manifest: Manifest, warn: Callable[[str], None]) -> None:
    """Ask every provider whether it is there before anything is begun, and warn of models that it does not list.

    Raises RunStopped.
    """
    models = {(spec.provider, spec.model) for _, spec in manifest.models if spec.provider and not spec.failover}
    answers = {name: asyncio.run(look(name, manifest.providers[name])) for name in sorted({name for name, _ in models})}
    problems = [answer.problem for answer in answers.values() if answer.problem is not None]
    if problems:
        raise RunStopped("; ".join(problems))
    for name, model in sorted(models):
        warning = unlisted(name, model, answers[name].models)
        if warning is not None:
            warn(warning)
