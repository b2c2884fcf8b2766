"""The leaflet of an explanation as a page to print, and as a PDF where that can be made."""

from __future__ import annotations

from functools import lru_cache

import anyio
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from soleus.editorial.standing import statuses
from soleus.errors import UnknownName
from soleus.library import addresses
from soleus.library.entries import entry_of
from soleus.library.leaflet import leaflet_of
from soleus.library.model import Entry
from soleus.reasoning.compiled import Compiled
from soleus.web.about_you import countries
from soleus.web.assets import styles
from soleus.web.catalogue import text
from soleus.web.entry_pages import permalink
from soleus.web.handing_over import download, picture
from soleus.web.pdf import pdf, pdf_is_here
from soleus.web.rendering import error_page, html
from soleus.web.site import Site

_PATH = addresses.entry("explanation", "{id}")
_KEPT = 256  # codes that stay made


def router(site: Site) -> APIRouter:
    """GET /library/explanation/{id}/leaflet and leaflet.pdf; ``country`` chooses the emergency number."""
    routes = APIRouter(include_in_schema=False)
    turn = anyio.Lock()  # a PDF takes seconds: one at a time

    def entry(id: str) -> Entry:
        reviewed = statuses(site.store, site.compiled.knowledge)
        return entry_of(site.compiled, "explanation", id, "patient", site.today(), reviewed)

    @routes.get(f"{_PATH}/leaflet")
    async def leaflet(id: str, request: Request) -> HTMLResponse:
        try:
            found = entry(id[:200])
        except UnknownName as error:
            return error_page(404, error)
        return HTMLResponse(leaflet_html(site.compiled, found, site.today(), site.address, _country(request)))

    @routes.get(f"{_PATH}/leaflet.pdf")
    async def leaflet_as_pdf(id: str, request: Request) -> Response:
        try:
            found = entry(id[:200])
        except UnknownName as error:
            return error_page(404, error)
        async with turn:
            made = await site.run(leaflet_pdf, site.compiled, found, site.today(), site.address, _country(request))
        return download(made, f"soleus-{found.id.replace('_', '-')}.pdf", "application/pdf")

    return routes


def _country(request: Request) -> str:
    return request.query_params.get("country", "")[:2]


@lru_cache(maxsize=_KEPT)
def _code(address: str) -> Markup | None:
    """The address as a code to scan; finding the best pattern takes most of the time of a leaflet."""
    return picture(address, text("figures.leaflet.code"))


def leaflet_html(
    compiled: Compiled, entry: Entry, today: str, address: str = "", country: str = "", alone: bool = False
) -> str:
    """The leaflet in a page of the site, or ``alone`` as a document that holds all it needs. Raises `UnknownName`."""
    here = permalink(address, entry)
    return html(
        "library_leaflet.html.j2",
        leaflet=leaflet_of(compiled, entry, country),
        entry=entry,
        audience="patient",
        today=today,
        address=here,
        code=_code(here) if address else None,
        country=country.upper(),
        countries=countries(compiled),
        pdf=pdf_is_here(),
        **({"style": Markup(styles())} if alone else {}),
    )


def leaflet_pdf(compiled: Compiled, entry: Entry, today: str, address: str, country: str) -> bytes:
    return pdf(leaflet_html(compiled, entry, today, address, country, alone=True))
