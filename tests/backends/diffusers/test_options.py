"""The options and the table of the diffusers backend, which need no torch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.backends.diffusers.options import checked, identity, option_problems
from pipeline.backends.diffusers.pipelines import PIPELINES, drawn_size, takes


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"stepz": 3}, ("stepz", "unknown option; did you mean steps?")),
        ({"steps": 0}, ("steps", "got 0; it should be greater than or equal to 1")),
        (
            {"pipeline": "FluxKontexPipeline"},
            ("pipeline", "there is no FluxKontexPipeline; did you mean FluxKontextPipeline?"),
        ),
        (
            {"pipeline": "flux"},
            ("pipeline", "got 'flux'; it should be auto or the name of a class such as FluxKontextPipeline"),
        ),
        ({"pipeline": "FluxPipeline", "strength": 0.5}, ("strength", "FluxPipeline has no strength; leave it out")),
        (
            {"pipeline": "Flux2Pipeline", "true_cfg": 4.0},
            ("true_cfg", "Flux2Pipeline has no true_cfg_scale; leave it out"),
        ),
        ({"lora": {"a": {"path": "x", "wait": 1}}}, ("lora.a.wait", "unknown option; did you mean weight?")),
        ({"lora": {"a": {}}}, ("lora.a.path", "is missing; say which")),
        (
            {"extra": {"prompt": "x"}},
            ("extra", "'prompt' is set by the build or by an option of its own; leave it out of extra"),
        ),
        ({"device": "gpu"}, ("device", "got 'gpu'; it should be cpu, cuda, cuda:NUMBER, mps or xpu")),
    ],
)
def test_a_problem_is_one_line(options, problem):
    assert list(option_problems(options)) == [problem]


def test_what_changes_images_is_in_the_identity_and_where_they_are_drawn_is_not():
    plain = identity("m", "1", checked({}))
    assert plain == "diffusers/m@1"
    for same in ({"device": "cpu"}, {"offload": "model"}, {"compile": True}, {"dtype": "bfloat16"}):
        assert identity("m", "1", checked(same)) == plain
    changed = [
        {"steps": 4},
        {"dtype": "float32"},
        {"guidance": 1.0},
        {"true_cfg": 1.0},
        {"negative_prompt": "a&b=c|d"},
        {"negative_prompt": ""},
        {"scheduler": "EulerDiscreteScheduler"},
        {"lora": {"a": {"path": "x"}}},
        {"lora": {"a": {"path": "x", "weight": 0.5}}},
        {"side": 1024},
        {"extra": {"sigmas": [1.0]}},
        {"text_to_image": {"model": "n"}},
    ]
    names = {identity("m", "1", checked(options)) for options in changed}
    assert len(names | {plain}) == len(changed) + 1
    assert not any("|" in name for name in names)


@given(st.integers(16, 4096), st.integers(16, 4096), st.sampled_from([8, 16, 32]))
def test_sides_are_rounded_to_the_nearest_multiple(width, height, multiple):
    drawn = drawn_size(width, height, multiple, None)
    for side, asked in zip(drawn, (width, height), strict=True):
        assert side % multiple == 0 < side
        assert abs(side - asked) <= multiple / 2 or side == multiple


def test_a_larger_side_keeps_the_aspect():
    assert drawn_size(512, 512, 16, 1024) == (1024, 1024)
    assert drawn_size(640, 320, 16, 1024) == (1456, 720)


def test_a_pipeline_without_a_row_is_read_by_its_signature():
    def draws(prompt, guidance_scale=3.0):
        """Text to image."""

    def edits(prompt, image, negative_prompt=None, true_cfg_scale=1.0):
        """An image to work from."""

    assert takes("NewPipeline", draws).most == 0
    row = takes("NewEditPipeline", edits)
    assert (row.least, row.most, row.batches) == (1, 1, False)
    assert row.steering == {"negative_prompt", "true_cfg_scale"}
    assert all(row.most == 0 or row.form != "none" for row in PIPELINES.values())
