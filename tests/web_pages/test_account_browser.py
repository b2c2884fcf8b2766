"""Pages of accounts in a real browser: accessible, narrow and wide, light and dark, without script, on paper."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from soleus.accounts.service import Accounts
from soleus.service.app import create_app
from soleus.service.settings import load
from soleus.storage import MemoryRepository
from tests.accounts.people import PASSWORD, Clock, accounts, made

Visit = Callable[..., Any]
LONG = "Dr Wilhelmina-Alexandra Featherstonehaugh-Cholmondeley III"
PAGES = (
    "sign in", "wrong", "invitation", "reset", "gone", "own", "own faults", "deleted", "people", "people fault", "link",
    "person", "groups", "group", "group conflict", "audit", "not allowed", "session over",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    address: str
    accounts: Accounts
    invitation: str
    reset: str
    person: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The service on a port of this machine, with an administrator, a group that is over and a few lines of the log."""
    uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://localhost:{port}"
    store, clock = MemoryRepository(), Clock()
    settings = load(
        data=tmp_path_factory.mktemp("served"), public_url=address, oidc_issuer="https://x.example", oidc_client_id="x"
    )
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings, store=store, clock=clock), port=port, log_config=None, lifespan="off")
    )
    running = threading.Thread(target=server.run)
    running.start()
    while not server.started:
        time.sleep(0.02)
    yield _filled(address, accounts(store, clock))
    server.should_exit = True
    running.join()


def _filled(address: str, found: Accounts) -> Place:
    made(found, "Root Admin", ["administrator", "reviewer"], "root@clinic.example")
    made(found, "Ann Example")
    person = made(found, LONG, ["reader", "learner"], "a-rather-long-address.of.somebody@sleep-clinic.example")
    for id, last in (("clinic", "2026-12-31"), ("old-clinic", "2025-12-31")):
        found.institutions.add(id, f"The {id.title()} of Sleep Medicine", "2025-01-01", last, who="command-line")
        found.institutions.join(id, person.id, "instructor", who="command-line")
        found.institutions.join(id, found.people.named("Root Admin").id, "member", who="command-line")
    found.people.lock(person.id, who="command-line")
    invited = found.people.invite(who="command-line", email="eve@clinic.example", institution="clinic")
    reset = found.people.password_link(person.id, who="command-line")
    return Place(address, found, invited.secret, reset.secret, person.id)


@pytest.fixture
def visit(browser: Any, place: Place) -> Iterator[Visit]:
    """A page of accounts by its name, in a window of its own."""
    opened: list[Any] = []

    def go(name: str, **options: Any) -> Any:
        context = browser.new_context(bypass_csp=True, **options)
        opened.append(context)
        page = context.new_page()
        _come_to(page, place, name)
        return page

    yield go
    for context in opened:
        context.close()


def sign_in(page: Any, place: Place, name: str, password: str = PASSWORD) -> None:
    page.goto(f"{place.address}/account/sign-in")
    page.fill("#login", name)
    page.fill("#password", password)
    page.click("main button")


def _come_to(page: Any, place: Place, name: str) -> None:
    """As somebody does who is allowed to, or who is not."""
    if name in ("sign in", "invitation", "reset", "gone", "deleted"):
        path = {
            "sign in": "sign-in",
            "invitation": f"invitation/{place.invitation}",
            "reset": f"invitation/{place.reset}",
            "gone": "invitation/none",
            "deleted": "deleted",
        }[name]
        page.goto(f"{place.address}/account/{path}")
        return
    if name == "wrong":
        sign_in(page, place, "Nobody", "wrong")
        return
    sign_in(page, place, "Ann Example" if name in ("not allowed", "session over") else "Root Admin")
    path = {
        "people": "/people",
        "people fault": "/people",
        "link": "/people",
        "not allowed": "/people",
        "person": f"/people/{place.person}",
        "groups": "/groups",
        "group": "/groups/clinic",
        "group conflict": "/groups/clinic",
        "audit": "/audit",
    }.get(name, "")
    page.goto(f"{place.address}/account{path}")
    _act(page, name)


def _act(page: Any, name: str) -> None:
    if name == "own faults":
        page.fill("#old", "wrong")
        page.fill("#new", PASSWORD)
        page.fill("#again", PASSWORD)
        page.click("[action='/account/password'] button")
    elif name in ("people fault", "link"):
        page.fill("#email", "no address" if name == "people fault" else "")
        page.click("[action='/account/people/invite'] button")
    elif name == "group conflict":
        page.evaluate("document.querySelector('[name=seen-name]').value = 'Another'")
        page.fill("#name", "Typed by me")
        page.click("section:last-of-type .sheet button")
    elif name == "session over":
        page.context.clear_cookies()
        page.fill("#name", "Too Late")
        page.click("[action='/account/name'] button")


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_is_cut_off(name: str, width: int, scheme: str, visit: Visit, axe: Path) -> None:
    page = visit(name, viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    page.evaluate(axe.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
    assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_everything_works_without_script(visit: Visit, place: Place) -> None:
    page = visit("sign in", java_script_enabled=False)
    page.fill("#login", "Root Admin")
    page.fill("#password", PASSWORD)
    page.click("main button")
    assert page.inner_text("h1") == "Root Admin"
    page.goto(f"{place.address}/account/people/{place.person}")
    page.click("button[aria-label='Give the role reviewer']")
    assert "reviewer" in place.accounts.people.found(place.person).roles
    page.goto(f"{place.address}/account")
    page.click("text=Sign out")
    assert page.inner_text("h1") == "Sign in"


def test_a_fault_takes_the_focus_and_leads_to_its_field(visit: Visit) -> None:
    page = visit("wrong")
    assert page.evaluate("document.activeElement.id") == "faults"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "login"
    assert page.input_value("#password") == ""


def test_the_link_that_is_shown_once_can_be_copied(visit: Visit, place: Place) -> None:
    page = visit("link")
    assert page.input_value("#address").startswith(f"{place.address}/account/invitation/")
    assert page.is_visible("[data-copy=address]")


def test_on_paper_nothing_is_cut_off(visit: Visit) -> None:
    page = visit("audit")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 1000})
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
