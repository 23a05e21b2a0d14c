"""Keys that are typed where they would be written down are turned down, and not repeated."""

import pytest
from pydantic import ValidationError

from pipeline.backends.openai.options import Options
from pipeline.backends.openai.spec import Provider

KEY = "sk-0123456789abcdef"


@pytest.mark.parametrize("extra", [{"api_key": KEY}, {"a": [{"Authorization": KEY}]}, {"x-auth-token": KEY}])
def test_an_option_that_holds_a_key_is_refused(extra):
    ((option, problem),) = Options.problems({"extra": extra})
    assert option == "extra"
    assert "api_key_env" in problem
    assert KEY not in problem


def test_an_ordinary_extra_is_not():
    assert Options.problems({"extra": {"top_k": 20, "max_completion_tokens": 9, "provider": {"order": ["a"]}}}) == []


def test_a_key_in_place_of_the_name_of_its_variable_is_refused_unread():
    with pytest.raises(ValidationError) as error:
        Provider(base_url="http://127.0.0.1/v1", api_key_env=KEY)
    assert "no name of an environment variable" in error.value.errors()[0]["msg"]
