"""Which pictures the style probe looks at, and what it makes of them.

In: stories, one at a time (`Styles.add`), and the store in which their pictures lie. Out: a `StyleFinding`, or why there is none.
At most `MOST` samples are looked at, those with the smallest ids, so that memory and time do not grow with the build.
"""

import heapq
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from os import cpu_count

import numpy as np
from PIL import Image, ImageOps

from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.opening import UNREADABLE
from pipeline.storage.pictures.pixels import upright_rgb
from pipeline.views.probe.probe import LEAST, StyleFinding, probe
from pipeline.views.probe.statistics import Pixels, Values, compare
from pipeline.views.story import Story
from stages.makers import maker_in, role_of

MOST = 200  # samples: an interval of about 0.1 at no difference, and some seconds of work
SIDE = 384  # pixels of a picture's middle that are measured, along either side


@dataclass(frozen=True, slots=True)
class _Pair:
    """A sample's first picture by the baseline and its last by the generator, by sha256; the greatest id comes first in a heap."""

    sample: str
    baseline: str
    generator: str

    def __lt__(self, other: "_Pair") -> bool:
        return self.sample > other.sample


@dataclass
class Styles:
    """The pictures to look at, at the size (width, height) in pixels at which they are trained."""

    size: tuple[int, int]
    _pairs: list[_Pair] = field(default_factory=list)

    def add(self, story: Story) -> None:
        """Keep the pictures of one more sample in mind, if both makers drew for it."""
        made = [e for e in story.trajectory.events if e.kind == "generation" and e.image is not None]
        by_role = {role: [e.image.sha256 for e in made if e.image and _role(e.made_by) == role] for role in _ROLES}
        if all(by_role.values()):
            pair = _Pair(story.id, by_role["baseline"][0], by_role["generator"][-1])
            heapq.heappush(self._pairs, pair)
            if len(self._pairs) > MOST:
                heapq.heappop(self._pairs)

    def finding(self, store: ImageStore) -> StyleFinding | str:
        """What the pictures tell of their makers, or why nothing can be said."""
        if len(self._pairs) < LEAST:
            return f"{len(self._pairs)} samples have pictures by both; the probe needs {LEAST}"
        with ThreadPoolExecutor(cpu_count() or 1) as threads:
            every = threads.map(partial(_difference, store, self.size), sorted(self._pairs))
            compared = [difference for difference in every if difference is not None]
        finding = probe(np.stack(compared)) if compared else None
        alike = (
            f"of {len(self._pairs)} samples with pictures by both, {len(compared)} show the same in large enough parts"
        )
        return finding or f"{alike}; the probe needs {LEAST}"


_ROLES = ("baseline", "generator")


def _role(made_by: str | None) -> str:
    return role_of(maker_in(made_by))


def _difference(store: ImageStore, size: tuple[int, int], pair: _Pair) -> Values | None:
    """How the pictures of a pair differ; None where one is gone, or where they show too little in common."""
    try:
        one, other = (_trained_pixels(store.get(sha256), size) for sha256 in (pair.baseline, pair.generator))
    except UNREADABLE:
        return None
    return compare(one, other)


def _trained_pixels(data: bytes, size: tuple[int, int]) -> Pixels:
    """The middle of a picture as it is trained: at one size for all, so that only how it was rendered is left."""
    image = ImageOps.pad(upright_rgb(data), size, Image.Resampling.LANCZOS)
    width, height = min(SIDE, image.width), min(SIDE, image.height)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return np.asarray(image.crop((left, top, left + width, top + height)))
