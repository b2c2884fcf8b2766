"""What was not handed over with a call, read from the client's FHIR server where the settings allow it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import anyio

from soleus.errors import ServiceError
from soleus.service.client_tokens import HookClient
from soleus.service.outside import Outside, allowed, is_safe
from soleus.service.settings import Settings, is_loopback

_SECONDS = 6.0  # for all queries of one call together
_AT_ONCE = 4


def may_read(server: str | None, client: HookClient | None, settings: Settings) -> bool:
    """Whether a server may be read: one of the client's; without clients one of the settings, or on this machine."""
    if server is None or not is_safe(server):
        return False
    if client is not None:
        return allowed(server, client.fhir_servers)
    return allowed(server, settings.cds_fhir_servers) or _on_this_machine(server)


def _on_this_machine(server: str) -> bool:
    parts = urlsplit(server)
    return is_loopback(parts.hostname or "") and not parts.username and not parts.password


async def read(
    server: str, queries: Mapping[str, str], authorization: Mapping[str, Any], outside: Outside
) -> dict[str, Any]:
    """Key -> what the server answered; keys that failed, or were not answered in time, are left out."""
    token = authorization.get("access_token")
    found: dict[str, Any] = {}
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def one(key: str, query: str) -> None:
        async with limiter:
            try:
                found[key] = await outside.get(
                    f"{server.rstrip('/')}/{query}", bases=[server], token=token if isinstance(token, str) else None
                )
            except ServiceError:
                return  # the card says that it is not known

    with anyio.move_on_after(_SECONDS):
        async with anyio.create_task_group() as group:
            for key, query in queries.items():
                group.start_soon(one, key, query)
    return dict(found)
