"""What a reader should know before anything else: the few sentences that decide about a build.

In: a `Reading`. Out: plain sentences, the gravest first, each with where the report tells more (an anchor).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from scipy.stats import binomtest

from pipeline.output.voice_counts import by_kind
from pipeline.views.probe.probe import StyleFinding
from pipeline.views.tables.agreement import REPEATED, VERDICT
from pipeline.views.tables.reading import Reading
from pipeline.views.tables.rows import rows
from pipeline.views.text import spoken

RIGHT, NEEDLESS, FAILED, AGREED, CHANCE, VOICELESS = 0.97, 0.05, 0.02, 0.9, 0.05, 0.05


@dataclass(frozen=True)
class Remark:
    """A sentence, whether it calls for a look (`grave`), and the section that tells more."""

    grave: bool
    words: str
    anchor: str


def remarks(reading: Reading) -> list[Remark]:
    """The remarks, those that call for a look first."""
    every = [
        *_truth(reading),
        *_quotas(reading),
        *_losses(reading),
        *_stations(reading),
        *_judging(reading),
        *_voice(reading),
        *_style(reading),
    ]
    return sorted(every, key=lambda r: not r.grave)


def _truth(reading: Reading) -> Iterator[Remark]:
    known = reading.truth
    if known is None:
        return
    if known.accepted.rate is not None:
        low = known.accepted.rate < RIGHT
        words = f"By the world's own truth {known.accepted} of the accepted samples are right"
        yield Remark(low, f"{words}, below the {100 * RIGHT:.0f} % aimed for." if low else f"{words}.", "truth")
    needless = known.needless.get("all")
    if needless is not None and needless.rate is not None and needless.rate > NEEDLESS:
        yield Remark(
            True, f"Needless thinking: in {needless} of the rows with thoughts an earlier image was right.", "truth"
        )


def _quotas(reading: Reading) -> Iterator[Remark]:
    for mode, kept in reading.run.kept_by_mode.items():
        quota = reading.run.quotas.get(mode)
        if quota is not None and kept < quota:
            yield Remark(True, f"The quota of {mode} is not filled: {kept:,} of {quota:,}.", "yields")


def _losses(reading: Reading) -> Iterator[Remark]:
    counts, causes = reading.run.counts, reading.figures.causes()
    lost = counts["discarded"] + counts["failed"]
    if lost:
        first = causes[0]
        grave = counts["failed"] > FAILED * counts["planned"]
        words = f"{lost:,} of {counts['planned']:,} were lost, most often by {spoken(first.reason)} ({first.count:,})."
        yield Remark(grave, words, "losses")
    *_, dear = rows(reading.calls.by_mode())
    if dear["accepted"]:
        words = f"An accepted sample took {dear['own']:.1f} calls, {dear['charged']:.1f} with those of the lost ones."
        yield Remark(False, words, "calls")


def _stations(reading: Reading) -> Iterator[Remark]:
    """Stations that make more images worse than better on an axis, by more than chance (one-sided sign test)."""
    titles = reading.scores.titles
    for row in rows(reading.scores.moves()):
        better, worse = row["better"], row["worse"]
        if worse > better and binomtest(worse, better + worse, alternative="greater").pvalue < CHANCE:
            words = f"{worse:,} images got worse, {better:,} better."
            yield Remark(True, f"{titles[row['moment']]} harms {row['axis']}: {words}", "quality")


def _style(reading: Reading) -> Iterator[Remark]:
    if isinstance(reading.style, StyleFinding) and reading.style.is_leak:
        words = (
            f"Style gives the maker away: the generator's picture is picked out of two in {reading.style}, mostly by"
        )
        yield Remark(True, f"{words} {reading.style.telling[0]}.", "style")


def _judging(reading: Reading) -> Iterator[Remark]:
    for row in rows(reading.agreement.table(REPEATED)):
        if row["axis"] == VERDICT and row["raw"].rate < AGREED:
            words = f"The judge contradicts itself: asked twice, it gives the same verdict in {row['raw']}."
            yield Remark(True, words, "agreement")


def _voice(reading: Reading) -> Iterator[Remark]:
    """Too many texts that the trained model should not say of itself."""
    for row in by_kind(reading.run.voice)[-1:]:
        if row.breaking.rate is not None and row.breaking.rate > VOICELESS:
            yield Remark(
                True, f"The training voice is broken in {row.breaking} of the texts that may be trained.", "voice"
            )
