"""Pages that act as an account: who is signed in, whether they may, and whether their own page sent the form.

A page that shows something to an account asks `signed_in`; one that changes something reads its form by `acting`, and
its template puts `acts(form_token)` of account_parts.html.j2 into the form. `personal` renders a page with both. Other
pages never read the cookie, so that reading leaves no trace of who reads.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from soleus.accounts import Role, Visitor, allowed
from soleus.accounts.tokens import same
from soleus.errors import InvalidValue, NotSignedIn
from soleus.web.form import Form, read
from soleus.web.rendering import page
from soleus.web.site import Site

SIGN_IN, OWN = "/account/sign-in", "/account"
TOKEN = "form_token"
_MOST_NEXT = 500


def signed_in(site: Site, request: Request, role: Role | None = None) -> Visitor:
    """Who is signed in, and has the role if one is named. Raises `NotSignedIn`, `NotAllowed`."""
    visitor = site.visitor_of(request)
    if role is not None:
        return allowed(visitor, role)
    if visitor is None:
        raise NotSignedIn("account", "nobody signed in", "somebody who is", "Sign in, then come back to this page.")
    return visitor


async def acting(site: Site, request: Request, role: Role | None = None, most_file: int = 0) -> tuple[Visitor, Form]:
    """Who acts, and the form that a page of their session sent. Raises as `signed_in` does, and `InvalidValue`."""
    visitor = signed_in(site, request, role)
    form = await read(request, most_file)
    if not same(form.one(TOKEN), site.form_token(request)):
        raise InvalidValue(
            "form", "no sign that a page of yours sent it", "it", "Open the page again and send it anew."
        )
    return visitor, form


def personal(
    site: Site, request: Request, template: str, status: int = 200, *, visitor: Visitor | None, **values: Any
) -> HTMLResponse:
    """A page that shows who is signed in, with what its forms carry."""
    return page(template, status, visitor=visitor, form_token=site.form_token(request), **values)


def sign_in_first(request: Request) -> Response:
    """To the sign-in page, and back here afterwards."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{SIGN_IN}?next={quote(request.url.path + query, safe='/')}", 303)


def own_path(told: str) -> str:
    """Where to go after signing in: a path of this service, else one's own page. Never another site."""
    try:
        parts = urlsplit(told)
    except ValueError:
        return OWN
    odd = "\\" in told or any(not c.isprintable() or c.isspace() for c in told) or len(told) > _MOST_NEXT
    if odd or parts.scheme or parts.netloc or not told.startswith("/") or told.startswith("//"):
        return OWN
    return OWN if parts.path.startswith(SIGN_IN) else told
