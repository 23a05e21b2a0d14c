"""Has an Analyzer word compounds, and keeps what says the same. In: compounds, an Analyzer, the prompts. Out: the same compounds.

A wording is kept where it names every thing, colour, number, place and quoted text of the parts, and no other colour. One that does
not is asked for once more; then, as when the model declines, the words of the rules stay.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pipeline.composing import lexicon
from pipeline.composing.clause import fold, quotes, tokens
from pipeline.composing.compounds import Compound
from prompts.catalogue import Prompts
from stages.asking import follow_up
from stages.errors import EngineDead, Malformed, ModelError
from stages.identity import call_seed
from stages.protocols import Analyzer, Message, TextRequest
from stages.replies import rewording

PROMPT = "reword"
LONGEST = 2000
AT_ONCE = 256
BY_MODEL = "analyzer"
_ANGLES = {"90", "180", "degree"}  # a quarter turn is 90 degrees
_PICTURE = re.compile(r"\bpicture \d")


def unlike(compound: Compound, text: str) -> str | None:
    """What of the parts a wording lacks or adds; None where it says the same."""
    said = _content(text)
    around = {parent.clause.text for parent in compound.parents if parent.clause.scope == "viewpoint"}
    parts = {
        word for part in compound.parts for word in _content(part) if part not in around or word not in lexicon.PLACES
    }
    if lacking := sorted(parts - said):
        return f"it does not say {', '.join(lacking)}"
    if added := sorted((said - parts) & lexicon.COLOURS):
        return f"no edit says {', '.join(added)}"
    return None if len(text) <= LONGEST else f"it has {len(text)} characters, {LONGEST} are the most"


def _content(text: str) -> set[str]:
    words = {fold(token) for token in tokens(text)} - lexicon.GENERIC - _ANGLES
    named = {word for word in words if word in lexicon.COLOURS | lexicon.NUMBERS | lexicon.PLACES or _is_name(word)}
    return named | set(quotes(text)) | set(_PICTURE.findall(text.lower()))


def _is_name(word: str) -> bool:
    known = lexicon.FUNCTION | lexicon.VERBS | lexicon.WHOLE | lexicon.PRONOUNS | lexicon.ASPECTS | lexicon.SIZES
    return word not in known and word not in lexicon.PATTERNS


async def reword(
    compounds: Sequence[Compound], analyzer: Analyzer, prompts: Prompts, seed: int
) -> tuple[list[Compound], Counter[str]]:
    """All compounds, worded anew where that went well, and how many were not, by reason. Raises EngineDead, Drained."""
    kept_as_they_were: Counter[str] = Counter()
    done: list[Compound] = []
    for first in range(0, len(compounds), AT_ONCE):
        some = compounds[first : first + AT_ONCE]
        for compound, worded in zip(
            some, await asyncio.gather(*(_word(one, analyzer, prompts, seed) for one in some)), strict=True
        ):
            if isinstance(worded, ModelError):
                kept_as_they_were[type(worded).__name__.lower()] += 1
            done.append(compound if isinstance(worded, ModelError) else compound.reworded(worded, BY_MODEL))
    return done, kept_as_they_were


async def _word(compound: Compound, analyzer: Analyzer, prompts: Prompts, seed: int) -> str | ModelError:
    words = prompts.render(PROMPT, parts=compound.parts, references=len(compound.references))
    own = call_seed(seed, compound.id, "analyzer", "compose", 1, 1, 1, PROMPT)
    request = TextRequest((Message("user", words),), (), "rewording", own, 1)
    try:
        try:
            return _accept(compound, (await analyzer.ask(request)).text)
        except Malformed as problem:
            shown = prompts.render("again", problem=str(problem))
            request = follow_up(request, problem.text or "(an empty reply)", shown)
        return _accept(compound, (await analyzer.ask(replace(request, ordinal=2))).text)
    except EngineDead:
        raise
    except ModelError as error:
        return error


def _accept(compound: Compound, reply: str) -> str:
    text = " ".join(rewording(reply).split())
    if problem := unlike(compound, text):
        raise Malformed(reply, f"instruction: {problem}")
    return text
