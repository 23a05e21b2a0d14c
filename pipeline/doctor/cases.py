"""The pictures and instructions of the examination: simple enough that a right answer is known, and in words that the world reads.

In: an image store and a size. Out: `Cases`, whose pictures lie in the store. They are drawn by the world without a slip.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from pipeline.backends.world.models.skill import PRESETS
from pipeline.backends.world.respond import respond
from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.pixels import upright_rgb
from prompts.catalogue import Prompts
from stages.protocols import Message
from stages.records import Axis, Checker, ImageRef, Reflection, Sample, Task

SCENE = (
    "a red circle at the top left, a red circle on the left, a red circle at the bottom left, a blue square on the right "
    'and a green sign that says "OPEN" at the bottom'
)
EDIT = "Change the colour of the blue square to purple."
ORDER = "Place the thing from picture 1 on the left and the thing from picture 2 on the right."
FIRST, SECOND = "a large red heart in the center", "a large blue star in the center"
PLAN = Reflection(
    "under_editing", "The blue square on the right is still blue.", "Change the colour of the blue square to purple."
)
ORDER_PLAN = Reflection(
    "logic_flaw", "The heart and the star have changed places.", "Swap the red heart with the blue star."
)
_SIDE = 64
_T2I_AXES: tuple[Axis, ...] = ("instruction", "quality")
_AXES: tuple[Axis, ...] = ("instruction", "consistency", "quality")


@dataclass(frozen=True)
class Cases:
    """The pictures, `size` in pixels: the scene, and after the edit; two things, the two in order, and the wrong way round."""

    size: tuple[int, int]
    scene: ImageRef
    edited: ImageRef
    first: ImageRef
    second: ImageRef
    ordered: ImageRef
    swapped: ImageRef

    def sample(self, task: Task) -> Sample:
        """What is to be made, as a sample of that task."""
        instruction = {"t2i": SCENE, "edit": EDIT, "compose": ORDER}[task]
        references = {"t2i": (), "edit": (self.scene,), "compose": (self.first, self.second)}[task]
        width, height = self.size
        return Sample(
            id=f"doctor-{task}",
            source="doctor",
            row_id=task,
            instruction=instruction,
            explanation=None,
            references=references,
            first=None,
            applicable_axes=_AXES if references else _T2I_AXES,
            task=task,
            category="",
            width=width,
            height=height,
            licence="",
            leak_group=task,
            split="train",
            climb="full",
            checker=Checker(),
        )

    def answer(self, task: Task) -> ImageRef:
        """A picture that is right."""
        return {"t2i": self.scene, "edit": self.edited, "compose": self.ordered}[task]


def make_cases(store: ImageStore, prompts: Prompts, size: tuple[int, int]) -> Cases:
    """Draw the pictures. Raises OSError on a failed write."""
    flawless = replace(PRESETS["world-generator"], slip=0.0, side=0.0, physics=0.0, mend=1.0, price=0.0)

    def made(instruction: str, *references: ImageRef) -> ImageRef:
        words = prompts.render(
            "generate",
            instruction=instruction,
            references=len(references),
            explanation=None,
            width=size[0],
            height=size[1],
        )
        images = [store.get(image.sha256) for image in references]
        picture = respond([Message("user", words)], images, 1, schema="image", skill=flawless)
        assert isinstance(picture, bytes)
        return store.put(picture)

    scene, first, second = made(SCENE), made(FIRST), made(SECOND)
    return Cases(size, scene, made(EDIT, scene), first, second, made(ORDER, first, second), made(ORDER, second, first))


def nearest(store: ImageStore, image: ImageRef, others: Sequence[ImageRef]) -> int:
    """The index of the picture that `image` is most like, by the mean difference of its pixels. Raises OSError."""
    pixels = _small(store, image)
    gaps = [float(np.abs(pixels - _small(store, other)).mean()) for other in others]
    return gaps.index(min(gaps))


def _small(store: ImageStore, image: ImageRef) -> np.ndarray:
    picture = upright_rgb(store.get(image.sha256)).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(picture, np.int16)
