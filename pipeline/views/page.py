"""One HTML page that asks nobody for anything: its style and its script are inside, allowed by their hashes alone.

In: a template of `pipeline/templates`, its values, a path. Out: the page as bytes, and on disk in one step.
"""

import math
import os
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from errno import EISDIR
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline.views.looks import ModeLooks
from pipeline.views.text import clip, spoken

_TEXT, _BRIEF, _NAME = 1200, 180, 80
_STYLE, _SCRIPT = "report.css", "report.js"


def render(template: str, values: Mapping[str, Any], looks: ModeLooks) -> bytes:
    """The page, whose modes look as in `looks`. Every value is text unless it is `Markup`; a missing one raises
    jinja2.UndefinedError.
    """
    made = _environment()
    style, script = _source(made, _STYLE) + looks.style, _source(made, _SCRIPT)
    page = made.get_template(template).render(
        **values, style=Markup(style), style_hash=_digest(style), script=Markup(script), script_hash=_digest(script)
    )
    return page.encode("utf-8", "replace")


def fragment(template: str, macro: str, *values: Any) -> Markup:
    """What one macro of a template makes of `values`."""
    return Markup(getattr(_environment().get_template(template).module, macro)(*values))


def environment(templates: BaseLoader) -> Environment:
    """Where every value is text unless it is `Markup`, and a missing one raises jinja2.UndefinedError."""
    made = Environment(
        loader=templates, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(
        shown=lambda text: clip(text, _TEXT),
        brief=lambda text: clip(text, _BRIEF),
        named=lambda text: clip(text, _NAME),
        spoken=spoken,
        percent=percent,
        count=lambda n: f"{int(n):,}",
        figure=_figure,
        duration=_duration,
    )
    return made


def write(path: Path, page: bytes) -> Path:
    """Put `page` at `path` at once, and return the path. Raises OSError, its message "path: why"."""
    if path.is_dir():
        raise OSError(f"{path}: {os.strerror(EISDIR)}")
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        with suppress(OSError):
            aside.unlink()
        raise OSError(f"{path}: {error.strerror}") from error  # not its kind: a missing folder is no missing build
    return path


def percent(part: float, whole: float) -> float:
    """`part` in percent of `whole`; 0 where there is no whole."""
    return 100 * part / whole if whole else 0.0


@cache
def _environment() -> Environment:
    return environment(PackageLoader("pipeline", "templates"))


def _source(made: Environment, name: str) -> str:
    if made.loader is None:
        raise LookupError(f"{name}: the templates have no loader")
    return made.loader.get_source(made, name)[0]


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _figure(value: float | None, digits: int = 2, missing: str = "–") -> str:
    """A number with so many digits; `missing` where it is not known."""
    return missing if value is None or math.isnan(value) else f"{round(value, digits) + 0.0:,.{digits}f}"


def _duration(seconds: float) -> str:
    """Seconds as people say them: 0.31 s, 12.5 s, 4 min 10 s, 3 h 20 min."""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"
