"""What identifies a run: the manifest in full, and a fingerprint of all in it that can change a row.

In: a manifest and the hashes of the prompt files. Out: plain data for the lock file, and a sha256.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from sqlalchemy import make_url

from pipeline.manifest.spec import Manifest

# which rows are kept, where the work is done, and what it costs; never what a row says
_WITHOUT_EFFECT = ("name", "quotas", "run", "providers", "prices")


def resolved(manifest: Manifest) -> dict[str, Any]:
    """The manifest with every default filled in, as plain data that may be published: without the database's password."""
    data = manifest.model_dump(mode="json")
    if manifest.run.database is not None:
        data["run"]["database"] = make_url(manifest.run.database).render_as_string(hide_password=True)
    return data


def meaning(manifest: Manifest, prompts: Mapping[str, str]) -> dict[str, Any]:
    """All that can change a row, as plain data: `prompts` maps a prompt file's name to its hash.

    Source files count by content and file name (a failed row names its file), not by folder; image folders do not count, nor
    do the providers of a model: two servers of one model and revision are one model. Raises OSError when a source file
    cannot be read.
    """
    data = resolved(manifest)
    for key in _WITHOUT_EFFECT:
        del data[key]
    data["sources"] = [_identified(source) for source in data["sources"]]
    data["models"] = {role: spec and _model(spec) for role, spec in data["models"].items()}
    data["prompts"] = dict(prompts)
    return data


def fingerprint(manifest: Manifest, prompts: Mapping[str, str]) -> str:
    """sha256 (hex) over all that can change a row (`meaning`). Raises OSError when a source file cannot be read."""
    data = meaning(manifest, prompts)
    text = json.dumps(data, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _model(spec: dict[str, Any]) -> dict[str, Any]:
    own = {key: spec[key] for key in ("backend", "model", "revision", "options")}
    others = [[other["model"] or spec["model"], other["revision"] or spec["revision"]] for other in spec["failover"]]
    strangers = [other for other in others if other != [spec["model"], spec["revision"]]]
    return own | ({"failover": strangers} if strangers else {})


def _identified(source: dict[str, Any]) -> dict[str, Any]:
    if "path" not in source:
        return source
    with open(source["path"], "rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    images = source.get("images") and {k: v for k, v in source["images"].items() if k != "root"}
    return source | {"path": os.path.basename(source["path"]), "images": images, "content": content}
