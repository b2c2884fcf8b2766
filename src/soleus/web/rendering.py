"""Templates to pages."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader
from starlette.responses import HTMLResponse

from soleus.errors import SoleusError
from soleus.library import addresses
from soleus.reports.html import environment as report_environment
from soleus.web import catalogue, origins
from soleus.web.assets import path_of
from soleus.web.state import opened_at
from soleus.web.wording import mended, short


@cache
def environment() -> Environment:
    """The environment of the reports, with the pages' templates, texts and assets."""
    made = report_environment(PackageLoader("soleus.web"))
    made.globals |= {"t": catalogue.text, "asset": path_of, "mended": mended, "opened_at": opened_at}
    made.filters["short"] = short
    made.globals |= {"library": addresses}
    made.globals |= {"mark": origins.mark, "origin": origins.origin}
    return made


def html(template: str, **values: Any) -> str:
    return environment().get_template(template).render(**values)


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page. Nothing of it is cached: the guard says so in the headers."""
    return HTMLResponse(html(template, **values), status)


def error_page(status: int, error: SoleusError) -> HTMLResponse:
    """What went wrong, in words a visitor can act on, and without words of the request."""
    keys = (f"error.title_{error.code}", f"error.title_{status}", "error.title")
    title = catalogue.text(next(k for k in keys if k in catalogue.texts()))
    return page("error.html.j2", status, title=title, error=error.without_words())
