"""What identifies a run: the manifest in full, and a fingerprint of all in it that can change a row.

In: a manifest and the hashes of the prompt files. Out: plain data for the lock file, and a sha256.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from sqlalchemy import make_url

from pipeline.manifest import Manifest

_WITHOUT_EFFECT = ("name", "quotas", "run")  # which rows are kept, and where the work is done; never what a row says


def resolved(manifest: Manifest) -> dict[str, Any]:
    """The manifest with every default filled in, as plain data that may be published: without the database's password."""
    data = manifest.model_dump(mode="json")
    if manifest.run.database is not None:
        data["run"]["database"] = make_url(manifest.run.database).render_as_string(hide_password=True)
    return data


def fingerprint(manifest: Manifest, prompts: Mapping[str, str]) -> str:
    """sha256 (hex) over all that can change a row: `prompts` maps a prompt file's name to its hash.

    Source files count by content and file name (a failed row names its file), not by folder; image folders do not count.
    Raises OSError when a source file cannot be read.
    """
    data = resolved(manifest)
    for key in _WITHOUT_EFFECT:
        del data[key]
    data["sources"] = [_identified(source) for source in data["sources"]]
    data["prompts"] = dict(prompts)
    text = json.dumps(data, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _identified(source: dict[str, Any]) -> dict[str, Any]:
    if "path" not in source:
        return source
    with open(source["path"], "rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    images = source.get("images") and {k: v for k, v in source["images"].items() if k != "root"}
    return source | {"path": os.path.basename(source["path"]), "images": images, "content": content}
