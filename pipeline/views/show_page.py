"""`x2i show --html`: one trajectory as a small page of its own, told as the report's gallery tells it.

In: the folder of a finished build, a sample id or what `show` takes for one. Out: the page, beside the report by default.
"""

from pathlib import Path

from pipeline.output import run_json
from pipeline.views.gallery import exhibit
from pipeline.views.page import render, write
from pipeline.views.show import resolve
from pipeline.views.stories import ids, story
from pipeline.views.tables.reading import store_of
from pipeline.views.text import clip


def show_page(out: Path, sample_id: str, file: Path | None = None) -> Path:
    """Write the page and return its path (default: `out/show-<first 16 digits of the id>.html`).

    Raises LookupError for an id that no sample has, or that several begin with; FileNotFoundError when `out` holds no finished
    build; OSError when the page cannot be written.
    """
    run = run_json.read(out)
    told = story(out, resolve(ids(out), sample_id))
    shown = exhibit(told, store_of(run, out))
    facts = {
        "name": clip(run.name, 80),
        "story": told,
        "html": shown.html,
        "facts": [
            ("source", told.word("source")),
            ("row", told.word("row_id")),
            ("rank", str(told.rank)),
            ("id", told.id),
        ],
    }
    return write(file or out / f"show-{told.id[:16]}.html", render("show.html.j2", facts))
