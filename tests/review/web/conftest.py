"""A small build under review, and browsers without a screen that have come in."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.review.preparing import prepare
from pipeline.review.settings import ReviewSettings
from pipeline.review.store import ReviewStore, open_review
from pipeline.review.web.address import address
from pipeline.review.web.app import review_app
from pipeline.review.web.desk import ReviewDesk
from tests.review.web.visiting import BASE, PORT, Client
from tests.views.made_build import Build

ALONE = ReviewSettings(overlap=0.0, gold_share=0.0)
TOGETHER = replace(ALONE, overlap=1.0)


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Build(tmp_path_factory.mktemp("review") / "demo", side=48).fill(40).write()


@pytest.fixture(scope="session")
def drawn(reviewed: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[ReviewSettings], tuple[Path, str]]:
    """The database of a review that nobody has begun, drawn once for each settings, and the build's fingerprint."""
    made: dict[ReviewSettings, tuple[Path, str]] = {}

    def draw(settings: ReviewSettings) -> tuple[Path, str]:
        if settings not in made:
            file = tmp_path_factory.mktemp("drawn") / "review.sqlite"
            with prepare(reviewed, f"sqlite:///{file}", settings) as store:
                made[settings] = (file, store.fingerprint)
        return made[settings]

    return draw


@pytest.fixture
def settings() -> ReviewSettings:
    return ALONE


@pytest.fixture
def store(
    drawn: Callable[[ReviewSettings], tuple[Path, str]], settings: ReviewSettings, tmp_path: Path
) -> Iterator[ReviewStore]:
    file, fingerprint = drawn(settings)
    copy = shutil.copy(file, tmp_path / "review.sqlite")
    with open_review(f"sqlite:///{copy}", fingerprint) as opened:
        yield opened


@pytest.fixture
def desk(store: ReviewStore, reviewed: Path) -> ReviewDesk:
    return ReviewDesk(store, reviewed)


@pytest.fixture
def join(desk: ReviewDesk) -> Callable[..., Client]:
    app = review_app(desk, address("127.0.0.1", PORT, None))

    def come_in(name: str | None, place: str = "reviewer") -> Client:
        client = Client(app, BASE)
        if name is not None:
            client.come_in(desk.store.invite(name, place))  # type: ignore[arg-type]
        return client

    return come_in
