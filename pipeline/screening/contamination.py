"""Finds rows that are taken from an evaluation set.

In: samples with the looks of their references. Out: a `Dropped` that names the evaluation prompt.

By wording (`pipeline.screening.wording`), a row is contaminated where
- a *long* evaluation prompt (`min_words` words or more that carry meaning) stands in it word by word, wherever;
- a *short* one is a clause of it, set off by punctuation, a conjunction, or a phrase of light, hour or style, or all of it: "a
  photo of a bench, golden hour" and "a photo of a bench at night" are taken from "a photo of a bench", while "a photo of a bench
  and a dog" and "a photo of a bench in a kitchen" are prompts of their own;
- both are `GRAMS` runs of `RUN` words or longer, and share at least `overlap` of the shorter one's runs: a long prompt with a few
  words changed, or cut.
By image, it is contaminated where a reference is one of the set's, as bytes or by its looks.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.screening.dropped import Dropped
from pipeline.screening.evaluation_sets import EvaluationPrompt
from pipeline.screening.looks import ImageLook, blocks
from pipeline.screening.spec import Contamination
from pipeline.screening.wording import Wording, wording
from stages.records import Sample

RUN, GRAMS = 5, 8  # runs of five words; a text of twelve has eight
HEAD = 3  # words by which prompts are looked up
IMAGE_BITS = 3
_QUOTED = 80


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The wording of an evaluation prompt, and how many distinct runs it has."""

    prompt: EvaluationPrompt
    words: tuple[str, ...]
    grams: int


@dataclass
class ContaminationScreen:
    """Knows the prompts and images of evaluation sets. Memory grows with the sets, not with the rows judged."""

    spec: Contamination
    _patterns: list[_Pattern] = field(default_factory=list)
    _heads: dict[tuple[str, ...], list[int]] = field(default_factory=dict)
    _openings: set[str] = field(default_factory=set)
    _grams: dict[tuple[str, ...], list[int]] = field(default_factory=dict)
    _bytes: dict[str, EvaluationPrompt] = field(default_factory=dict)
    _looks: dict[tuple[int, bytes], list[tuple[ImageLook, EvaluationPrompt]]] = field(default_factory=dict)

    def learn(self, prompts: Iterable[EvaluationPrompt]) -> None:
        """Take in the prompts of a set."""
        for prompt in prompts:
            for sha256, seen in prompt.images:
                self._bytes.setdefault(sha256, prompt)
                for key in enumerate(blocks(seen.phash, IMAGE_BITS + 1)):
                    self._looks.setdefault(key, []).append((seen, prompt))
            words = wording(prompt.text).words
            if not words:
                continue
            grams = set(_runs(words))
            number = len(self._patterns)
            self._patterns.append(_Pattern(prompt, words, len(grams)))
            self._heads.setdefault(words[:HEAD], []).append(number)
            self._openings.add(words[0])
            if len(grams) >= GRAMS:
                for gram in grams:
                    self._grams.setdefault(gram, []).append(number)

    def judge(self, sample: Sample, looks: Sequence[ImageLook]) -> Dropped | None:
        """Why the row counts as taken from a set; None where it does not. `looks`: of its references, none where not needed."""
        return self.judge_text(sample.instruction) or self._judge_images(sample, looks)

    def judge_text(self, text: str) -> Dropped | None:
        """The same of an instruction alone."""
        worded = wording(text)
        return self._find_whole(worded) or self._find_overlap(worded)

    def _find_whole(self, worded: Wording) -> Dropped | None:
        words = worded.words
        for start, word in enumerate(words):
            if word not in self._openings:
                continue
            for length in range(1, HEAD + 1):
                # a prompt of fewer words than `HEAD` is its own head
                for number in self._heads.get(words[start : start + length], ()):
                    pattern = self._patterns[number].words
                    end = start + len(pattern)
                    if words[start:end] == pattern and self._counts(worded, start, end):
                        whole = end - start == len(words)
                        return _taken("is" if whole else "holds", self._patterns[number].prompt)
        return None

    def _counts(self, worded: Wording, start: int, end: int) -> bool:
        """Whether a prompt that stands there word by word counts."""
        length = end - start
        if length >= self.spec.min_words or length == len(worded.words) or self.spec.short == "anywhere":
            return True
        return self.spec.short == "clause" and length > 1 and start in worded.ends and end in worded.ends

    def _find_overlap(self, worded: Wording) -> Dropped | None:
        if not self._grams:
            return None
        grams = set(_runs(worded.words))
        if len(grams) < GRAMS:
            return None
        shared = Counter(number for gram in grams for number in self._grams.get(gram, ()))
        best = max(shared.items(), key=lambda item: (self._share(item, len(grams)), -item[0]), default=None)
        if best is None or (share := self._share(best, len(grams))) < self.spec.overlap:
            return None
        how = f"shares {share:.2f} of its runs of {RUN} words (at least {self.spec.overlap:g}) with"
        return _taken(how, self._patterns[best[0]].prompt)

    def _share(self, shared: tuple[int, int], grams: int) -> float:
        number, count = shared
        return count / min(grams, self._patterns[number].grams)

    def _judge_images(self, sample: Sample, looks: Sequence[ImageLook]) -> Dropped | None:
        if not self._bytes:
            return None
        for image in sample.references:
            if (prompt := self._bytes.get(image.source_sha256) or self._bytes.get(image.sha256)) is not None:
                return _taken("has a reference of", prompt)
        for seen in looks[: len(sample.references)]:
            for key in enumerate(blocks(seen.phash, IMAGE_BITS + 1)):
                for other, prompt in self._looks.get(key, ()):
                    if seen.is_like(other, IMAGE_BITS):
                        return _taken("has a reference that looks like one of", prompt)
        return None


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for n in range(len(words) - RUN + 1):
        yield tuple(words[n : n + RUN])


def _taken(how: str, prompt: EvaluationPrompt) -> Dropped:
    text = " ".join(prompt.text.split())
    quoted = text if len(text) <= _QUOTED else text[: _QUOTED - 3] + "..."
    return Dropped("contaminated", f"{how} row {prompt.row} of {prompt.file} in {prompt.set_name}: {quoted}")
