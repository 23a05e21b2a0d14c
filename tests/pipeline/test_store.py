"""The store: the same bytes once, whole or not at all; and pictures whose EXIF is broken or turns them."""

import io
import struct
import zlib

import pytest
from PIL import Image

from pipeline.output.view import ViewSpec, encode
from pipeline.storage.image_store import ImageStore


def png(size=(40, 20), colour="red", **options) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG", **options)
    return out.getvalue()


def with_chunk(data: bytes, kind: bytes, body: bytes) -> bytes:
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + chunk + data[33:]  # after the signature and the header


def test_what_goes_in_comes_out_and_damage_is_noticed(tmp_path):
    store = ImageStore(str(tmp_path / "store"))
    ref = store.put(png())
    assert (ref.width, ref.height, ref.format) == (40, 20, "PNG")
    assert store.get(ref.sha256) == png()
    with open(store.path(ref.sha256), "r+b") as file:
        file.write(b"damaged")
    with pytest.raises(OSError, match="do not match their hash"):
        store.get(ref.sha256)


def test_an_image_cut_short_is_written_again(tmp_path):
    store = ImageStore(str(tmp_path / "store"))
    ref = store.put(png())
    with open(store.path(ref.sha256), "wb"):
        pass
    assert store.put(png()) == ref
    assert store.get(ref.sha256) == png()


@pytest.mark.parametrize("broken", [b"GARBAGE!", b"", b"MM\x00*\xff\xff\xff\xff", b"II*\x00" + b"\xff" * 40])
def test_broken_exif_says_nothing_and_stops_nothing(tmp_path, broken):
    data = with_chunk(png(), b"eXIf", broken)
    ref = ImageStore(str(tmp_path)).put(data)
    assert (ref.width, ref.height) == (40, 20)
    view = Image.open(io.BytesIO(encode(data, ViewSpec((64, 32), "png"))))
    assert view.size == (64, 32)


def test_a_turned_picture_has_the_size_that_people_see(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    ref = ImageStore(str(tmp_path)).put(png(exif=exif))
    assert (ref.width, ref.height) == (20, 40)
