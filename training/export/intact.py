"""Whether the images of a row are those that were written: an export of others would pass damage on to whoever trains.

In: the columns of a row of `sft`, `rl` or pairs, with its images. Out: nothing, or ExportProblem.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from training.export.problem import ExportProblem


def check_images(columns: Mapping[str, Any], where: str) -> None:
    """Compare the sha256 of each image with the one in its row. Raises ExportProblem, which names `where` and the column."""
    for name, data, sha256 in _images(columns):
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ExportProblem(
                f"{where}: {name}: its bytes are not those that were written (sha256); fetch the file again, or build it again"
            )


def _images(columns: Mapping[str, Any]) -> Iterator[tuple[str, bytes, str]]:
    """Column, bytes and noted sha256 of each image."""
    if "image_meta" in columns:
        for n, (cell, meta) in enumerate(zip(columns["images"], columns["image_meta"], strict=True)):
            yield f"images.{n}", cell["bytes"], meta["sha256"]
        return
    chosen, rejected = ("jpg_0", "jpg_1") if columns["label_0"] > columns["label_1"] else ("jpg_1", "jpg_0")
    yield chosen, columns[chosen], columns["chosen_sha256"]
    yield rejected, columns[rejected], columns["rejected_sha256"]
    for n, (cell, sha256) in enumerate(zip(columns["references"], columns["references_sha256"], strict=True)):
        yield f"references.{n}", cell["bytes"], sha256
