"""The image model, as its package carries it: a harmless picture scores low, and the threshold of the manifest decides."""

import pytest

from pipeline.screening.looks import Looker
from pipeline.screening.screen import Screen

from .rows import encoded, judged, scene, spec

pytestmark = pytest.mark.slow


def test_the_threshold_decides() -> None:
    seen = Looker(asks_model=True).look(scene(1))
    assert seen.unsafe is not None
    assert 0 < seen.unsafe < 0.1
    with Screen(spec(unsafe={"images": 0.5}), None) as screen:
        assert judged(screen, "add a hat", 1, encoded(scene(1))) is None
    with Screen(spec(unsafe={"images": seen.unsafe / 2}), None) as screen:
        assert judged(screen, "add a hat", 1, encoded(scene(1))) == "unsafe_image"
