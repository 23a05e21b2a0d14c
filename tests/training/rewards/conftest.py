"""One reward server for all tests that only ask it."""

import pytest

from tests.training.rewards.rewarding import reward_server
from tests.training.rewards.world_answers import PROMPT
from training.rewards.prompts import AskedPrompt, sample_of


@pytest.fixture(scope="package")
def url(tmp_path_factory):
    known = {"first": sample_of(AskedPrompt.model_validate(PROMPT), ())}
    with reward_server(tmp_path_factory.mktemp("rewards"), known=known) as url:
        yield url


@pytest.fixture(scope="package")
def hasty_url(tmp_path_factory):
    """A server that hardly waits. Answers without an image need no judge, so none starts."""
    with reward_server(tmp_path_factory.mktemp("hasty"), wait_s=0.3) as url:
        yield url
