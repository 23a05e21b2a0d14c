"""Makes a labelled source: evaluation prompts in disguise among clean prompts that are hard to tell from them.

In: the prompts of GenEval and KRIS-Bench. Out: rows, each with what it truly is. The clean rows speak of the same objects, colours,
numbers and places in the same sentences, only of other ones together, and of more than one; those that a set holds are left out.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.screening.text import normalise

CLEAN = "clean"
COUNTED = ("verbatim", "re-cased", "re-punctuated", "clause added")
"""The disguises that count for recall; `paraphrased lightly` and `clause run on` have figures of their own."""

_AFTER = (
    ", golden hour",
    ". Soft light falls from the left.",
    ", highly detailed, 35mm",
    "; the background is blurred",
    " - studio lighting",
    ", in the style of a postcard",
)
_BEFORE = ("Highly detailed: ", "Photorealistic, ", "Best quality. ")
_AFTER_EDIT = (
    " and keep everything else unchanged",
    ", then make the sky pink",
    ". Do not change the background.",
    " while the lighting stays as it is",
    " (realistic)",
    ", and add some falling snow",
)
_BEFORE_EDIT = ("Make the sky pink, then ", "In a realistic way: ", "Brighten it a little. ")
_RUN_ON = (" with a mountain in the background", " at sunset", " in a quiet street", " under a cloudy sky")
_COLOURS = ["red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white"]
_NUMBERS = ["two", "three", "four", "five", "six", "seven"]
_PLACES = ("left of", "right of", "above", "below", "next to", "behind")
_SCENES = ("in a kitchen", "on a beach", "beside a lake", "in the snow", "on a wooden floor", "in front of a barn")
_RENDERED = (
    (r"^remove\b", "take away"),
    (r"^add\b", "put in"),
    (r"^complete\b", "finish"),
    (r"^change to\b", "turn it into"),
    (r"^change\b", "alter"),
    (r"^replace\b", "swap"),
    (r"^correct\b", "fix"),
    (r"^please\b", "kindly"),
    (r"^a photo of\b", "a picture of"),
    (r"\bin the image\b", "in this picture"),
    (r"\bdraw\b", "sketch"),
    (r"\baccording to\b", "following"),
    (r"\bappearance\b", "look"),
)


@dataclass(frozen=True)
class SetPrompt:
    """A prompt of an evaluation set; `edits` where it changes an image."""

    text: str
    edits: bool


@dataclass(frozen=True)
class LabelledRow:
    """An instruction and what it truly is: `CLEAN`, or the disguise of an evaluation prompt."""

    text: str
    kind: str


def read_prompts(data: Path) -> list[SetPrompt]:
    """The distinct prompts of both sets."""
    lines = (data / "geneval.jsonl").read_text("utf-8").splitlines()
    texts = {SetPrompt(json.loads(line)["prompt"], False): None for line in lines}
    kris = json.loads((data / "kris_bench.json").read_text("utf-8"))
    return list(texts | {SetPrompt(row["ins_en"].strip(), True): None for row in kris})


def label_rows(prompts: Sequence[SetPrompt], count: int, planted: int, seed: int) -> list[LabelledRow]:
    """So many rows, `planted` of each disguise, in an order that the seed decides."""
    draw = random.Random(seed)
    rows = [
        LabelledRow(disguise(prompt, draw), kind)
        for kind, disguise in DISGUISES.items()
        for prompt in draw.choices(prompts, k=planted)
    ]
    taken = {_bare(prompt.text) for prompt in prompts}
    clean = _clean(prompts, draw)
    while len(rows) < count:
        text = next(clean)
        if _bare(text) not in taken:
            rows.append(LabelledRow(text, CLEAN))
    draw.shuffle(rows)
    return rows


def long_source(prompts: Sequence[SetPrompt], count: int, seed: int) -> Iterator[str]:
    """So many prompts of 8 to 30 words, made as they are asked for; of a hundred, three repeat an earlier one, two nearly do, and
    one is an evaluation prompt in disguise."""
    draw = random.Random(seed)
    words = sorted({word for prompt in prompts for word in normalise(prompt.text).split() if len(word) > 3})
    clean, earlier = _clean(prompts, draw), ["a first prompt of this source"] * 1000
    for _ in range(count):
        kind = draw.random()
        if kind < 0.01:
            yield _add_clause(draw.choice(prompts), draw)
        elif kind < 0.04:
            yield draw.choice(earlier).upper()
        elif kind < 0.06:
            yield f"{draw.choice(earlier)} 4k"
        else:
            text = f"{next(clean)}, {' '.join(draw.choices(words, k=draw.randrange(3, 20)))}"
            earlier[draw.randrange(len(earlier))] = text
            yield text


def _bare(text: str) -> str:
    """A text that differs from a prompt by an article alone is that prompt."""
    return " ".join(word for word in normalise(text).split() if word not in ("a", "an", "the"))


def _recase(prompt: SetPrompt, draw: random.Random) -> str:
    return draw.choice((str.upper, str.title, str.lower, str.swapcase))(prompt.text)


def _repunctuate(prompt: SetPrompt, draw: random.Random) -> str:
    text = re.sub(r"[,.;:!?]", "", prompt.text) if draw.random() < 0.5 else prompt.text.rstrip(".")
    text = text.replace(" ", "  ") if draw.random() < 0.3 else text
    return draw.choice(("{}!", "{} ...", '"{}"', "* {}", "{} .", "({})")).format(text)


def _add_clause(prompt: SetPrompt, draw: random.Random) -> str:
    bare = prompt.text.rstrip(". ")
    if draw.random() < 0.7:
        return bare + draw.choice(_AFTER_EDIT if prompt.edits else _AFTER)
    return draw.choice(_BEFORE_EDIT if prompt.edits else _BEFORE) + bare


def _run_on(prompt: SetPrompt, draw: random.Random) -> str:
    return prompt.text.rstrip(". ") + draw.choice(_RUN_ON)


def _paraphrase(prompt: SetPrompt, draw: random.Random) -> str:
    """Other words for one or two of its words; where it has none of these, a politer opening."""
    fitting = [rule for rule in _RENDERED if re.search(rule[0], prompt.text, re.IGNORECASE)]
    text = prompt.text
    for pattern, other in draw.sample(fitting, min(2, len(fitting))):
        text = re.sub(pattern, other, text, count=1, flags=re.IGNORECASE)
    return text if fitting else f"Could you please {text[0].lower()}{text[1:]}"


DISGUISES: dict[str, Callable[[SetPrompt, random.Random], str]] = {
    "verbatim": lambda prompt, _: prompt.text,
    "re-cased": _recase,
    "re-punctuated": _repunctuate,
    "clause added": _add_clause,
    "clause run on": _run_on,
    "paraphrased lightly": _paraphrase,
}


def _clean(prompts: Sequence[SetPrompt], draw: random.Random) -> Iterator[str]:
    """Prompts in the sets' own sentences, without end."""
    things = _things(prompts)
    edits = [prompt.text.rstrip(". ") for prompt in prompts if prompt.edits and len(prompt.text.split()) <= 11]
    while True:
        a, b, c = draw.sample(things, 3)
        colour, other = draw.sample(_COLOURS, 2)
        number, place, scene = draw.choice(_NUMBERS), draw.choice(_PLACES), draw.choice(_SCENES)
        yield draw.choice(
            (
                f"a photo of a {a} {scene}",
                f"a photo of a {a} and a {b}",
                f"a photo of a {a}, a {b} and a {c}",
                f"a photo of a {colour} {a}",
                f"a photo of a {colour} {a} and a {other} {b}",
                f"a photo of a {a} {place} a {b}",
                f"a photo of {number} {a}s {scene}",
                f"a photo of {number} {a}s and a {b}",
                f"a {colour} {a} {place} a {other} {b}, a photo taken {scene}",
                f"add a {a} {place} the {b}",
                f"remove the {a} {place} the {b}",
                f"change the {a} to a {colour} {b}",
                f"change to {number} {a}s and a {b}",
                f"complete the {a} and the {b}",
                f"replace the {a} with {number} {b}s",
                _change_a_word(draw.choice(edits), a, draw),
            )
        )


def _things(prompts: Sequence[SetPrompt]) -> list[str]:
    """The objects that GenEval's prompts for one object name."""
    singles = (re.fullmatch(r"a photo of an? (\w+(?: \w+)?)", prompt.text) for prompt in prompts if not prompt.edits)
    found = sorted({match[1] for match in singles if match})
    return [thing for thing in found if thing.split()[0] not in _COLOURS]


def _change_a_word(text: str, thing: str, draw: random.Random) -> str:
    """An edit of the sets with its last word, or one of the longer words, replaced: another task in the same sentence."""
    words = text.split()
    places = [n for n, word in enumerate(words) if len(word) > 4 and n > 0 and word != "image"] or [len(words) - 1]
    words[draw.choice(places)] = thing
    return " ".join(words)
