"""What lies ahead, before the first step: every image as tokens, and how long the rows are.

In: rows, a way to render them. Out: a `Sizing`; a run without rows, or with rows that are too long, fails here and not hours later.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.render.rendered import Rendered
from training.row import TrainingRow
from training.sft.settings import SftSettings
from training.trainee.problem import TrainProblem


@dataclass
class Sizing:
    """Numbers of rows and tokens; `trained` by kind of segment; `too_long` rows and the longest row's name and tokens."""

    rows: int = 0
    tokens: int = 0
    trained: dict[str, int] = field(default_factory=dict)
    too_long: int = 0
    longest: tuple[int, str] = (0, "")

    def add(self, rendered: Rendered, length: int) -> None:
        """One more row."""
        self.rows += 1
        self.tokens += len(rendered)
        self.too_long += len(rendered) > length
        self.longest = max(self.longest, (len(rendered), rendered.id))
        for span in rendered.spans:
            if span.loss:
                self.trained[span.kind] = self.trained.get(span.kind, 0) + span.stop - span.start

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return {"rows": self.rows, "tokens": self.tokens, "trained": self.trained, "too_long": self.too_long}


def size_up(rows: Iterable[TrainingRow], render: Callable[[TrainingRow], Sequence[Rendered]], length: int) -> Sizing:
    """The sizes of what `render` makes of these rows. Raises RenderProblem."""
    sizing = Sizing()
    for row in rows:
        for rendered in render(row):
            sizing.add(rendered, length)
    return sizing


def check_sizes(sizing: Sizing, settings: SftSettings, length: int, place: str) -> None:
    """Raises TrainProblem where nothing would be trained, or where rows are too long and the settings say nothing of them."""
    if not sizing.rows or not sizing.trained:
        raise TrainProblem(f"{place}: {sizing.rows} rows, and nothing in them is trained; build shards that hold some")
    if sizing.too_long and settings.too_long == "fail":
        tokens, name = sizing.longest
        raise TrainProblem(
            f"{place}: {sizing.too_long} of {sizing.rows} rows are longer than {length} tokens (row {name}: {tokens}); set length, "
            "lower pixels, say decompose=true, too_long=cut or too_long=leave_out"
        )
    if sizing.too_long == sizing.rows and settings.too_long == "leave_out":
        raise TrainProblem(
            f"{place}: all {sizing.rows} rows are longer than {length} tokens; set length, or lower pixels"
        )
