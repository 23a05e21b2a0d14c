"""A server that plays answers, and a store."""

import uuid

import pytest

from pipeline.store import ImageStore
from tests.providers.gateway import playing


@pytest.fixture(scope="module")
def gateway():
    with playing() as gateway:
        yield gateway


@pytest.fixture
def store():
    return ImageStore(f"memory://{uuid.uuid4().hex}")
