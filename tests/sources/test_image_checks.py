"""Only images that decode in full are admitted, and the bytes that came stay as they are."""

import contextlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.sources.bad_row import BadRow
from pipeline.sources.images import Root, admit

from .tables import write_file

SIDE = (21, 17)


def noise(form: str) -> bytes:
    buffer = io.BytesIO()
    Image.frombytes("RGB", SIDE, bytes((i * 7919) % 251 for i in range(SIDE[0] * SIDE[1] * 3))).save(buffer, form)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_whole_images_pass_and_every_truncation_fails(form: str) -> None:
    data = noise(form)
    assert admit(data, 10_000).original is data
    tail = 4 if form == "PNG" else 0  # the checksum of PNG's end mark: all pixels are there and checked
    for length in range(len(data) - tail):
        with pytest.raises(BadRow):
            admit(data[:length], 10_000)


@pytest.mark.parametrize("form", ["TIFF", "PPM", "ICO"])
def test_other_formats_stay_outside(form: str) -> None:
    with pytest.raises(BadRow, match="supply one of PNG, JPEG, WEBP, GIF, BMP"):
        admit(noise(form), 10_000)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
@given(places=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_damage_is_a_bad_row_or_still_an_image_but_never_a_crash(form: str, places: list[tuple[int, int]]) -> None:
    data = bytearray(noise(form))
    for place, value in places:
        data[place % len(data)] = value
    with contextlib.suppress(BadRow):
        assert admit(bytes(data), 10_000).original == data


@given(data=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_rubbish_is_a_bad_row(data: bytes) -> None:
    with pytest.raises(BadRow):
        admit(data, 10_000)


@given(path=st.text(max_size=30))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_reads_outside_the_root(tmp_path: Path, path: str) -> None:
    write_file(tmp_path / "secret", b"secret")
    (tmp_path / "root").mkdir(exist_ok=True)
    for prefix in ("", "../", "/", "./../"):
        with pytest.raises(BadRow):
            Root(str(tmp_path / "root")).read(prefix + path.encode("utf-8", "replace").decode(), "image")


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadRow, match="no regular file"):
        Root(str(tmp_path)).read("pipe", "image")
