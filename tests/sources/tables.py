"""Small real tables for the tests of this folder: images, files, manifests, and the plans made of them."""

import io
import json
import os
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.manifest.spec import Manifest
from pipeline.planning.plan import Planned, plan
from pipeline.storage.image_store import ImageStore
from stages.trajectory import Trajectory

MODELS = {role: {"model": "w"} for role in ("baseline", "generator", "analyzer")}


def shared_data() -> Path:
    """The folder of real inputs; a test that needs it must not pass without it."""
    root = Path(os.environ.get("X2I_SHARED") or Path(__file__).resolve().parents[3] / "shared")
    assert (root / "data").is_dir(), f"{root}/data is missing: set X2I_SHARED to the folder that holds data/"
    return root / "data"


def encode_image(size: tuple[int, int] = (32, 24), colour: Any = (200, 30, 60), form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, form)
    return buffer.getvalue()


def write_file(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def write_jsonl(path: Path, rows: list[Any]) -> Path:
    return write_file(
        path, b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)
    )


def make_manifest(*sources: dict[str, Any], **values: Any) -> Manifest:
    return Manifest.model_validate({"name": "t", "models": MODELS, "sources": list(sources), **values})


def make_plan(folder: Path, *sources: dict[str, Any], workers: int = 2, **values: Any) -> Planned:
    return plan(make_manifest(*sources, **values), ImageStore(str(folder / "store")), workers)


def table(path: Path, **spec: Any) -> dict[str, Any]:
    columns = {"instruction": "prompt"} | spec.pop("columns", {})
    return {"kind": path.suffix[1:], "name": "s", "path": str(path), "columns": columns, **spec}


def failure_lines(plan: Planned) -> list[str]:
    """The error lines of the failed rows, in order of row."""
    failed = [t for t in plan.trajectories if t.status == "failed"]
    assert all(t.reason == "input" and not t.events for t in failed)
    return [t.detail or "" for t in sorted(failed, key=lambda t: int(t.sample.row_id.removeprefix("row:")))]


def climbing_trajectories(plan: Planned) -> list[Trajectory]:
    """The admitted trajectories, in order of row id."""
    return sorted((t for t in plan.trajectories if t.status == "climbing"), key=lambda t: t.sample.row_id)
