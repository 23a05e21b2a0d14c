"""Eyes: what is drawn is read back, whatever the encoding and the size."""

import numpy as np
import pytest

from pipeline.backends.world.drawing.draw import picture, png
from pipeline.backends.world.scenes.looks import BACKGROUNDS, COLOURS, TONES
from pipeline.backends.world.scenes.scene import Scene, Thing
from pipeline.backends.world.sight.vision import see
from tests.backends.world.random_scenes import DIGITS, LETTERS, pick, recoded, some_scene


@pytest.mark.parametrize(("ending", "scale"), [(".jpg", 1), (".webp", 1), (".jpg", 0.75), (".jpg", 1.5), (".jpg", 2)])
def test_scenes_are_read_back_from_any_encoding(ending, scale):
    rng = np.random.default_rng(17)
    wrong = []
    for _ in range(50):
        scene = some_scene(rng)
        image = recoded(picture(scene, 256, 256, rng), ending, scale)
        if see(image).settled() != scene.settled():
            wrong.append((scene, see(image)))
    assert len(wrong) <= 1, wrong


def test_scenes_are_read_back_with_every_shift_and_streak():
    rng = np.random.default_rng(18)
    for _ in range(120):
        scene = some_scene(rng)
        scene = scene.streaked(pick(scene.free(), rng)) if rng.random() < 0.3 else scene
        assert see(picture(scene, 256, 256, rng)) == scene


@pytest.mark.parametrize(("width", "height"), [(192, 192), (384, 216), (320, 480), (512, 512), (700, 1100)])
def test_any_size_works(width, height):
    rng = np.random.default_rng(5)
    for _ in range(12):
        scene = some_scene(rng)
        assert see(picture(scene, width, height, rng)).settled() == scene.settled()


@pytest.mark.parametrize("side", [96, 128])
def test_bare_things_are_read_even_from_tiny_pictures(side):
    rng, wrong = np.random.default_rng(6), []
    for _ in range(40):
        bare = [
            Thing(t.shape, t.colour, t.size, t.place, facing=t.facing)
            for t in some_scene(rng).things
            if t.shape != "sign"
        ]
        scene = Scene.of("mint", bare)
        if see(picture(scene, side, side, rng)) != scene:
            wrong.append(scene)
    assert len(wrong) <= 2, wrong


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_every_ground_in_every_light_is_told_apart(background, tone):
    rng = np.random.default_rng(2)
    for side in (64, 256):
        image = picture(Scene(background, tone=tone), side, side, rng)
        assert see(image) == see(recoded(image, ".jpg")) == Scene(background, tone=tone)


def test_every_character_is_read_in_every_slot():
    rng = np.random.default_rng(4)
    texts = [c * n for alphabet, longest in ((LETTERS, 4), (DIGITS, 3)) for c in alphabet for n in (1, longest)]
    for text in texts:
        colour = pick(COLOURS, rng)
        scene = Scene.of("lavender", [Thing("sign", colour, "medium", "center", text=text)])
        assert see(picture(scene, 256, 256, rng)) == scene


def test_a_picture_of_something_else_is_seen_without_complaint():
    rng = np.random.default_rng(8)
    for shape in ((40, 70, 3), (256, 256, 3)):
        assert isinstance(see(png(rng.integers(0, 256, shape, np.uint8))), Scene)


def test_garbage_is_no_image():
    for data in (b"", b"\x89PNG\r\n\x1a\n", b"hello"):
        with pytest.raises(ValueError, match="not an image"):
            see(data)
