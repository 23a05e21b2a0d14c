"""How true a data set is, where the truth is known: the world's samples.

In: an output and the store of its originals. Out: `TruthFigures`: how often the Analyzer was wrong, what of the accepted is right,
and how much of the thinking was needless.

Judged are the evaluations against the original instruction: a step's own target is nobody's truth. An axis is truly wrong when
`world.oracle.truth.inspect` finds fault with it; a verdict, when it finds any.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.backends.world.oracle.truth import Finding
from pipeline.backends.world.scenes.looks import PLACES
from pipeline.backends.world.words.language import at
from pipeline.output.share import Share
from pipeline.output.truth_rows import Row, accepted, choose, images, inspected, known
from pipeline.storage.image_store import ImageStore
from stages.mask import marks, position
from stages.records import AXES, MODES, Evaluation, Reflection, payload_from

VERDICT = "verdict"
ALL = "all"
THINKING = ("reflection", "multistep")
MOST_NAMED = 20
"""So many samples are named, those of lowest rank."""


@dataclass(frozen=True)
class TruthFigures:
    """Shares with their intervals.

    `accepted`: accepted samples whose image is truly right (RL prompts that passed included). `false_pass`: of what is truly
    wrong, how much passed, per axis and for the whole `verdict`; `false_fail` the other way round. `needless`: of the
    accepted rows of a mode, those in which an earlier image was already right. `critiques`: of the trained critiques, those
    that name a place at which something is truly wrong. `wrong`: accepted samples that are not right; `needless_ids`: rows that
    thought needlessly; both by id.
    """

    accepted: Share
    accepted_by_mode: Mapping[str, Share]
    false_pass: Mapping[str, Share]
    false_fail: Mapping[str, Share]
    needless: Mapping[str, Share]
    critiques: Share
    notes: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    needless_ids: tuple[str, ...] = ()


def truth_figures(out: Path, store: ImageStore, workers: int | None = None) -> TruthFigures | None:
    """The figures; None when the output has no truth.

    `workers`: as `truth_rows.inspected`. Raises FileNotFoundError when originals are gone, OSError, ValueError or KeyError when
    a file cannot be read.
    """
    if not known(out):
        return None
    choice = choose(out)
    counting = Counting()
    for row, findings in inspected(out, store, choice, judged_images, workers):
        counting.add(row, findings)
    return counting.figures((choice.note,) if choice.note else ())


def judged_images(row: Row) -> tuple[str, ...]:
    """The images of a sample whose truth matters: all of an accepted one, else those held against the instruction."""
    if accepted(row):
        return images(row)
    return tuple(e["image_sha256"] for e in row["events"] if _of_the_whole(e))


class Counting:
    """Adds up what each row shows."""

    def __init__(self) -> None:
        self._hits: Counter[tuple[str, str]] = Counter()
        self._of: Counter[tuple[str, str]] = Counter()
        self._wrong: list[str] = []
        self._needless: list[str] = []

    def add(self, row: Row, findings: Mapping[str, Finding]) -> None:
        """Count one more row of the record. `findings` by the sha256 of every one of its `judged_images`."""
        for event in filter(_of_the_whole, row["events"]):
            self._judge(payload_from(event["payload"]), findings[event["image_sha256"]])
        if not accepted(row):
            return
        *earlier, last = images(row)
        self._count("accepted", row["mode"], findings[last].right)
        if not findings[last].right:
            self._wrong.append(row["id"])
        if row["mode"] in THINKING:
            needless = any(findings[i].right for i in earlier)
            self._count("needless", row["mode"], needless)
            if needless:
                self._needless.append(row["id"])
        if row["split"] == "rl":
            return
        for text, finding in _critiques(row, findings):
            self._count("critiques", ALL, names_a_defect(text, finding))

    def _count(self, what: str, key: str, hit: bool) -> None:
        self._of[what, key] += 1
        self._hits[what, key] += hit

    def _judge(self, judged: object, finding: Finding) -> None:
        if not isinstance(judged, Evaluation):
            return
        verdicts = [(a.axis, a.passed, a.axis not in finding.wrong) for a in judged.axes]
        for key, passed, right in ((VERDICT, judged.passed, finding.right), *verdicts):
            self._count("false fail" if right else "false pass", key, passed != right)

    def _share(self, what: str, *keys: str) -> Share:
        return Share(sum(self._hits[what, k] for k in keys), sum(self._of[what, k] for k in keys))

    def figures(self, notes: tuple[str, ...] = ()) -> TruthFigures:
        """All shares."""
        return TruthFigures(
            accepted=self._share("accepted", *MODES),
            accepted_by_mode={m: self._share("accepted", m) for m in MODES},
            false_pass={k: self._share("false pass", k) for k in (*AXES, VERDICT)},
            false_fail={k: self._share("false fail", k) for k in (*AXES, VERDICT)},
            needless={m: self._share("needless", m) for m in THINKING} | {ALL: self._share("needless", *THINKING)},
            critiques=self._share("critiques", ALL),
            notes=notes,
            wrong=tuple(self._wrong[:MOST_NAMED]),
            needless_ids=tuple(self._needless[:MOST_NAMED]),
        )


def _of_the_whole(event: Mapping[str, object]) -> bool:
    return event["kind"] == "evaluation" and event["against"] == "original"


def _critiques(row: Row, findings: Mapping[str, Finding]) -> Iterator[tuple[str, Finding]]:
    """The trained texts that find fault with an image, and what is truly wrong with it."""
    last = max(e["index"] for e in row["events"] if e["kind"] == "generation" and not e["pruned"])
    image = ""
    for event in row["events"]:
        if event["kind"] == "generation":
            image = event["image_sha256"]
        if event["kind"] not in ("evaluation", "reflection") or event["pruned"]:
            continue
        where = position(row["mode"], event["kind"], event["index"], last)
        if not marks(row["mode"], event["kind"], where).loss:
            continue
        said = payload_from(event["payload"])
        if isinstance(said, Reflection):
            yield said.failure_analysis, findings[image]
        elif isinstance(said, Evaluation) and not said.passed:
            yield " ".join(a.reason for a in said.axes if not a.passed), findings[image]


def names_a_defect(text: str, finding: Finding) -> bool:
    """Whether a critique in the world's words speaks of a place at which something is truly wrong."""
    words = text.lower()
    return any(re.search(_spoken(place), words) for place in finding.places)


def _spoken(place: str) -> str:
    """How a place is spoken of: "at the top", but not "at the top left"."""
    return rf"{re.escape(at(place))}(?! left| right)" if place in PLACES else rf"\b{re.escape(place)}\b"
