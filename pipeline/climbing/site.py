"""What one build works with. In: a manifest and a folder. Out: where its store and its database lie, and how wide it works."""

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.manifest.spec import Manifest


@dataclass(frozen=True)
class Site:
    """What one build works with: its manifest, folder, fingerprint, store and database, and the number of its processes."""

    manifest: Manifest
    out: Path
    fingerprint: str
    store: str
    database: str
    workers: int


def make_site(manifest: Manifest, out: Path, fingerprint: str) -> Site:
    """The site of a build in the folder `out`, which is an absolute path."""
    return Site(
        manifest,
        out,
        fingerprint,
        store=manifest.run.store or str(out / "store"),
        database=manifest.run.database or f"sqlite:///{out / 'run.db'}",
        workers=manifest.run.workers or os.cpu_count() or 1,
    )
