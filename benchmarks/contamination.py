"""Measure how well decontamination finds evaluation prompts that hide in a large source, and how fast screens are.

In: the folder with geneval.jsonl and kris_bench.json, and options. Out: Markdown for RESULTS.md on standard output. Run by
`make contamination`. What is planted, and the clean rows that stand beside it, are made by `benchmarks.contamination_rows`.
"""

import argparse
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contamination_rows import CLEAN, COUNTED, LabelledRow, SetPrompt, label_rows, long_source, read_prompts
from pipeline.planning import samples
from pipeline.screening.screen import Screen
from pipeline.screening.spec import ScreensSpec
from pipeline.sources.bad_row import Place
from stages.records import Checker, Sample

ROWS, PLANTED = 20_000, 500
MIB = 1024


@dataclass(frozen=True)
class Detection:
    """What the screen said: rows and rows called contaminated, by what they truly are."""

    rows: Counter[str]
    called: Counter[str]
    wrong: list[str]
    missed: list[str]

    @property
    def recall(self) -> float:
        """The share of planted rows that were found, paraphrases and run-on clauses not counted."""
        return sum(self.called[v] for v in COUNTED) / sum(self.rows[v] for v in COUNTED)

    @property
    def precision(self) -> float:
        """The share of planted rows among those called contaminated, counted as for `recall`."""
        found = sum(self.called[v] for v in COUNTED)
        return found / (found + self.called[CLEAN]) if found else 0.0


def screens(data: Path, **further: object) -> ScreensSpec:
    """Decontamination against both sets, as a user would write it."""
    geneval = {"kind": "jsonl", "name": "geneval", "path": str(data / "geneval.jsonl")}
    kris = {"kind": "json", "name": "kris_bench", "path": str(data / "kris_bench.json")}
    sets = [geneval | {"columns": {"instruction": "prompt"}}, kris | {"columns": {"instruction": "ins_en"}}]
    return ScreensSpec.model_validate({"decontaminate": sets, **further})


def sample(number: int, text: str) -> Sample:
    """A prompt without images as the row of a source."""
    return samples.make(
        source="planted",
        row_id=str(number),
        instruction=text,
        explanation=None,
        references=[],
        first=None,
        task="t2i",
        category=None,
        size=(512, 512),
        licence="other",
        checker=Checker(),
    )


def detect(spec: ScreensSpec, rows: Sequence[LabelledRow]) -> Detection:
    """Screen the rows in their order."""
    made = Detection(Counter(), Counter(), [], [])
    with Screen(spec, None) as screen:
        for number, row in enumerate(rows, 1):
            dropped = screen.judge(sample(number, row.text), Place("planted.jsonl", number, number))
            called = dropped is not None and dropped.reason == "contaminated"
            made.rows[row.kind] += 1
            made.called[row.kind] += called
            if called and row.kind == CLEAN and dropped is not None:
                made.wrong.append(f"{row.text} ({dropped.detail})")
            if not called and row.kind in COUNTED:
                made.missed.append(f"{row.kind}: {row.text}")
    return made


def table(found: Detection) -> Iterable[str]:
    """The detection as Markdown."""
    yield "| rows | number | called contaminated |"
    yield "|---|---|---|"
    for kind, count in found.rows.items():
        yield f"| {kind} | {count:,} | {found.called[kind]:,} ({100 * found.called[kind] / count:.1f} %) |"
    yield ""
    yield f"recall {found.recall:.4f}, precision {found.precision:.4f} (of {', '.join(COUNTED)}, against {CLEAN})"


def speed(spec: ScreensSpec, prompts: Sequence[SetPrompt], count: int) -> str:
    """Rows a second through these screens, and the peak memory of this process before and after, in MiB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MIB
    with tempfile.TemporaryDirectory() as folder, Screen(spec, Path(folder)) as screen:
        spent = 0.0
        for number, text in enumerate(long_source(prompts, count, seed=3), 1):
            one = sample(number, text)
            begun = time.process_time()
            screen.judge(one, Place("rows.jsonl", number, number))
            if number % 4096 == 0:
                screen.commit()
            spent += time.process_time() - begun
        counts, size = screen.counts(), sum(file.stat().st_size for file in Path(folder).iterdir())
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MIB
    return (
        f"{count:,} rows in {spent:.0f} s of CPU: {count / spent:,.0f} rows/s on one core; peak memory {before} MiB before and "
        f"{after} MiB after; {size / 1e6:,.0f} MB on disk; dropped {counts}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--speed", type=int, nargs="*", default=[], help="numbers of rows to time")
    parser.add_argument("--list", action="store_true", help="list what was missed and what was called wrongly")
    args = parser.parse_args()
    prompts = read_prompts(args.data)
    found = detect(screens(args.data), label_rows(prompts, ROWS, PLANTED, seed=1))
    print("\n".join(table(found)))
    if args.list:
        print("\n".join(["", "missed:", *found.missed, "", "called wrongly:", *found.wrong]))
    for count in args.speed:
        spec = screens(args.data, duplicates={"exact": True, "near_text": 0.85})
        print(f"\nduplicates, near-duplicates and decontamination: {speed(spec, prompts, count)}")


if __name__ == "__main__":
    main()
