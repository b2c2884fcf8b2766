"""The service in this process, and a browser that visits it over a real port."""

from __future__ import annotations

import datetime
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from starlette.testclient import TestClient

from soleus.service.app import create_app
from soleus.service.settings import load
from soleus.storage import MemoryRepository

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A client of the service with a store in memory; the day is 21 November 2026."""
    settings = load(data=tmp_path_factory.mktemp("data"))
    return TestClient(create_app(settings, store=MemoryRepository(), clock=lambda: NOW), base_url="http://localhost")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service on a port of this machine."""
    uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    public = f"http://localhost:{port}"
    settings = load(data=tmp_path_factory.mktemp("served"), public_url=public)
    app = create_app(settings, store=MemoryRepository(), clock=lambda: NOW)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    running = threading.Thread(target=server.run)
    running.start()
    while not server.started:
        time.sleep(0.02)
    yield public
    server.should_exit = True
    running.join()


@pytest.fixture(scope="module")
def kinds(root: Path) -> Iterator[ModuleType]:
    """tools/page_kinds.py, whose neighbours it imports."""
    pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    sys.path.insert(0, str(root / "tools"))
    import page_kinds  # type: ignore[import-not-found]

    yield page_kinds
    sys.path.remove(str(root / "tools"))


@pytest.fixture(scope="module")
def served(kinds: ModuleType) -> Iterator[str]:
    """The service with every kind of page in it, on a port of this machine."""
    with kinds.served() as address:
        yield address


@pytest.fixture
def browser(launched: Callable[[Path], Any], chromium: Path) -> Any:
    return launched(chromium)


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """A page of a new visitor; ``complaints`` of it is what the console said."""
    contexts = []

    def visit(path: str, width: int = 1280, **how: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, **how)
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda m: page.complaints.append(m.text))
        page.on("pageerror", lambda e: page.complaints.append(str(e)))
        page.goto(address + path, wait_until="load")
        return page

    yield visit
    for context in contexts:
        context.close()
