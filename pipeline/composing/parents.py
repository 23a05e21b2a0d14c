"""The single edits that compounds are made of. In: samples of any source. Out: `Parent`s, and what was left out and why."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from pipeline.composing.clause import Clause, read
from stages.records import ImageRef, Sample


@dataclass(frozen=True, slots=True)
class Parent:
    """A row with one reference whose instruction is understood as one edit."""

    source: str
    row_id: str
    instruction: str
    explanation: str | None
    licence: str
    reference: ImageRef
    clause: Clause

    @property
    def key(self) -> str:
        """Which row it is."""
        return f"{self.source}\n{self.row_id}"


@dataclass
class Parents:
    """Parents by reference, and how many rows were left out by reason."""

    by_reference: dict[str, list[Parent]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, sample: Sample, allowed: Collection[str]) -> None:
        """One row. `allowed` licences; none given: any."""
        if allowed and sample.licence not in allowed:
            self.left_out[f"licence {sample.licence}"] += 1
            return
        if len(sample.references) != 1:
            self.left_out["not one reference"] += 1
            return
        clause = read(sample.instruction, sample.category)
        if clause is None:
            self.left_out["not understood as one edit"] += 1
            return
        (reference,) = sample.references
        parent = Parent(
            sample.source, sample.row_id, sample.instruction, sample.explanation, sample.licence, reference, clause
        )
        self.by_reference.setdefault(reference.source_sha256 or reference.sha256, []).append(parent)


def gather(samples: Iterable[Sample], allowed: Collection[str] = ()) -> Parents:
    """All parents among the samples."""
    parents = Parents()
    for sample in samples:
        parents.add(sample, allowed)
    return parents


def joined_licence(parents: Iterable[Parent]) -> str:
    """The licence of what is made of them: all of theirs, as an SPDX expression."""
    return " AND ".join(sorted({parent.licence for parent in parents}))


def joined_explanation(parents: Iterable[Parent]) -> str | None:
    """Their facts, each once."""
    return " ".join(dict.fromkeys(parent.explanation for parent in parents if parent.explanation)) or None
