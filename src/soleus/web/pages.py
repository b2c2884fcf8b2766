"""All pages: home here, the others each in a module of their own."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from soleus.web import (
    accounts,
    accounts_admin,
    accounts_own,
    asking,
    assets,
    chain,
    comparing,
    desk,
    entry_pages,
    handing_over,
    interview,
    learning,
    learning_ask,
    learning_certificate,
    learning_course,
    learning_group,
    learning_quiz,
    letter,
    library_archive,
    library_browsing,
    library_feed,
    library_figures,
    library_leaflet,
    library_pages,
    library_search,
    library_slides,
    population_reports,
    result,
    reviewing,
    reviews,
    reviews_export,
    reviews_policy,
    reviews_proposing,
    saving,
    trying,
)
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

    parts = (
        interview,
        saving,
        result,
        chain,
        handing_over,
        letter,
        trying,
        comparing,
        desk,
        reviewing,
        library_pages,
        entry_pages,
        library_browsing,
        library_search,
        library_feed,
        library_figures,
        library_leaflet,
        library_slides,
        library_archive,
        accounts,
        accounts_own,
        accounts_admin,
        population_reports,
        learning,
        learning_course,
        learning_quiz,
        learning_certificate,
        learning_ask,
        learning_group,
        reviews,
        reviews_proposing,
        reviews_export,
        reviews_policy,
    )
    for part in (assets.router(), *(module.router(site) for module in parts)):
        routes.routes.extend(part.routes)  # flat: routers within routers are searched one by one for every request
    return routes
