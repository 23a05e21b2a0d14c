"""The parts of a pipeline's folder: whether they are all there, and those that must be made otherwise than the library would.

In: a folder, or what the hub knows of a model. Out: EngineDead that names what is missing; processors without torchvision.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.backends.local.libraries import library
from stages.errors import EngineDead

_WEIGHTS = ("*.safetensors", "*.bin")


def processors(source: str, parts: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """The processors of a pipeline whose class reads videos too: made without that part, which needs torchvision.

    `parts` is the pipeline's index, `given` says which revision of `source`.
    """
    transformers = library("transformers", "diffusers")
    made = {}
    for name, place in parts.items():
        if not isinstance(place, list | tuple) or place[0] != "transformers" or not str(place[1]).endswith("Processor"):
            continue
        kind: Any = getattr(transformers, place[1], None)
        attributes = kind.get_attributes() if hasattr(kind, "get_attributes") else []
        if "video_processor" in attributes:
            made[name] = _for_pictures(kind, attributes).from_pretrained(source, subfolder=name, **given)
    return made


def _for_pictures(kind: Any, attributes: list[str]) -> Any:
    rest = [attribute for attribute in attributes if attribute != "video_processor"]
    # of the same name and place: the libraries look up by them what belongs to a processor
    return type(kind.__name__, (kind,), {"__module__": kind.__module__, "get_attributes": classmethod(lambda _: rest)})


def check_folder(folder: Path) -> None:
    """Raises EngineDead where parts that the folder's index names are not there."""
    index = folder / "model_index.json"
    try:
        parts = json.loads(index.read_text("utf-8"))
    except FileNotFoundError:
        raise EngineDead(
            f"{folder} has no model_index.json: it is no diffusers pipeline; name the folder of one"
        ) from None
    except (OSError, ValueError) as error:
        raise EngineDead(f"{index} cannot be read ({error}); download the model again") from None
    for name, place in parts.items():
        if name.startswith("_") or not isinstance(place, list) or len(place) != 2 or place[0] is None:
            continue
        _check_part(folder / name)


def _check_part(part: Path) -> None:
    if not part.is_dir():
        raise EngineDead(f"{part} is missing, and model_index.json names it; download the whole model")
    if not (part / "config.json").is_file():
        return  # a scheduler, a tokenizer: no weights
    if not any(path for pattern in _WEIGHTS for path in part.glob(pattern)):
        raise EngineDead(f"{part} holds no weights (*.safetensors or *.bin); download the whole model")
    for index in part.glob("*.index.json"):
        shards = set(json.loads(index.read_text("utf-8")).get("weight_map", {}).values())
        gone = sorted(shard for shard in shards if not (part / shard).is_file())
        if gone:
            raise EngineDead(f"{part / gone[0]} is missing, and {index.name} names it; download the whole model")
