"""What the manifest says under `screens`: which rows stay out of a build. Data only; `pipeline.screening.screen` applies it.

In: the `screens` mapping. Out: an immutable `ScreensSpec`. Where nothing is said, nothing is screened.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.sources.spec import TableSpec
from pipeline.typed import Strict

MOST_BITS = 7

Words = Annotated[str, Field(min_length=1, max_length=200)]


class Duplicates(Strict):
    """Rows that repeat an earlier row of any source.

    `exact`: the same instruction, but for case, width, punctuation and spacing, with the same references. `near_text`: the least
    Jaccard similarity of two instructions' runs of five characters at which they count as one. `near_images`: in how many
    of the 64 bits of their perceptual hashes two references may differ and still count as one.
    """

    exact: bool = False
    near_text: float | None = Field(None, ge=0.8, le=1)
    near_images: int | None = Field(None, ge=0, le=MOST_BITS)

    @property
    def is_on(self) -> bool:
        """True where any of them is looked for."""
        return self.exact or self.near_text is not None or self.near_images is not None


class Contamination(Strict):
    """When a row counts as taken from an evaluation set (`pipeline.screening.contamination` has the rules).

    `min_words`: from so many words that carry meaning, an evaluation prompt counts wherever it stands inside a longer instruction.
    `short`: where a shorter one counts: as a clause of its own, as the whole instruction alone, or anywhere. `overlap`: the least
    share, 0 to 1, of the runs of five words of two long texts, of the shorter one, at which they count as one. `images`: references
    of the set count too, as bytes and by their looks.
    """

    min_words: int = Field(5, ge=2, le=50)
    short: Literal["clause", "whole", "anywhere"] = "clause"
    overlap: float = Field(0.7, gt=0, le=1)
    images: bool = True


class ImageScreen(Strict):
    """What references and brought images must be like.

    `min_side`: the shorter side in pixels. `max_aspect`: the longer side over the shorter. `min_contrast`: the greatest standard
    deviation of a colour channel over the picture, in levels of 0 to 255, below which it counts as blank.
    """

    min_side: int | None = Field(None, ge=1)
    max_aspect: float | None = Field(None, ge=1)
    min_contrast: float | None = Field(None, ge=0, le=128)

    @property
    def is_on(self) -> bool:
        """True where any of them is looked at."""
        return self != ImageScreen()


class LanguageScreen(Strict):
    """Which languages stay, as ISO 639-1 codes; none named, all stay. A row is dropped where they are less likely than
    `least`, 0 to 1, all together."""

    keep: tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...] = ()
    least: float = Field(0.02, gt=0, lt=1)


class UnsafeScreen(Strict):
    """What is no matter for a training set. `words`: whether the instruction is looked at; `add` and `allow` change the list.

    `images`: the score of the image model, 0 to 1, from which a picture is dropped; null asks no model.
    """

    words: bool = False
    add: tuple[Words, ...] = ()
    allow: tuple[Words, ...] = ()
    images: float | None = Field(None, gt=0, le=1)

    @model_validator(mode="after")
    def _changes_a_list_in_use(self) -> Self:
        if (self.add or self.allow) and not self.words:
            raise ValueError("add and allow change the list of words, which is not used; say words: true")
        return self


class ScreensSpec(Strict):
    """Which rows stay out of a build. The default screens nothing. `allow_licences`: those that rows may have, or all."""

    # left out where nobody named any, so that a build without it is the same build as ever
    allow_licences: tuple[Words, ...] = Field((), exclude_if=lambda value: not value)
    duplicates: Duplicates = Duplicates()
    decontaminate: tuple[TableSpec, ...] = ()
    contamination: Contamination = Contamination()
    images: ImageScreen = ImageScreen()
    language: LanguageScreen = LanguageScreen()
    unsafe: UnsafeScreen = UnsafeScreen()

    @model_validator(mode="after")
    def _compares_with_something(self) -> Self:
        if self.contamination != Contamination() and not self.decontaminate:
            raise ValueError(
                "contamination says how to compare, but decontaminate names no evaluation set; add one there"
            )
        return self

    @property
    def is_on(self) -> bool:
        """True where any row can be dropped."""
        return bool(
            self.allow_licences
            or self.duplicates.is_on
            or self.decontaminate
            or self.images.is_on
            or self.language.keep
            or self.unsafe.words
            or self.unsafe.images is not None
        )

    @property
    def needs_looks(self) -> bool:
        """True where `Screen.judge` needs to know what the images look like."""
        return bool(
            self.duplicates.near_images is not None
            or (self.contamination.images and any(spec.columns.references for spec in self.decontaminate))
            or self.images.min_contrast is not None
            or self.unsafe.images is not None
        )
