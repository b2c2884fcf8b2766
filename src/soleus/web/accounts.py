"""Signing in and out, and what an invitation leads to."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from soleus.accounts.devices import device_of
from soleus.errors import AccessError, InvalidValue, SoleusError, UnknownName
from soleus.storage import Invitation
from soleus.web.acting import SIGN_IN, acting, own_path
from soleus.web.form import Form, read
from soleus.web.rendering import page
from soleus.web.site import Site

_INVITATION = "/account/invitation/{secret}"


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get(SIGN_IN)
    async def sign_in_page(request: Request) -> HTMLResponse:
        return _sign_in_page(site, own_path(request.query_params.get("next", "")))

    @routes.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:
        form = await read(request)
        next = own_path(form.one("next"))
        try:
            secret = await site.run(_signed_in, site, request, form)
        except AccessError as error:
            return _sign_in_page(site, next, form.typed("login"), error)
        return welcome(site, secret, next)

    @routes.post("/account/sign-out")
    async def sign_out(request: Request) -> Response:
        await acting(site, request)
        await site.run(site.accounts.sessions.end, site.cookie.of(request))
        return farewell(site, SIGN_IN)

    @routes.get(_INVITATION)
    async def invitation(secret: str) -> HTMLResponse:
        return await site.run(_invitation_page, site, secret)  # type: ignore[no-any-return]

    @routes.post(_INVITATION)
    async def accept(secret: str, request: Request) -> Response:
        return await site.run(_accepted, site, secret, request, await read(request))  # type: ignore[no-any-return]

    return routes


# --- signing in -------------------------------------------------------------------------------------------------------


def _signed_in(site: Site, request: Request, form: Form) -> str:
    """The secret of the new session. Raises `AccessError`."""
    return site.accounts.signing_in.sign_in(
        form.one("login")[:300],
        form.one("password"),
        address=request.client.host if request.client else "",
        device=device(request),
        old=site.cookie.of(request),
    )


def _sign_in_page(site: Site, next: str, login: str = "", error: AccessError | None = None) -> HTMLResponse:
    status = _status(error) if error else 200
    return page("account_sign_in.html.j2", status, next=next, login=login, error=error, provider=site.provider)


def _status(error: SoleusError) -> int:
    return {"too_many_attempts": 429, "not_allowed": 403, "unknown_name": 404}.get(error.code, 400)


def device(request: Request) -> str:
    return device_of(request.headers.get("user-agent", ""))


def welcome(site: Site, secret: str, next: str) -> Response:
    """To where the person was going, with the cookie of the new session."""
    answer = RedirectResponse(next, 303)
    site.cookie.give(answer, secret, site.accounts.rules.longest_s)
    return answer


def farewell(site: Site, next: str) -> Response:
    """The browser forgets the session."""
    answer = RedirectResponse(next, 303)
    site.cookie.take(answer)
    return answer


# --- invitations ------------------------------------------------------------------------------------------------------


def _invitation_page(
    site: Site, secret: str, *, name: str = "", error: SoleusError | None = None, status: int = 200
) -> HTMLResponse:
    """The page of a link that waits, else one that says that it does not."""
    try:
        link = site.accounts.people.invitation(secret)
    except UnknownName as gone:
        return page("account_link_gone.html.j2", 404, error=gone)
    whose = site.accounts.people.found(link.account) if link.account else None
    return page(
        "account_invitation.html.j2", status, link=link, whose=whose, group=_group(site, link), name=name, error=error
    )


def _group(site: Site, link: Invitation) -> str | None:
    found = site.store.institution(link.institution) if link.institution else None
    return found.name if found else None


def _accepted(site: Site, secret: str, request: Request, form: Form) -> Response:
    """Signed in to the account of the link."""
    try:
        account = site.accounts.people.accept(secret, form.typed("name"), new_password(form))
    except (InvalidValue, UnknownName) as error:
        return _invitation_page(site, secret, name=form.typed("name"), error=error, status=_status(error))
    begun = site.accounts.sessions.begin(account, device(request), old=site.cookie.of(request), way="link")
    return welcome(site, begun, "/account")


def new_password(form: Form) -> str:
    """A password that was typed twice. Raises `InvalidValue` where the two differ."""
    new = form.one("new")
    if new != form.one("again"):
        raise InvalidValue("password", "two that differ", "the same twice", "Type it again in both fields.")
    return new
