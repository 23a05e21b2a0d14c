"""Readers for every kind of chunk in a text: things, places, numbers, qualities, attached pictures.

In: tokens. Out: `Spans`, which reads the chunks at any token.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pipeline.backends.world.scenes.ops import Look, Near, Selector
from pipeline.backends.world.words import idioms, lexicon, nouns, qualities
from pipeline.backends.world.words.patterns import TrieNode, trie
from pipeline.backends.world.words.spans import ChunkEnds, Kinds, Spans, idiom

_SHAPES = lexicon.words()


def read_chunks(tokens: Sequence[str], raw: Sequence[str]) -> Spans:
    """The spans of a text; `raw` are its tokens as they were written."""
    return Spans(tokens, raw, _KINDS)


@cache
def _beside_new() -> TrieNode:
    return trie([(key, [p.replace("{anchor}", "{new}") for p in patterns]) for key, patterns in idioms.NEARS])


def _is_plain(noun: nouns.Noun) -> bool:
    """Whether a noun is a single thing without any quality or place."""
    return not noun.plural and not noun.place and noun.look == Look()


def _sub(spans: Spans, i: int) -> Iterator[tuple[int, int]]:
    start = i + spans.has(i, "the", "that")
    start += spans.has(start, "one") and spans.has(start + 1, *lexicon.THINGS)
    for noun in nouns.nouns(spans, start):
        if not _is_plain(noun):
            continue  # an op cannot select one of several things of an attached picture
        for skip in (("shown", "in"), ("from",), ("in",), ("of",), ("out", "of")):
            end = noun.end + len(skip)
            if tuple(spans.tokens[noun.end : end]) == skip:
                yield from spans("picture", end)
                if spans.has(end, "the") and end + 1 < len(spans.tokens) and spans.tokens[end + 1] in lexicon.ORDINALS:
                    yield end + 2, lexicon.ORDINALS.index(spans.tokens[end + 1]) + 1  # "the item from the second"
    for words in ("what is", "whatever is", "what you see", "what is shown", "what you find"):
        end = i + words.count(" ") + 1
        if spans.runs(i, words) and spans.has(end, "in", "on"):
            yield from spans("picture", end + 1)
    for end, number in spans("picture", i):
        if spans.tokens[end : end + 1] == ["'s"]:
            yield from ((n.end, number) for n in nouns.nouns(spans, end + 1) if _is_plain(n))


def _source(spans: Spans, i: int) -> Iterator[tuple[int, int]]:
    yield from spans("sub", i)
    yield from spans("picture", i)


def _picture(spans: Spans, i: int) -> Iterator[tuple[int, int]]:
    words = ("picture", "image", "photo", "pic", "reference", "photograph")
    at = spans.tokens
    start = i + (at[i : i + 1] == ["the"])
    if at[start : start + 1] and at[start] in words:
        skip = 1 + (at[start : start + 1] == ["reference"] and at[start + 1 : start + 2] in (["picture"], ["image"]))
        skip += at[start + skip : start + skip + 1] in (["number"], ["#"], ["no"])
        yield from ((end, n) for end, n in spans("number", start + skip) if n)
    elif start > i and at[start : start + 1] and at[start] in lexicon.ORDINALS:
        end = (
            start
            + 1
            + (at[start + 1 : start + 2] == ["reference"] and at[start + 2 : start + 3] in (["picture"], ["image"]))
        )
        if at[end : end + 1] and at[end] in words:
            yield end + 1, lexicon.ORDINALS.index(at[start]) + 1


def _here(spans: Spans, i: int) -> Iterator[tuple[int, None]]:
    yield i, None
    if spans.tokens[i : i + 1] and spans.tokens[i] in ("in", "of", "from"):
        yield from ((end, None) for end, number in spans("picture", i + 1) if number == 1)


def _adj(spans: Spans, i: int) -> Iterator[tuple[int, Look]]:
    return _read_qualities(spans, i, Look())


def _read_qualities(spans: Spans, i: int, look: Look) -> Iterator[tuple[int, Look]]:
    options: list[tuple[int, str, Any]] = [(end, *value) for end, value in spans.looked_up(qualities.qualities(), i, 3)]
    for skip in (("in", "the"), ("the",)):
        if tuple(spans.tokens[i : i + len(skip)]) == skip:
            j = i + len(skip)
            if spans.tokens[j : j + 2] in (["colour", "of"], ["color", "of"]):
                options += [(end, "colour", term) for end, term in spans("term", j + 2)]
    for end, term in spans("term", i + spans.has(i, "in")):
        if spans.has(end, "'s") and spans.has(end + 1, "colour", "color"):
            options.append((end + 2, "colour", term))
    for end, part, value in options:
        if (more := qualities.with_quality(look, part, value)) is None:
            continue
        end += spans.tokens[end : end + 2] == ["in", part] and 2
        yield end, more
        yield from _read_features(spans, end, more)
        after = end + (spans.tokens[end : end + 1] == [","])
        after += spans.tokens[after : after + 1] == ["and"]
        if after > end:
            yield from _read_qualities(spans, after, more)


def _read_features(spans: Spans, i: int, look: Look) -> Iterator[tuple[int, Look]]:
    for end, key, bound in spans.match(idiom("FEATURES"), i):
        if key in ("mark", "text") and (more := qualities.with_feature(look, key, bound)) is not None:
            yield end, more
            yield from _read_features(spans, end, more)


def _mark(spans: Spans, i: int) -> Iterator[tuple[int, tuple[str, str | None]]]:
    """A mark and its tint: a round mark is a spot, a horizontal one a band; "mark" alone could be either, and is not read."""
    at = spans.tokens
    i += at[i : i + 1] in (["a"], ["an"], ["one"], ["the"])
    before: list[str] = []
    while i < len(at) and at[i] in ("white", "black", "round", "horizontal") and at[i] not in before:
        before.append(at[i])
        i += 1
    tints = [word for word in before if word in ("white", "black")]
    form = {"round": "spot", "horizontal": "band"}
    formed = {form[word] for word in before if word in form}
    noun = at[i] if i < len(at) else ""
    meant = formed | ({noun} if noun in lexicon.MARKS else set())
    if noun in (*lexicon.MARKS, "mark") and len(meant) == 1 and len(tints) < 2:
        yield i + 1, (meant.pop(), tints[0] if tints else None)


def _cells(spans: Spans, name: str, i: int) -> Iterator[tuple[int, Any]]:
    return ((end, bound.get("cell") or bound["corner"]) for end, _, bound in spans.match(idiom(name), i))


def _nears(spans: Spans, i: int) -> Iterator[tuple[int, Near]]:
    return ((end, Near(key, bound["anchor"])) for end, key, bound in spans.match(idiom("NEARS"), i))  # type: ignore[arg-type]


def _spot(spans: Spans, i: int) -> Iterator[tuple[int, Any]]:
    yield from dict.fromkeys((*_cells(spans, "PLACES", i), *_cells(spans, "GOALS", i)))
    yield from spans("nears", i)


def _near_new(spans: Spans, i: int) -> Iterator[tuple[int, tuple[str, nouns.New]]]:
    return ((end, (key, bound["new"])) for end, key, bound in spans.match(_beside_new(), i))


def _anchor(spans: Spans, i: int) -> Iterator[tuple[int, Selector]]:
    return ((end, s) for end, s in spans("selector", i) if not s.every and s != nouns.THEM)


def _way(spans: Spans, i: int) -> Iterator[tuple[int, str]]:
    start = i + (spans.tokens[i : i + 1] == ["straight"])
    yield from spans.looked_up(lexicon.WAYS, start)
    if spans.tokens[i : i + 1] in (["to"], ["towards"], ["toward"]):
        start = i + 1 + (spans.tokens[i + 1 : i + 2] == ["the"])
        yield from spans.looked_up({"left": "left", "right": "right", "top": "up", "bottom": "down"}, start)


_LINKS = frozenset((",", ";", ".", "!", "?", ":", "and", "so", "but", "please", "now", "then"))
_ASKS = dict.fromkeys(("could you", "can you", "would you", "will you", "i want you to", "you should", "you can"))


def _so(spans: Spans, i: int) -> Iterator[tuple[int, None]]:
    """Words that lead from a remark to its request: stops and joints, "could you", "please"; or none."""
    yield i, None
    while i < len(spans.tokens):
        end = next((end for end, _ in spans.looked_up(_ASKS, i)), i + (spans.tokens[i] in _LINKS))
        if end == i:
            return
        yield end, None
        i = end


def _number(spans: Spans, i: int) -> Iterator[tuple[int, int]]:
    if i < len(spans.tokens):
        word = spans.tokens[i]
        if word in lexicon.NUMBERS:
            yield i + 1, lexicon.NUMBERS.index(word)
        elif len(word) == 1 and word.isascii() and word.isdecimal():
            yield i + 1, int(word)


def _reader_of_table(table: Mapping[str, Any]) -> Callable[[Spans, int], ChunkEnds]:
    return lambda chunks, i: chunks.looked_up(table, i)


def _reader_of_idiom(name: str, value: Callable[[str, Mapping[str, Any]], Any]) -> Callable[[Spans, int], ChunkEnds]:
    return lambda chunks, i: ((end, value(key, bound)) for end, key, bound in chunks.match(idiom(name), i))


_KINDS: Kinds = {
    "the": nouns.several,
    "one": lambda c, i: (
        (end, s[0]) for end, s in c("the", i) if len(s) == 1 and not s[0].every and s[0] != nouns.THEM
    ),
    "selector": nouns.selector,
    "anchor": _anchor,
    "new": nouns.new,
    "fresh": nouns.fresh,
    "near_new": _near_new,
    "many": nouns.many,
    "exactly": nouns.exactly,
    "sub": _sub,
    "source": _source,
    "picture": _picture,
    "here": _here,
    "home": lambda c, i: ((end, None) for end, number in c("picture", i) if number == 1),
    "bring": lambda c, i: ((n.end, None) for n in nouns.nouns(c, i + (c.has(i, "the"))) if _is_plain(n)),
    "gone": lambda c, i: ((n.end, n.look) for n in nouns.nouns(c, i) if not n.plural and not n.place),
    "adj": _adj,
    "mark": _mark,
    "spot": _spot,
    "dest": lambda c, i: iter((*_cells(c, "GOALS", i), *c("nears", i))),
    "still": lambda c, i: _cells(c, "PLACES", i),
    "at": lambda c, i: _cells(c, "PLACES", i),
    "nears": _nears,
    "way": _way,
    "number": _number,
    "text": lambda c, i: iter([(i + 1, t)] if (t := nouns.text(c, i)) is not None else ()),
    "plural": lambda c, i: ((n.end, n.look) for n in nouns.nouns(c, i + (c.has(i, "the"))) if n.plural and not n.place),
    "kind": lambda c, i: ((end, s) for end, (s, many) in c.looked_up(_SHAPES, i) if not many),
    "kinds": lambda c, i: ((end, s) for end, (s, _) in c.looked_up(_SHAPES, i)),
    "colour": lambda c, i: ((end, k.colour) for end, k in c("adj", i) if k == Look(colour=k.colour)),
    "size": _reader_of_table(
        {**lexicon.SIZE_WORDS, **{f"{s} sized": v for s, v in lexicon.SIZE_WORDS.items() if "sized" not in s}}
    ),
    "hue": _reader_of_table(lexicon.COLOUR_WORDS),
    "texture": _reader_of_table(lexicon.TEXTURE_WORDS),
    "pattern": _reader_of_table(lexicon.PATTERN_NOUNS),
    "term": _reader_of_table({t: f"?{t}" for t in lexicon.TERMS}),
    "cell": lambda c, i: iter([*c.looked_up(lexicon.CELL_WORDS, i)][:1]),
    "corner": _reader_of_table(lexicon.BARE_CELLS),
    "ground": _reader_of_table(
        {
            **lexicon.GROUND_WORDS,
            **{f"{g} {c}": v for g, v in lexicon.GROUND_WORDS.items() for c in ("coloured", "colored")},
        }
    ),
    "tone": _reader_of_table(lexicon.TONE_WORDS),
    "streak": _reader_of_table(dict.fromkeys(lexicon.STREAKS)),
    "side": _reader_of_table({**lexicon.WAYS, "top": "up", "bottom": "down"}),
    "what": _reader_of_table(
        {
            "colour": "colour",
            "color": "colour",
            "pattern": "pattern",
            "texture": "pattern",
            "hue": "colour",
            "design": "pattern",
            "texture and mark": "pattern",
        }
    ),
    "placed": _reader_of_table(
        dict.fromkeys(
            (
                "placed",
                "sitting",
                "shown",
                "located",
                "positioned",
                "standing",
                "lying",
                "that is",
                "which is",
                "is",
                "sits",
                "stands",
                "lies",
            )
        )
    ),
    "rest": _reader_of_idiom("RESTS", lambda key, _: None),
    "mended": _reader_of_idiom("MENDED", lambda key, _: None),
    "undone": _reader_of_idiom("UNDONE", lambda key, _: None),
    "outed": _reader_of_idiom("OUTED", lambda key, _: None),
    "unlike": _reader_of_idiom("UNLIKE", lambda key, _: None),
    "resemble": _reader_of_idiom("RESEMBLE", lambda key, _: None),
    "alike": _reader_of_idiom("ALIKE", lambda key, _: None),
    "back": _reader_of_idiom("BACK", lambda key, _: None),
    "late": _reader_of_idiom("FEATURES", lambda key, bound: (key, bound)),
    "so": _so,
    "edge": _reader_of_table(
        {"left": "left", "right": "right", "top": "top", "bottom": "bottom", "upper": "top", "lower": "bottom"}
    ),
    "goal": lambda c, i: _cells(c, "GOALS", i),
    "angle": _reader_of_idiom("ANGLES", lambda key, _: key),
    "while": _reader_of_idiom("WHILES", lambda key, _: None),
    "span": _reader_of_idiom("SPANS", lambda key, _: None),
    "stop": _reader_of_idiom("STOPS", lambda key, _: None),
    "pushed": _reader_of_idiom("PUSHES", lambda _, bound: bound["side"]),
    "when": lambda c, i: ((end, b["tone"]) for end, key, b in c.match(idiom("WHEN"), i) if key == "when"),
    "lit": lambda c, i: ((end, b["tone"]) for end, key, b in c.match(idiom("WHEN"), i) if key == "lit"),
}
