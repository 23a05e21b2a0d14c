"""Pillow warns of much, with paths of the environment; none of it reaches the terminal, in whatever process a picture is opened."""

import io
import struct
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from PIL import Image

from pipeline.storage.pictures.opening import opened
from pipeline.storage.pictures.rendition import render
from tests.pictures.odd import SCENE, chunk, jpeg, palette, png, saved

LARGE = saved(Image.new("1", (10_000, 9_000)))
BROKEN_EXIF = b"II*\0" + struct.pack("<IHHHII", 8, 9, 0x010F, 2, 99_999, 99_999)
NOISY = {
    "a bomb by Pillow's own limit": LARGE,
    "EXIF cut short": jpeg(exif=b"Exif\0\0" + BROKEN_EXIF),
    "EXIF cut short, in a PNG": png(SCENE, 2, 8, chunk(b"eXIf", BROKEN_EXIF)),
    "a palette that fades": saved(palette()[0], transparency=bytes(range(0, 256, 17))),
    "an animation of nothing": png(SCENE, 2, 8, chunk(b"acTL", bytes(8))),
    "no MPO": jpeg()[:20] + b"\xff\xe2\0\x10MPF\0II*\0\x08\0\0\0\0\0" + jpeg()[20:],
}
SCRIPT = """
import sys, warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pipeline.output.view import ViewSpec, encode
from pipeline.sources.images import admit
from pipeline.storage.image_store import describe
from pipeline.storage.pictures.pixels import upright_rgb
from pipeline.workers import process_pool

def look(path):
    data = Path(path).read_bytes()
    admit(data, 100_000_000); describe(data); upright_rgb(data, 16); encode(data, ViewSpec((32, 32), "png"))

def look_after_others(path):
    look(path)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        look(path)
    look(path)

if __name__ == "__main__":
    with process_pool(1) as processes, ThreadPoolExecutor(2) as threads:
        list(processes.map(look_after_others, sys.argv[1:])); list(threads.map(look, sys.argv[1:]))
"""


def test_nothing_is_printed_by_any_process_that_looks_at_noisy_pictures(tmp_path: Path) -> None:
    for n, data in enumerate(NOISY.values()):
        (tmp_path / str(n)).write_bytes(data)
    (tmp_path / "look.py").write_text(SCRIPT)
    paths = [str(tmp_path / str(n)) for n in range(len(NOISY))]
    command = [sys.executable, "-W", "always", str(tmp_path / "look.py"), *paths]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("", "", 0)


@pytest.mark.parametrize("name", NOISY)
def test_pillow_alone_would_warn_and_we_see_the_picture(name: str) -> None:
    data = NOISY[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.resetwarnings()
        warnings.simplefilter("always")
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            image.getexif().get(0x0112)
            image.convert("RGB" if image.mode == "P" else image.mode)
    assert caught, "Pillow has nothing to say of it any more: find another"
    with opened(data) as image:
        assert render(data).width == image.width
