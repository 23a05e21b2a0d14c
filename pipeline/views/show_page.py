"""`x2i show --html`: one trajectory as a small page of its own, drawn as in the report's gallery.

In: the folder of a finished build, a sample id or what `show` takes for one. Out: the page, beside the report by default.
"""

from pathlib import Path

from pipeline.output import run_json
from pipeline.output.record import identifiers
from pipeline.views.gallery import exhibit
from pipeline.views.looks import mode_looks
from pipeline.views.page import render, write
from pipeline.views.show import resolve
from pipeline.views.story import story
from pipeline.views.tables.reading import store_of
from pipeline.views.text import clip


def show_page(out: Path, sample_id: str, file: Path | None = None) -> Path:
    """Write the page and return its path (default: `out/show-<first 16 digits of the id>.html`).

    Raises LookupError for an id that no sample has, or that several begin with; FileNotFoundError when `out` holds no finished
    build; BuildError when a rung of its ladder cannot be imported here; OSError when the page cannot be written.
    """
    run = run_json.read(out)
    recipe = run_json.recipe_of(run)
    looks = mode_looks(recipe)
    sample = story(out, recipe, resolve(identifiers(out), sample_id))
    values = {
        "name": clip(run.name, 80),
        "story": sample,
        "title": looks.titles[sample.mode] if sample.mode else "",
        "html": exhibit(sample, store_of(run, out)).html,
        "facts": [
            ("source", sample.sample.source),
            ("row", sample.sample.row_id),
            ("rank", str(sample.rank)),
            ("id", sample.id),
        ],
    }
    return write(file or out / f"show-{sample.id[:16]}.html", render("show.html.j2", values, looks))
