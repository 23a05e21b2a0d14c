"""A look at a source in the terminal. In: an `Inspection`. Out: tables of at most 80 columns, printed."""

from collections import Counter
from collections.abc import Iterable, Mapping

from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from pipeline.views.inspection.findings import LONGER as LONGER_SHAPE
from pipeline.views.inspection.findings import SHAPES, SIDES, WORDS, Inspection, name_bin
from pipeline.views.inspection.remarks import inspection_remarks
from pipeline.views.page import percent
from pipeline.views.text import clip, plain, spoken

WIDTH = 80
_BAR, _MOST = 24, 12


def print_inspection(found: Inspection, console: Console) -> None:
    """Print all of it."""
    console.print(f"[bold]{escape(plain(found.name))}[/bold]  {escape(plain(found.where))}", highlight=False)
    console.print(escape(extent(found)), highlight=False)
    for grave, text in inspection_remarks(found):
        mark = "[bold red]![/bold red]" if grave else "[dim]·[/dim]"
        console.print(f" {mark} {escape(text)}", highlight=False)
    for problem in found.problems:
        console.print(Padding(Text(clip(plain(problem), 200), style="dim"), (0, 0, 0, 3)))
    for title, counts in histograms(found):
        if counts:
            console.print(_section(title, counts, found))
    if found.dropped:
        console.print(_screened(found))


def extent(found: Inspection) -> str:
    """How much was looked at, as a sentence."""
    whole = "" if found.total is None else f" of {found.total:,}"
    images = f", {found.images:,} images" if found.images else ""
    how = f"{found.looked_at:,}{whole} rows looked at{images}, {found.instructions:,} different instructions."
    return f"{how} This is a sample; --all reads everything." if found.is_sample else how


def histograms(found: Inspection) -> Iterable[tuple[str, Mapping[str, int]]]:
    """The counts that have something to say, under their titles; bins in order, all else the most frequent first."""
    yield "Task", _ranked(found.tasks)
    yield "Category", _ranked(found.categories)
    yield "Words of the instruction", _in_order(found.words, (name_bin(*bounds) for bounds in WORDS))
    yield "Language", _ranked(found.languages)
    yield "Licence", _ranked(found.licences)
    if found.images:
        yield "References of a row", {str(n): found.references[n] for n in sorted(found.references)}
        yield "Shorter side, pixels", _in_order(found.sides, (name_bin(*bounds) for bounds in SIDES))
        yield "Shape", _in_order(found.shapes, (*(name for name, _ in SHAPES), LONGER_SHAPE))
        yield "Format", _ranked(found.formats)


def _ranked(counts: Counter[str]) -> dict[str, int]:
    """The most frequent ones, the rest together."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = dict(ranked[:_MOST])
    rest = sum(count for _, count in ranked[_MOST:])
    return shown | ({f"{len(ranked) - _MOST} others": rest} if rest else {})


def _in_order(counts: Counter[str], names: Iterable[str]) -> dict[str, int]:
    """From the first bin that holds something to the last."""
    listed = list(names)
    filled = [n for n, name in enumerate(listed) if counts[name]]
    return {name: counts[name] for name in listed[filled[0] : filled[-1] + 1]} if filled else {}


def _section(title: str, counts: Mapping[str, int], found: Inspection) -> Group:
    whole = sum(counts.values())
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=30, no_wrap=True, overflow="ellipsis")
    table.add_column(width=9, justify="right")
    table.add_column(width=7, justify="right", style="dim")
    table.add_column(width=_BAR)
    for name, count in counts.items():
        bar = "█" * max(round(_BAR * count / max(counts.values())), int(count > 0))
        table.add_row(Text(clip(plain(name), 60)), f"{count:,}", f"{percent(count, whole):.1f} %", Text(bar, "blue"))
    return Group(Text(), Rule(title, align="left", style="dim"), Padding(table, (0, 0, 0, 1)))


def _screened(found: Inspection) -> Group:
    whose = "the manifest's screens" if found.screens_of_manifest else "screens as inspect sets them"
    lines: list[Text | Rule | Padding] = [
        Text(),
        Rule(f"Rows that would stay out ({whose})", align="left", style="dim"),
    ]
    for reason, count in sorted(found.dropped.items(), key=lambda item: -item[1]):
        share = percent(count, found.readable)
        lines.append(Text.assemble((f" {spoken(reason)}", "bold"), f"  {count:,} ({share:.1f} %)"))
        for example in found.examples[reason]:
            lines.append(Text(f"   {clip(plain(example.instruction), 70)}"))
            detail = Text(f"{clip(plain(example.place), 40)}: {clip(plain(example.detail), 160)}", style="dim")
            lines.append(Padding(detail, (0, 0, 0, 5)))
    return Group(*lines)
