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
from pipeline.output.record import identifiers
from pipeline.storage.image_store import ImageStore
from pipeline.views.halfblocks import COLUMNS, picture
from pipeline.views.looks import mode_looks
from pipeline.views.story import Beat, MarkedEvent, Story, story
from pipeline.views.tables.reading import store_of
from pipeline.views.text import plain, spoken
from stages.records import Diagnosis, Evaluation, Likelihood, Plan, Reflection, Step, Words

_MARKS = {
    "on": Text("● loss on", "bold green"),
    "off": Text("○ loss off", "dim"),
    "pruned": Text("pruned", "dim italic"),
    "none": Text(""),
}
_STATUS = {"kept": "bold green", "surplus": "bold yellow", "discarded": "bold red", "failed": "bold red"}


def show(out: Path, sample_id: str, console: Console) -> None:
    """Print the trajectory of one sample.

    Raises LookupError for an id that no sample has, or that several begin with, with the nearest ids; FileNotFoundError when
    `out` holds no finished build; BuildError when a rung of its ladder cannot be imported here.
    """
    run = run_json.read(out)
    recipe = run_json.recipe_of(run)
    sample = story(out, recipe, resolve(identifiers(out), sample_id))
    store = store_of(run, out)
    console.print(_header(sample, mode_looks(recipe).titles[sample.mode] if sample.mode else ""))
    _given(sample, store, console)
    for beat in sample.beats:
        console.print()
        _beat(beat, store, console)


def resolve(names: dict[str, str], asked: str) -> str:
    """The sample that `asked` names: by id, by the beginning of one, or by source and row id. Raises LookupError."""
    known = list(names)
    if asked in names:
        return asked
    begins = [i for i in known if asked and i.startswith(asked)]
    if len(begins) > 1:
        raise LookupError(f"{plain(asked)}: {len(begins)} samples begin so, give more of it: {', '.join(begins[:3])}")
    matches = begins or [i for i, row in names.items() if asked in (row, row.partition("/")[2])]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise LookupError(f"{plain(asked)}: {len(matches)} samples are of this row, name one: {', '.join(matches[:3])}")
    short = {i[: max(len(asked), 4)]: i for i in known}
    near = [short[m] for m in difflib.get_close_matches(asked, short, 3, 0.7)]
    some = [f"{names[i]} ({i[:16]})" for i in known[:3]]
    advice = f"the nearest: {', '.join(near)}" if near else f"there are, for example: {', '.join(some) or 'none'}"
    raise LookupError(f"{plain(asked)}: no such sample; {advice} (the report and record/ name them all)")


def _header(story: Story, mode: str) -> RenderableType:
    sample = story.sample
    line = Text.assemble((story.fate, _STATUS.get(story.fate, "bold")))
    facts = [mode, sample.category.replace("_", " "), sample.task, sample.split]
    line.append("".join(f"  {plain(f)}" for f in facts if f))
    parts: list[RenderableType] = [Rule(Text(plain(story.id), "bold"), align="left", style="dim"), line]
    parts.append(Text(f"source {plain(sample.source)}, row {plain(sample.row_id)}, rank {story.rank}", "dim"))
    if sample.rollout_of is not None:
        parts.append(Text(f"rollout {sample.rollout} of group {plain(sample.rollout_of)}", "dim"))
    if story.reason:
        parts.append(Text.assemble((spoken(story.reason), "red"), f"  {plain(story.detail)}"))
    return Group(*parts)


def _given(story: Story, store: ImageStore, console: Console) -> None:
    console.print()
    console.print(_title("given", _MARKS["off" if story.trained else "none"]))
    console.print(Padding(Text(plain(story.sample.instruction), "bold"), (0, 0, 0, 3)))
    if story.sample.explanation:
        console.print(Padding(Text(f"Facts: {plain(story.sample.explanation)}", "dim"), (0, 0, 0, 3)))
    if story.references:
        side = COLUMNS if len(story.references) == 1 else COLUMNS // 2
        pictures = [picture(store, sha, console, side) for sha in story.references]
        console.print(Padding(Columns(pictures, padding=(0, 2)), (0, 0, 0, 3)))


def _beat(beat: Beat, store: ImageStore, console: Console) -> None:
    for thought in (beat.subtask, beat.thought, beat.words):
        if thought is not None:
            console.print(_title(_name(thought), _MARKS[thought.mark], thought.mark == "pruned"))
            console.print(Padding(_words(thought), (0, 0, 0, 3)))
    verdicts = Group(*(_verdict(e) for e in beat.evaluations))
    if beat.generation is None:
        console.print(Padding(verdicts, (0, 0, 0, 3)))
        return
    made, image = beat.generation, beat.generation.event.image
    faded = made.mark == "pruned"
    console.print(_title(_name(made), _MARKS[made.mark], faded))
    wide = COLUMNS // 2 if faded else COLUMNS
    drawn = picture(store, image.sha256, console, wide, faded) if image else Text("no image", "dim")
    side = Table.grid(padding=(0, 2))
    side.add_column(width=wide if console.color_system else None)
    side.add_column(ratio=1)
    side.add_row(drawn, verdicts)
    console.print(Padding(side, (0, 0, 0, 3)))


def _verdict(e: MarkedEvent) -> RenderableType:
    return Group(_title(_name(e), _MARKS[e.mark], e.mark == "pruned", 0), _words(e))


def _name(e: MarkedEvent) -> str:
    name = f"{e.name} of the step" if e.event.against == "subtask" else e.name
    return f"{e.label}  {e.note if e.note.startswith(e.name) else ', '.join(filter(None, (name, e.note)))}"


def _title(words: str, mark: Text, faded: bool = False, indent: int = 1) -> Text:
    return Text.assemble(" " * indent, (words, "dim" if faded else "bold cyan"), "  ", mark)


def _words(e: MarkedEvent) -> RenderableType:
    style = "dim" if e.mark == "pruned" else ""
    match e.event.payload:
        case Evaluation() as verdict:
            return _axes(verdict, style)
        case Reflection(error_type=kind, failure_analysis=why, improvement_plan=how):
            return Text(f"{spoken(kind)}: {plain(why)}\n→ {plain(how)}", style)
        case Diagnosis(cause=cause, explanation=why):
            return Text(f"{spoken(cause)}: {plain(why)}", style)
        case Plan(rationale=why, steps=steps):
            return Text("\n".join([plain(why), *(f"{n}. {plain(s)}" for n, s in enumerate(steps, 1))]), style)
        case Step(instruction=what) | Words(text=what):
            return Text(plain(what), style)
        case Likelihood(text=what) as likelihood:
            return Text(f"log-probability {likelihood.total:.2f}, {likelihood.mean:.2f} a token: {plain(what)}", style)
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
    for demand in e.demands:
        grid.add_row("", Text(f"{'met' if demand.met else 'not met'}: {plain(demand.demand)}", "dim"))
    return grid
