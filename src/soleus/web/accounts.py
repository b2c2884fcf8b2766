"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from soleus.accounts.devices import device_of
from soleus.errors import AccessError
from soleus.web.acting import SIGN_IN, acting, own_path
from soleus.web.form import Form, read
from soleus.web.rendering import page
from soleus.web.site import Site

_STATUS = {"too_many_attempts": 429, "not_allowed": 403}


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
        site.accounts.sessions.end(site.cookie.of(request))
        answer = RedirectResponse("/", 303)
        site.cookie.take(answer)
        return answer

    return routes


def _signed_in(site: Site, request: Request, form: Form) -> str:
    """The secret of the new session. Raises `AccessError`."""
    return site.accounts.signing_in.sign_in(
        form.one("login")[:300],
        form.one("password"),
        address=request.client.host if request.client else "",
        device=device_of(request.headers.get("user-agent", "")),
        old=site.cookie.of(request),
    )


def _sign_in_page(site: Site, next: str, login: str = "", error: AccessError | None = None) -> HTMLResponse:
    status = _STATUS.get(error.code, 400) if error else 200
    return page("account_sign_in.html.j2", status, next=next, login=login, error=error, provider=site.provider)


def welcome(site: Site, secret: str, next: str) -> Response:
    """To where the person was going, with the cookie of the new session."""
    answer = RedirectResponse(next, 303)
    site.cookie.give(answer, secret, site.accounts.rules.longest_s)
    return answer
