"""Images are made tokens once, whatever happened to the file."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.output.factory import png
from training.render.tiny import Tiny
from training.render.tokenizers import ImageTokens
from training.sft.image_cache import CachedImages


class Counted:
    """Counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def encode(self, image_bytes: bytes) -> ImageTokens:
        self.asked += 1
        return Tiny().images.encode(image_bytes)

    def decode(self, tokens: ImageTokens) -> bytes:
        return Tiny().images.decode(tokens)


@settings(deadline=None)
@given(st.integers(0, 99), st.integers(1, 60))
def test_a_file_that_was_cut_off_is_made_anew(tmp_path_factory, seed, left):
    folder, images = tmp_path_factory.mktemp("cache"), Counted()
    cache, data = CachedImages(images, folder), png(seed, (16, 24))
    first = cache.encode(data)
    assert (cache.encode(data), images.asked) == (first, 1)
    (file,) = folder.rglob("*.npy")
    file.write_bytes(file.read_bytes()[:left])
    assert (cache.encode(data), images.asked) == (first, 2)
    assert (CachedImages(images, folder).encode(data), images.asked) == (first, 2)
