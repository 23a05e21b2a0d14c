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
from pipeline.views.figures import BuildFigures
from pipeline.views.probe.probe import StyleFinding
from pipeline.views.story import Story, stories
from pipeline.views.tables.agreement import Agreement
from pipeline.views.tables.calls import Calls
from pipeline.views.tables.drawers import Drawers
from pipeline.views.tables.effort import Effort
from pipeline.views.tables.ledger import Ledger, ledger
from pipeline.views.tables.money import Money, money
from pipeline.views.tables.scores import Scores
from stages.rung import Recipe


@dataclass(frozen=True)
class Reading:
    """All that is counted of one build. `truth_lacks`: why there is no `truth` although the output holds some. `style`: what the
    style probe found, or why it found nothing; None where it was not asked, since it takes seconds.
    """

    out: Path
    run: RunSummary
    recipe: Recipe
    figures: BuildFigures
    calls: Calls
    scores: Scores
    effort: Effort
    agreement: Agreement
    ledger: Ledger | None
    money: Money | None
    drawers: Drawers
    truth: TruthFigures | None
    truth_lacks: str | None
    style: StyleFinding | str | None = None


def read(out: Path, also: Callable[[Story, TruthFigures | None], None] | None = None) -> Reading:
    """Read the build in `out`; every story goes to `also`, too, with the truth.

    Raises FileNotFoundError when `out` holds no finished build, ValueError when one of its files is damaged, BuildError when a
    rung of its ladder cannot be imported here.
    """
    run = run_json.read(out)
    recipe = run_json.recipe_of(run)
    truth, truth_lacks = _truth(out, store_of(run, out))
    sent = ledger(out)
    reading = Reading(
        out,
        run,
        recipe,
        BuildFigures(recipe),
        Calls(recipe.modes),
        Scores(recipe),
        Effort(recipe),
        Agreement(),
        sent,
        money(out, recipe.modes),
        Drawers(recipe, sent),
        truth,
        truth_lacks,
    )
    counted = (reading.figures, reading.calls, reading.scores, reading.effort, reading.agreement)
    tables = (*counted, reading.drawers, reading.money)
    for story in stories(out, recipe):
        for table in tables:
            if table is not None:
                table.add(story)
        if also is not None:
            also(story, truth)
    return reading


def store_of(run: RunSummary, out: Path) -> ImageStore:
    """The store of the images; an empty one where they were given up."""
    return ImageStore(run_json.store_root(run, out) or str(out / "store"))


def _truth(out: Path, store: ImageStore) -> tuple[TruthFigures | None, str | None]:
    """The figures, and why there are none: a report of all else is worth having."""
    try:
        return truth_figures(out, store), None
    except FileNotFoundError:
        return None, "the images that the truth speaks of are gone"
    except (ValueError, KeyError, TypeError) as error:
        return None, f"truth.parquet is of another version, or damaged ({one_line(error)})"
