"""All pages: home here, the others each in a module of their own."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from soleus.web import asking, assets, chain, comparing, desk, handing_over, interview, letter, result, reviewing, saving, trying
from soleus.web.rendering import page
from soleus.web.site import Site


def router(site: Site) -> APIRouter:
    """The routes of every page."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def home() -> HTMLResponse:
        return page("home.html.j2", at_once=asking.at_once(site.compiled))

    @routes.get("/about")
    async def about() -> HTMLResponse:
        base = site.compiled.knowledge
        return page("about.html.j2", version=base.version, digest=base.digest[:12])

    routes.include_router(assets.router())
    routes.include_router(interview.router(site))
    routes.include_router(saving.router(site))
    routes.include_router(result.router(site))
    routes.include_router(chain.router(site))
    routes.include_router(handing_over.router(site))
    routes.include_router(letter.router(site))
    routes.include_router(trying.router(site))
    routes.include_router(comparing.router(site))
    routes.include_router(desk.router(site))
    routes.include_router(reviewing.router(site))
    return routes
