"""Masked SFT runs: through packing, a kill and a resume, and what it refuses."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from transformers import Emu3Config

from tests.engines.tiny_vlm import tiny_reader
from tests.training.rows import climbed
from tests.training.torch.planted import tiny_trainee, written
from training.sft.run import train_sft
from training.sft.settings import SftSettings
from training.trainee.log import read_log
from training.trainee.model import check_room
from training.trainee.problem import TrainProblem

pytestmark = pytest.mark.slow

ALONE = "tests.training.torch.run_sft"
FAST = {"batch": 4, "precision": "fp32", "learning_rate": 3e-3, "save_every": 3, "pixels": 1024}


@pytest.fixture(scope="module")
def rows():
    modes = ("direct", "reflection", "multistep")
    return [replace(climbed(modes[n % 3], seed=n, instruction=f"number {n}"), id=f"{n:032x}") for n in range(24)]


@pytest.fixture(scope="module")
def model(rows, tmp_path_factory):
    return str(tiny_trainee(tmp_path_factory.mktemp("model"), rows))


@pytest.fixture(scope="module")
def shards(rows, tmp_path_factory):
    return written(tmp_path_factory.mktemp("shards"), rows)


def losses(out):
    return [(line["step"], line["loss"], line["loss_by_kind"]) for line in read_log(out / "log.jsonl")]


def test_it_trains_logs_each_kind_and_leaves_a_folder_that_transformers_loads(model, shards, tmp_path):
    from transformers import AutoProcessor, Emu3ForConditionalGeneration

    last = train_sft(shards, model, tmp_path, SftSettings(**FAST, epochs=2))
    log = read_log(tmp_path / "log.jsonl")
    assert len(log) == 12
    assert log[-1]["loss"] < log[0]["loss"] - 1
    kinds = {kind for line in log for kind in line["loss_by_kind"]}
    assert kinds == {"generation", "evaluation", "reflection", "decomposition", "subtask", "end"}
    assert (tmp_path / "losses.png").read_bytes().startswith(b"\x89PNG")
    Emu3ForConditionalGeneration.from_pretrained(last)
    AutoProcessor.from_pretrained(last)


def test_packing_changes_no_loss(model, shards, tmp_path):
    apart = tmp_path / "apart"
    train_sft(shards, model, tmp_path / "packed", SftSettings(**FAST))
    train_sft(shards, model, apart, SftSettings(**FAST, packing=False, gradient_checkpointing=False))
    packed, single = losses(tmp_path / "packed"), losses(apart)
    assert [step for step, _, _ in packed] == [step for step, _, _ in single]
    np.testing.assert_allclose([b for _, b, _ in packed], [b for _, b, _ in single], rtol=1e-4)
    assert read_log(tmp_path / "packed" / "log.jsonl")[0]["sequences"] == 1


def test_a_run_that_was_killed_goes_on_with_the_losses_of_one_that_was_not(model, shards, tmp_path):
    settings = {**FAST, "epochs": 3, "dropout": 0.1}
    train_sft(shards, model, tmp_path / "whole", SftSettings(**settings))
    cut = tmp_path / "cut"
    words = [sys.executable, "-m", ALONE, shards, model, str(cut), json.dumps(settings)]
    with subprocess.Popen(words, env={**os.environ, "OMP_NUM_THREADS": "1"}) as child:
        # after a checkpoint, and in the middle of what follows it
        while len(read_log(cut / "log.jsonl")) < 8 and child.poll() is None:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL, "it ended before it could be killed"
    assert not (cut / "losses.png").exists()
    train_sft(shards, model, cut, SftSettings(**settings))
    assert losses(cut) == losses(tmp_path / "whole")
    assert train_sft(shards, model, cut, SftSettings(**settings)).name == "checkpoint-000018"


def test_two_processes_divide_the_rows_and_go_on_together(model, shards, tmp_path):
    # `accelerate launch` starts a single process where there is no GPU, whatever number it is given
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    one = [*launch, "-m", ALONE, shards, model, str(tmp_path / "out"), json.dumps({**FAST, "epochs": 1})]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    subprocess.run(one, check=True, env=environment)
    log = read_log(tmp_path / "out" / "log.jsonl")
    assert [line["step"] for line in log] == [1, 2, 3, 4, 5, 6]
    assert [(line["rows"], line["sequences"]) for line in log] == [(4, 2)] * 6, "a sequence of two rows in each process"
    (tmp_path / "out" / "checkpoint-000006").rename(tmp_path / "later")
    subprocess.run(one, check=True, env=environment)
    assert losses(tmp_path / "out") == [(line["step"], line["loss"], line["loss_by_kind"]) for line in log]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"length": 60}, "24 of 24 rows are longer than 60 tokens"),
        ({"length": 10, "too_long": "leave_out"}, "all 24 rows are longer than 10 tokens"),
        ({"length": 20_000}, "length: 20000, and the model has 16384 positions"),
    ],
)
def test_lengths_that_do_not_fit_end_it_before_the_first_step(model, shards, tmp_path, settings, says):
    with pytest.raises(TrainProblem, match=says):
        train_sft(shards, model, tmp_path, SftSettings(**FAST, **settings))
    assert not (tmp_path / "log.jsonl").exists()


def test_rows_that_are_left_out_are_counted(model, shards, tmp_path, capfd):
    train_sft(shards, model, tmp_path, SftSettings(**FAST, length=200, too_long="leave_out"))
    log, sizes = read_log(tmp_path / "log.jsonl"), json.loads((tmp_path / "sizes.json").read_text())
    assert 0 < sum(line["lost"] for line in log) == sizes["too_long"] == capfd.readouterr().out.count("tokens cut")
    assert sum(line["rows"] + line["lost"] for line in log) == 24


def test_turn_by_turn_the_same_tokens_are_trained_in_shorter_rows(model, shards, tmp_path):
    for decompose in (False, True):
        train_sft(shards, model, tmp_path / str(decompose), SftSettings(**FAST, decompose=decompose))
    whole, turns = (json.loads((tmp_path / str(of) / "sizes.json").read_text()) for of in (False, True))
    assert turns["trained"] == whole["trained"]
    assert turns["rows"] > whole["rows"]
    log = read_log(tmp_path / "True" / "log.jsonl")
    assert sum(line["rows"] for line in log) == turns["rows"]
    with pytest.raises(TrainProblem, match="decompose"):
        train_sft(shards, model, tmp_path / "True", SftSettings(**FAST))


def test_settings_of_another_run_are_refused(model, shards, tmp_path):
    train_sft(shards, model, tmp_path, SftSettings(**FAST))
    with pytest.raises(TrainProblem, match="the run there has seed 0, this one 1"):
        train_sft(shards, model, tmp_path, SftSettings(**FAST, seed=1))


def test_images_are_made_tokens_once(model, shards, tmp_path):
    train_sft(shards, model, tmp_path, SftSettings(**FAST, epochs=2))
    files = list((tmp_path / "images").rglob("*.npy"))
    assert files
    assert len({file.stem for file in files}) == len(files)
    changed = {file: file.stat().st_mtime_ns for file in files}
    (tmp_path / "log.jsonl").unlink()
    for folder in tmp_path.glob("checkpoint-*"):
        folder.rename(tmp_path / f"old-{folder.name}")
    train_sft(shards, model, tmp_path, SftSettings(**FAST, epochs=2))
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "images").rglob("*.npy")} == changed


def test_a_model_without_images_and_one_that_is_not_there_are_named(shards, rows, tmp_path):
    reader = tiny_reader(tmp_path / "reader")
    with pytest.raises(TrainProblem, match="a qwen3_vl model has no image vocabulary"):
        train_sft(shards, str(reader), tmp_path / "a", SftSettings(**FAST))
    with pytest.raises(TrainProblem, match="there is no such folder"):
        train_sft(shards, str(tmp_path / "nothing"), tmp_path / "b", SftSettings(**FAST))
    assert not (tmp_path / "b").exists()


def test_a_model_that_is_too_large_is_named_before_it_is_loaded():
    wide = {"hidden_size": 65536, "intermediate_size": 262144, "num_hidden_layers": 2}
    config = Emu3Config(text_config=wide, vocabulary_map={"<|extra_200|>": 1, "<image>": 2})
    with pytest.raises(TrainProblem, match=r"take \d+ GiB to train"):
        check_room("huge", config)
