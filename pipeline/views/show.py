"""`x2i show`: one trajectory in the terminal, event by event, with its pictures and its loss marks.

In: the folder of a finished build, a sample id or an unambiguous beginning of one, a rich console. Out: text on that console.
Words of models and data rows become `Text`, never markup; control characters are shown, not obeyed.
"""

import difflib
from pathlib import Path

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from pipeline.output import run_json
from pipeline.storage.image_store import ImageStore
from pipeline.views.halfblocks import COLUMNS, picture
from pipeline.views.stories import Beat, Moment, Story, ids, story
from pipeline.views.tables.reading import store_of
from pipeline.views.text import plain, spoken
from stages.records import Diagnosis, Evaluation, Plan, Reflection, Step

_MARKS = {
    "on": Text("● loss on", "bold green"),
    "off": Text("○ loss off", "dim"),
    "pruned": Text("pruned", "dim italic"),
    "none": Text(""),
}
_STATUS = {"kept": "bold green", "surplus": "bold yellow", "discarded": "bold red", "failed": "bold red"}
_NAMES = {"generation": "image", "evaluation": "verdict", "decomposition": "plan", "subtask": "step"}


def show(out: Path, sample_id: str, console: Console) -> None:
    """Print the trajectory of one sample.

    Raises LookupError for an id that no sample has, or that several begin with, with the nearest ids; FileNotFoundError when
    `out` holds no finished build.
    """
    told = story(out, resolve(ids(out), sample_id))
    store = store_of(run_json.read(out), out)
    console.print(_header(told))
    _given(told, store, console)
    for beat in told.beats:
        console.print()
        _beat(beat, store, console)


def resolve(names: dict[str, str], wanted: str) -> str:
    """The sample that `wanted` names: by id, by the beginning of one, or by source and row id. Raises LookupError."""
    known = list(names)
    if wanted in names:
        return wanted
    begins = [i for i in known if wanted and i.startswith(wanted)]
    if len(begins) > 1:
        raise LookupError(f"{plain(wanted)}: {len(begins)} samples begin so, give more of it: {', '.join(begins[:3])}")
    found = begins or [i for i, row in names.items() if wanted in (row, row.partition("/")[2])]
    if len(found) == 1:
        return found[0]
    short = {i[: max(len(wanted), 4)]: i for i in known}
    near = [short[m] for m in difflib.get_close_matches(wanted, short, 3, 0.7)]
    told = f"the nearest: {', '.join(near)}" if near else f"there are, for example: {', '.join(known[:3]) or 'none'}"
    raise LookupError(f"{plain(wanted)}: no such sample; {told} (the report and record/ name them all)")


def _header(told: Story) -> RenderableType:
    line = Text.assemble((told.status, _STATUS.get(told.status, "bold")))
    facts = [told.mode or "", told.word("category").replace("_", " "), told.word("task"), told.word("split")]
    line.append("".join(f"  {plain(f)}" for f in facts if f))
    parts: list[RenderableType] = [Rule(Text(plain(told.id), "bold"), align="left", style="dim"), line]
    parts.append(
        Text(f"source {plain(told.word('source'))}, row {plain(told.word('row_id'))}, rank {told.rank}", "dim")
    )
    if told.word("reason"):
        parts.append(Text.assemble((spoken(told.word("reason")), "red"), f"  {plain(told.word('detail'))}"))
    return Group(*parts)


def _given(told: Story, store: ImageStore, console: Console) -> None:
    console.print()
    console.print(_title("given", _MARKS["off" if told.trained else "none"]))
    console.print(Padding(Text(plain(told.word("instruction")), "bold"), (0, 0, 0, 3)))
    if told.word("explanation"):
        console.print(Padding(Text(plain(told.word("explanation")), "dim"), (0, 0, 0, 3)))
    if told.references:
        side = COLUMNS if len(told.references) == 1 else COLUMNS // 2
        shown = [picture(store, sha, console, side) for sha in told.references]
        console.print(Padding(Columns(shown, padding=(0, 2)), (0, 0, 0, 3)))


def _beat(beat: Beat, store: ImageStore, console: Console) -> None:
    for thought in (beat.subtask, beat.thought):
        if thought is not None:
            console.print(_title(_name(thought), _MARKS[thought.loss], thought.loss == "pruned"))
            console.print(Padding(_words(thought), (0, 0, 0, 3)))
    if beat.generation is None:
        return
    made = beat.generation
    faded = made.loss == "pruned"
    console.print(_title(_name(made), _MARKS[made.loss], faded))
    wide = COLUMNS // 2 if faded else COLUMNS
    image = picture(store, made.image, console, wide, faded) if made.image else Text("no image", "dim")
    side = Table.grid(padding=(0, 2))
    side.add_column(width=wide if console.color_system else None)
    side.add_column(ratio=1)
    side.add_row(image, Group(*(_verdict(e) for e in beat.evaluations)))
    console.print(Padding(side, (0, 0, 0, 3)))


def _verdict(e: Moment) -> RenderableType:
    return Group(_title(_name(e), _MARKS[e.loss], e.loss == "pruned", 0), _words(e))


def _name(m: Moment) -> str:
    words = f"{m.label}  {_NAMES.get(m.kind, m.kind)}"
    if m.attempt > 1 and m.kind == "generation":
        words += f", attempt {m.attempt}"
    return f"{words} of the step" if m.against == "subtask" else words


def _title(words: str, mark: Text, faded: bool = False, indent: int = 1) -> Text:
    return Text.assemble(" " * indent, (words, "dim" if faded else "bold cyan"), "  ", mark)


def _words(m: Moment) -> RenderableType:
    style = "dim" if m.loss == "pruned" else ""
    match m.payload:
        case Evaluation():
            return _axes(m.payload, style)
        case Reflection(error_type=kind, failure_analysis=why, improvement_plan=how):
            return Text(f"{spoken(kind)}: {plain(why)}\n→ {plain(how)}", style)
        case Diagnosis(cause=cause, explanation=why):
            return Text(f"{spoken(cause)}: {plain(why)}", style)
        case Plan(rationale=why, steps=steps):
            return Text("\n".join([plain(why), *(f"{n}. {plain(s)}" for n, s in enumerate(steps, 1))]), style)
        case Step(instruction=what):
            return Text(plain(what), style)
        case None:
            return Text("nothing recorded", "dim")


def _axes(e: Evaluation, style: str) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column()
    grid.add_column(ratio=1)
    for a in e.axes:
        mark = Text("✓", "green") if a.passed else Text("✗", "bold red")
        head = Text(f"{a.axis} {a.score}", style or ("" if a.passed else "red"))
        grid.add_row(mark, Text.assemble(head, (f"  {plain(a.reason)}", "dim")))
    return grid
