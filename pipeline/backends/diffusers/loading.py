"""A pipeline with its weights, loaded once per process. In: a model's folder or hub name, options. Out: `Hosted`.

Whatever keeps it from being loaded ends as EngineDead, in one line that says what is missing and what to do.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from pipeline.backends.diffusers.options import DrawOptions, Lora
from pipeline.backends.diffusers.parts import check_folder, processors
from pipeline.backends.diffusers.pipelines import Takes, takes
from pipeline.backends.local.batcher import Batcher
from pipeline.backends.local.libraries import library
from pipeline.backends.local.loaded import loaded
from stages.errors import EngineDead

_NO_REVISION = "1"  # what a manifest says where it says nothing: the newest, or the folder as it is


@dataclass
class Hosted:
    """A loaded pipeline, what it takes, and the batches that wait for it.

    `using` is held while it draws: pipelines keep state between steps, and some share their parts with another one. `sizes` are
    those of the last batches.
    """

    pipe: Any
    name: str
    takes: Takes
    using: threading.Lock
    sizes: deque[int] = field(default_factory=lambda: deque(maxlen=1000))
    batchers: WeakKeyDictionary[asyncio.AbstractEventLoop, Batcher[Any, Any]] = field(default_factory=WeakKeyDictionary)

    def batcher(
        self, run: Callable[[Any, Sequence[Any]], Sequence[Any]], most: int, wait_s: float
    ) -> Batcher[Any, Any]:
        """The batches of the running event loop, which all roles on these weights share; `most` and `wait_s` of who asks first."""
        loop = asyncio.get_running_loop()
        if loop not in self.batchers:
            # one at a time where the pipeline takes one prompt: nothing waits in vain, and each answer leaves when it is there
            batches = self.takes.batches
            self.batchers[loop] = Batcher(run, most if batches else 1, wait_s if batches else 0)
        return self.batchers[loop]


def hosted(model: str, revision: str, options: DrawOptions) -> tuple[Hosted, Hosted | None]:
    """The pipeline, and the one for requests without images where the options name one. Raises EngineDead."""
    key = ("diffusers", model, revision, options.loading)
    return loaded(key, lambda: _load_both(model, revision, options))


def _load_both(model: str, revision: str, options: DrawOptions) -> tuple[Hosted, Hosted | None]:
    using = threading.Lock()
    first = _load(model, revision, options.pipeline, options.dtype)
    _tune(first, options)
    other = options.text_to_image
    if other is None:
        second = None
    elif other.model is None:
        second = _of_same_parts(first, other.pipeline)
    else:
        second = _load(other.model, other.revision or _NO_REVISION, other.pipeline, options.dtype)
        _prepare(second, options)
    _prepare(first, options)
    return _hosted(first, using), None if second is None else _hosted(second, using)


def _hosted(pipe: Any, using: threading.Lock) -> Hosted:
    pipe.set_progress_bar_config(disable=True)
    name = type(pipe).__name__
    return Hosted(pipe, name, takes(name, type(pipe).__call__), using)


def _load(model: str, revision: str, name: str, dtype: str) -> Any:
    torch, diffusers = library("torch", "diffusers"), library("diffusers", "diffusers")
    hub = library("huggingface_hub.errors", "diffusers")
    damaged = library("safetensors", "diffusers").SafetensorError
    folder = Path(model).expanduser()
    local = folder.is_dir()
    if local:
        check_folder(folder)
    elif model.startswith(("/", ".", "~")):
        raise EngineDead(f"{model}: there is no such folder; models.ROLE.model should name one with a model_index.json")
    source = str(folder) if local else model
    given = {} if local or revision == _NO_REVISION else {"revision": revision}
    try:
        kind = _class(diffusers, name)
        made = processors(source, kind.load_config(source, **given), given)
        return kind.from_pretrained(source, torch_dtype=getattr(torch, dtype), **made, **given)
    except (
        OSError,
        ValueError,
        RuntimeError,
        TypeError,
        LookupError,
        AttributeError,
        hub.HfHubHTTPError,
        damaged,
    ) as error:
        words = " ".join(str(error).split())[:300]
        if local:
            raise EngineDead(f"{model} cannot be loaded ({type(error).__name__}: {words})") from error
        raise EngineDead(
            f"{model} is no folder here, and the hub did not give it ({type(error).__name__}: {words}); "
            "download it and name its folder, or check the name and the network"
        ) from error


def _class(diffusers: Any, name: str) -> Any:
    kind = getattr(diffusers, "DiffusionPipeline" if name == "auto" else name, None)
    if kind is None:
        raise EngineDead(
            f"diffusers {diffusers.__version__} has no {name}; check the name, or install a newer diffusers"
        )
    return kind


def _of_same_parts(pipe: Any, name: str) -> Any:
    diffusers = library("diffusers", "diffusers")
    try:
        # the dtype is said because the library would cast all parts to float32, those of `pipe` too
        if name == "auto":
            return diffusers.AutoPipelineForText2Image.from_pipe(pipe, torch_dtype=pipe.dtype)
        return _class(diffusers, name).from_pipe(pipe, torch_dtype=pipe.dtype)
    except (ValueError, TypeError, AttributeError) as error:
        words = " ".join(str(error).split())[:300]
        kind = "a text-to-image pipeline" if name == "auto" else name
        raise EngineDead(
            f"the parts of {type(pipe).__name__} make no {kind} ({words}); name a model under options.text_to_image"
        ) from error


def _tune(pipe: Any, options: DrawOptions) -> None:
    """Give a pipeline the scheduler and the LoRAs of the options."""
    if options.scheduler is not None:
        scheduler = _class(library("diffusers", "diffusers"), options.scheduler)
        pipe.scheduler = scheduler.from_config(pipe.scheduler.config)
    for name, lora in options.lora.items():
        _add_lora(pipe, name, lora)
    if options.lora:
        pipe.set_adapters(list(options.lora), [lora.weight for lora in options.lora.values()])


def _add_lora(pipe: Any, name: str, lora: Lora) -> None:
    """Raises EngineDead where its weights are missing or are made for another model."""
    library("peft", "diffusers")
    damaged = library("safetensors", "diffusers").SafetensorError
    path = Path(lora.path).expanduser()
    if lora.path.startswith(("/", ".", "~")) and not path.exists():
        raise EngineDead(f"options.lora.{name}: there is no {lora.path}; name the folder or file of its weights")
    source, file = (path.parent, path.name) if path.is_file() else (lora.path, lora.file)
    unfit = (
        f"options.lora.{name}: {lora.path} does not fit {type(pipe).__name__}; it is damaged, or made for another model"
    )
    try:
        pipe.load_lora_weights(str(source), weight_name=file, adapter_name=name)
    except (OSError, ValueError, RuntimeError, TypeError, LookupError, AttributeError, damaged) as error:
        raise EngineDead(f"{unfit} ({type(error).__name__}: {' '.join(str(error).split())[:200]})") from error
    if name not in {adapter for adapters in pipe.get_list_adapters().values() for adapter in adapters}:
        raise EngineDead(f"{unfit} (nothing in it is a part of this pipeline)")


def _prepare(pipe: Any, options: DrawOptions) -> None:
    """Bring a pipeline to its device."""
    torch = library("torch", "diffusers")
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise EngineDead(f"options.device is {device}, and torch sees no GPU here; give the engine gpus, or say cpu")
    if options.offload != "none" and device == "cpu":
        raise EngineDead(f"options.offload is {options.offload}, and torch sees no GPU here; say none")
    try:
        if options.offload == "model":
            pipe.enable_model_cpu_offload(device=device)
        elif options.offload == "sequential":
            pipe.enable_sequential_cpu_offload(device=device)
        else:
            pipe.to(device)
    except torch.OutOfMemoryError as error:
        words = " ".join(str(error).split())[:200]
        raise EngineDead(
            f"the weights do not fit {device} ({words}); say offload: model, or give more memory"
        ) from error
    if options.compile:
        for part in ("transformer", "unet"):
            if getattr(pipe, part, None) is not None:
                getattr(pipe, part).compile()
