"""Reports on databases, as `soleus population report` wrote them: a list, and each as a page.

``SOLEUS_POPULATION_REPORTS`` names a folder of such folders. Only a report that its manifest calls finished is shown,
and only to administrators: its figures are not of single people, yet whose database it is may not be everybody's to
know. It is read as data and written as a page of this service; its own page file is never sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from soleus.accounts import Visitor
from soleus.errors import InputError, UnknownName
from soleus.population.reporting.form import Report, finished, read_report
from soleus.reports.population import filled, lead, meta
from soleus.web.acting import personal, signed_in
from soleus.web.rendering import environment, error_page
from soleus.web.site import Site

HOME = "/population"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}")
_MOST = 200  # reports in the list


@dataclass(frozen=True)
class Listed:
    """A report of the list; ``fault``: why it cannot be shown."""

    name: str
    title: str
    meta: str = ""
    lead: str = ""
    fault: str = ""


def router(site: Site) -> APIRouter:
    """GET /population and /population/{name}"""
    routes = APIRouter(include_in_schema=False)

    @routes.get(HOME)
    async def every(request: Request) -> HTMLResponse:
        visitor = signed_in(site, request, "administrator")
        return await site.run(_list, site, request, visitor)  # type: ignore[no-any-return]

    @routes.get(HOME + "/{name}")
    async def one(request: Request, name: str) -> HTMLResponse:
        visitor = signed_in(site, request, "administrator")
        return await site.run(_one, site, visitor, name)  # type: ignore[no-any-return]

    return routes


def folder_of(reports: Path | None, name: str) -> Path | None:
    """The folder of a finished report; None where there is none. A name leads nowhere but right below ``reports``."""
    if reports is None or not _NAME.fullmatch(name):
        return None
    found = (reports / name).resolve()
    return found if found.parent == reports.resolve() and finished(found) else None


def listed(reports: Path | None) -> list[Listed]:
    """The finished reports by name, those that cannot be read with the reason."""
    if reports is None or not reports.is_dir():
        return []
    names = sorted(entry.name for entry in reports.iterdir())
    found = [(name, folder) for name in names if (folder := folder_of(reports, name)) is not None]
    return [_listed(name, folder) for name, folder in found[:_MOST]]


def _listed(name: str, folder: Path) -> Listed:
    try:
        report = read_report(folder)
    except InputError as error:
        return Listed(name, name, fault=str(error))
    return Listed(name, report.title, meta(report), lead(report))


def _list(site: Site, request: Request, visitor: Visitor) -> HTMLResponse:
    return personal(
        site, request, "population_list.html.j2", visitor=visitor, set_up=site.reports is not None,
        reports=listed(site.reports), home=HOME,
    )  # fmt: skip


def _one(site: Site, visitor: Visitor, name: str) -> HTMLResponse:
    folder = folder_of(site.reports, name)
    if folder is None:
        return error_page(404, UnknownName("report", "none of that name", "one that is finished", "See the list."))
    try:
        return HTMLResponse(shown(read_report(folder), visitor))
    except InputError as error:
        return error_page(409, error)


def shown(report: Report, visitor: Visitor) -> str:
    """The report as a page of the service."""
    return filled(environment(), report, "population_shown.html.j2", visitor=visitor, home=HOME)
