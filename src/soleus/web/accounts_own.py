"""One's own page: name, password, sessions, a copy of what is kept, deletion."""

from __future__ import annotations

import datetime

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from soleus.accounts import Visitor
from soleus.errors import AccessError, InputError, SoleusError
from soleus.web.accounts import device, farewell, new_password, welcome
from soleus.web.acting import OWN, acting, personal, signed_in
from soleus.web.form import Form
from soleus.web.site import Site

FILE_NAME = "soleus-account.json"
_STATUS = {"too_many_attempts": 429, "not_allowed": 403}


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    own = site.accounts.own

    @routes.get(OWN)
    async def shown(request: Request) -> HTMLResponse:
        return await site.run(_own_page, site, request, signed_in(site, request))  # type: ignore[no-any-return]

    @routes.post(f"{OWN}/name")
    async def rename(request: Request) -> Response:
        visitor, form = await acting(site, request)
        return await _tried(site, request, visitor, "name", own.rename, visitor, form.typed("name"))

    @routes.post(f"{OWN}/password")
    async def password(request: Request) -> Response:
        visitor, form = await acting(site, request)
        try:
            secret = await site.run(_password, site, request, visitor, form)
        except (InputError, AccessError) as error:
            return await _own_again(site, request, visitor, "password", error)
        return welcome(site, secret, OWN)

    @routes.post(f"{OWN}/sessions/end")
    async def end_session(request: Request) -> Response:
        visitor, form = await acting(site, request)
        await site.run(site.accounts.sessions.end_of, visitor, form.one("session"))
        return RedirectResponse(f"{OWN}#sessions", 303)

    @routes.post(f"{OWN}/sessions/end-others")
    async def end_others(request: Request) -> Response:
        visitor, _ = await acting(site, request)
        await site.run(site.accounts.sessions.end_others, visitor, site.cookie.of(request))
        return RedirectResponse(f"{OWN}#sessions", 303)

    @routes.post(f"{OWN}/export")
    async def export(request: Request) -> Response:
        visitor, _ = await acting(site, request)
        found = await site.run(own.export, site.accounts.people.found(visitor.id), who=visitor)
        headers = {"content-disposition": f'attachment; filename="{FILE_NAME}"'}
        content = msgspec.json.format(msgspec.json.encode(found), indent=1)
        return Response(content, media_type="application/json", headers=headers)

    @routes.post(f"{OWN}/delete")
    async def delete(request: Request) -> Response:
        visitor, form = await acting(site, request)
        try:
            await site.run(own.delete, visitor, site.cookie.of(request), form.one("password"))
        except AccessError as error:
            return await _own_again(site, request, visitor, "delete", error)
        return farewell(site, f"{OWN}/deleted")

    @routes.get(f"{OWN}/deleted")
    async def deleted(request: Request) -> HTMLResponse:
        return personal(site, request, "account_deleted.html.j2", visitor=None)

    return routes


def _password(site: Site, request: Request, visitor: Visitor, form: Form) -> str:
    """The secret of the session that goes on with the new password."""
    new, cookie = new_password(form), site.cookie.of(request)
    return site.accounts.own.change_password(visitor, cookie, form.one("password"), new, device(request))


async def _tried(site: Site, request: Request, visitor: Visitor, part: str, act: object, *given: object) -> Response:
    """Back to one's page after an act; where it failed the page says so at that part."""
    try:
        await site.run(act, *given)  # type: ignore[arg-type]
    except (InputError, AccessError) as error:
        return await _own_again(site, request, visitor, part, error)
    return RedirectResponse(OWN, 303)


async def _own_again(site: Site, request: Request, visitor: Visitor, part: str, error: SoleusError) -> HTMLResponse:
    return await site.run(_own_page, site, request, visitor, {part: error})  # type: ignore[no-any-return]


def _own_page(
    site: Site, request: Request, visitor: Visitor, faults: dict[str, SoleusError] | None = None
) -> HTMLResponse:
    here = site.accounts.sessions.session(site.cookie.of(request))
    return personal(
        site,
        request,
        "account_own.html.j2",
        max((_STATUS.get(e.code, 400) for e in faults.values()), default=200) if faults else 200,
        visitor=visitor,
        account=site.accounts.people.found(visitor.id),
        groups=[(m, site.accounts.institutions.named(m.institution)) for m in site.store.members(account=visitor.id)],
        today=site.today(),
        sessions=[(s, day_and_time(s.seen_at), s == here) for s in site.store.sessions(visitor.id)],
        has_password=site.accounts.own.has_password(visitor),
        faults=faults or {},
    )


def day_and_time(seconds: float) -> str:
    """A moment as 2026-11-29 12:00 (UTC)."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M")
