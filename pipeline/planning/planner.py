"""Plans a run wave by wave: rows become samples with a split and a rank, and the plan on disk holds them.

In: a manifest, the image store, the plan so far. Out: the plan, longer by a wave of each source that it waits for. What the plan
holds below its `horizon` is final: which waves were read, and when, changes nothing in it. A wave is the next `WAVE_ROWS` rows of
a source.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.planning import groups
from pipeline.planning.book import PlanBook, SourceState
from pipeline.planning.order import RunOrder
from pipeline.planning.reading import Reader, ReadRow, open_reader
from pipeline.planning.tables import END
from pipeline.screening.checks import images_of
from pipeline.screening.screen import Screen
from pipeline.sources.files import TableError
from pipeline.storage.image_store import ImageStore
from stages import identity
from stages.records import Sample
from stages.trajectory import Trajectory

WAVE_ROWS = 4096
"""Rows of a source that are read at a time."""


class Stopped(Exception):
    """Nobody waits for the wave any more; nothing of it was kept."""


@dataclass
class _Wave:
    """What was read of one source in one wave."""

    state: SourceState
    good: list[ReadRow] = field(default_factory=list)
    failed: list[ReadRow] = field(default_factory=list)


class Planner(AbstractContextManager["Planner"]):
    """Lengthens the plan `book` of `manifest` by the rows that `screen` lets in. `wave_rows`: rows of a wave, which tests make
    small."""

    def __init__(
        self,
        manifest: Manifest,
        store: ImageStore,
        workers: int,
        book: PlanBook,
        screen: Screen,
        wave_rows: int = WAVE_ROWS,
    ) -> None:
        self._manifest = manifest
        self._wave_rows = wave_rows
        self.book = book
        self.screen = screen
        self._store = store
        look = screen.look if screen.spec.needs_looks else None
        weights = {spec.name: spec.weight for spec in manifest.sources if spec.weight is not None}
        self._order = RunOrder(manifest.seed, weights)
        self._specs = {spec.name: spec for spec in manifest.sources}
        self._states = {name: book.state(name) for name in self._specs}
        self._made_before = {name for name, state in self._states.items() if state.waves}
        self._open = partial(open_reader, manifest=manifest, store=store, workers=workers, book=book)
        self._readers = {name: self._open(spec, look=look) for name, spec in self._specs.items()}

    @property
    def horizon(self) -> int:
        """The rank below which the plan is complete; above every rank once all sources are read."""
        return min(self._order.frontier(state) for state in self._states.values())

    def left_out(self) -> dict[str, int]:
        """How many rows that were read so far are no samples, by why: those that a screen dropped first."""
        counts = Counter(self.screen.counts())
        for state in self.states:
            counts.update(state.left_out)
        return dict(counts)

    @property
    def done(self) -> bool:
        """True once all sources are read."""
        return self.horizon == END

    @property
    def states(self) -> Sequence[SourceState]:
        """How far each source was read, in the manifest's order."""
        return tuple(self._states.values())

    def advance(self, go_on: Callable[[], bool] = lambda: True) -> None:
        """Read a wave of every source that holds the horizon back.

        Raises ManifestError when a source cannot be read, OSError when a file or the store fails, Stopped when `go_on` says no.
        """
        low = self.horizon
        due = [state for state in self._states.values() if self._order.frontier(state) == low]
        waves: list[_Wave] = []
        try:
            with self.book.writing():
                read = [self._read(replace(state), go_on) for state in due]
                self._place(read)
                self.screen.commit()  # before the plan, which rests on it
            waves = read
        finally:
            if not waves:  # what was read is not in the plan
                self.screen.roll_back()
                for state in due:
                    self._readers[state.name].close()
        self._states |= {wave.state.name: wave.state for wave in waves}

    def restore(self, samples: Iterable[Sample]) -> None:
        """Read sources again, as far as they are planned, of whose samples an image is gone from the store; the plan stays as it
        is.

        Only what an earlier process planned is looked at. Raises as `advance`, ManifestError also where the image is not to be had.
        """
        for sample in samples if self._made_before else ():
            if sample.source in self._made_before and not self._has_images(sample):
                reader, again = self._open(self._specs[sample.source], look=None), SourceState(sample.source)
                with self.book.writing():
                    deque(_read_on(reader, again, self._states[sample.source].rows), maxlen=0)
                reader.close()
                if not self._has_images(sample):
                    problem = (
                        f"an image of row {sample.row_id} is gone from the store, and the source has another one now"
                    )
                    raise ManifestError(f"sources.{sample.source}: {problem}; put it back, or build with --overwrite")

    def _has_images(self, sample: Sample) -> bool:
        return all(self._store.has(image.sha256) for image in images_of(sample))

    def _read(self, state: SourceState, go_on: Callable[[], bool]) -> _Wave:
        wave = _Wave(state)
        state.left_out, state.by_category = dict(state.left_out), dict(state.by_category)
        for row in _read_on(self._readers[state.name], state, self._wave_rows):
            if not go_on():
                raise Stopped
            if row.problem is not None:
                wave.failed.append(row)
            elif self.screen.judge(row.sample, row.place, row.looks) is None:
                wave.good.append(row)
        return wave

    def _place(self, waves: Sequence[_Wave]) -> None:
        """Give the rows of the waves, which were read together, splits and ranks, and write them down."""
        good = [row.sample for wave in waves for row in wave.good]
        # before there are rollouts and caps: their numbers must not move a row to another split
        grouped = groups.group(good, self._manifest.seed, self._manifest.splits, self.book)
        placed = {sample.id: sample for sample in grouped.placed}
        for wave in waves:
            for row in wave.good:
                if (bridge := grouped.bridges.get(row.sample.id)) is not None:
                    self.screen.drop(row.sample, row.place, "leak_bridge", bridge)
            self._place_wave(wave, [placed[row.sample.id] for row in wave.good if row.sample.id in placed])

    def _place_wave(self, wave: _Wave, good: Sequence[Sample]) -> None:
        state, spec = wave.state, self._specs[wave.state.name]
        problems = {row.sample.id: row.problem for row in wave.failed}
        ordered = self._order.sort([*good, *(row.sample for row in wave.failed)])
        taken = [sample for sample in ordered if sample.id in problems or self._is_within_caps(sample, state)]
        ranks = dict(zip((sample.id for sample in taken), self._order.place(state, taken), strict=True))
        truths = {row.sample.id: row.truth for row in wave.good if row.truth is not None}

        def trajectories() -> Iterator[Trajectory]:  # one after the other: rollouts are many
            for sample in taken:
                t = Trajectory(sample, ranks[sample.id])
                if sample.id in problems:
                    yield t.fail("input", problems[sample.id])
                else:
                    yield from (replace(t, sample=one) for one in roll_out(sample, spec.rollouts))

        self.book.add(trajectories())
        known = (t for t in trajectories() if t.sample.group in truths) if truths else ()
        self.book.add_truth((t.rank, replace(truths[t.sample.group], id=t.sample.id)) for t in known)
        state.placed += len(taken)
        state.waves += 1
        self.book.keep_state(state)

    def _is_within_caps(self, sample: Sample, state: SourceState) -> bool:
        """Whether the caps of its source have room for a sample; it takes its place. A source whose cap is full is read no
        further."""
        spec, category = self._specs[state.name], sample.category
        if category in spec.caps:
            if state.by_category.get(category, 0) >= spec.caps[category]:
                state.leave_out(f"caps.{category}")
                return False
            state.by_category[category] = state.by_category.get(category, 0) + 1
        if spec.cap is not None:
            if state.by_category.get("", 0) >= spec.cap:
                state.leave_out("cap")
                return False
            state.by_category[""] = state.by_category.get("", 0) + 1
            state.done = state.done or state.by_category[""] == spec.cap
        return True

    def __enter__(self) -> Self:
        """This planner; its files are closed at the end of the context."""
        return self

    def __exit__(self, *_: object) -> None:
        for reader in self._readers.values():
            reader.close()


def _read_on(reader: Reader, state: SourceState, most: int) -> Iterator[ReadRow]:
    try:
        yield from reader.read(state, most)
    except TableError as error:
        raise ManifestError(f"sources.{state.name}.path: {error}") from error


def roll_out(sample: Sample, rollouts: int) -> Iterator[Sample]:
    """The samples that the row of `sample` makes: itself, and as many more as its source wants."""
    yield sample
    for number in range(1, rollouts):
        yield replace(sample, id=identity.rollout_id(sample.id, number), rollout=number, rollout_of=sample.id)
