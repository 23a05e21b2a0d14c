"""The card of a release, `README.md`: that of a build of these rows, with what people found.

In: what the release says of itself and of its files. Out: Markdown. Words that people gave (names, reasons) are shown as words:
they can begin no markup, and end no table.
"""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from pipeline.output.card import card
from pipeline.output.origins import Origins
from pipeline.output.run_json import RunSummary
from pipeline.release.approval import Why
from pipeline.release.figures import FigureShare
from pipeline.release.summary import ReleasedLot, ReleaseSummary
from pipeline.views.text import plain

_TEMPLATE = "release.md.j2"
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#!|~$&])")
MEANINGS: Mapping[Why, str] = {
    "rejected": "people rejected it",
    "unsure": "people were unsure of it",
    "disputed": "people disagree about it",
    "doubted": "one of several people did not accept it, and the others have yet to speak",
    "not judged": "nobody judged it, in a lot that was screened whole",
    "lot dropped": "its lot was dropped",
}


def release_card(run: RunSummary, released: ReleaseSummary, come_from: Origins) -> str:
    """The card. `come_from`: where the released rows come from."""
    return card(run, come_from, review_section(released))


def review_section(released: ReleaseSummary) -> str:
    """What people found, as a section of the card."""
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["words"] = words
    template = environment.from_string((files("pipeline") / "templates" / _TEMPLATE).read_text("utf-8"))
    return template.render(
        s=released, plan=_plan, found=_found, meanings=MEANINGS, figures=list(figure_lines(released))
    )


def words(text: object) -> str:
    """`text` on one line, without meaning to Markdown or HTML."""
    return _MARKUP.sub(r"\\\1", " ".join(plain(str(text)).split()))


def figure_lines(released: ReleaseSummary) -> Iterator[str]:
    """Acceptance, agreement and known answers, a line each."""
    figures = released.figures
    yield f"People accept {_share(figures.acceptance)} of the rows of the build, weighted back to it"
    if figures.agreement is not None:
        ac1 = "not defined" if figures.ac1 is None else f"{figures.ac1:.2f}"
        yield (
            f"Of {figures.agreement_items:,} rows that several people judged blindly, they agree on "
            f"{100 * figures.agreement:.1f} %; Gwet's AC1 {ac1}"
        )
    else:
        yield "No row was judged by two people, so how far they agree is not known"
    yield (
        f"Of known wrong rows people accepted {_share(figures.false_accepts)}; "
        f"of known right ones they rejected {_share(figures.false_rejects)}"
    )


def _share(share: FigureShare) -> str:
    if share.rate is None or share.low is None or share.high is None:
        return "an unknown share (none was judged)"
    return f"{100 * share.rate:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f} %, {share.of:,} judged)"


def _plan(lot: ReleasedLot) -> str:
    return f"{lot.sample}, {lot.most}" if lot.decision else "-"


def _found(lot: ReleasedLot) -> str:
    return f"{lot.judged}, {lot.found}" if lot.decision else "-"
