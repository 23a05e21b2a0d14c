"""The app's pages: its own templates over the report's, so that a story is drawn by one code.

In: a template, values. Out: markup, in which every value is text. Nothing of a text is cut off: a reviewer reads all of it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup

from pipeline.views.page import environment
from pipeline.views.text import plain


def page(template: str, values: Mapping[str, Any]) -> Markup:
    """A page, or a part of one."""
    return Markup(_templates().get_template(template).render(**values))


def part(template: str, **values: Any) -> HTMLResponse:
    """A part of a page, as it is sent to the page that asked for it."""
    return HTMLResponse(page(template, values))


def draw(template: str, macro: str, *values: Any) -> Markup:
    """What one macro of a template makes of `values`."""
    return Markup(getattr(_templates().get_template(template).module, macro)(*values))


@cache
def _templates() -> Environment:
    own = PackageLoader("pipeline.review.web", "templates")
    made = environment(ChoiceLoader([own, PackageLoader("pipeline", "templates")]))
    made.filters["shown"] = lambda text: plain(str(text)).strip()
    return made
