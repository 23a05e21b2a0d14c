"""The backend: both protocols over a real store and a real pool."""

import asyncio
import json
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.backends.world.backend import WorldModel
from pipeline.backends.world.models.skill import PRESETS
from pipeline.storage.image_store import ImageStore
from stages.errors import Refused
from stages.protocols import ImageRequest, Message, TextRequest
from tests.backends.world.climber import tag

ASKED = tag("instruction", "a large red circle at the top left and two blue stars on a plain mint background")


@pytest.mark.parametrize("pool_kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_draw_and_ask_through_store_and_pool(tmp_path: Path, pool_kind: type[ThreadPoolExecutor]) -> None:
    store = ImageStore(str(tmp_path))
    with pool_kind(1) as pool:
        painter = WorldModel("world-baseline", "1", {"slip": 0.0, "side": 0.0}, store, pool)
        judge = WorldModel("world-analyzer", "1", {"error_rate": 0.0}, store, pool)
        words = (Message("user", ASKED + tag("size", "160x96")),)
        image = asyncio.run(painter.draw(ImageRequest(words, (), 160, 96, "image", 1, 0))).image
        assert (image.width, image.height, image.format) == (160, 96, "PNG")
        words = (Message("user", ASKED + tag("axes", "instruction, quality")),)
        reply = asyncio.run(judge.ask(TextRequest(words, (image,), "evaluation", 1, 0)))
        assert {k: v["score"] for k, v in json.loads(reply.text).items() if k != "demands"} == {
            "instruction": 5,
            "quality": 5,
        }
        with pytest.raises(Refused):
            asyncio.run(judge.ask(TextRequest(words, (), "evaluation", 1, 0)))


def test_identity_names_what_is_not_the_preset(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        store = ImageStore(str(tmp_path))
        assert WorldModel("world-generator", "1", {}, store, pool).identity == "world/world-generator@1"
        own = WorldModel("world-analyzer", "2", {"error_rate": 0.05, "stubborn": 0.2}, store, pool)
        assert own.identity == "world/world-analyzer@2?error_rate=0.05"
        # On a curve of another ability an option may be the preset's value and still make a difference.
        usual = PRESETS["world-generator"]
        moved = WorldModel("world-generator", "1", {"ability": 0.9, "mend": usual.mend}, store, pool)
        assert moved.identity == f"world/world-generator@1?ability=0.9&mend={usual.mend:g}"
        with pytest.raises(ValueError, match="did you mean 'slip'"):
            WorldModel("world-baseline", "1", {"slipp": 0.1}, store, pool)
