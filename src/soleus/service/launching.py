"""The addresses of SMART launches: from an EHR, by itself, and back."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from soleus.clinical.case import Unused
from soleus.errors import InvalidValue
from soleus.interop.fhir.reading import case_of
from soleus.service import smart, smart_clients
from soleus.service.keys import installation_key
from soleus.service.outside import Outside
from soleus.service.problems import Refused
from soleus.service.sealing import Sealer
from soleus.service.services import Services
from soleus.service.smart_clients import SmartClient
from soleus.web import desk
from soleus.web.rendering import page
from soleus.web.site import Site

_CALLBACK = "/smart/callback"


def router(services: Services, site: Site, outside: Outside) -> APIRouter:
    """`/smart` lists the servers, `/smart/launch` begins, `/smart/callback` ends in the desk."""
    clients = smart_clients.load(services.settings.smart_clients)
    key = installation_key(services.settings.data) if clients else None
    sealer = Sealer(key, "smart launch", smart.Pending) if key else None
    redirect_uri = services.settings.address + _CALLBACK
    secure = services.settings.address.startswith("https://")
    cookie = "__Host-soleus-launch" if secure else "soleus-launch"
    routes = APIRouter(include_in_schema=False)

    @routes.get("/smart")
    async def servers() -> HTMLResponse:
        return page("smart.html.j2", clients=sorted(clients.values(), key=lambda c: c.name or c.iss))

    @routes.get("/smart/launch")
    async def launch(request: Request) -> Response:
        """From an EHR with ``iss`` and ``launch``; with ``iss`` alone the EHR asks which patient."""
        client, seal = _client(clients, request.query_params.get("iss")), sealer
        assert seal is not None
        token = request.query_params.get("launch")
        begun = await smart.begin(client, token, redirect_uri, outside, services.clock().timestamp())
        answer = RedirectResponse(begun.url, 302)
        answer.set_cookie(
            cookie,
            seal.seal(begun.pending),
            max_age=smart.LAUNCH_S,
            path="/",
            secure=secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    @routes.get(_CALLBACK)
    async def callback(request: Request) -> Response:
        pending = sealer.open(request.cookies.get(cookie)) if sealer else None
        client = _client(clients, pending.iss if pending else None)
        answer = dict(request.query_params)
        now = services.clock().timestamp()
        record = await smart.finish(client, pending, answer, redirect_uri, outside, services.store, now)
        shown: Response = await _desk(site, services, record)
        shown.delete_cookie(cookie, path="/", secure=secure, httponly=True, samesite="lax")
        return shown

    return routes


def _client(clients: dict[str, SmartClient], iss: Any) -> SmartClient:
    found = clients.get(iss.rstrip("/")) if isinstance(iss, str) else None
    if found is None:
        told = InvalidValue(
            "iss", "a server that is not in the settings", "one of SOLEUS_SMART_CLIENTS", "Add it there."
        )
        raise Refused(403, told)
    return found


async def _desk(site: Site, services: Services, record: smart.Record) -> HTMLResponse:
    case = await services.work.run(case_of, record.bundle, services.compiled, as_of=services.today())
    why = "the server did not let it be read"
    missing = tuple(Unused(where=record.server, what=kind, why=why) for kind in record.unread)
    return await desk.opened_with(site, msgspec.structs.replace(case, unused=(*case.unused, *missing)), record.server)
