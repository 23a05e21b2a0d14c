"""The trained view: one size, one encoding, nothing but pixels."""

import io

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from pipeline.output.view import ViewSpec, encode
from tests.output.factory import png


def decode(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def encode_plain(image: Image.Image, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, **({"format": "PNG"} | options))
    return out.getvalue()


@pytest.mark.parametrize(("encoding", "kind"), [("png", "PNG"), ("webp:90", "WEBP"), ("jpeg:95", "JPEG")])
@pytest.mark.parametrize("size", [(48, 40), (40, 96), (64, 32), (200, 100)])
def test_one_size_and_encoding_for_all(encoding, kind, size):
    view = encode(png(1, size), ViewSpec((64, 32), encoding))
    image = decode(view)
    assert (image.format, image.mode, image.size) == (kind, "RGB", (64, 32))
    assert view == encode(png(1, size), ViewSpec((64, 32), encoding))


def test_another_aspect_ratio_is_letterboxed_and_nothing_cropped():
    source = np.full((20, 40, 3), 200, np.uint8)
    source[:, 0] = source[:, -1] = (255, 0, 0)
    pixels = np.asarray(decode(encode(encode_plain(Image.fromarray(source)), ViewSpec((40, 40), "png"))))
    assert (pixels[:10] == 0).all()
    assert (pixels[30:] == 0).all()
    assert (pixels[10:30] == source).all()


def test_metadata_and_encoder_are_gone():
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", "the baseline")
    exif = Image.Exif()
    exif[0x010E] = "made by"
    plain = Image.fromarray(np.random.default_rng(1).integers(0, 255, (32, 32, 3), dtype=np.uint8))
    spec = ViewSpec((32, 32), "png")
    view = encode(encode_plain(plain, pnginfo=info, exif=exif, icc_profile=b"profile", compress_level=1), spec)
    assert view == encode(encode_plain(plain), spec)
    assert decode(view).info == {}


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "I;16", "CMYK"])
def test_every_mode_becomes_rgb(mode):
    grey = Image.linear_gradient("L").resize((32, 32))
    image = (
        Image.fromarray(np.asarray(grey).astype(np.uint16) << 8)
        if mode == "I;16"
        else grey.convert("RGB").convert(mode)
    )
    view = decode(encode(encode_plain(image, format="JPEG" if mode == "CMYK" else "PNG"), ViewSpec((32, 32), "png")))
    assert view.mode == "RGB"
    if mode in ("L", "I;16", "RGBA"):
        assert np.abs(np.asarray(view)[..., 0].astype(int) - np.asarray(grey)).max() <= 1


def test_what_shines_through_is_white_and_orientation_is_applied():
    clear = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    assert (np.asarray(decode(encode(encode_plain(clear), ViewSpec((16, 16), "png")))) == 255).all()
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    half = Image.new("RGB", (16, 16))
    half.paste((255, 255, 255), (0, 0, 16, 8))
    turned = np.asarray(decode(encode(encode_plain(half, exif=exif), ViewSpec((16, 16), "png"))))
    assert (turned[:8] == 0).all()
    assert (turned[8:] == 255).all()
