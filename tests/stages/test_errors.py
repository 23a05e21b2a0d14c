"""Errors keep their words across process borders."""

import pickle

import pytest

from stages.errors import Malformed, RateLimited, Refused


@pytest.mark.parametrize("error", [Refused("no"), RateLimited("429", 2.5), Malformed("{", "no JSON")])
def test_errors_survive_pickling(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert vars(again) == vars(error)
    assert str(again) == str(error)
