"""What to do about a request that a server turned down as a bad one, by what it says about it.

In: the words and the parameter of a server's error, whose status and codes leave open what is wrong. Out: a remedy, or the sign
that the request is too long, or was declined. The first row with a phrase that fits counts; None where no phrase does.
"""

import re

TOO_LONG, DECLINED = "too long", "declined"
NO_SEED = "say options.seed: false"
NO_LIMIT = "say options.max_tokens: null and options.extra: {max_completion_tokens: 4096}"
OF_SIZE = "the model makes no images of this size; say options.size: one that it makes (WIDTHxHEIGHT), auto, or none"
OF_OPTIONS = (OF_SIZE, NO_SEED, NO_LIMIT)
"""Remedies that say which option to change."""
_LONGEST = 4000  # characters of an error that are searched

# In a phrase, ~ stands for some words between, IMAGE, BAD, OVER and FAILS for the ways to say it.
_WAYS = {
    "~": r".{0,60}",
    "IMAGE": r"(images?|pictures?|photos?)",
    "BAD": r"(unsupported|(not|n't) support|invalid|not (a )?valid|not allowed|must be|should be|unknown|one of)",
    "OVER": r"(too (large|big|high|long|small|wide|tall)|exceed|larger|bigger|smaller|greater|less than|above|over the|maximum|"
    r"at most|at least|minimum|limit|\d ?[mk]i?b\b)",
    "FAILS": r"(cannot|could not|can't|couldn't|unable|fail|error|corrupt|broken|unreadable|malformed|incorrect|mismatch)",
}
_ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (NO_LIMIT, (r"max_tokens~BAD~max_completion_tokens", r"use\W{1,3}max_completion_tokens")),
    # the limit of a reply stands before the context, of which servers speak beside it
    ("lower options.max_tokens", (r"^.{0,60}max_(completion_|output_|new_)?tokens~(OVER|BAD|range)",)),
    (
        TOO_LONG,
        (
            r"(context|input|prompt|sequence)[ _](length|window|size)",
            r"maximum (context|model|sequence|input|prompt)",
            r"max_model_len|reduce (the|your) (length|input|prompt)|string too long",
            r"(exceed|longer|more|beyond|over|above|limit)~\btokens?\b",
            r"\btokens?\b~(exceed|longer|beyond|over|above|limit|too long)",
            r"too many (input |prompt )?tokens",
            r"(prompt|input|messages?|request|text)( is| are|'s)? (too long|longer)",
        ),
    ),
    (
        DECLINED,
        (
            r"content[ _-]?(polic|filter|moderat|safety|management|exists risk|risk)",
            r"safety (system|filter|polic|guideline|check|reason)|nsfw|responsible ai|data.?inspection",
            r"(rejected|blocked|refused|stopped|flagged|caught|detected)~(moderat|safety|polic|sensitive|unsafe|filter)",
            r"(moderat|safety)~(rejected|blocked|failed|refused|flagged)|(usage|acceptable use) polic",
            r"(sensitive|inappropriate|prohibited|unsafe|harmful|explicit) (content|information|words?|material)",
            r"violat\w*~(polic|guideline|terms|rule)|(may|might|could) contain~(sensitive|unsafe|violen|sexual)",
            r"敏感|违规|审核",
        ),
    ),
    (
        "the server does not take this response_format; say options.structured: json_object or none",
        (
            r"response[_ ]?(format|mime)|json[_ ]?(schema|object|mode)|structured[_ ]output|guided[_ ]|\bgrammar|\bschema\b",
            r"additionalproperties",
        ),
    ),
    (
        "the model takes fewer images at once; give rows fewer references, or raise its limit (vLLM: --limit-mm-per-prompt)",
        (
            r"(at most|up to|more than|maximum( of)?|max|only|limit( of)?|exceeds?)\W*(\d+|one|(a )?single)\W*(\w+ )?IMAGE",
            r"too many (\w+ )?IMAGE|(number|count) of (\w+ )?IMAGE|multiple (\w+ )?IMAGE|limit.mm.per.prompt",
            r"(single|one) IMAGE~(request|prompt|message|support|allow)",
            r"IMAGE~(limit|maximum|at most)\W*(is |of )?\d+\W*(per|$)",
        ),
    ),
    (
        "the model reads no images; name one that does",
        (
            r"(n't|not|no|cannot|unable to|without|lacks?)~(image[ _](inputs?|contents?|urls?)\b(?!\w)|vision|multi-?modal)",
            r"(image_url|image inputs?|vision|multi-?modal)~(only (supported|available|allowed|by)|not (support|enabled)|disabled)",
            r"(n't|not) ((support|accept|take|handle) (any )?images?|process images)\b(?! (of|size|format|type|larger|with))",
            r"text( inputs?)? only|text[- ]only|only~text|unknown variant\W+image_url|BAD~type\W+image_url",
        ),
    ),
    ("the model makes no images by chat; say options.images: generations, or name a model that does", (r"modalit",)),
    (
        "the server does not take an image of this size; give rows smaller images, or larger ones where it is too small",
        (
            r"(IMAGE|pixel|resolution|dimension|file|payload|body|base64|attachment)s?\b~OVER",
            r"OVER~(IMAGE|dimension|pixel|resolution|file size|payload|\d ?[mk]i?b\b)",
            r"\b(width|height|sides?)\b~OVER|absolute aspect",
        ),
    ),
    (
        "the server cannot read an image as it is sent (PNG or JPEG, as data); see whether it takes such, or name another one",
        (
            r"(BAD|FAILS|\bno\b)~(IMAGE|\bmime|media[_ ]?type|base64|file (format|type)|content type|data ur[il])",
            r"BAD~(png|jpe?g|webp|gif|bmp)",
            r"(IMAGE|\bmime|media[_ ]?type|base64|file (format|type)|data ur[il])~(BAD|FAILS|decod|pars|only|expected)",
            r"image_parse_error|invalid_image",
        ),
    ),
    (NO_SEED, (r"\bseed\b",)),
    ("leave out the option that it names, or give a value that it allows", (r"\b(temperature|top_p|quality)\b",)),
)
_SIZE = (
    r"BAD[^.]{0,30}\b(size|\d+ ?[x×*] ?\d+)|(\bsizes?\b|\d+ ?[x×*] ?\d+)[^.]{0,60}BAD|aspect[ _]?ratio",
    r"(supported|available|allowed|valid|following)[^.]{0,20}\b(sizes|resolutions|dimensions)\b",
    r"\b(width|height|resolution|dimensions?|size)\b~(OVER|multiple|divisible|between|supported|range|must|pixels)",
)
_SIZE_PARAMS = ("size", "image_size", "width", "height", "aspect_ratio", "resolution")
_NAMED = re.compile(
    r"image|picture|photo|size|dimension|pixel|resolution|context|token|length|too (long|large)", re.IGNORECASE
)


