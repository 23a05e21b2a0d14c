"""A server that plays answers, and a store."""

import uuid

import pytest

from pipeline.storage.image_store import ImageStore
from tests.backends.openai.gateway import playing


@pytest.fixture(scope="module")
def gateway():
    with playing() as gateway:
        yield gateway


@pytest.fixture
def store():
    return ImageStore(f"memory://{uuid.uuid4().hex}")
