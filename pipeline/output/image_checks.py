"""Are the images that lie in a row what the row says of them? Nothing else is needed to find out: no store, no record.

In: encoded images, and what the row and its file say. Out: what is wrong, in words; nothing when all is well.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.manifest.forms import Product
from pipeline.output.problem import one_line
from pipeline.output.traj import sha256_of
from pipeline.output.view import ViewSpec
from pipeline.storage.pictures.opening import UNREADABLE, opened

Row = Mapping[str, Any]


def check_image(data: bytes, sha256: str, view: ViewSpec) -> Iterator[str]:
    """An image must be the one with this hash, decode at the declared size and in the declared encoding, and carry no metadata."""
    if (actual := sha256_of(data)) != sha256:
        yield f"its sha256 is {actual[:16]}, the row says {sha256[:16]}"
    try:
        with opened(data) as image:
            if image.size != view.size or image.format != view.format or image.mode != "RGB":
                looks = f"{image.format} {image.mode} {image.width} x {image.height}"
                yield f"the image is {looks}, declared is {view.format} RGB {view.size[0]} x {view.size[1]}"
                return  # a wrong size may be a very large one: do not decode it
            image.load()
            if any(key in image.info for key in ("exif", "icc_profile", "xmp")):
                yield "the image carries metadata"
    except UNREADABLE as error:
        yield f"the image does not decode ({one_line(error)})"


def check_images(cells: Sequence[Row], meta: Sequence[Row], view: ViewSpec) -> Iterator[str]:
    """The `images` of a row against its `image_meta`."""
    if len(cells) != len(meta):
        yield f"{len(cells)} images, {len(meta)} entries of image_meta"
        return
    for n, (cell, m) in enumerate(zip(cells, meta, strict=True)):
        yield from (f"images[{n}]: {problem}" for problem in check_image(cell["bytes"], m["sha256"], view))
        if (m["width"], m["height"]) != view.size or m["format"] != view.format:
            yield f"image_meta[{n}]: {m['format']} {m['width']} x {m['height']} is not what the file declares"


def hashed_images(product: Product, row: Row) -> list[tuple[bytes, str]]:
    """Every image that lies in a row, and the sha256 that the row gives for it."""
    if product not in ("pairs", "edit_pairs"):
        return [(cell["bytes"], m["sha256"]) for cell, m in zip(row["images"], row["image_meta"], strict=True)]
    hashes = (row["chosen_sha256"], row["rejected_sha256"])
    first, second = hashes if row["label_0"] == 1 else hashes[::-1]
    references = zip(row["references"], row["references_sha256"], strict=True)
    return [(row["jpg_0"], first), (row["jpg_1"], second), *((cell["bytes"], sha256) for cell, sha256 in references)]
