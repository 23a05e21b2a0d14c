"""The small parts that in-process backends share: faults, pictures, libraries, loaded weights."""

import numpy as np
import pytest
from PIL import Image

from pipeline.backends.contract import DeviceLost
from pipeline.backends.local import loaded
from pipeline.backends.local.batcher import OutOfMemory
from pipeline.backends.local.faults import mapped
from pipeline.backends.local.libraries import library
from pipeline.backends.local.pictures import is_black, kept_picture, opened_pictures, picture_of
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead, Malformed, ModelError, Refused


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), OutOfMemory),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), OutOfMemory),
        (MemoryError(), OutOfMemory),
        (RuntimeError("CUDA error: device-side assert triggered"), DeviceLost),
        (ValueError("height has to be divisible by 8"), ModelError),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ModelError),
        (Refused("no"), Refused),
    ],
)
def test_an_error_of_torch_is_named_by_what_it_means(error, kind):
    with pytest.raises((OutOfMemory, ModelError)) as raised, mapped("tiny"):
        raise error
    assert type(raised.value) is kind


def test_pictures_come_back_as_they_were_stored():
    store = ImageStore("memory://local-pictures")
    pixels = np.random.default_rng(1).integers(0, 256, (24, 40, 3), dtype="uint8")
    ref = kept_picture(store, Image.fromarray(pixels))
    assert (ref.width, ref.height, ref.format) == (40, 24, "PNG")
    assert np.array_equal(np.asarray(opened_pictures(store, [ref])[0]), pixels)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_no_picture(value):
    with pytest.raises(Malformed, match="not finite"):
        picture_of(np.full((4, 4, 3), value))


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_an_array_of_another_shape_is_no_picture(shape):
    with pytest.raises(Malformed, match="no picture"):
        picture_of(np.zeros(shape))


def test_a_picture_that_the_model_withholds_is_a_refusal():
    with pytest.raises(Refused, match="withheld"):
        picture_of(np.zeros((4, 4, 3)), withheld=True)


def test_black_is_told_from_dark():
    assert is_black(Image.new("RGB", (4, 4)))
    assert not is_black(Image.new("RGB", (4, 4), (0, 0, 1)))


def test_a_missing_library_names_the_extra():
    with pytest.raises(EngineDead, match=r"install x2i-ladder\[diffusers\]"):
        library("no_such_library_of_ours", "diffusers")


def test_weights_are_loaded_once_and_a_failure_is_tried_again():
    loaded.forget()
    loads = []

    def load():
        loads.append(1)
        if len(loads) == 1:
            raise OSError("not there yet")
        return object()

    with pytest.raises(OSError, match="not there yet"):
        loaded.loaded(("a", "cpu"), load)
    assert loaded.loaded(("a", "cpu"), load) is loaded.loaded(("a", "cpu"), load)
    assert len(loads) == 2
    loaded.forget()
