"""Real pipelines of diffusers, tiny and random, from real folders: what is drawn, how calls come together, what goes wrong."""

import asyncio
import io
import shutil
from dataclasses import replace

import pytest
from PIL import Image

from pipeline.backends.contract import Access
from pipeline.backends.local import loaded
from pipeline.backends.registry import backend
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead, Refused, TooLong
from stages.protocols import ImageRequest, Message
from tests.engines.tiny_pipelines import save_kontext, save_qwen_edit, save_sd3

pytestmark = pytest.mark.slow
OPTIONS = {"dtype": "float32", "steps": 2, "device": "cpu", "extra": {"max_sequence_length": 16}}
KONTEXT = OPTIONS | {"extra": {"max_sequence_length": 16, "_auto_resize": False}}
DRAWN = ImageRequest((Message("user", "a red cup"),), (), 64, 64, "image", 1, 0)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("tiny")
    return {"sd3": save_sd3(root / "sd3"), "kontext": save_kontext(root / "kontext")}


@pytest.fixture
def store(tmp_path):
    return ImageStore(str(tmp_path / "store"))


@pytest.fixture(autouse=True)
def fresh():
    loaded.forget()


def opened(folder, store, options=OPTIONS, **access):
    return backend("diffusers").open(Access("diffusers", "e", None, str(folder), "1", options, **access), store, None)


def drawn(model, *requests):
    async def work():
        return await asyncio.gather(*(model.draw(request) for request in requests), return_exceptions=True)

    return asyncio.run(work())


def picture(store, colour, size=(64, 64)):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return store.put(out.getvalue())


def test_one_at_a_time_the_same_bytes_come_again_after_a_reload_too(folders, store):
    (first,) = drawn(opened(folders["sd3"], store), DRAWN)
    loaded.forget()
    again, other = drawn(opened(folders["sd3"], store), DRAWN, replace(DRAWN, seed=2))
    assert first.image == again.image != other.image
    pixels = Image.open(io.BytesIO(store.get(first.image.sha256)))
    assert pixels.format == "PNG"
    assert len(pixels.getcolors(10_000)) > 16


def test_calls_of_one_shape_are_drawn_together_and_sizes_are_those_asked_for(folders, store):
    model = opened(folders["sd3"], store, batch=4, batch_wait_s=0.5)
    wide = replace(DRAWN, width=100, height=50)
    replies = drawn(model, *(replace(DRAWN, seed=seed) for seed in range(4)), wide)
    assert model.batch_sizes == [4, 1]
    assert [(r.image.width, r.image.height) for r in replies] == [(64, 64)] * 4 + [(100, 50)]
    assert len({r.image.sha256 for r in replies}) == 5


def test_out_of_memory_halves_the_batch_and_the_size_that_held_is_remembered(folders, store):
    import torch

    model = opened(folders["sd3"], store, batch=4, batch_wait_s=0.5)
    transformer = model._with_images.pipe.transformer
    forward, seen = transformer.forward, []

    def narrow(*args, **kwargs):
        seen.append(kwargs["hidden_states"].shape[0])
        if seen[-1] > 4:  # two images: guidance doubles each
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(*args, **kwargs)

    transformer.forward = narrow
    batch = [replace(DRAWN, seed=seed) for seed in range(4)]
    assert all(reply.image for reply in drawn(model, *batch))
    assert seen[0] == 8
    assert max(seen[1:]) == 4
    seen.clear()

    async def twice():
        first = await asyncio.gather(*(model.draw(request) for request in batch))
        return first, await asyncio.gather(*(model.draw(request) for request in batch))

    seen.clear()
    asyncio.run(twice())
    assert seen.count(8) <= 1, "the size that held was forgotten"


def test_the_error_of_one_is_its_own(folders, store):
    model = opened(folders["sd3"], store, batch=3, batch_wait_s=0.5)
    encode = model._with_images.pipe.encode_prompt

    def picky(*args, **kwargs):
        if any("never" in text for text in kwargs["prompt"]):
            raise ValueError("this prompt cannot be encoded")
        return encode(*args, **kwargs)

    model._with_images.pipe.encode_prompt = picky
    bad = replace(DRAWN, messages=(Message("user", "never"),))
    good, error, other = drawn(model, DRAWN, bad, replace(DRAWN, seed=3))
    assert "cannot be encoded" in str(error)
    assert good.image.width == other.image.width == 64


def test_an_editing_pipeline_works_on_the_canvas(folders, store):
    model = opened(folders["kontext"], store, KONTEXT, batch=3, batch_wait_s=0.5)
    canvases = [picture(store, colour) for colour in ("red", "blue")]
    red, blue, new = drawn(model, *(replace(DRAWN, images=(canvas,)) for canvas in canvases), DRAWN)
    assert sorted(model.batch_sizes) == [1, 2]  # which shape is ready first is open
    assert len({reply.image.sha256 for reply in (red, blue, new)}) == 3
    (refused,) = drawn(model, replace(DRAWN, images=tuple(canvases)))
    assert isinstance(refused, Refused)
    assert "has 2 images" in str(refused)


