"""How long the calls of a build take, and what holds it up.

In: simulated builds, the manifest. Out: hours by build, and for each bound how often it is the one that binds. Time to draw
and judge is all there is: starting, planning and writing the shards take a minute or two on top.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.forecast.rates import CALLS, INPUT, OUTPUT, SECONDS, Floats
from pipeline.forecast.simulate import Builds
from pipeline.manifest.spec import Manifest
from stages.rung import Call

SLOWEST = "the slowest sample, whose calls follow one another"


def hours(builds: Builds, calls: Sequence[Call], manifest: Manifest) -> tuple[Floats, dict[str, float]]:
    """Hours by build, and the share of the builds in which each bound is the tightest; those that never are, are left out."""
    bounds = dict(_bounds(builds, calls, manifest))
    seconds = np.array(list(bounds.values()))
    binding = Counter(np.array(list(bounds))[seconds.argmax(axis=0)].tolist())
    return seconds.max(axis=0) / 3600, {name: n / len(builds.planned) for name, n in binding.most_common()}


def _bounds(builds: Builds, calls: Sequence[Call], manifest: Manifest) -> Iterator[tuple[str, Floats]]:
    """Each bound in words, with the seconds that it asks for."""
    totals = builds.totals
    yield f"run.concurrency {manifest.run.concurrency}", totals[:, :, SECONDS].sum(axis=1) / manifest.run.concurrency
    yield SLOWEST, builds.longest
    asked = {role: spec.provider for role, spec in manifest.models}
    for name, provider in manifest.providers.items():
        mine = totals[:, [asked.get(role) == name for role, _ in calls], :]
        at = f"providers.{name}"
        if provider.concurrency is not None:
            yield f"{at}.concurrency {provider.concurrency}", mine[:, :, SECONDS].sum(axis=1) / provider.concurrency
        for limit, figure, quantities in (
            ("requests_per_minute", provider.requests_per_minute, (CALLS,)),
            ("tokens_per_minute", provider.tokens_per_minute, (INPUT, OUTPUT)),
        ):
            if figure is not None:
                yield f"{at}.{limit} {figure}", 60 * mine[:, :, quantities].sum(axis=(1, 2)) / figure
