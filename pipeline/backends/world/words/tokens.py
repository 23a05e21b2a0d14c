"""Cut a text into tokens. In: a text. Out: its words and stops, with contractions and variant spellings made alike."""

import re

_QUOTED = re.compile(r"[“”„\"]([^“”„\"]*)[“”„\"]|(?<!\w)[‘'`]([\w ]{1,20}[.,!]?)[’'`](?!\w)")
_MARKER = re.compile(r"(?m)^[^\S\n]*(?:\d[.)]|[-*•])\s+|(?<!\S)\(?\d\)\s+|(?<=[.;:!?]\s)\d\.\s+(?=[A-Za-z])")
_TOKEN = re.compile(r'"[^"]*"|[^\W\d_]+|\d+|\'s\b|[^\s\w]|\n')
_CONTRACTED = re.compile(r"(?<![\w'])([A-Za-z]+?)(n't|'[A-Za-z]+)\b")
_ENDINGS = {"n't": "not", "'d": "would", "'ve": "have", "'ll": "will", "'re": "are", "'m": "am"}
_WITH_IS = frozenset(
    (
        *("it", "there", "that", "what", "here", "where", "who", "how", "he", "she", "this", "one"),
        *("something", "everything", "chunk", "piece", "part", "bit", "bite", "corner"),
    )
)
"""Words after which "'s" means "is"; after all others it is the genitive."""
_WHOLE = {
    "someone's": "someone has",
    "somebody's": "somebody has",
    "let's": "let us",
    "can't": "cannot",
    "won't": "will not",
}
_SPELLINGS = {
    **dict.fromkeys(("pls", "plz", "pleeease", "plss"), "please"),
    **dict.fromkeys(("thx", "thanx", "ta", "cheers"), "thanks"),
    "till": "until",
    "til": "until",
    "backdrop": "background",
    "gimme": "give me",
    "wanna": "want to",
    "lemme": "let me",
    "id": "i would",
    "im": "i am",
    "dont": "do not",
    "doesnt": "does not",
    "isnt": "is not",
    "cant": "cannot",
    "lets": "let us",
    "theres": "there is",
    "whats": "what is",
}
"""Variant spellings. Words in capitals are not replaced, because they may be the text of a sign."""


def tokens(text: str) -> tuple[list[str], list[str]]:
    """The words and stops of a text, in lower case and as they were; a quoted text is one token that begins with a quote."""
    text = _QUOTED.sub(lambda m: f'"{(m[1] or m[2] or "").strip().rstrip(".,!")}"', text)
    text = _MARKER.sub("\n", text).replace("’", "'").replace("&", " and ").replace("°", " degrees ")
    text = re.sub(r"\s*(?:[-=]+>|⇒|➜)\s*", " → ", text)
    text = re.sub(r"\s[-–]+\s|—|…|\.\.\.+", " , ", text)
    text = re.sub(r"(?<=\w)-(?=\w)", " ", text)
    text = _CONTRACTED.sub(_expanded, text)
    text = re.sub(r"\b([Ii]ts)\b", "it's", text)
    raw = [part for t in _TOKEN.findall(text) for part in _spelled(t)]
    return [t.lower() for t in raw], raw


def _expanded(match: re.Match[str]) -> str:
    """ "it's" as "it is"; a genitive as it was."""
    word, ending = match[1], match[2].lower()
    if match[0].lower() in _WHOLE:
        return _WHOLE[match[0].lower()]
    if ending == "'s" and word.lower() in _WITH_IS:
        return f"{word} is"
    return f"{word} {_ENDINGS[ending]}" if ending in _ENDINGS else match[0]


def _spelled(token: str) -> list[str]:
    if len(token) > 1 and token.isupper():
        return [token]
    return _SPELLINGS[token.lower()].split() if token.lower() in _SPELLINGS else [token]
