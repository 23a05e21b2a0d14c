"""Plans a run as a whole, in memory: every row of every source becomes a trajectory, in a split, in the order in which it will
climb.

In: a manifest, the image store, the number of workers. Out: `Planned`, the same for any number of workers. A build plans wave by
wave (`pipeline.planning.planner`); this is for sources that are known to be small.
"""

from dataclasses import dataclass

from pipeline.manifest.spec import Manifest
from pipeline.planning.book import PlanBook
from pipeline.planning.planner import WAVE_ROWS, Planner
from pipeline.planning.tables import END
from pipeline.planning.truth import TruthRow
from pipeline.screening.screen import Screen
from pipeline.storage.image_store import ImageStore
from stages.trajectory import Trajectory


@dataclass(frozen=True)
class Planned:
    """`trajectories`: every row of the sources, failed rows too, in order. `truth`: of the rows that the world made, by id."""

    trajectories: list[Trajectory]
    truth: list[TruthRow]


def plan(manifest: Manifest, store: ImageStore, workers: int, wave_rows: int = WAVE_ROWS) -> Planned:
    """Read all sources. Raises ManifestError when a file is broken as a whole, OSError when a file or the store fails."""
    with (
        PlanBook(":memory:", "") as book,
        Screen(manifest.screens, None) as screen,
        Planner(manifest, store, workers, book, screen, wave_rows) as planner,
    ):
        while not planner.done:
            planner.advance()
        rows = book.page(None, END, book.count(END))
        return Planned([row.trajectory for row in rows], list(book.truth(None)))
