"""Templates over column names, such as "{type}/{id}". In: a template and a function that looks a name up. Out: a string.

Only plain `{name}` fields are allowed: no conversion, no format, no indexing, so a manifest is data and nothing else.
"""

from collections.abc import Callable, Iterator
from string import Formatter


def names(template: str) -> tuple[str, ...]:
    """The column names in `template`, in order. Raises ValueError when it is no plain template."""
    return tuple(name for _, name in _parse(template) if name is not None)


def render(template: str, lookup: Callable[[str], str]) -> str:
    """`template` with every `{name}` replaced by `lookup(name)`. Raises ValueError as `names`, and whatever `lookup` raises."""
    return "".join(literal + ("" if name is None else lookup(name)) for literal, name in _parse(template))


def _parse(template: str) -> Iterator[tuple[str, str | None]]:
    for literal, name, form, conversion in Formatter().parse(template):
        if name is not None and (not name or form or conversion or set("[]{}!:") & set(name)):
            raise ValueError(f"{template!r} is not a plain template; use only {{column}} fields, as in {{type}}/{{id}}")
        yield literal, name
