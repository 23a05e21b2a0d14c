"""`x2i serve` and `x2i doctor` as commands, with tiny models from real folders: what they answer, and what keeps them from it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.backends.contract import Access
from pipeline.backends.openai.backend import OpenAIModel
from pipeline.backends.openai.spec import Provider
from pipeline.backends.registry import backend
from tests.backends.openai.gateway import run
from tests.engines.asking import drawing, opened, picture, question, together
from tests.engines.tiny_pipelines import save_kontext, save_sd3

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
QUIET = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "200"}


def command(*words: object) -> dict[str, Any]:
    """How a command of `x2i` is run."""
    line = [sys.executable, "-m", "pipeline", *map(str, words)]
    return {"args": line, "cwd": ROOT, "env": {**os.environ, **QUIET}, "text": True}


@contextmanager
def served(*words: object) -> Iterator[str]:
    """The base URL of `x2i serve` with these words, which must end cleanly."""
    process = subprocess.Popen(**command("serve", *words, "--port", 0), stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout
    try:
        yield process.stdout.readline().strip().removeprefix("X2I_BASE_URL=")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> dict[str, Any]:
    """An editing pipeline, and options that name another one for new pictures."""
    root = tmp_path_factory.mktemp("pair")
    options = {"dtype": "float32", "device": "cpu", "steps": 2}
    options["extra"] = {"max_sequence_length": 16, "_auto_resize": False}
    options["text_to_image"] = {"model": str(save_sd3(root / "sd3"))}
    return {"model": str(save_kontext(root / "kontext")), "options": options}


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As many threads here as the commands have (`QUIET`): the last bits of a sum depend on how it is cut."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def options_of(options: dict[str, Any]) -> list[str]:
    return [word for name, value in options.items() for word in ("--option", f"{name}={json.dumps(value)}")]


def test_pipelines_that_are_served_draw_what_they_draw_in_this_process(pair, store, one_thread):
    here = backend("diffusers").open(Access("diffusers", "e", None, pair["model"], "1", pair["options"]), store, None)
    new, edit = drawing(width=64, height=64), drawing(images=[picture(store, 3)], width=64, height=64)
    with served("diffusers", "--model", pair["model"], "--name", "painter", *options_of(pair["options"])) as url:
        there = OpenAIModel("painter", "1", {}, "p", Provider(base_url=url), store)
        for request in (new, edit):
            [expected] = together(here.draw(request))
            assert run(there.draw(request)).image == expected.image


def test_a_judge_that_is_served_says_and_scores_what_it_does_in_this_process(tiny, store, one_thread):
    sampled = {"temperature": 1.0, "max_new_tokens": 700}
    here = opened(tiny("judge"), store, **sampled)
    asked = question(images=[picture(store, 1)])
    with served("transformers", "--model", tiny("judge"), "--name", "judge", *options_of(sampled)) as url:
        there = OpenAIModel("judge", "1", {}, "p", Provider(base_url=url), store)
        for request in (asked, replace(asked, seed=2)):
            [expected] = together(here.ask(request))
            assert run(there.ask(request)).text == expected.text


@pytest.mark.parametrize("kind", ["diffusers", "transformers"])
@pytest.mark.parametrize("what", ["no folder", "no weights"])
def test_without_weights_the_command_ends_with_one_clear_line(tiny, pair, tmp_path, kind, what):
    folder = tmp_path / "model"
    if what == "no weights":
        shutil.copytree(pair["model"] if kind == "diffusers" else tiny("judge"), folder)
        for weights in folder.rglob("*.safetensors"):
            weights.unlink()
    done = subprocess.run(**command("serve", kind, "--model", folder, "--port", 0), capture_output=True)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert re.match(rf"x2i: (transformers: )?{folder}", line)
    assert ("no such folder" if what == "no folder" else "safetensors") in line
    assert done.stdout == ""


def test_the_doctor_examines_engines_and_a_server_that_it_starts(tiny, pair, tmp_path):
    """Random weights judge badly, and the doctor says so; every model is reached at its place, and nothing is left of them."""
    mark = f"mark-{tmp_path.name}-{os.getpid()}"
    serve = [sys.executable, "-m", "pipeline", "serve", "world", "--port", "{port}", "--workers", "1"]
    judge = {"model": str(tiny("judge")), "options": {"temperature": 1.0, "max_new_tokens": 700}}
    raw = {
        "name": "examined",
        "sources": [{"kind": "world", "name": "w", "count": 1, "size": 96, "compose": 0.0}],
        "providers": {"mine": {"server": {"command": serve, "env": {"X2I_MARK": mark}}}},
        "engines": {"hands": {"cpus": 0.1}, "eyes": {"cpus": 0.1}, "small": {"cpus": 0.1}},
        "policy": {"judging": {"second": "margin"}},
        "models": {
            "baseline": {"backend": "diffusers", "engine": "hands", **pair},
            "generator": {"model": "world-generator", "engine": "small"},
            "analyzer": {"backend": "transformers", "engine": "eyes", **judge},
            "second_analyzer": {"backend": "openai", "provider": "mine", "model": "world-analyzer"},
        },
    }
    (tmp_path / "m.yaml").write_text(json.dumps(raw))
    done = subprocess.run(**command("doctor", tmp_path / "m.yaml", "--json", "--yes"), capture_output=True)
    assert done.returncode == 3, done.stderr
    models = {model["roles"][0]: model for model in json.loads(done.stdout)["models"]}
    assert {role: model["place"] for role, model in models.items()} == {
        "baseline": "engine hands",
        "generator": "engine small",
        "analyzer": "engine eyes",
        "second_analyzer": "provider mine",
    }
    found = {role: {f["about"]: f["level"] for f in model["findings"]} for role, model in models.items()}
    for role in models:
        assert not {"opened", "reachable"} & found[role].keys(), models[role]["findings"]
        assert all(call["seconds"] > 0 for call in models[role]["exchanges"])
    assert found["baseline"]["size"] == found["baseline"]["seed"] == "fine"
    assert found["second_analyzer"]["schema"] == found["second_analyzer"]["sight"] == "fine"
    assert models["generator"]["level"] != "bad"
    assert found["analyzer"]["schema"] == "fine"
    assert not [p for p in Path("/proc").glob("[0-9]*/environ") if mark.encode() in contents(p)]


def contents(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it ended meanwhile, or is another user's
        return b""
