"""A look at a source as one HTML page that holds its pictures. In: an `Inspection`. Out: the page on disk."""

from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from pipeline.views.charts.bars import Bar, BarPart, bars
from pipeline.views.inspection.findings import Inspection
from pipeline.views.inspection.remarks import inspection_remarks
from pipeline.views.inspection.terminal import extent, histograms
from pipeline.views.looks import ModeLooks
from pipeline.views.page import percent, render, write

_TONE = "text"


def inspection_page(found: Inspection, file: Path) -> Path:
    """Write the page. Raises OSError when it cannot be written."""
    values = {
        "found": found,
        "extent": extent(found),
        "remarks": list(inspection_remarks(found)),
        "charts": [(title, _chart(title, counts)) for title, counts in histograms(found) if sum(counts.values())],
        "dropped": sorted(found.dropped.items(), key=lambda item: -item[1]),
        "staying": found.readable - sum(found.dropped.values()),
    }
    return write(file, render("inspect.html.j2", values, ModeLooks({})))


def _chart(title: str, counts: Mapping[str, int]) -> Markup:
    whole = sum(counts.values())
    rows = [
        Bar(name, [BarPart(count, _TONE)], f"{count:,} · {percent(count, whole):.1f} %")
        for name, count in counts.items()
    ]
    return bars(f"inspect-{title.split()[0].lower()}", title, rows)
