"""The providers of a run before it begins: which may be asked, and whether they are there.

In: a manifest. Out: the names of its providers; a warning for each model that its provider does not list, or the reason why none of
this can be asked.
"""

import asyncio
from collections.abc import Callable, Collection

from pipeline.backends.openai.check import look, unlisted
from pipeline.errors import RunStopped
from pipeline.manifest.batches import batch_providers
from pipeline.manifest.spec import Manifest


def providers_asked(manifest: Manifest) -> set[str]:
    """The providers that a role may ask."""
    direct = {name for _, spec in manifest.models for name in spec.providers}
    return direct | {name for name, _ in batch_providers(manifest)}


def to_be_started(manifest: Manifest) -> set[str]:
    """Those of them whose server the build is to start: nobody can be asked there before."""
    return {name for name in providers_asked(manifest) if manifest.providers[name].server is not None}


def check_providers(manifest: Manifest, warn: Callable[[str], None], names: Collection[str] | None = None) -> None:
    """Ask providers whether they are there before anything is begun, and warn of models that they do not list.

    Those called `names`; None means all but those that are still to be started. Raises RunStopped.
    """
    pending = to_be_started(manifest)
    models = {
        (spec.provider, spec.model)
        for _, spec in manifest.models
        if spec.provider and not spec.failover and spec.provider not in pending
        if names is None or spec.provider in names
    }
    by_batch = {asked for asked in batch_providers(manifest) if asked[0] not in pending}
    models |= {asked for asked in by_batch if names is None or asked[0] in names}
    answers = {name: asyncio.run(look(name, manifest.providers[name])) for name in sorted({name for name, _ in models})}
    problems = [answer.problem for answer in answers.values() if answer.problem is not None]
    if problems:
        raise RunStopped("; ".join(problems))
    for name, model in sorted(models):
        warning = unlisted(name, model, answers[name].models)
        if warning is not None:
            warn(warning)
