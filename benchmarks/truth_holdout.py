"""Check the truth figures on other words and another seed: the demo's samples against fresh ones by the held-out writer.

In: a seed and options (below). Out: the truth figures side by side and the number of misunderstood instructions on standard output;
exit code 1 when a deciding figure is worse by more than `MARGIN` points. Run by `make truth-holdout SEED=...`, with any seed.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.climbing import ClimbResult, bench, world_of
from benchmarks.heldout_writer import write
from pipeline.backends.world.oracle.truth import Truth
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.find import Unresolved
from pipeline.backends.world.scenes.perform import apply, settle_background
from pipeline.backends.world.scenes.terms import resolve_terms
from pipeline.backends.world.words.reading import NotUnderstood, facts, parse
from pipeline.output.share import Share
from pipeline.planning.world_rows import Made
from pipeline.views.comparison import Versus
from stages.records import AXES, Sample

MARGIN = 3.0
"""By how many points a deciding figure may be worse."""
MOST_REASONS = 12
EXAMPLES = 5
BEGINNING = 3
"""How many words at the beginning of a piece that was not understood make up its reason."""


@dataclass(frozen=True)
class UnderstoodWords:
    """How `all` instructions are read: `not_understood` as (reason, instruction), `otherwise` those with another meaning."""

    all: int
    not_understood: Sequence[tuple[str, str]]
    otherwise: Sequence[str]

    @property
    def lost(self) -> Share:
        """Instructions that were not understood."""
        return Share(len(self.not_understood), self.all)

    @property
    def misread(self) -> Share:
        """Instructions that were understood as something else."""
        return Share(len(self.otherwise), self.all)


def main() -> None:
    """Measure both, print them side by side, and exit with 1 if the held-out figures are worse."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True, help="of the held-out samples, words and calls")
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as `x2i build --set`")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores, {options.samples} samples each\n")
    with bench() as workbench:
        manifest, spec = world_of(options.samples, *options.set)
        own, other = workbench.make_samples(spec, manifest.seed), workbench.make_samples(spec, options.seed, write)
        read = reading(other)
        print(f"held-out writer, seed {options.seed}: not understood {read.lost}, understood otherwise {read.misread}")
        for line in (*_reasons(read), ""):
            print(line)
        manifests = (manifest, manifest.model_copy(update={"seed": options.seed}))
        rows = list(
            compared(*(workbench.climb(m, samples) for m, samples in zip(manifests, (own, other), strict=True)))
        )
    worse = report(rows, options.seed)
    sys.exit(1 if worse else 0)


def reading(samples: Sequence[Made]) -> UnderstoodWords:
    """How every instruction is read, against the truth of its sample."""
    unread, otherwise = [], []
    for sample, row in samples:
        try:
            if not _as_meant(sample, Truth.load(row.truth)):
                otherwise.append(sample.instruction)
        except NotUnderstood as error:
            unread.append((" ".join(error.piece.split()[:BEGINNING]), sample.instruction))
    return UnderstoodWords(len(samples), unread, otherwise)


def _as_meant(sample: Sample, truth: Truth) -> bool:
    """Whether the words, with open choices taken from the target, lead to the target."""
    term_colours = {} if sample.explanation is None else facts(sample.explanation)
    clauses = [resolve_terms(op, term_colours) for op in parse(sample.instruction)]
    context = Context(pictures=truth.pictures, hint=truth.target)
    try:
        after = settle_background(apply(truth.start, clauses, context), clauses, truth.start, context)
    except Unresolved:
        return False
    return after.settled() == truth.target.settled()


def _reasons(read: UnderstoodWords) -> Iterator[str]:
    examples = dict(reversed(read.not_understood))
    for why, n in Counter(why for why, _ in read.not_understood).most_common(MOST_REASONS):
        yield f"  {n:4} x {why!r}, as in {examples[why]!r}"
    for words in read.otherwise[:EXAMPLES]:
        yield f"  understood otherwise: {words!r}"


def compared(own: ClimbResult, other: ClimbResult) -> Iterator[tuple[Versus, int]]:
    """Every figure of both, with its better direction: 1 up, -1 down, 0 for a figure that does not decide."""
    a, b = own.figures, other.figures
    yield Versus("accepted, truly right", a.accepted, b.accepted), 1
    yield Versus("needless thinking", a.needless["all"], b.needless["all"]), -1
    for mode in own.modes:
        yield Versus(f"accepted, truly right: {mode}", a.accepted_by_mode[mode], b.accepted_by_mode[mode]), 0
    yield Versus("critiques that name a defect", a.critiques, b.critiques), 0
    for key in ("verdict", *AXES):
        yield Versus(f"false pass: {key}", a.false_pass[key], b.false_pass[key]), 0
        yield Versus(f"false fail: {key}", a.false_fail[key], b.false_fail[key]), 0
    for end in (*own.modes, "discarded", "failed"):
        yield Versus(f"ended: {end}", *(Share(run.ends[end], len(run.rows)) for run in (own, other))), 0


def report(rows: Sequence[tuple[Versus, int]], seed: int) -> int:
    """Print the table and the verdict; return how many deciding figures fail."""
    print(f"| figure | the demo's | held out, seed {seed} | difference in points |\n| --- | --- | --- | --- |")
    for v, _ in rows:
        change = "–" if v.change is None else "{:+.1f} ({:+.1f} to {:+.1f})".format(*v.change)
        print(f"| {v.name} | {v.a} | {v.b} | {change} |")
    worse = [v.name for v, way in rows if way and v.change is not None and way * v.change[0] < -MARGIN]
    unknown = [v.name for v, way in rows if way and v.change is None]
    verdict = [f"worse by more than {MARGIN:g} points: {name}" for name in worse]
    verdict += [f"nothing to compare: {name}" for name in unknown]
    print("\n" + "\n".join(verdict or [f"no deciding figure is worse by more than {MARGIN:g} points"]))
    return len(verdict)


if __name__ == "__main__":
    main()
