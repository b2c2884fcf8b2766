"""What was decided at the desk as a change to the data files, for a reviewer or an administrator to hand in."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from soleus.accounts import Visitor
from soleus.accounts.audit import note
from soleus.editorial.corrections import editor_of
from soleus.editorial.export import Consequences, Export, consequences, export
from soleus.editorial.handing_in import archive, files_of
from soleus.errors import KnowledgeError
from soleus.knowledge.loader import DATA
from soleus.web.acting import acting, personal, signed_in
from soleus.web.catalogue import text
from soleus.web.reviews_view import DESK
from soleus.web.site import Site

PAGE = f"{DESK}/export"
FILE_NAME = "soleus-review.zip"


@dataclass(frozen=True)
class Waiting:
    """What would go in; ``fault``: why it cannot be made here."""

    made: Export | None = None
    does: Consequences | None = None
    fault: KnowledgeError | None = None


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get(PAGE)
    async def waiting(request: Request) -> HTMLResponse:
        visitor = editor_of(signed_in(site, request))
        found = await site.run(_waiting, site, with_consequences=False)
        return personal(site, request, "review_export.html.j2", visitor=visitor, w=found)

    @routes.post(PAGE)
    async def packed(request: Request) -> Response:
        visitor, _ = await acting(site, request)
        return await site.run(_packed, site, request, editor_of(visitor))  # type: ignore[no-any-return]

    return routes


def _waiting(site: Site, *, with_consequences: bool) -> Waiting:
    """The change to the data that ship; where another knowledge is served, the command line makes it."""
    try:
        made = export(site.store, site.compiled.knowledge, DATA)
        return Waiting(made, consequences(made, site.compiled) if with_consequences else None)
    except KnowledgeError as error:
        return Waiting(fault=error)


def _packed(site: Site, request: Request, visitor: Visitor) -> Response:
    found = _waiting(site, with_consequences=True)
    if found.made is None or found.does is None or not found.made.applied:
        return personal(site, request, "review_export.html.j2", 409, visitor=visitor, w=found)
    note(site.store, visitor, "review_exported", "knowledge", site.clock().timestamp())
    heading = text("review.export_heading", version=site.compiled.knowledge.version)
    headers = {"content-disposition": f'attachment; filename="{FILE_NAME}"'}
    return Response(archive(files_of(found.made, found.does, heading)), media_type="application/zip", headers=headers)
