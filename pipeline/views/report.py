"""`report.html`: what a build made, on one page that asks nobody for anything.

In: the folder of a finished build (run.json, record/, the image store; ledger.parquet and truth.parquet where there are any).
Out: `report.html` beside them, at most `CAP` bytes: the gallery drops samples until it fits.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.output import run_json
from pipeline.output.run_json import RunSummary
from pipeline.output.truth_figures import TruthFigures
from pipeline.storage.image_store import ImageStore
from pipeline.views import panels
from pipeline.views.figures import LossCause
from pipeline.views.funnel import draw, stairs
from pipeline.views.gallery import GalleryChoice, Section, fit
from pipeline.views.left_out import left_out
from pipeline.views.looks import ModeLooks, mode_looks
from pipeline.views.page import render, write
from pipeline.views.probe.probe import TELLING
from pipeline.views.probe.statistics import STATISTICS
from pipeline.views.probe.styles import Styles
from pipeline.views.remarks import remarks
from pipeline.views.story import Story
from pipeline.views.tables.reading import Reading, read, store_of
from pipeline.views.text import clip
from pipeline.views.thumbnails import SMALL, Thumbnail, thumbnail

CAP = 10_000_000
_CATEGORIES, _CAUSES, _FILES = 60, 24, 50


@dataclass(frozen=True)
class Yield:
    """What was kept of a mode, against its quota (None: no quota)."""

    mode: str
    kept: int
    quota: int | None


@dataclass(frozen=True)
class PicturedLoss:
    """A cause with the picture of its first sample, None where there is none."""

    cause: LossCause
    picture: Thumbnail | None


def report(out: Path) -> Path:
    """Write `out/report.html` and return its path.

    Raises FileNotFoundError when `out` holds no finished build, ValueError when one of its files is damaged, or when even the
    page without a gallery is too large, BuildError when a rung of its ladder cannot be imported here.
    """
    run = run_json.read(out)
    looks = mode_looks(run_json.recipe_of(run))
    choice, styles = GalleryChoice(looks.outcomes), Styles(run_json.image_of(run).size)

    def also(story: Story, truth: TruthFigures | None) -> None:
        choice.add(story, truth)
        styles.add(story)

    store = store_of(run, out)
    reading = replace(read(out, also), style=styles.finding(store))
    values = _values(reading, store, looks) | {"left_out": left_out(run.left_out, out)}
    empty = len(_page(values, looks, [Section(key, n, []) for key, n in choice.totals.items()]))
    if empty > CAP:
        raise ValueError(f"{out}: the report takes {empty} bytes without any sample; at most {CAP} are allowed")
    sections = choice.sections(store)
    page = _page(values, looks, sections)
    while len(page) > CAP:
        fit(sections, min(CAP - empty, sum(len(e.html.encode()) for s in sections for e in s.exhibits) - 1))
        page = _page(values, looks, sections)
    return write(out / "report.html", page)


def _page(values: Mapping[str, Any], looks: ModeLooks, sections: list[Section]) -> bytes:
    shown = [e.story for s in sections for e in s.exhibits]
    return render(
        "report.html.j2",
        {
            **values,
            "sections": sections,
            "shown_ids": {s.id for s in shown},
            "shown_categories": sorted({s.category for s in shown}),
            "shown_reasons": sorted({s.reason for s in shown} - {""}),
        },
        looks,
    )


def _values(reading: Reading, store: ImageStore, looks: ModeLooks) -> dict[str, Any]:
    run, figures = reading.run, reading.figures
    causes = figures.causes()[:_CAUSES]
    return {
        "looks": looks,
        "name": clip(run.name, 80),
        "counts": run.counts,
        "finished": clip(run.finished_at, 40),
        "kept": _kept(reading, looks),
        "remarks": remarks(reading),
        "figures": figures,
        "picture": draw(figures.funnel.stations),
        "stairs": stairs(figures.funnel.stations),
        "yields": [Yield(mode, run.kept_by_mode.get(mode, 0), run.quotas.get(mode)) for mode in looks.modes],
        "station_yields": figures.yields(),
        "calls": reading.calls.by_mode(),
        "calls_chart": panels.calls_by_mode(reading, looks),
        "calls_by_category": reading.calls.by_category().head(_CATEGORIES),
        "drawers": panels.drawers(reading),
        "categories": figures.by_category().head(_CATEGORIES),
        "all_categories": len(figures.categories),
        "scores": reading.scores,
        "means_chart": panels.means(reading.scores),
        "moves_chart": panels.moves(reading.scores),
        "spread_charts": list(panels.distributions(reading.scores)),
        "verdicts": reading.agreement,
        "agreed": panels.agreement(reading),
        "voice": panels.voice(reading),
        "truth": reading.truth,
        "truth_lacks": reading.truth_lacks,
        "style_finding": reading.style,
        "style_chart": panels.style(reading),
        "style_statistics": len(STATISTICS),
        "style_telling": TELLING,
        "truth_charts": panels.truth(reading, looks),
        "ledger": reading.ledger,
        "time_chart": panels.time_spent(reading),
        "money": reading.money,
        "money_chart": panels.money_by_mode(reading, looks),
        "losses": [PicturedLoss(c, thumbnail(store, c.image, SMALL) if c.image else None) for c in causes],
        "provenance": list(_provenance(run)),
    }


def _kept(reading: Reading, looks: ModeLooks) -> list[tuple[int, str]]:
    """What the kept samples are, as the parts of a sentence."""
    parts = [(reading.run.kept_by_mode.get(mode, 0), look.outcome) for mode, look in looks.by_mode.items()]
    kept_rl = reading.figures.kept_rl
    return [*parts, (kept_rl, "as RL prompts")] if kept_rl else parts


def _provenance(run: RunSummary) -> Iterator[tuple[str, str]]:
    """What the build was made from, as names and plain values."""
    yield "fingerprint", run.fingerprint
    yield "finished", run.finished_at
    yield from ((f"model: {name}", value) for name, value in sorted(run.models.items()))
    yield from ((f"prompt {name}", value) for name, value in sorted(run.prompts.items()))
    yield from ((f"version of {name}", value) for name, value in sorted(run.versions.items()))
    yield from ((name, f"{file.rows} rows, sha256 {file.sha256}") for name, file in list(run.files.items())[:_FILES])