def _compiled(phrases: tuple[str, ...]) -> re.Pattern[str]:
    pattern = "|".join(phrases)
    for way, spelled in _WAYS.items():
        pattern = pattern.replace(way, spelled)
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


_TABLE = tuple((_compiled(phrases), remedy) for remedy, phrases in _ROWS)
_OF_SIZE = _compiled(_SIZE)


def remedy_of(words: str, param: str = "", draws: bool = False) -> str | None:
    """What to do about an error with these words, which may name a parameter; TOO_LONG or DECLINED where they say so.

    `draws`: an image of a certain size was asked for, so words about sizes are about that one.
    """
    text = words[:_LONGEST]
    remedy = _row(text)
    if draws and remedy not in (TOO_LONG, DECLINED) and (param in _SIZE_PARAMS or _OF_SIZE.search(text)):
        return OF_SIZE
    named = _row(f"invalid {param}") if remedy is None and param else remedy
    return remedy if named in (TOO_LONG, DECLINED) else named


def is_unclear(words: str) -> bool:
    """Whether words leave open what is wrong: no row fits, and they speak neither of images nor of lengths."""
    return _row(words[:_LONGEST]) is None and not _NAMED.search(words[:_LONGEST])


def _row(text: str) -> str | None:
    return next((remedy for pattern, remedy in _TABLE if pattern.search(text)), None)
