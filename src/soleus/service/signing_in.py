"""Signing in by OpenID Connect: the authorisation code flow with PKCE, state and nonce; no other flow.

Sources: OpenID Connect Core 1.0, section 3.1; OAuth 2.0 Security Best Current Practice (RFC 9700), sections 2.1 and 4.
What is secret between the two halves travels in a sealed cookie of the browser that began. The access token is thrown
away: who it is stands in the ID token.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from soleus.accounts.identities import Identity
from soleus.accounts.names import email_of
from soleus.errors import InvalidValue, NotAllowed, ServiceError
from soleus.service import id_tokens
from soleus.service.code_flow import CodeFlow, address, challenge, exchange, fresh_secrets
from soleus.service.keys import installation_key
from soleus.service.outside import Outside
from soleus.service.problems import Refused
from soleus.service.providers import Endpoints, Provider
from soleus.service.sealing import Sealer
from soleus.service.services import Services
from soleus.storage import Repository
from soleus.web.accounts import device, welcome
from soleus.web.acting import own_path
from soleus.web.site import Site

WAIT_S = 600  # from the redirect until the callback
_BEGIN, _CALLBACK = "/account/openid", "/account/openid/callback"
_SCOPE = "openid email profile"
_FLOW = CodeFlow(
    "sign-in",
    "provider",
    "Start again from the sign-in page.",
    lambda: NotAllowed("sign-in", "that you were not let in there", "to be let in", "Try again, or ask who runs it."),
)


class Pending(Struct, frozen=True, kw_only=True):
    """A sign-in that waits for its callback."""

    state: str
    verifier: str
    nonce: str
    next: str
    until: float


@dataclass(frozen=True)
class Redirect:
    url: str
    pending: Pending


async def begin(provider: Provider, redirect_uri: str, next: str, outside: Outside, now: float) -> Redirect:
    """Where to send the browser. Raises `ServiceError`."""
    endpoint = (await provider.endpoints(outside, now)).authorization
    pending = Pending(
        **fresh_secrets(),
        next=next,
        until=now + WAIT_S,
    )
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "scope": _SCOPE,
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": challenge(pending.verifier),
        "code_challenge_method": "S256",
    }
    return Redirect(address(endpoint, asked), pending)


async def finish(
    provider: Provider,
    pending: Pending | None,
    answer: Mapping[str, str],
    redirect_uri: str,
    outside: Outside,
    store: Repository,
    now: float,
) -> Identity:
    """Who it is. Raises `Refused` for an answer to another sign-in, `NotAllowed`, `ServiceError`."""
    endpoints = await provider.endpoints(outside, now)
    silent = "" if endpoints.tells_issuer else provider.issuer
    pending = _FLOW.fitting(pending, answer, lambda _, iss: (silent if iss is None else iss) == provider.issuer, now)
    await _FLOW.used_once(store, f"openid {provider.issuer}", pending)
    token = await _token(provider, endpoints, pending, answer["code"], redirect_uri, outside)
    expected = id_tokens.Expected(provider.client_id, provider.issuer.rstrip("/"), endpoints.jwks_uri, pending.nonce)
    return _identity(provider, await id_tokens.check(token, expected, outside, now))


async def _token(
    provider: Provider, endpoints: Endpoints, pending: Pending, code: str, redirect_uri: str, outside: Outside
) -> Any:
    """The ID token that a code is exchanged for."""
    form: dict[str, str] = {}
    headers: dict[str, str] = {}
    if provider.secret is None or endpoints.secret_in_form:
        form = {"client_id": provider.client_id} | ({"client_secret": provider.secret} if provider.secret else {})
    else:
        pair = f"{quote(provider.client_id, safe='')}:{quote(provider.secret, safe='')}"
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    found = await exchange(outside, endpoints.token, code, pending.verifier, redirect_uri, form, headers)
    token = found.get("id_token")
    if not isinstance(token, str):
        raise ServiceError("token endpoint", "no ID token", "one", "Ask who runs the provider.")
    return token


def _identity(provider: Provider, claims: Mapping[str, Any]) -> Identity:
    """What the claims say. An address that is not verified there is not taken over."""
    if claims.get("azp", provider.client_id) != provider.client_id:
        raise Refused(400, InvalidValue("id_token", "the token of another client", "ours", "Start again."))
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise Refused(400, InvalidValue("id_token", "no subject", "who it is", "Ask who runs the provider."))
    name = claims.get("name") or claims.get("preferred_username") or ""
    return Identity(
        issuer=provider.issuer,
        subject=subject,
        name=str(name),
        email=_address(claims),
        roles=provider.roles_of(claims),
    )


def _address(claims: Mapping[str, Any]) -> str | None:
    """The address that is verified there. One that cannot be an address could be somebody's name here."""
    told = claims.get("email") if claims.get("email_verified") is True else None
    try:
        return email_of(told) if isinstance(told, str) else None
    except InvalidValue:
        return None


def router(services: Services, site: Site, provider: Provider | None, outside: Outside) -> APIRouter:
    """`/account/openid` begins, `/account/openid/callback` ends in a session; neither is there without a provider."""
    routes = APIRouter(include_in_schema=False)
    if provider is None:
        return routes
    sealer = Sealer(installation_key(services.settings.data), "openid sign-in", Pending)
    redirect_uri = services.settings.address + _CALLBACK
    secure = site.cookie.secure
    cookie = "__Host-soleus-openid" if secure else "soleus-openid"

    @routes.get(_BEGIN)
    async def begun(request: Request) -> Response:
        next, now = own_path(request.query_params.get("next", "")), services.clock().timestamp()
        found = await begin(provider, redirect_uri, next, outside, now)
        answer = RedirectResponse(found.url, 303)
        sealed = sealer.seal(found.pending)
        answer.set_cookie(cookie, sealed, max_age=WAIT_S, path="/", secure=secure, httponly=True, samesite="lax")
        return answer

    @routes.get(_CALLBACK)
    async def finished(request: Request) -> Response:
        pending, now = sealer.open(request.cookies.get(cookie)), services.clock().timestamp()
        told = dict(request.query_params)
        identity = await finish(provider, pending, told, redirect_uri, outside, services.store, now)
        answer: Response = await services.work.run(_session, site, request, identity, provider, pending)
        answer.delete_cookie(cookie, path="/", secure=secure, httponly=True, samesite="lax")
        return answer

    return routes


def _session(site: Site, request: Request, identity: Identity, provider: Provider, pending: Pending | None) -> Response:
    """Signed in to the account of an identity."""
    account = site.accounts.identities.account_of(identity, create=provider.create)
    secret = site.accounts.sessions.begin(account, device(request), old=site.cookie.of(request), way="openid")
    return welcome(site, secret, own_path(pending.next if pending else ""))
