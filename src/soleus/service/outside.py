"""Reading from other servers: only from those that are configured, without following redirects, a little, and quickly.

This is the one door to the outside. It takes an address only with the list of bases that it must lie under, so that no
request can make the service fetch an address of its own choosing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from soleus.errors import ServiceError
from soleus.service.settings import is_loopback

SECONDS = 5.0
MOST_BYTES = 5_000_000


def allowed(url: str, bases: Iterable[str]) -> bool:
    """Whether an address lies at or under one of the bases: same scheme, host and port, and a path below."""
    return any(_under(url, base) for base in bases)


def _under(url: str, base: str) -> bool:
    try:
        one, two = urlsplit(url), urlsplit(base)
        same = (one.scheme, one.hostname, one.port) == (two.scheme, two.hostname, two.port)
    except ValueError:
        return False
    if not same or one.username or one.password or "\\" in url or any(c.isspace() for c in url):
        return False
    path, under = one.path.rstrip("/"), two.path.rstrip("/")
    steps = path.lower().replace("%2e", ".").split("/")
    return (path == under or path.startswith(under + "/")) and not {".", ".."} & set(steps)


def is_safe(url: str) -> bool:
    """Whether an address may carry tokens: HTTPS, or HTTP on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    )


class Outside:
    """A client for other servers; ``transport`` is for tests."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport

    async def get(self, url: str, *, bases: Iterable[str], token: str | None = None) -> Any:
        """The JSON at an address. Raises `ServiceError` for what is not allowed, not there, not JSON, late or large."""
        headers = {"accept": "application/fhir+json, application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        return await self._ask("GET", url, tuple(bases), headers=headers)

    async def post_form(
        self, url: str, form: Mapping[str, str], *, bases: Iterable[str], headers: Mapping[str, str] | None = None
    ) -> Any:
        """The JSON that answers a form."""
        return await self._ask(
            "POST", url, tuple(bases), headers={"accept": "application/json", **(headers or {})}, data=dict(form)
        )

    async def _ask(self, method: str, url: str, bases: tuple[str, ...], **more: Any) -> Any:
        if not is_safe(url) or not allowed(url, bases):
            raise ServiceError("address", "one that is not allowed", "a server of the settings", "Add it to them.")
        try:
            # Nothing of the environment (proxies, netrc) is used: the address decides alone.
            async with (
                httpx.AsyncClient(
                    transport=self._transport, timeout=SECONDS, follow_redirects=False, trust_env=False
                ) as client,
                client.stream(method, url, **more) as answer,
            ):
                return _read(answer.status_code, await _body(answer))
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
            raise _failed("no answer") from None


async def _body(answer: httpx.Response) -> bytes:
    raw = b""
    async for piece in answer.aiter_bytes():  # unpacked as it comes, so a small answer cannot fill the memory
        raw += piece
        if len(raw) > MOST_BYTES:
            raise _failed("too large an answer")
    return raw


def _read(status: int, raw: bytes) -> Any:
    if status != 200:
        raise _failed(f"the status {status}")
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _failed("an answer that is no JSON") from None


def _failed(found: str) -> ServiceError:
    return ServiceError("another server", found, "JSON with status 200", "Try again, or ask who runs it.")
