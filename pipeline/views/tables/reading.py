"""One reading of an output: every table of the report, filled in one pass over its record.

In: the folder of a finished build. Out: a `Reading`. Counts only: memory does not grow with the number of samples.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import one_line
from pipeline.output import run_json
from pipeline.output.run_json import RunSummary
from pipeline.output.truth_figures import TruthFigures, truth_figures
from pipeline.storage.image_store import ImageStore
from pipeline.views.figures import Figures
from pipeline.views.stories import Story, stories
from pipeline.views.tables.agreement import Agreement
from pipeline.views.tables.calls import Calls
from pipeline.views.tables.ledger import Ledger, ledger
from pipeline.views.tables.money import Money, money
from pipeline.views.tables.scores import Scores

_ROUNDS = 3


@dataclass(frozen=True)
class Reading:
    """All that is counted of one build. `truth_lacks`: why there is no `truth` although the output holds some."""

    out: Path
    run: RunSummary
    figures: Figures
    calls: Calls
    scores: Scores
    agreement: Agreement
    ledger: Ledger | None
    money: Money | None
    truth: TruthFigures | None
    truth_lacks: str | None


def read(out: Path, also: Callable[[Story, TruthFigures | None], None] | None = None) -> Reading:
    """Read the build in `out`; every story goes to `also`, too, with the truth.

    Raises FileNotFoundError when `out` holds no finished build, ValueError when one of its files is damaged.
    """
    run = run_json.read(out)
    rounds = int(run.manifest.get("policy", {}).get("reflection_rounds", _ROUNDS))
    truth = _truth(out, store_of(run, out))
    found = Reading(out, run, Figures(rounds), Calls(), Scores(rounds), Agreement(), ledger(out), money(out), *truth)
    for story in stories(out):
        for part in (found.figures, found.calls, found.scores, found.agreement, found.money):
            if part is not None:
                part.add(story)
        if also is not None:
            also(story, found.truth)
    return found


def store_of(run: RunSummary, out: Path) -> ImageStore:
    """The store of the originals; an empty one where they were given up."""
    return ImageStore(run_json.store_root(run, out) or str(out / "store"))


def _truth(out: Path, store: ImageStore) -> tuple[TruthFigures | None, str | None]:
    """The figures, and why there are none: a report of all else is worth having."""
    try:
        return truth_figures(out, store), None
    except FileNotFoundError:
        return None, "the originals that the truth speaks of are gone"
    except (ValueError, KeyError, TypeError) as error:
        return None, f"truth.parquet is of another version, or damaged ({one_line(error)})"
