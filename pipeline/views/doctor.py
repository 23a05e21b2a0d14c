"""`x2i doctor` in the terminal: each model, what it was asked and answered with its pictures, and what follows from it.

In: examinations, the store of their images, a rich console. Out: text on that console, or JSON. Words of models are text, never
markup.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from pipeline.doctor.consult import Quote
from pipeline.doctor.findings import Checkup, Exchange, Level, Symptom, works
from pipeline.storage.image_store import ImageStore
from pipeline.views.halfblocks import picture
from pipeline.views.text import clip, one_line, plain

COLUMNS = 16
_SIGNS: dict[Level, tuple[str, str]] = {"fine": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "bold red")}
_VERDICTS: dict[Level, str] = {"fine": "works", "note": "works, with notes", "bad": "will not work"}
_WORDS, _QUESTION = 400, 200


def print_examination(examination: Checkup, store: ImageStore, console: Console) -> None:
    """One model: its calls, then its findings."""
    sign, style = _SIGNS[examination.level]
    title = Text.assemble((f" {sign} ", style), title_of(examination), (f" · {_VERDICTS[examination.level]} ", style))
    console.print(Rule(title, align="left"))
    for exchange in examination.exchanges:
        _print_exchange(exchange, store, console)
    for finding in examination.findings:
        console.print(_line(finding), soft_wrap=True)
    console.print()


def print_summary(examinations: Sequence[Checkup], console: Console) -> None:
    """A line a model, and what is to be done."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("", "model", "calls", "time", "cost", "what will not work"):
        table.add_column(name, justify="right" if name in ("calls", "time", "cost") else "left")
    for e in examinations:
        sign, style = _SIGNS[e.level]
        bad = "; ".join(f"{f.about}: {clip(f.text, 120)}" for f in e.findings if f.level == "bad")
        table.add_row(
            Text(sign, style),
            Text(title_of(e)),
            str(len(e.exchanges)),
            f"{e.seconds:.1f} s",
            "unknown" if e.usd is None else f"${e.usd:.4f}" if e.usd else "–",
            Text(bad),
        )
    console.print(table)
    console.print(
        "All of it works." if works(examinations) else "Some of it will not work: change what the lines with → say.",
        style="green" if works(examinations) else "bold red",
    )


def quote_line(quote: Quote) -> str:
    """What a consultation will take, as one line."""
    calls = f"{quote.calls} calls, {quote.images} of them for images"
    price = f"at most ${quote.usd:.2f}" if quote.usd else "" if quote.unpriced else "nothing to pay"
    unknown = f"the price of {', '.join(quote.unpriced)} is not known" if quote.unpriced else ""
    return plain(
        f"{calls}: {'; '.join(filter(None, (price, unknown)))}; a few more where something has to be asked again"
    )


def as_json(examinations: Sequence[Checkup]) -> str:
    """Everything as JSON, with the level of each model."""
    models = [asdict(e) | {"level": e.level, "seconds": e.seconds, "usd": e.usd} for e in examinations]
    return json.dumps({"works": works(examinations), "models": models}, ensure_ascii=False, indent=1)


def title_of(examination: Checkup) -> str:
    """Roles, model and place."""
    return plain(f"{', '.join(examination.roles)} · {examination.model} · {examination.place}")


def _print_exchange(exchange: Exchange, store: ImageStore, console: Console) -> None:
    cost = f", ${exchange.usd:.4f}" if exchange.usd else ""
    console.print(Text.assemble((exchange.purpose, "bold"), (f"  {exchange.seconds:.2f} s{cost}", "dim")))
    console.print(Padding(Text(one_line(exchange.words, _QUESTION), style="dim"), (0, 0, 0, 2)))
    images: list[RenderableType] = [picture(store, image.sha256, console, COLUMNS) for image in exchange.sent]
    if exchange.image is not None:
        images += [Text("→"), picture(store, exchange.image.sha256, console, COLUMNS)]
    parts: list[RenderableType] = [Columns(images, padding=(0, 2))] if images else []
    if exchange.error is not None:
        parts.append(Text(clip(exchange.error, _WORDS), style="red"))
    elif exchange.text:
        parts.append(Text(clip(exchange.text, _WORDS)))
    console.print(Padding(Group(*parts), (0, 0, 1, 2)))


def _line(finding: Symptom) -> Text:
    sign, style = _SIGNS[finding.level]
    line = Text.assemble((f"  {sign} ", style), (f"{finding.about}: ", "bold"), clip(finding.text, 600))
    if finding.remedy:
        line.append(f" → {clip(finding.remedy, 300)}", style="cyan")
    return line
