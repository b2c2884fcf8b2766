"""Slides of an entry, and of two conditions side by side, to take away."""

from __future__ import annotations

import anyio
from fastapi import APIRouter, Request
from starlette.responses import Response

from soleus.editorial.standing import statuses
from soleus.errors import UnknownName
from soleus.library import addresses
from soleus.library.entries import entry_of
from soleus.library.model import Entry
from soleus.library.slides import PPTX, comparison_slides, slides
from soleus.reasoning.answers import explanation_named
from soleus.web.entry_pages import audience_of
from soleus.web.handing_over import download
from soleus.web.rendering import error_page
from soleus.web.site import Site

_LONGEST = 200  # characters of a name that is looked up


def router(site: Site) -> APIRouter:
    """GET /library/explanation/{id}/slides.pptx and /compare/slides.pptx with ``first`` and ``second``."""
    routes = APIRouter(include_in_schema=False)
    turn = anyio.Lock()  # slides take seconds: one at a time, so that questions are still answered beside it

    def entry(id: str, request: Request) -> Entry:
        reviewed = statuses(site.store, site.compiled.knowledge)
        return entry_of(site.compiled, "explanation", id, audience_of(request), site.today(), reviewed)

    @routes.get(f"{addresses.entry('explanation', '{id}')}/slides.pptx")
    async def of_one(id: str, request: Request) -> Response:
        try:
            found = entry(id[:_LONGEST], request)
        except UnknownName as error:
            return error_page(404, error)
        async with turn:
            made = await site.run(slides, site.compiled, found, site.address)
        return download(made, f"soleus-{_plain(found)}.pptx", PPTX)

    @routes.get("/compare/slides.pptx")
    async def of_two(request: Request) -> Response:
        names = (request.query_params.get(field, "").strip()[:_LONGEST] for field in ("first", "second"))
        found = [explanation_named(site.compiled, n, f) for n, f in zip(names, ("first", "second"), strict=True)]
        first, second = (entry(e.id, request) for e in found)
        async with turn:
            made = await site.run(comparison_slides, site.compiled, first, second, site.address)
        return download(made, f"soleus-{_plain(first)}-or-{_plain(second)}.pptx", PPTX)

    return routes


def _plain(entry: Entry) -> str:
    """The id of an entry in the name of a file."""
    return entry.id.replace("_", "-")
