"""Which language an instruction is in. In: a text, the languages that stay. Out: a `Dropped`, or None.

py3langid (BSD licence, its model is in the wheel) gives each language a probability that takes the length of the text into account:
of three words it knows little. So a row goes only where the languages that stay are unlikely all together.
"""

from functools import cache
from typing import Any

from pipeline.errors import BuildError
from pipeline.screening.dropped import Dropped
from pipeline.screening.needs import need
from pipeline.screening.spec import LanguageScreen

SHORTEST = 5  # bytes of UTF-8: of less no model knows anything


@cache
def _identifier() -> Any:
    """The model, which takes a second or two to load."""
    langid = need("py3langid.langid", "screens")
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


class LanguageJudge:
    """Tells languages apart. Raises BuildError for a code that it does not know, MissingExtra without py3langid."""

    def __init__(self, spec: LanguageScreen) -> None:
        self._spec = spec
        self._identifier = _identifier()
        unknown = sorted(set(spec.keep) - set(self._identifier.labels))
        if unknown:
            known = ", ".join(sorted(self._identifier.labels))
            raise BuildError(f"screens.language.keep: {unknown[0]} is no language that is known; one of {known}")

    def rank(self, text: str) -> list[tuple[str, float]]:
        """The languages with their probabilities, the likeliest first."""
        ranked: list[tuple[str, float]] = self._identifier.rank(text.lower())  # capitals mislead it
        return ranked

    def judge(self, text: str) -> Dropped | None:
        """Why the text is in none of the languages that stay; None where it may be."""
        if len(text.encode()) < SHORTEST:
            return None
        ranked = self.rank(text)
        kept = sum(share for name, share in ranked if name in self._spec.keep)
        if kept >= self._spec.least:
            return None
        name, share = ranked[0]
        stay = ", ".join(self._spec.keep)
        return Dropped("language", f"{name} with {share:.2f}; {stay} with {kept:.3f} (at least {self._spec.least:g})")
