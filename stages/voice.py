"""The training voice: does a text say what is seen and what to do, as the trained model may say it of its own?

In: a text, or a payload. Out: the rules it breaks (`stages.voice_rules`), with the words that do. Words that a picture shows, in
quotation marks or in capitals, are the picture's and break nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from stages.records import Evaluation, Payload, Plan, Reflection, Step, Words
from stages.voice_rules import LONGEST, MOST_SENTENCES, RULES, Rule

_QUOTED = re.compile(
    r"\"[^\"\n]{1,80}\"|“[^”\n]{1,80}”|«[^»\n]{1,80}»|„[^“”\n]{1,80}[“”]|(?<!\w)['‘][^'’\n]{1,60}['’](?!\w)"
)
_CAPITALS = re.compile(
    r"\b(?!JSON\b|AI\b|BAGEL\b|FLUX\b|GPT\b|DALL\b|VLM\b|LLM\b|CFG\b|PNG\b|OCR\b|PSNR\b|SSIM\b|VAE\b|CLIP\b)[A-Z]{3,}\b(?:\s+(?:[A-Z]{2,}|\d+)\b)*"
)
_SENTENCE = re.compile(r"[.!?…]+[\"”')\]]*(?:\s+(?=[\"“'(\[]?[A-Z0-9])|\s*$)|[。！？]")
# a full stop behind these ends no sentence
_SHORT = re.compile(r"\b(?:e\.g|i\.e|etc|approx|vs|no|nr|ca|cf|st|dr|mr|mrs|ms|fig)\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Breach:
    """One breach: the name of the rule, and the words that break it (none where the text as a whole does)."""

    rule: str
    words: str = ""


# a text is looked at when it comes, when it is counted and when it is verified
@lru_cache(4096)
def breaches(text: str) -> tuple[Breach, ...]:
    """Every breach in `text`, at most one for each rule, in the order of the rules."""
    bare = _unquoted(text.replace("\u2019", "'"))
    broken = [Breach(name, words) for name, rule in RULES.items() if (words := _first(rule, bare))]
    return (*broken, Breach("length")) if _is_long(text) else tuple(broken)


def _first(rule: Rule, text: str) -> str:
    return next((words for phrase in rule.phrases for words in phrase.matches(text)), "")


def texts(payload: Payload) -> Iterator[tuple[str, str]]:
    """The texts of a payload that a trainer may read, each with its place. A diagnosis has none: it is never trained."""
    match payload:
        case Evaluation():
            yield from ((f"{a.axis}.reason", a.reason) for a in payload.axes)
        case Reflection():
            yield "failure_analysis", payload.failure_analysis
            yield "improvement_plan", payload.improvement_plan
        case Plan():
            yield "rationale", payload.rationale
            yield from ((f"steps[{n}]", step) for n, step in enumerate(payload.steps))
        case Step():
            yield "instruction", payload.instruction
        case Words():
            yield "text", payload.text


def flawed_texts(payload: Payload) -> tuple[tuple[str, Breach], ...]:
    """Every breach in the texts of `payload`, each with its place ("quality.reason", "steps[1]")."""
    # what a model thinks while it draws may take its time
    free = ("length",) if isinstance(payload, Words) else ()
    flawed = ((place, breach) for place, text in texts(payload) for breach in breaches(text))
    return tuple((place, breach) for place, breach in flawed if breach.rule not in free)


def rules_broken(payload: Payload) -> tuple[str, ...]:
    """The names of the rules that the texts of `payload` break, each once, in the order of the rules."""
    broken = {breach.rule for _, breach in flawed_texts(payload)}
    return tuple(name for name in RULES if name in broken)


def _unquoted(text: str) -> str:
    """`text` without what it quotes, and without words in capitals: what a sign in the picture reads may be anything."""
    bare = _QUOTED.sub(" * ", text)
    # a text that is one quotation, or all in capitals, is taken as it is
    bare = bare if re.search(r"\w", bare) else text
    return bare if bare.isupper() else _CAPITALS.sub(" * ", bare)


def _is_long(text: str) -> bool:
    ends = len(_SENTENCE.findall(_SHORT.sub("x", text.strip())))
    open_end = re.search(r"[.!?…。！？][\"”')\]]*\s*$", text) is None
    return len(text) > LONGEST or "\n" in text.strip() or ends + open_end > MOST_SENTENCES
