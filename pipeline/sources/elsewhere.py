"""Whether a table lies elsewhere than on this machine. In: a `TableSpec`, the manifest's folder. Out: yes or no."""

from pathlib import Path

from pipeline.sources.readers.hub import NAME
from pipeline.sources.remote import is_remote
from pipeline.sources.spec import TableSpec


def lies_elsewhere(spec: TableSpec, folder: Path) -> bool:
    """True for an address, and for the name of a set on the Hub that no folder here is called by."""
    is_set = spec.kind == "huggingface" and NAME.fullmatch(spec.path) is not None and not (folder / spec.path).exists()
    return is_remote(spec.path) or is_set
