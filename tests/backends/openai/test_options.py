"""Options: who a model is, and what is wrong with options. The schemas that replies are held to."""

import json
from dataclasses import replace
from typing import get_args

import pytest

from pipeline.backends.openai.options import Options
from pipeline.backends.openai.schemas import response_format, schema
from pipeline.storage.image_store import ImageStore
from stages import replies
from stages.policy import Thresholds
from stages.records import AXES, Cause, ErrorType
from tests.backends.openai.gateway import Gateway, question


def identity(**options):
    gateway = Gateway()
    gateway.base_url = "http://secret.example"
    return gateway.model(ImageStore("memory://x"), **options).identity


def test_an_identity_names_what_changes_answers_in_one_order_and_no_address():
    assert identity() == "openai/a-model@1"
    one = identity(top_p=0.9, temperature=1, extra={"b": 1, "a": {"d": 1, "c": "x&y=z"}}, structured="none")
    two = identity(structured="none", extra={"a": {"c": "x&y=z", "d": 1}, "b": 1}, temperature=1.0, top_p=0.9)
    assert one == two
    assert one == (
        'openai/a-model@1?extra={"a":{"c":"x%26y%3Dz","d":1},"b":1}&structured=none&temperature=1.0&top_p=0.9'
    )


def test_defaults_written_out_change_no_identity():
    assert (
        identity(max_tokens=4096, structured="json_schema", images="generations", size="request", seed=True)
        == identity()
    )
    assert identity(max_tokens=None) == "openai/a-model@1?max_tokens=null"


@pytest.mark.parametrize(
    ("option", "value", "remedy"),
    [
        ("temprature", 0.5, "did you mean temperature?"),
        ("zzz", 1, "valid options are"),
        ("temperature", "hot", "number"),
        ("temperature", True, "number"),
        ("temperature", 3, "less than or equal to 2"),
        ("top_p", 0, "greater than 0"),
        ("max_tokens", 0, "greater than or equal to 1"),
        ("structured", "yaml", "json_schema"),
        ("images", "edits", "chat"),
        ("size", "huge", "1024x1024"),
        ("extra", {"messages": []}, "leave it out"),
        ("extra", {"stream": True}, "leave it out"),
        ("extra", 5, "dictionary"),
    ],
)
def test_a_wrong_option_comes_with_its_remedy(option, value, remedy):
    [(name, text)] = Options.problems({option: value})
    assert name == option
    assert remedy in text
    with pytest.raises(ValueError, match=option):
        identity(**{option: value})


def test_every_problem_is_listed_at_once():
    assert len(Options.problems({"temperature": 9, "top_p": 9, "size": "x"})) == 3
    assert Options.problems({"temperature": 0.2, "max_tokens": None, "extra": {"top_k": 1}}) == []


def test_a_reply_that_fits_its_schema_is_one_that_can_be_read():
    """Each schema is filled with the plainest values it allows, and read back by the parser of the stages."""
    for cause in get_args(Cause):
        assert cause in schema(question(schema="diagnosis"))["properties"]["cause"]["enum"]
    text = json.dumps(_plainest(schema(question(schema="evaluation", axes=AXES))))
    assert replies.evaluation(text, AXES, Thresholds()).score("quality") == 1
    assert replies.reflection(json.dumps(_plainest(schema(question(schema="reflection"))))).error_type
    assert replies.diagnosis(json.dumps(_plainest(schema(question(schema="diagnosis"))))).cause
    assert replies.plan(json.dumps(_plainest(schema(question(schema="plan")))), 1, 5).steps == ("x",)


def _plainest(shape):
    if "enum" in shape:
        return shape["enum"][0]
    match shape["type"]:
        case "object":
            assert shape["required"] == list(shape["properties"])
            assert shape["additionalProperties"] is False
            return {name: _plainest(inner) for name, inner in shape["properties"].items()}
        case "array":
            return [_plainest(shape["items"])] * shape["minItems"]
        case "integer":
            return shape["minimum"]
        case "boolean":
            return False
        case "string":
            return "x"


def test_an_evaluation_is_held_to_exactly_its_axes():
    sent = response_format(question(schema="evaluation", axes=("quality", "instruction")), "json_schema")
    held = sent["response_format"]["json_schema"]
    assert (held["name"], held["strict"]) == ("evaluation", True)
    assert list(held["schema"]["properties"]) == ["demands", "quality", "instruction"]


def test_a_plan_is_held_to_its_number_of_steps_and_a_reflection_may_find_nothing():
    asked = replace(question(schema="plan"), steps=(1, 4))
    steps = schema(asked)["properties"]["steps"]
    assert (steps["minItems"], steps["maxItems"]) == (1, 4)
    assert schema(question(schema="reflection"))["properties"]["error_type"]["enum"] == [*get_args(ErrorType), "none"]


def test_a_reply_of_another_kind_has_no_schema():
    with pytest.raises(ValueError, match="sonnet"):
        schema(question(schema="sonnet"))
