"""Asking an application in this process, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol, Self


@dataclass(frozen=True)
class Answer:
    """What the application answers to an address."""

    status: int
    media_type: str
    content: bytes


class Ask(Protocol):
    """Asks the application for an address such as ``/library?for=patient``."""

    def __call__(self, address: str, /) -> Answer: ...


Scope = MutableMapping[str, Any]


class InProcess:
    """Asks an ASGI application without a network. To be used in a ``with``."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self._runner.close()

    def __call__(self, address: str, /) -> Answer:
        return self._runner.run(self._asked(address))

    async def _asked(self, address: str) -> Answer:
        path, _, query = address.partition("?")
        scope: Scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(b"host", b"localhost"), (b"accept", b"text/html")], "client": ("127.0.0.1", 0),
            "server": ("localhost", 80),
        }  # fmt: skip
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        headers = {bytes(k).lower(): bytes(v) for k, v in sent[0]["headers"]}
        body = b"".join(m.get("body", b"") for m in sent[1:])
        return Answer(sent[0]["status"], headers.get(b"content-type", b"").decode(), body)
