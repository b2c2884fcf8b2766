"""Reading, the interview and judgement never ask who somebody is: not even the store learns who reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from soleus.service.app import create_app
from soleus.service.settings import Settings
from soleus.storage import AccountStore, MemoryRepository
from tests.accounts.people import Clock, accounts, made
from tests.service.test_discretion import FORMS, routes

#: Where somebody acts as an account. Everything else is read and answered without one.
_PERSONAL = ("/account", "/learn", "/review", "/population")  # reports on databases are for administrators
_CORRECTION = "/correct"
_OF_ACCOUNTS = [name for name in vars(AccountStore) if not name.startswith("_")]


class Watched(MemoryRepository):
    """A store that lists what is asked of its accounts while ``asked`` is a list."""

    asked: list[str] | None = None

    def __getattribute__(self, name: str) -> Any:
        asked = object.__getattribute__(self, "asked")
        if asked is not None and name in _OF_ACCOUNTS:
            asked.append(name)
        return object.__getattribute__(self, name)


@pytest.fixture
def store() -> Watched:
    return Watched()


@pytest.fixture
def browser(store: Watched, tmp_path: Path) -> TestClient:
    """Of somebody who is signed in."""
    clock = Clock()
    found = accounts(store, clock)
    cookie = found.sessions.begin(made(found), "Firefox on Linux")
    app = create_app(Settings(data=tmp_path), store=store, clock=clock)
    client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False, follow_redirects=False)
    client.cookies["soleus-session"] = cookie
    store.asked = []
    return client


def is_personal(path: str) -> bool:
    return path.startswith(_PERSONAL) or path.endswith(_CORRECTION)


def test_no_page_of_reading_interview_or_judgement_asks_the_accounts(store: Watched, browser: TestClient) -> None:
    found = [(method, path) for method, path in routes(browser) if not is_personal(path)]
    assert len(found) > 50
    for method, path in found:
        for form in FORMS[:1] if method == "POST" else (None,):
            answer = browser.request(method, path, data=form)
            assert store.asked == [], f"{method} {path}"
            assert "soleus-session" not in answer.headers.get("set-cookie", "")
            assert "Ann Example" not in answer.text
            assert not answer.headers.get("location", "").startswith("/account")


def test_the_watch_sees_a_page_that_asks(store: Watched, browser: TestClient) -> None:
    assert "Ann Example" in browser.get("/account").text
    assert {"session", "account", "sessions"} <= set(store.asked or ())


def test_nothing_of_a_session_is_needed_to_read(store: Watched, browser: TestClient) -> None:
    browser.cookies.clear()
    for path in ("/", "/about", "/compare", "/desk", "/medicines", "/library"):
        assert browser.get(path).status_code == 200, path
    assert store.asked == []
