"""Image pipelines as a backend. In: requests of `stages.protocols`. Out: images in the store.

Files are read and written in helper threads, so that the device's thread only computes and the event loop only waits.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from pipeline.backends.contract import Access
from pipeline.backends.diffusers.drawing import (
    DrawJob,
    Drawn,
    DrawnPixels,
    DrawShape,
    accepts,
    asked_size,
    draw_batch,
    finished,
    shape_of,
)
from pipeline.backends.diffusers.loading import Hosted, hosted
from pipeline.backends.diffusers.options import DrawOptions, checked, identity
from pipeline.backends.diffusers.pipelines import OPTION_OF, drawn_size, parameter
from pipeline.backends.local.pictures import kept_picture, opened_pictures
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead, Refused
from stages.protocols import ImageReply, ImageRequest, ScoreReply, ScoreRequest, TextReply, TextRequest
from stages.records import ImageRef


class DiffusersModel:
    """A pipeline, or a pair of them: one for requests with images, one for those without."""

    def __init__(self, access: Access, store: ImageStore) -> None:
        """Load the weights, unless they are in memory. Raises ValueError for unknown options, EngineDead for missing weights."""
        self._options = checked(access.options)
        self._identity = identity(access.model, access.revision, self._options)
        self._store = store
        self._batch, self._wait_s = access.batch, access.batch_wait_s
        self._with_images, self._without = hosted(access.model, access.revision, self._options)
        _check_steering(self._options, [self._with_images, *([self._without] if self._without else [])])

    @property
    def identity(self) -> str:
        """See `pipeline.backends.diffusers.options.identity`."""
        return self._identity

    @property
    def max_output_tokens(self) -> int | None:
        """None: no tokens are written."""
        return None

    @property
    def batch_sizes(self) -> list[int]:
        """The sizes of the last batches that its weights worked on, for whichever role."""
        return [*self._with_images.sizes, *(self._without.sizes if self._without else ())]

    async def draw(self, request: ImageRequest) -> ImageReply:
        """One image of the size that was asked for. Raises stages.errors.ModelError; OSError when an image cannot be stored."""
        chosen = self._chosen(len(request.images))
        width, height = drawn_size(request.width, request.height, chosen.takes.multiple, self._options.side)
        sizes = tuple((image.width, image.height) for image in request.images)
        shape = shape_of(self._options, width, height, sizes)
        images = await asyncio.to_thread(opened_pictures, self._store, request.images)
        prompt = next(message.content for message in reversed(request.messages) if message.role == "user")
        job = (self._options, DrawJob(prompt, tuple(images), request.seed % 2**63))
        drawn: DrawnPixels = await chosen.batcher(_runner(chosen), self._batch, self._wait_s).submit(shape, job)
        return ImageReply(await asyncio.to_thread(self._keep, chosen, drawn, request))

    async def ask(self, request: TextRequest) -> TextReply:
        """Raises EngineDead: a pipeline draws, and answers no question."""
        raise EngineDead("the diffusers backend draws images and answers no questions; give this role another backend")

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """Raises EngineDead: a pipeline gives no log-probabilities."""
        raise EngineDead("the diffusers backend gives no log-probabilities; score with the transformers backend")

    def _chosen(self, images: int) -> Hosted:
        """The pipeline for so many images. Raises Refused where none takes them: they are never left out silently."""
        chosen = self._without if self._without is not None and images == 0 else self._with_images
        row = chosen.takes
        if row.least <= images <= row.most:
            return chosen
        count = "no image" if images == 0 else f"{images} images" if images > 1 else "1 image"
        if row.most == 0:
            remedy = "name an editing pipeline, and this one under options.text_to_image"
        elif images == 0:
            remedy = "name a pipeline for new pictures under options.text_to_image"
        else:
            remedy = "name a pipeline that takes several, such as QwenImageEditPlusPipeline"
        span = str(row.most) if row.least == row.most else f"{row.least} to {row.most}"
        raise Refused(f"{chosen.name} works from {span} image(s), and this request has {count}; {remedy}")

    def _keep(self, chosen: Hosted, drawn: DrawnPixels, request: ImageRequest) -> ImageRef:
        return kept_picture(self._store, asked_size(finished(chosen, drawn), request.width, request.height))


def _runner(chosen: Hosted) -> Any:
    def run(shape: DrawShape, jobs: Sequence[tuple[DrawOptions, DrawJob]]) -> list[Drawn]:
        # jobs of one shape have options that draw alike, whichever role they come from
        return draw_batch(chosen, jobs[0][0], shape, [job for _, job in jobs])

    return run


def _check_steering(options: DrawOptions, pipelines: Sequence[Hosted]) -> None:
    """Raises EngineDead for an option, or a parameter of `extra`, that no pipeline takes."""
    names = " and ".join(one.name for one in pipelines)
    for parameter_name in options.extra:
        if not any(accepts(one, parameter_name) for one in pipelines):
            raise EngineDead(f"options.extra: {names} takes no {parameter_name}; leave it out, or check its name")
    for option, name in OPTION_OF.items():
        if getattr(options, option) is not None and not any(parameter(option, one.takes) for one in pipelines):
            raise EngineDead(f"options.{option}: {names} has no {name}; leave it out")
