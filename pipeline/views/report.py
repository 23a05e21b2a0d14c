"""`report.html`: what a build made, on one page that asks nobody for anything.

In: the folder of a finished build (run.json, record/, the image store; truth.parquet where there is one).
Out: `report.html` beside them, at most `CAP` bytes: the gallery drops samples until it fits.
"""

import os
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline.output import run_json
from pipeline.output.run_json import RunSummary
from pipeline.store import ImageStore
from pipeline.views.figures import FATES, Figures, axes_judged
from pipeline.views.funnel import draw
from pipeline.views.gallery import Choice, Section, drop_one
from pipeline.views.stories import stories
from pipeline.views.text import clip, spoken
from stages.records import MODES

if TYPE_CHECKING:
    from pipeline.output.truth_check import TruthCount

CAP = 10_000_000
_TEXT, _CATEGORIES, _CAUSES, _FILES = 1200, 60, 40, 50


@dataclass(frozen=True)
class Yield:
    """What was kept of a mode, against its quota (None: no quota)."""

    mode: str
    kept: int
    quota: int | None


@dataclass(frozen=True)
class Round:
    """How many were accepted after so many reflection rounds; `share` and `sum_share` in percent."""

    title: str
    entered: int
    passed: int
    share: float
    sum_share: float


def report(out: Path) -> Path:
    """Write `out/report.html` and return its path.

    Raises FileNotFoundError when `out` holds no finished build, ValueError when its run.json or truth.parquet is none,
    or when even the page without a gallery is too large.
    """
    run = run_json.read(out)
    figures = Figures(int(run.manifest.get("policy", {}).get("reflection_rounds", 3)))
    choice = Choice()
    for story in stories(out):
        figures.add(story)
        choice.add(story)
    store = ImageStore(run_json.store_root(run, out) or str(out / "store"))
    sections = choice.sections(store)
    values = _values(run, figures) | {"truth": _truth(out, store)}
    page = _page(values, sections)
    while len(page) > CAP:
        if not drop_one(sections):
            raise ValueError(f"{out}: the report takes {len(page)} bytes without any sample; at most {CAP} are allowed")
        page = _page(values, sections)
    return _written(out / "report.html", page)


def _values(run: RunSummary, figures: Figures) -> dict[str, Any]:
    return {
        "name": clip(run.name, 80),
        "counts": run.counts,
        "finished": clip(run.finished_at, 40),
        "figures": figures,
        "picture": draw(figures.rungs),
        "yields": _yields(run),
        "kept": _kept(run, figures),
        "rounds": _rounds(figures),
        "axes": list(axes_judged(figures)),
        "moments": ["first", *(f"round {k}" for k in range(1, figures.rounds + 1)), "accepted"],
        "causes": figures.causes()[:_CAUSES],
        "categories": sorted(figures.categories.items(), key=lambda c: (-c[1].total(), c[0]))[:_CATEGORIES],
        "fates": FATES,
        "provenance": list(_provenance(run)),
    }


def _yields(run: RunSummary) -> list[Yield]:
    return [Yield(mode, run.kept_by_mode.get(mode, 0), run.quotas.get(mode)) for mode in MODES]


def _kept(run: RunSummary, figures: Figures) -> list[tuple[int, str]]:
    """What the kept samples are, as the parts of a sentence."""
    words = {"direct": "solved directly", "reflection": "after reflection", "multistep": "step by step"}
    told = [(run.kept_by_mode.get(mode, 0), words[mode]) for mode in MODES]
    return [*told, (figures.kept_rl, "as RL prompts")] if figures.kept_rl else told


def _rounds(figures: Figures) -> list[Round]:
    """Cumulative, over all that entered the ladder for SFT: what the next round of reflection is worth."""
    climbing = figures.rungs[0].climbing
    rounds, so_far = [], 0
    for n, rung in enumerate(figures.rungs[: figures.rounds + 1]):
        so_far += rung.passed
        title = "no reflection" if n == 0 else f"{n} round" + "s" * (n > 1)
        share = _percent(rung.passed, rung.climbing)
        rounds.append(Round(title, rung.climbing, rung.passed, share, _percent(so_far, climbing)))
    return rounds


def _provenance(run: RunSummary) -> Iterator[tuple[str, str]]:
    """What the build was made from, as names and plain values."""
    yield "fingerprint", run.fingerprint
    yield "finished", run.finished_at
    yield from ((f"model: {name}", value) for name, value in sorted(run.models.items()))
    yield from ((f"prompt {name}", value) for name, value in sorted(run.prompts.items()))
    yield from ((f"version of {name}", value) for name, value in sorted(run.versions.items()))
    yield from ((name, f"{file.rows} rows, sha256 {file.sha256}") for name, file in list(run.files.items())[:_FILES])


def _truth(out: Path, store: ImageStore) -> "TruthCount | None":
    """The truth check, where the world left its truth beside the build and the originals are still there."""
    if not (out / "truth.parquet").is_file():
        return None
    from pipeline.output.truth_check import accepted_right  # renders scenes: nothing to load for a build without truth

    try:
        return accepted_right(out, store)
    except FileNotFoundError:
        return None


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole else 0.0


def _page(values: Mapping[str, Any], sections: list[Section]) -> bytes:
    environment = Environment(
        loader=PackageLoader("pipeline", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        shown=lambda text: clip(text, _TEXT), brief=lambda text: clip(text, 160), spoken=spoken, percent=_percent
    )
    style = environment.loader.get_source(environment, "report.css")[0] if environment.loader else ""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    page = environment.get_template("report.html.j2").render(
        **values, sections=sections, style=Markup(style), style_hash=digest
    )
    return page.encode("utf-8", "replace")


def _written(path: Path, page: bytes) -> Path:
    aside = path.with_suffix(f".html.{os.getpid()}")
    with aside.open("wb") as file:
        file.write(page)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    return path
