"""What a look at a source finds: counts, lengths, sizes, languages, licences, and what screens would keep out.

In: rows as they are read, and screens. Out: an `Inspection`, from which terminal and page are made.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.screening.checks import images_of
from pipeline.screening.dropped import Dropped
from pipeline.screening.language import LanguageJudge
from pipeline.screening.screen import Screen
from pipeline.screening.spec import LanguageScreen
from pipeline.screening.text import normalise
from pipeline.views.inspection.looking import SeenRow
from pipeline.views.inspection.sheet import ContactSheet
from pipeline.views.thumbnails import Thumbnail
from stages.records import Sample

WORDS = ((1, 3), (4, 6), (7, 10), (11, 20), (21, 40), (41, 80), (81, None))
SIDES = ((1, 127), (128, 255), (256, 383), (384, 511), (512, 767), (768, 1023), (1024, None))
SHAPES = (("square", 1.05), ("up to 4:3", 1.36), ("up to 3:2", 1.52), ("up to 16:9", 1.8), ("up to 3:1", 3.0))
LONGER = "longer than 3:1"
MOST_EXAMPLES, MOST_PROBLEMS = 3, 5
UNSURE = "not sure"
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class Example:
    """A row that a screen would keep out."""

    place: str
    instruction: str
    detail: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the contact sheet, and what is asked of it."""

    thumbnail: Thumbnail
    instruction: str
    place: str


@dataclass
class Inspection:
    """What was seen. `total`: rows of the whole source, None where that is not known; `asked_for`: how many rows were to be
    read at most, None for all; `looked_at`: rows that were."""

    name: str
    where: str
    total: int | None
    asked_for: int | None
    screens_of_manifest: bool
    evaluation_sets: Sequence[str]
    looked_at: int = 0
    problems: list[str] = field(default_factory=list)
    unreadable: int = 0
    tasks: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    sides: Counter[str] = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    references: Counter[int] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Example]] = field(default_factory=dict)
    said_often: list[tuple[str, int]] = field(default_factory=list)
    instructions: int = 0
    pictures: list[Picture] = field(default_factory=list)

    @property
    def is_sample(self) -> bool:
        """True where there may be rows that were not looked at."""
        return self.asked_for is not None and self.looked_at != self.total

    @property
    def readable(self) -> int:
        """The rows that became samples."""
        return self.looked_at - self.unreadable

    @property
    def images(self) -> int:
        """The images of these rows."""
        return sum(self.sides.values())


def gather(found: Inspection, rows: Iterable[SeenRow], screen: Screen) -> Inspection:
    """Look at all rows. `found` is filled in and returned."""
    judge, sheet = LanguageJudge(LanguageScreen()), ContactSheet()
    said: Counter[str] = Counter()
    for row in rows:
        found.looked_at += 1
        if row.sample is None:
            found.unreadable += 1
            if len(found.problems) < MOST_PROBLEMS:
                found.problems.append(row.problem or "")
            continue
        _count(found, row.sample)
        said[normalise(row.sample.instruction)] += 1
        name, share = judge.rank(row.sample.instruction)[0]
        found.languages[name if share >= _SURE else UNSURE] += 1
        sheet.offer(row)
        looks = [screen.look(picture) for picture in row.pictures] if screen.spec.needs_looks else []
        if (dropped := screen.judge(row.sample, row.place, looks)) is not None:
            _note(found, row, dropped)
    found.instructions = len(said)
    found.said_often = [(text, count) for text, count in said.most_common(8) if count > 1]
    found.pictures = [Picture(*shown) for shown in sheet.shown()]
    return found


def _count(found: Inspection, sample: Sample) -> None:
    found.tasks[sample.task] += 1
    found.categories[sample.category] += 1
    found.licences[sample.licence] += 1
    found.words[_bin(len(sample.instruction.split()), WORDS)] += 1
    found.references[len(sample.references)] += 1
    for image in images_of(sample):
        short, long = sorted((image.width, image.height))
        found.sides[_bin(short, SIDES)] += 1
        found.shapes[next((name for name, most in SHAPES if long <= most * short), LONGER)] += 1
        found.formats[image.format] += 1


def _bin(value: int, bins: Sequence[tuple[int, int | None]]) -> str:
    low, high = next((low, high) for low, high in bins if high is None or value <= high)
    return name_bin(low, high)


def name_bin(low: int, high: int | None) -> str:
    """How a bin of a histogram is called."""
    return f"{low} or more" if high is None else f"{low} to {high}"


def _note(found: Inspection, row: SeenRow, dropped: Dropped) -> None:
    found.dropped[dropped.reason] += 1
    examples = found.examples.setdefault(dropped.reason, [])
    if len(examples) < MOST_EXAMPLES and row.sample is not None:
        place = f"{row.place.file}: row {row.place.row}"
        examples.append(Example(place, row.sample.instruction, dropped.detail))
