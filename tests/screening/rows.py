"""Samples, places and pictures for the tests of this folder."""

import io
import random
from typing import Any

from PIL import Image, ImageDraw

from pipeline.planning import samples
from pipeline.screening.screen import Screen
from pipeline.screening.spec import ScreensSpec
from pipeline.sources.bad_row import Place
from pipeline.storage.image_store import describe
from stages.records import Checker, ImageRef, Sample


def sample(text: str, *references: ImageRef, source: str = "s", row: int = 1, first: ImageRef | None = None) -> Sample:
    return samples.make(
        source=source,
        row_id=str(row),
        instruction=text,
        explanation=None,
        references=references,
        first=first,
        task="edit" if references else "t2i",
        category=None,
        size=(64, 64),
        licence="other",
        checker=Checker(),
    )


def at(row: int, file: str = "a.jsonl") -> Place:
    return Place(file, row, row)


def spec(**screens: Any) -> ScreensSpec:
    return ScreensSpec.model_validate(screens)


def scene(seed: int, colour: str | None = None) -> Image.Image:
    """A picture of a few shapes; `colour` is that of all of them."""
    draw = random.Random(seed)
    image = Image.new("RGB", (256, 192), (235, 235, 230))
    pen = ImageDraw.Draw(image)
    for _ in range(6):
        x, y, side = draw.randrange(200), draw.randrange(140), draw.randrange(20, 70)
        pen.rectangle((x, y, x + side, y + side), fill=colour or f"hsl({draw.randrange(360)}, 80%, 45%)")
    return image


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def judged(screen: Screen, text: str, row: int, *pictures: bytes, source: str = "s") -> str | None:
    """The reason for which a row with these references stays out, None where it stays in."""
    refs = [describe(data) for data in pictures]
    looks = [screen.look(Image.open(io.BytesIO(data))) for data in pictures] if screen.spec.needs_looks else []
    dropped = screen.judge(sample(text, *refs, source=source, row=row), at(row), looks)
    return None if dropped is None else dropped.reason
