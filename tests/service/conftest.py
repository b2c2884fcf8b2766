"""The application in process, with a store in memory and a clock that stands still."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from soleus.service.app import create_app
from soleus.service.outside import Outside
from soleus.service.settings import Settings
from soleus.storage import MemoryRepository

NOW = datetime.datetime(2026, 11, 29, 12, 0, tzinfo=datetime.UTC)
Serve = Callable[..., TestClient]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Makes a client of an application with the settings, and the door to other servers, that are given."""
    opened: list[TestClient] = []

    def make(*, outside: Outside | None = None, **settings: Any) -> TestClient:
        found = Settings(data=tmp_path, **settings)
        app = create_app(found, store=MemoryRepository(), clock=lambda: NOW, outside=outside)
        client = TestClient(app, base_url=f"http://localhost:{found.port}", raise_server_exceptions=False)
        opened.append(client.__enter__())
        return client

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def client(serve: Serve) -> TestClient:
    return serve()
