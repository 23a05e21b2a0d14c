"""Whatever file a picture comes in, its rendition shows what a person sees, and holds nothing else."""

import hashlib
import io
import struct
import warnings
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.sources.bad_row import BadRow
from pipeline.sources.images import admit
from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.rendition import Undecodable, render
from tests.pictures.odd import SCENE, SIZE, Odd, chunk, exif, jpeg, palette, png, saved
from tests.pictures.table import ODD, VERBATIM


def levels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "RGB"
        return np.asarray(image, np.int16)


def off(pixels: np.ndarray, odd: Odd) -> float:
    assert pixels.shape == odd.pixels.shape
    return float(np.abs(pixels - odd.pixels).max())


@pytest.mark.parametrize("name", [*ODD, *VERBATIM])
def test_a_rendition_shows_what_is_seen_and_nothing_else(name):
    odd = (ODD | VERBATIM)[name]
    made = render(odd.data)
    assert off(levels(made.data), odd) <= odd.tolerance + 0.5
    assert (made.width, made.height) == SIZE
    assert made.format in ("PNG", "JPEG")
    with Image.open(io.BytesIO(made.data)) as image:
        assert image.format == made.format
        assert not {"exif", "xmp", "icc_profile", "comment", "XML:com.adobe.xmp"} & set(image.info)
        assert getattr(image, "n_frames", 1) == 1
        assert not image.getexif()
    assert b"SECRET" not in made.data
    assert (made.data is odd.data) == (name in VERBATIM or name in KEPT)


KEPT = (
    "jpeg of rgb",
    "progressive jpeg",
    "png under the usual gamma",
    "srgb goes before gamma",
    "chromaticities of nothing",
)
LOSSLESS = [
    n for n, odd in ODD.items() if odd.data[:2] == b"\xff\xd8" and odd.pixels is SCENE and "orientation" not in n
]


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_jpeg_that_only_carries_more_keeps_its_compressed_pixels(name):
    data = ODD[name].data
    made = render(data)
    assert made.format == "JPEG"
    assert (levels(made.data) == levels(data)).all()
    scan = data.index(b"\xff\xda")
    assert made.data[made.data.index(b"\xff\xda") :][:200] == data[scan : scan + 200]


@pytest.mark.parametrize("name", [*ODD, *VERBATIM])
def test_a_rendition_is_its_own_rendition(name):
    data = render((ODD | VERBATIM)[name].data).data
    assert render(data).kept is data


@pytest.mark.parametrize("name", ["cmyk", "jpeg orientation 6", "animated gif", "png"])
def test_the_store_keeps_both_and_makes_a_rendition_once(tmp_path, name):
    store, data = ImageStore(str(tmp_path)), (ODD | VERBATIM)[name].data
    made = render(data)
    ref = store.keep(made)
    original = hashlib.sha256(data).hexdigest()
    assert (ref.original, ref.source_sha256) == (None if name == "png" else original, original)
    assert (store.get(ref.sha256), store.get(original)) == (made.data, data)
    if name == "png":
        return
    # another encoder packs the same pixels otherwise: the stored rendition counts
    packed = saved(levels(made.data).astype(np.uint8), compress_level=0)
    again = replace(made, format="PNG", kept=packed)
    assert store.keep(again) == ref
    (tmp_path / original[:2] / f"{original}.rendition").write_bytes(b"{}")
    assert store.keep(again).sha256 == hashlib.sha256(packed).hexdigest()


HOSTILE = {
    "words that unpack to 64 MB": png(SCENE, 2, 8, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(64 << 20)))),
    "a profile that unpacks to 64 MB": png(SCENE, 2, 8, chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(64 << 20)))),
    "half a jpeg": jpeg()[:-300],
    "half a gif": saved(Image.fromarray(SCENE).convert("P"), "GIF")[:-60],
    "a png without an end": saved(SCENE)[:-12],
    "a wrong checksum": saved(SCENE)[:40] + b"\xff" + saved(SCENE)[41:],
    "an empty key": png(SCENE, 2, 8, chunk(b"tRNS", b"")),
    "a palette of nothing": png(SCENE[..., 0], 3, 8),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_or_broken_is_one_clear_error(name):
    with pytest.raises(BadRow, match="decode") as caught:
        admit(HOSTILE[name], 10_000)
    assert "\n" not in caught.value.problem


def test_frames_without_end_are_not_counted():
    image, seen = palette()
    frame = saved(image, "GIF")
    start = frame.index(b"\x2c")
    many = frame[:start] + frame[start:-1] * 20_000 + b"\x3b"
    assert (levels(render(many).data) == seen).all()


def test_a_jpeg_of_endless_segments_is_still_read():
    data = jpeg(exif=exif(1))
    laden = data[:2] + b"\xff\xfe\0\x02" * 50_000 + data[2:]
    made = render(laden)
    assert made.format == "PNG"
    assert (levels(made.data) == levels(data)).all()


def test_a_jpeg_of_more_scans_than_anybody_needs_is_refused():
    data = jpeg(progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(BadRow, match="decode"):
        admit(data[:-2] + scan * 600 + data[-2:], 10_000)


@given(
    kind=st.sampled_from([0xFE, 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xEF]),
    body=st.binary(max_size=40),
    progressive=st.booleans(),
    tail=st.binary(max_size=20),
)
def test_whatever_is_cut_out_of_a_jpeg_its_pixels_stay(kind, body, progressive, tail):
    data = jpeg(progressive=progressive)
    segment = bytes((0xFF, kind)) + (len(body) + 2).to_bytes(2, "big") + body
    laden = data[:20] + segment + data[20:] + tail
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = render(laden)
        assert (levels(made.data) == levels(laden)).all()
        assert made.kept is not None


NUMBERS = st.integers(0, 2**31 - 1) | st.integers(0, 100_000)


@given(gamma=st.none() | NUMBERS, xy=st.none() | st.tuples(*[NUMBERS] * 8), cicp=st.none() | st.binary(max_size=5))
@settings(deadline=None)
def test_whatever_colour_chunks_say_there_is_a_picture_and_no_warning(gamma, xy, cicp):
    chunks = [] if gamma is None else [chunk(b"gAMA", struct.pack(">I", gamma))]
    chunks += [] if xy is None else [chunk(b"cHRM", struct.pack(">8I", *xy))]
    chunks += [] if cicp is None else [chunk(b"cICP", cicp)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert render(png(SCENE, 2, 8, *chunks)).pixels.size == SIZE
        assert render(png(SCENE[..., 0], 0, 8, *chunks)).pixels.size == SIZE


@given(
    places=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4),
    name=st.sampled_from(list(ODD)),
)
@settings(deadline=None, max_examples=300)
def test_damage_is_undecodable_or_shows_what_pillow_shows(places, name):
    data = bytearray(ODD[name].data)
    for place, value in places:
        data[place % len(data)] = value
    try:
        made = render(bytes(data))
    except Undecodable:
        return
    again = render(made.data)
    assert again.kept is not None
    assert again.pixels.tobytes() == made.pixels.tobytes()
