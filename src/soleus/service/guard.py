"""What stands before every request: limits, hosts, origins, the headers of every answer, and the last net for faults.

Plain ASGI, because it must see bodies as they arrive.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request

from soleus.errors import InputError, InvalidValue, ServiceError, UnreadableInput, UsageError
from soleus.service.logs import log
from soleus.service.metrics import Metrics
from soleus.service.problems import Answer, Refused, answer_for, defect
from soleus.service.settings import Settings, is_loopback

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": _CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_SAFE = ("GET", "HEAD", "OPTIONS")
_DOORS = ("/account/sign-in", "/account/openid", "/account/invitation")  # what guesses would knock at
_OPEN_PATHS = ("/fhir", "/cds-services", "/api")  # called by other programs: no cookies, CORS instead


class Guard:
    """Wraps the application. One request passes: host, rate, crowd, origin, size and time of its body, then the app."""

    def __init__(self, app: App, settings: Settings, metrics: Metrics, page: Answer) -> None:
        self._app, self._settings, self._metrics, self._page = app, settings, metrics, page
        self._hosts = _hosts(settings)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._rates = [_rate(settings.rate_per_minute, "all"), _rate(settings.sign_in_per_minute, "doors")]
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = _Visit(scope, send, secrets.token_hex(8), self._settings)
        self._waiting += 1
        try:
            await self._pass(scope, receive, visit)
        except Refused as refused:
            await self._refuse(scope, visit, refused)
        except Exception:  # the last net: nothing of the error reaches the answer, only its place reaches the log
            log.exception("fault", extra={"event": "fault", "request": visit.id, "route": _route(scope)})
            if not visit.started:
                await answer_for(Request(scope), self._page)(500, defect())(scope, receive, visit.send)
        finally:
            self._waiting -= 1
            self._record(scope, visit)

    async def _pass(self, scope: Scope, receive: Receive, visit: _Visit) -> None:
        self._check(Request(scope))
        body = _Body(receive, self._settings.max_body, self._settings.max_seconds)
        await self._app(scope, body.receive, visit.send)

    def _check(self, request: Request) -> None:
        """Raise `Refused` for what needs no look at the body."""
        if urlsplit(f"//{request.headers.get('host', '')}").hostname not in self._hosts and "*" not in self._hosts:
            raise Refused(421, UsageError("Host", "another name", "the name of this service", "Set SOLEUS_PUBLIC_URL."))
        if self._waiting > self._settings.max_waiting:
            raise Refused(503, _BUSY, {"retry-after": "1"})
        if not self._in_time(request):
            raise Refused(429, _TOO_MANY, {"retry-after": "60"})
        if request.method not in _SAFE:
            _same_origin(request)
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Refused(415, UnreadableInput("body", "packed content", "content as it is", "Send it unpacked."))
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._settings.max_body:
            raise Refused(413, _too_large(self._settings.max_body))

    def _in_time(self, request: Request) -> bool:
        """Whether an address may ask once more within this minute; this machine always may."""
        client = request.client.host if request.client else ""
        knocks = request.url.path.startswith(_DOORS) and (request.method not in _SAFE or "openid" in request.url.path)
        rates = [r for r in self._rates[: 1 + knocks] if r]
        return is_loopback(client) or all(self._limiter.hit(rate, client) for rate in rates)

    async def _refuse(self, scope: Scope, visit: _Visit, refused: Refused) -> None:
        response = answer_for(Request(scope), self._page)(refused.status, refused.error)
        response.headers.update(refused.headers)
        if not visit.started:
            await response(scope, _nothing, visit.send)

    def _record(self, scope: Scope, visit: _Visit) -> None:
        seconds, route = time.perf_counter() - visit.begun, _route(scope)
        self._metrics.count(route, scope["method"], visit.status, seconds)
        log.info(
            "request",
            extra={
                "event": "request",
                "request": visit.id,
                "route": route,
                "method": scope["method"] if scope["method"] in _METHODS else "other",
                "status": visit.status,
                "ms": round(seconds * 1000, 1),
            },
        )


def _rate(a_minute: int, of: str) -> RateLimitItemPerMinute | None:
    """0: no limit."""
    return RateLimitItemPerMinute(a_minute, namespace=of) if a_minute else None


_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
_BUSY = ServiceError("soleus", "too many requests at once", "fewer", "Try again in a moment.")
_TOO_MANY = UsageError("soleus", "too many requests from one address", "fewer", "Try again in a minute.")


def _too_large(most: int) -> InputError:
    return UnreadableInput("body", "too many bytes", f"at most {most:,}", "Send one person at a time.")


def _route(scope: Scope) -> str:
    """The template of the route, such as /saved/{key}: never the address itself."""
    route = scope.get("route")
    return getattr(route, "path", None) or ("/static" if scope["path"].startswith("/static/") else "none")


def _hosts(settings: Settings) -> frozenset[str]:
    own = {"localhost", "127.0.0.1", "::1"} if settings.on_loopback else {settings.host}
    public = urlsplit(settings.public_url).hostname if settings.public_url else None
    wild = {"*"} if settings.host in ("0.0.0.0", "::") and not public else set()
    return frozenset(own | wild | ({public} if public else set()))


def _same_origin(request: Request) -> None:
    """A page of another site cannot post to ours (Fetch Metadata, and Origin for browsers without it)."""
    if request.url.path.startswith(_OPEN_PATHS):
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = site not in (None, "same-origin", "none")
    if not foreign and site is None and origin is not None:
        foreign = urlsplit(origin).netloc != request.headers.get("host")
    if foreign:
        raise Refused(403, InvalidValue("Origin", "another site", "this site", "Send the form from its own page."))


class _Visit:
    """One request: its number, when it began, and what was answered; adds the headers of every answer."""

    def __init__(self, scope: Scope, send: Send, id: str, settings: Settings) -> None:
        self.id, self.begun, self.status, self.started = id, time.perf_counter(), 0, False
        self._send = send
        secure = settings.tls_cert is not None or scope.get("scheme") == "https"
        self._more = {"strict-transport-security": "max-age=31536000"} if secure else {}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            message = {**message, "headers": self._headers(message.get("headers", []))}
        await self._send(message)

    def _headers(self, given: Any) -> list[tuple[bytes, bytes]]:
        headers = [(bytes(k), bytes(v)) for k, v in given]
        have = {k.lower() for k, _ in headers}
        added = {**HEADERS, **self._more, "cache-control": "no-store", "x-request-id": self.id}
        return headers + [(k.encode(), v.encode()) for k, v in added.items() if k.encode() not in have]


class _Body:
    """Hands the body on, as long as it is small enough and comes fast enough."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive, self._most, self._left = receive, most, most
        self._until = time.monotonic() + seconds
        self._done = False

    async def receive(self) -> Message:
        if self._done:
            return await self._receive()  # waits for the client to leave
        try:
            async with asyncio.timeout(max(self._until - time.monotonic(), 0)):
                message = await self._receive()
        except TimeoutError:
            late = UnreadableInput("body", "a body that comes too slowly", "all of it at once", "Send it again.")
            raise Refused(408, late) from None
        self._left -= len(message.get("body", b""))
        self._done = not message.get("more_body", False)
        if self._left < 0:
            raise Refused(413, _too_large(self._most))
        return message


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
