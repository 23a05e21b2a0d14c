"""An earlier build as a source of rates, and whether its rates say anything about the one to be planned.

In: the folder of a finished build (run.json, record/, ledger.parquet), the manifest to be planned. Out: `MeasuredRates`. Rates
under another policy or of other models are those of another ladder: they are refused. What makes them less certain is noted.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.forecast.declaration import RatesError
from pipeline.forecast.measured import MeasuredRates, read_climbs
from pipeline.manifest.generators import place_of
from pipeline.manifest.identity import load_prompts, resolved
from pipeline.manifest.spec import Manifest
from pipeline.output import run_json
from pipeline.output.record import recorded
from pipeline.output.run_json import RunSummary
from stages.makers import maker

_LEDGER = ["call_key", "role", "kind", "seconds", "input_tokens", "output_tokens", "images", "usd"]
_SIZES = (
    "count",
    "limit",
    "path",
    "images",
)  # of a source: how much of it there is and where it lies, not what it asks for


def pilot(out: Path, manifest: Manifest) -> MeasuredRates:
    """The rates of the build in `out`. Raises RatesError when they do not fit, or when `out` holds no finished build."""
    with reading(out):
        run = run_json.read(out)
    if misfits := list(_misfits(run, manifest)):
        raise RatesError(f"{out}: measured under other conditions, so its rates do not fit: {'; '.join(misfits)}")
    with reading(out):
        climbs = read_climbs((recording.trajectory for recording in recorded(out)), manifest.recipe)
        ledger = pq.read_table(out / "ledger.parquet", columns=_LEDGER).to_pandas()
    return MeasuredRates(climbs, ledger, manifest, str(out), tuple(_notes(run, manifest)), run.counts["beyond_cut"])


@contextmanager
def reading(out: Path) -> Iterator[None]:
    """Every way in which a file of `out` cannot be read becomes a RatesError of one line."""
    try:
        yield
    except FileNotFoundError as error:
        problem = f"{error.filename} is missing" if error.filename else error
        raise RatesError(f"{out}: {problem}; measure a finished build") from error
    except (OSError, ValueError, pa.ArrowException) as error:
        raise RatesError(f"{out}: {' '.join(str(error).split())[:200]}; measure another build") from error


def _misfits(run: RunSummary, manifest: Manifest) -> Iterator[str]:
    """What makes it another ladder: the policy, or a model."""
    then, now = run.manifest, resolved(manifest)
    yield from _differences("policy", then.get("policy"), now["policy"])
    specs, were = _by_role(now["models"]), _by_role(then.get("models", {}))
    for role, spec in specs.items():
        old = were.get(role)
        for key in ("model", "revision", "options", "kit"):
            yield from _differences(f"models.{place_of(role)}.{key}", old and old.get(key), spec and spec[key])


def _by_role(models: Mapping[str, Any]) -> dict[str, Any]:
    """The specs of models by role, the generators beside the default one among them."""
    alone = {role: spec for role, spec in models.items() if role != "generators"}
    return alone | {maker(name): spec for name, spec in models.get("generators", {}).items()}


def _notes(run: RunSummary, manifest: Manifest) -> Iterator[str]:
    """What makes the rates less certain than their interval says."""
    then, now = run.manifest, resolved(manifest)
    if run.prompts != load_prompts(manifest.recipe, kits=manifest.models.kits.values()).hashes:
        yield "measured with other prompts"
    if [_asked(source) for source in then.get("sources", ())] != [_asked(source) for source in now["sources"]]:
        yield f"measured on another source ({run.name}): its samples may be easier or harder"
    if then.get("run", {}).get("concurrency") != now["run"]["concurrency"]:
        yield f"seconds were measured at run.concurrency {then.get('run', {}).get('concurrency')}"


def _asked(source: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in source.items() if key not in _SIZES}


def _differences(place: str, then: Any, now: Any) -> Iterator[str]:
    """Each value that differs, by its place: "policy.reflection_rounds 3, planned 2"."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in {**then, **now}:
            yield from _differences(f"{place}.{key}", then.get(key), now.get(key))
    elif then != now:
        yield f"{place} was {json.dumps(then)} and is {json.dumps(now)}"
