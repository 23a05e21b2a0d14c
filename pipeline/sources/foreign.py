"""References that are no local file: addresses, paths of other systems, markup, a null written as text.

In: the text of a cell that holds no data. Out: nothing, or a BadRow that names the form and what to write in its place. None of
them is looked for as a file.
"""

import re

from pipeline.sources.bad_row import BadRow, quote

DOWNLOAD = "references are read from local files: download it first and give its path below images.root"
_COPY = "references are read from local files: copy it below images.root and give its path there"
_FORMS: tuple[tuple[str, str, str], ...] = (
    (
        r"https?:|//",
        "is an address on the web",
        DOWNLOAD,
    ),
    (r"file:", "is a file address", "give the path below images.root alone"),
    (r"(blob|cid|attachment):", "is an address that only its program knows", _COPY),
    (r"[a-z][a-z0-9+.-]+://", "is an address of another system", _COPY),
    (r"[a-z]:[\\/]|\\\\", "is an absolute Windows path", "give the path below images.root, with /"),
    (r"~\w*/", "begins with a home folder", "give the path below images.root"),
    (r"!?\[[^\]]*\]\(.*\)$", "is a Markdown link", "give the path alone"),
    (r"<svg|<\?xml", "is a drawing in SVG", "render it as PNG"),
    (r"<[a-z!/]", "is markup", "give the path alone"),
    (r"b['\"]", "is bytes as Python prints them", "store the bytes themselves, or base64"),
    (r"\[.*\]$|\{.*\}$", "is a list or an object, but not JSON", 'write JSON, as in ["a.png", "b.png"]'),
    (r"(\\x|0x)?(89504e47|ffd8ff|47494638|52494646|424d)[0-9a-f]{40,}$", "is hexadecimal", "store bytes, or base64"),
    (r"(null|none|nan|nat|n/?a|<na>|undefined)$", "is a null written as text", "write null, or leave the value empty"),
)


def refuse_foreign(text: str, field: str) -> None:
    """Raises BadRow where `text` is neither a path nor data."""
    for form, problem, remedy in _FORMS:
        if re.match(form, text, re.IGNORECASE | re.DOTALL):
            raise BadRow(field, f"{quote(_without_secrets(text))} {problem}", remedy)


def _without_secrets(text: str) -> str:
    """An address without its user, password and query, which may be a key: error lines get into the shards."""
    return re.sub(r"//[^/@]*@", "//", text.split("?")[0]) if re.match(r"[a-z]+:", text, re.IGNORECASE) else text
