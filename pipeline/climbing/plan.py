"""The plan of a build. In: a site and what the build means. Out: a planner, its files open for the length of a context."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pipeline.climbing.site import Site
from pipeline.planning import tables
from pipeline.planning.book import PlanBook
from pipeline.planning.identity import plan_identity
from pipeline.planning.planner import Planner
from pipeline.screening.screen import FILE as SCREENS
from pipeline.screening.screen import Screen, forget_rows
from pipeline.storage.image_store import ImageStore


@contextmanager
def open_plan(site: Site, meaning: Mapping[str, Any]) -> Iterator[Planner]:
    """The plan of the build as far as it was made; another one's is replaced."""
    path = site.out / tables.NAME
    if site.manifest.screens.is_on and not (site.out / SCREENS).exists():
        tables.remove(str(path))  # what was planned rests on what the screens knew
    with PlanBook(path, plan_identity(meaning)) as book:
        if book.is_new:
            forget_rows(site.out)
        with (
            Screen(site.manifest.screens, site.out) as screen,
            Planner(site.manifest, ImageStore(site.store), site.workers, book, screen) as planner,
        ):
            yield planner
