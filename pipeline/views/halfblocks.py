"""An image as coloured text: two pixels a character, one above the other.

In: an image store and a hash. Out: rich `Text`, or one dim line in its place where there are no colours or no image.
"""

from PIL import Image
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.opening import UNREADABLE
from pipeline.storage.pictures.pixels import upright_rgb

COLUMNS = 32
_UPPER = "▀"


def picture(store: ImageStore, sha256: str, console: Console, columns: int = COLUMNS, dim: bool = False) -> Text:
    """The image at `columns` characters wide, faded when `dim`."""
    name = f"image {sha256[:12]}"
    if console.color_system is None:
        return Text(name)
    try:
        image = upright_rgb(store.get(sha256))
    except UNREADABLE:
        return Text(f"{name} cannot be read", style="dim")
    small = _even(image, columns)
    return _text(Image.blend(small, Image.new("RGB", small.size, (128, 128, 128)), 0.6) if dim else small)


def _even(image: Image.Image, columns: int) -> Image.Image:
    """Scaled into a square of `columns` pixels; an even height, since a character holds two."""
    scale = columns / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height + height % 2), Image.Resampling.LANCZOS)


def _text(image: Image.Image) -> Text:
    pixels = image.load()
    lines = Text(no_wrap=True)
    for y in range(0, image.height, 2):
        if y:
            lines.append("\n")
        for x in range(image.width):
            lines.append(_UPPER, Style(color=_colour(pixels, x, y), bgcolor=_colour(pixels, x, y + 1)))
    return lines


def _colour(pixels: object, x: int, y: int) -> Color:
    red, green, blue = pixels[x, y]  # type: ignore[index]
    return Color.from_rgb(red, green, blue)
