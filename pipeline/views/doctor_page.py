"""`x2i doctor --page`: the examinations as one page that holds its pictures.

In: examinations and the store of their images. Out: the page on disk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.doctor.findings import Checkup, Exchange, works
from pipeline.storage.image_store import ImageStore
from pipeline.views.doctor import title_of
from pipeline.views.looks import ModeLooks
from pipeline.views.page import render, write
from pipeline.views.thumbnails import Thumbnail, thumbnail
from stages.records import ImageRef

SIDE = 200


@dataclass(frozen=True)
class ShownImage:
    """An image as the page shows it, or its absence (`copy` None), and its size in pixels."""

    copy: Thumbnail | None
    size: str


@dataclass(frozen=True)
class ShownExchange:
    """One call as the page shows it."""

    call: Exchange
    sent: tuple[ShownImage, ...]
    made: ShownImage | None


@dataclass(frozen=True)
class Visit:
    """One examination as the page shows it."""

    title: str
    examined: Checkup
    exchanges: tuple[ShownExchange, ...]


def doctor_page(name: str, examinations: Sequence[Checkup], store: ImageStore, file: Path) -> Path:
    """Write the page of the manifest called `name`. Raises OSError when it cannot be written."""
    visits = [Visit(title_of(e), e, tuple(_shown(call, store) for call in e.exchanges)) for e in examinations]
    prices = [e.usd for e in examinations if e.usd is not None]
    values = {
        "name": name,
        "visits": visits,
        "works": works(examinations),
        "calls": sum(len(e.exchanges) for e in examinations),
        "seconds": sum(e.seconds for e in examinations),
        "usd": sum(prices) if len(prices) == len(examinations) else None,
    }
    return write(file, render("doctor.html.j2", values, ModeLooks({})))


def _shown(call: Exchange, store: ImageStore) -> ShownExchange:
    made = None if call.image is None else _image(call.image, store)
    return ShownExchange(call, tuple(_image(image, store) for image in call.sent), made)


def _image(image: ImageRef, store: ImageStore) -> ShownImage:
    return ShownImage(thumbnail(store, image.sha256, SIDE), f"{image.width}×{image.height}")
