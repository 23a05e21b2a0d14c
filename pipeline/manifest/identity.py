"""What identifies a run: the manifest in full, and a fingerprint of all in it that can change a row.

In: a manifest and the hashes of the prompt files. Out: plain data for the lock file, and a sha256 in hex.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Any

from sqlalchemy import make_url

from pipeline.manifest.batches import backend_of
from pipeline.manifest.forms import FORMS
from pipeline.manifest.generators import place_of
from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.sources.content import content_hash
from pipeline.sources.files import is_one_file
from pipeline.sources.spec import TableSpec
from prompts.catalogue import Prompts, load
from prompts.rubric import RUBRIC
from stages.rung import Recipe

# these decide which rows are kept, where the work is done and what it costs, but never the content of a row
_WITHOUT_EFFECT = ("name", "quotas", "targets", "run", "providers", "engines", "batches", "prices")


def resolved(manifest: Manifest) -> dict[str, Any]:
    """The manifest with every default filled in, as plain data that may be published: without the database's password."""
    data = manifest.model_dump(mode="json")
    if manifest.run.database is not None:
        data["run"]["database"] = make_url(manifest.run.database).render_as_string(hide_password=True)
    return data


def meaning(manifest: Manifest, prompts: Mapping[str, str]) -> dict[str, Any]:
    """All that can change a row, as plain data: `prompts` maps a prompt file's name to its hash, those of kits included.

    Source files count by content and file name (a failed row names its file), not by folder; image folders do not count, nor
    do the providers of a model: two servers of one model and revision are one model. Raises OSError when a source file
    cannot be read.
    """
    data = resolved(manifest)
    for key in _WITHOUT_EFFECT:
        data.pop(key, None)
    data["sources"] = [_identify_source(source) for source in data["sources"]]
    if "screens" in data:
        sets = data["screens"]["decontaminate"]
        data["screens"]["decontaminate"] = [_identify_source(spec) for spec in sets]
    generators = data["models"].pop("generators", {})
    data["models"] = {role: spec and _identify_model(spec) for role, spec in data["models"].items()}
    if generators:
        data["models"]["generators"] = {name: _identify_model(spec) for name, spec in generators.items()}
    for role, spec in manifest.models:
        if spec.batch is not None:  # the batch API of a provider is another way to the same model
            place = data["models"]
            for name in place_of(role).split("."):
                place = place[name]
            place["backend"] = backend_of(manifest, spec)
    data["prompts"] = dict(prompts)
    # the groups of sub-categories are words of the judging prompt too, and stand in no prompt file
    data["rubric"] = RUBRIC
    data["forms"] = dict(FORMS)
    if own := {name: _source_of(name) for name in manifest.policy.ladder if ":" in name}:
        data["rungs"] = own  # of one's own: their code is what they do
    return data


def load_prompts(*recipes: Recipe, kits: Iterable[str] = (), further: Iterable[str] = ()) -> Prompts:
    """The words of these ladders: the package's prompts, those of these kits, and those of rungs from elsewhere. `further`: files
    beside which there are more words that no build uses.

    Raises ManifestError where two share a name.
    """
    beside = (rung.prompts for recipe in recipes for rung in recipe.rungs if rung.prompts is not None)
    try:
        return load((*beside, *further), kits)
    except (ValueError, OSError) as error:
        raise ManifestError(f"policy.ladder: {error}") from error


def fingerprint(manifest: Manifest, prompts: Mapping[str, str]) -> str:
    """sha256 (hex) over all that can change a row (`meaning`). Raises OSError when a source file cannot be read."""
    data = meaning(manifest, prompts)
    text = json.dumps(data, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _source_of(rung: str) -> str:
    """The hash of the module that an import path names, as it lies on disk."""
    module = find_spec(rung.partition(":")[0])
    if module is None or module.origin is None:
        raise ManifestError(f"policy.ladder: {rung}: its source is not to be found; keep it in a file")
    with open(module.origin, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _identify_model(spec: dict[str, Any]) -> dict[str, Any]:
    own = {key: spec[key] for key in ("backend", "model", "revision", "options", "kit")}
    others = [[other["model"] or spec["model"], other["revision"] or spec["revision"]] for other in spec["failover"]]
    strangers = [other for other in others if other != [spec["model"], spec["revision"]]]
    return own | ({"failover": strangers} if strangers else {})


def _identify_source(source: dict[str, Any]) -> dict[str, Any]:
    # a single rollout is what every row had before there were any; the last three say where a mapping comes from
    without_effect = ("evaluation", "preset", "layout")
    source = {k: v for k, v in source.items() if (k, v) != ("rollouts", 1) and k not in without_effect}
    if "path" not in source:
        return source
    spec = TableSpec.model_validate(source)
    is_named = spec.kind == "huggingface" or is_one_file(spec)
    file = os.path.basename(spec.path) if is_named else None  # several files count by their names in the hash
    images = source.get("images") and {k: v for k, v in source["images"].items() if k != "root"}
    return source | {"path": file, "images": images, "content": content_hash(spec)}