def test_a_pipeline_for_new_pictures_refuses_references_unless_another_takes_them(folders, store):
    canvas = picture(store, "red")
    edit = replace(DRAWN, images=(canvas,))
    (refused,) = drawn(opened(folders["sd3"], store), edit)
    assert isinstance(refused, Refused)
    assert "editing pipeline" in str(refused)
    pair = KONTEXT | {"text_to_image": {"model": str(folders["sd3"])}}
    model = opened(folders["kontext"], store, pair | {"pipeline": "FluxKontextPipeline"})
    alone, new = drawn(opened(folders["sd3"], store), DRAWN)[0], drawn(model, DRAWN)[0]
    assert alone.image == new.image


def test_parts_of_one_pipeline_make_another(folders, store):
    options = OPTIONS | {"pipeline": "StableDiffusion3Img2ImgPipeline", "strength": 0.5}
    options["text_to_image"] = {"pipeline": "StableDiffusion3Pipeline"}
    model = opened(folders["sd3"], store, options)
    new, edited = drawn(model, DRAWN, replace(DRAWN, images=(picture(store, "red", (80, 40)),)))
    assert new.image == drawn(opened(folders["sd3"], store), DRAWN)[0].image
    assert (edited.image.width, edited.image.height) == (64, 64)


def test_qwen_takes_several_references_without_torchvision(tmp_path, store, monkeypatch):
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as plus

    monkeypatch.setattr(plus, "VAE_IMAGE_SIZE", 64 * 64)
    monkeypatch.setattr(plus, "CONDITION_IMAGE_SIZE", 56 * 56)
    model = opened(save_qwen_edit(tmp_path / "qwen"), store, {k: OPTIONS[k] for k in ("dtype", "steps", "device")})
    red, blue = picture(store, "red"), picture(store, "blue", (48, 64))
    one, two, swapped = drawn(model, *(replace(DRAWN, images=images) for images in ((red,), (blue, red), (red, blue))))
    assert len({reply.image.sha256 for reply in (one, two, swapped)}) == 3
    (refused,) = drawn(model, DRAWN)
    assert "text_to_image" in str(refused)


def test_a_lora_changes_the_image_and_one_for_another_model_is_named(folders, store, tmp_path):
    import torch
    from safetensors.torch import save_file

    def saved(name, part, width):
        torch.manual_seed(1)
        weights = {f"{part}.lora_A.weight": torch.randn(2, width), f"{part}.lora_B.weight": torch.randn(width, 2)}
        save_file(weights, str(tmp_path / name))
        return str(tmp_path / name)

    fit = saved("fit.safetensors", "transformer.transformer_blocks.0.attn.to_q", 32)
    (plain,) = drawn(opened(folders["sd3"], store), DRAWN)
    (changed,) = drawn(opened(folders["sd3"], store, OPTIONS | {"lora": {"a": {"path": fit}}}), DRAWN)
    assert plain.image != changed.image
    unfit = saved("unfit.safetensors", "transformer.no_such_part", 32)
    with pytest.raises(EngineDead, match=r"options\.lora\.b: .*unfit"):
        opened(folders["sd3"], store, OPTIONS | {"lora": {"b": {"path": unfit}}})
    with pytest.raises(EngineDead, match=r"there is no /no/such"):
        opened(folders["sd3"], store, OPTIONS | {"lora": {"c": {"path": "/no/such"}}})


def test_what_keeps_a_pipeline_from_loading_is_one_clear_line(folders, store, tmp_path, monkeypatch):
    def said(folder, options=OPTIONS):
        with pytest.raises(EngineDead) as caught:
            opened(folder, store, options)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    broken = shutil.copytree(folders["sd3"], tmp_path / "broken")
    (broken / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"half a file")
    assert "cannot be loaded" in said(broken)
    shutil.rmtree(broken / "vae")
    assert f"{broken / 'vae'} is missing" in said(broken)
    (broken / "model_index.json").unlink()
    assert "no model_index.json" in said(broken)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "no folder here" in said("nobody/no-such-model")
    assert "has no true_cfg_scale" in said(folders["sd3"], OPTIONS | {"true_cfg": 2.0})
    assert "takes no no_such_thing" in said(folders["sd3"], OPTIONS | {"extra": {"no_such_thing": 1}})
    assert "has no NoSuchPipeline" in said(folders["sd3"], OPTIONS | {"pipeline": "NoSuchPipeline"})
    assert "no GPU" in said(folders["sd3"], OPTIONS | {"device": "cuda:7"})


def test_a_call_that_is_given_up_is_not_drawn(folders, store):
    model = opened(folders["sd3"], store, batch=1)

    async def work():
        tasks = [asyncio.create_task(model.draw(replace(DRAWN, seed=seed))) for seed in range(3)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, second, third = asyncio.run(work())
    assert first.image != second.image
    assert isinstance(third, asyncio.CancelledError)
    assert model.batch_sizes == [1, 1]


def test_no_room_even_alone_fails_that_call(folders, store):
    import torch

    model = opened(folders["sd3"], store)

    def forward(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    model._with_images.pipe.transformer.forward = forward
    (error,) = drawn(model, DRAWN)
    assert isinstance(error, TooLong)
