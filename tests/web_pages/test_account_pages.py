"""Pages of accounts: signing in, one's own page, what administrators do, and who may not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from soleus.accounts.service import Accounts
from soleus.service.app import account_rules, create_app
from soleus.service.settings import load
from soleus.storage import Event, MemoryRepository
from soleus.web.acting import OWN, own_path
from tests.accounts.people import ANOTHER, PASSWORD, Clock, accounts, made

CSRF = re.compile(r'name="form_token" value="([^"]*)"')


class Service:
    """The service with a store in memory; each browser has cookies of its own."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.store, self.clock = MemoryRepository(), Clock()
        self.settings = load(data=folder, **settings)
        self.app = create_app(self.settings, store=self.store, clock=self.clock)
        self.accounts: Accounts = accounts(self.store, self.clock, account_rules(self.settings))

    def browser(self, **more: Any) -> Browser:
        return Browser(TestClient(self.app, base_url=self.settings.address, follow_redirects=False), **more)

    def as_(self, name: str, *roles: str, email: str | None = None) -> Browser:
        """A browser that is signed in to a new account."""
        made(self.accounts, name, roles or ("reader",), email)
        browser = self.browser()
        assert browser.sign_in(name).status_code == 303
        return browser


class Browser:
    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def sign_in(self, login: str, password: str = PASSWORD, **more: str) -> Any:
        return self.client.post("/account/sign-in", data={"login": login, "password": password, **more})

    def token(self, path: str = OWN) -> str:
        found = CSRF.search(self.get(path).text)
        assert found is not None
        return found[1]

    def send(self, path: str, **fields: Any) -> Any:
        """Post a form as a page of this session would."""
        return self.client.post(path, data={"form_token": self.token(), **fields})


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


# --- signing in -------------------------------------------------------------------------------------------------------


def test_signing_in_leads_to_where_the_person_was_going(service: Service) -> None:
    made(service.accounts)
    browser = service.browser()
    first = browser.get("/account/people?x=1")
    assert first.status_code == 303
    assert first.headers["location"] == "/account/sign-in?next=/account/people%3Fx%3D1"
    page = browser.get(first.headers["location"])
    assert 'name="next" value="/account/people?x=1"' in page.text
    answer = browser.sign_in("ann example", next="/account/people?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/people?x=1")
    own = browser.get(OWN)
    assert own.status_code == 200
    assert "Ann Example" in own.text


def test_a_name_that_is_none_and_a_password_that_is_wrong_get_the_same_page(service: Service) -> None:
    made(service.accounts)
    wrong = service.browser().sign_in("Ann Example", "not the password")
    nobody = service.browser().sign_in("Ann Exampla", "not the password")
    assert wrong.status_code == nobody.status_code == 400
    assert wrong.text.replace("Ann Example", "…") == nobody.text.replace("Ann Exampla", "…")
    assert "not the password" not in wrong.text


def test_the_cookie_of_a_session_is_locked_down(service: Service, tmp_path: Path) -> None:
    made(service.accounts)
    cookie = service.browser().sign_in("Ann Example").headers["set-cookie"]
    assert cookie.startswith("soleus-session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/;" in cookie
    assert "Domain" not in cookie
    secure = Service(tmp_path, public_url="https://soleus.example")
    made(secure.accounts)
    cookie = secure.browser().sign_in("Ann Example").headers["set-cookie"]
    assert cookie.startswith("__Host-soleus-session=")
    assert "Secure" in cookie


def test_the_store_holds_no_secret_of_a_session(service: Service) -> None:
    made(service.accounts)
    browser = service.browser()
    browser.sign_in("Ann Example")
    secret = browser.client.cookies["soleus-session"]
    assert len(secret) == 43  # 256 bits in base64
    kept = repr(vars(service.store))
    assert secret not in kept
    assert PASSWORD not in kept


def test_a_browser_that_signs_in_again_has_one_session(service: Service) -> None:
    account = made(service.accounts)
    browser = service.browser()
    browser.sign_in("Ann Example")
    first = browser.client.cookies["soleus-session"]
    browser.sign_in("Ann Example")
    assert browser.client.cookies["soleus-session"] != first
    assert len(service.store.sessions(account.id)) == 1


def test_signing_out_ends_the_session_and_not_only_the_cookie(service: Service) -> None:
    browser = service.as_("Ann Example")
    secret = browser.client.cookies["soleus-session"]
    assert browser.send("/account/sign-out").status_code == 303
    assert "soleus-session" not in browser.client.cookies
    browser.client.cookies["soleus-session"] = secret
    assert browser.get(OWN).status_code == 303


def test_too_many_failures_are_told_with_the_time_to_wait(service: Service) -> None:
    made(service.accounts)
    for _ in range(5):
        assert service.browser().sign_in("Ann Example", "no").status_code == 400
    answer = service.browser().sign_in("Ann Example", PASSWORD)
    assert answer.status_code == 429
    assert "too many tries" in answer.text
    service.clock.pass_(seconds=2)
    assert service.browser().sign_in("Ann Example", PASSWORD).status_code == 303


@pytest.mark.parametrize(
    "told",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/a\nb",
        "/ evil",
        "evil",
        "",
        "/account/sign-in?next=/x",
        "/" + "x" * 501,
        "http://[",
        "/\tevil",
    ],
)
def test_only_a_path_of_this_service_is_gone_to(told: str) -> None:
    assert own_path(told) == OWN


def test_a_path_of_this_service_is_kept_whole() -> None:
    assert own_path("/review/fact/x?sort=date#top") == "/review/fact/x?sort=date#top"


def test_the_sign_in_page_shows_hostile_text_as_text(service: Service) -> None:
    answer = service.browser().sign_in('"><script>x</script>', "no")
    assert "<script>x" not in answer.text
    assert "&lt;script&gt;" in answer.text


# --- forms that act ---------------------------------------------------------------------------------------------------


def test_every_form_that_acts_needs_the_token_of_its_session(service: Service) -> None:
    admin = service.as_("Root Admin", "administrator")
    other = service.as_("Ann Example", email="ann@x.example")
    account = service.store.account_named("Ann Example")
    assert account is not None
    before = repr(vars(service.store))
    paths = [r.path for r in _routes(service) if r.path.startswith("/account") and "POST" in r.methods]
    acts = [
        p.replace("{id}", account.id) for p in paths if p not in ("/account/sign-in", "/account/invitation/{secret}")
    ]
    assert len(acts) >= 12
    for path in acts:
        for token in ("", "x", other.token()):
            sent = admin.client.post(path, data={"form_token": token, "do": "lock", "name": "Mallory"})
            assert sent.status_code == 400, path
            assert "no sign that a page of yours sent it" in sent.text
    assert repr(vars(service.store)) == before


def _routes(service: Service) -> list[Any]:
    from soleus.web import accounts as signing
    from soleus.web import accounts_admin, accounts_own
    from soleus.web.cookies import SessionCookie
    from soleus.web.site import Site

    site: Any = Site.__new__(Site)
    object.__setattr__(site, "accounts", service.accounts)
    object.__setattr__(site, "cookie", SessionCookie(False))
    return [r for m in (signing, accounts_own, accounts_admin) for r in m.router(site).routes]


def test_who_is_not_signed_in_is_led_to_the_door_or_told(service: Service) -> None:
    browser = service.browser()
    assert browser.get("/account/audit").status_code == 303
    sent = browser.client.post("/account/name", data={"name": "Mallory"})
    assert sent.status_code == 401
    assert "/account/sign-in" in sent.text


def test_who_is_no_administrator_sees_and_changes_nothing(service: Service) -> None:
    ann = service.as_("Ann Example", "reader", "learner", "reviewer")
    account = service.store.account_named("Ann Example")
    assert account is not None
    for path in ("/account/people", f"/account/people/{account.id}", "/account/groups", "/account/audit"):
        answer = ann.get(path)
        assert answer.status_code == 403
        assert "Your account may not do this" in answer.text
    sent = ann.send(f"/account/people/{account.id}", do="grant", role="administrator")
    assert sent.status_code == 403
    assert service.store.account(account.id) == account


# --- one's own page ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "leads"),
    [
        ("reader", ["/review/mine"]),
        ("learner", ["/learn", "/review/mine"]),
        ("reviewer", ["/review", "/review/mine"]),
        (
            "administrator",
            ["/review/mine", "/account/people", "/account/groups", "/account/audit", "/population"],
        ),
    ],
)
def test_ones_page_leads_to_what_ones_roles_are_for(service: Service, role: str, leads: list[str]) -> None:
    page = service.as_("Ann Example", role).get(OWN).text
    chips = page.partition('<ul class="chips">')[2].partition("</ul>")[0]
    assert re.findall(r'href="([^"]+)"', chips) == leads


def test_the_name_is_changed_and_one_that_is_taken_is_not(service: Service) -> None:
    made(service.accounts, "Bob Example")
    ann = service.as_("Ann Example")
    assert ann.send("/account/name", name="  Ann   Other ").status_code == 303
    assert "Ann Other" in ann.get(OWN).text
    taken = ann.send("/account/name", name="BOB example")
    assert taken.status_code == 400
    assert "taken" in taken.text


def test_a_new_password_ends_all_other_sessions(service: Service) -> None:
    ann = service.as_("Ann Example")
    second = service.browser()
    second.sign_in("Ann Example")
    old = ann.client.cookies["soleus-session"]
    changed = ann.send("/account/password", password=PASSWORD, new=ANOTHER, again=ANOTHER)
    assert changed.status_code == 303
    assert ann.get(OWN).status_code == 200
    assert ann.client.cookies["soleus-session"] != old
    assert second.get(OWN).status_code == 303
    assert service.browser().sign_in("Ann Example", PASSWORD).status_code == 400
    assert service.browser().sign_in("Ann Example", ANOTHER).status_code == 303


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"password": "wrong", "new": ANOTHER, "again": ANOTHER}, "does not fit"),
        ({"password": PASSWORD, "new": ANOTHER, "again": ANOTHER + "x"}, "two that differ"),
        ({"password": PASSWORD, "new": "short", "again": "short"}, "fewer than 15"),
        ({"password": PASSWORD, "new": "annexample12345", "again": "annexample12345"}, "guessed first"),
    ],
)
def test_a_password_that_is_not_taken_is_told_and_nothing_changes(
    service: Service, fields: dict[str, str], told: str
) -> None:
    ann = service.as_("Ann Example")
    answer = ann.send("/account/password", **fields)
    assert answer.status_code in (400, 403)
    assert told in answer.text
    assert not any(f in answer.text for f in (ANOTHER, PASSWORD))
    assert service.browser().sign_in("Ann Example").status_code == 303


def test_sessions_are_listed_in_coarse_words_and_each_can_be_ended(service: Service) -> None:
    ann = service.as_("Ann Example")
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) Version/19.1 Mobile/15E148 Safari/604.1"
    phone = service.browser()
    phone.client.headers["user-agent"] = agent
    phone.sign_in("Ann Example")
    page = ann.get(OWN).text
    assert "Safari on an iPhone" in page
    assert "19_1" not in repr(vars(service.store))
    id = next(s.id for s in service.store.sessions(_id(service, "Ann Example")) if "iPhone" in s.device)
    assert ann.send("/account/sessions/end", session=id).status_code == 303
    assert phone.get(OWN).status_code == 303
    assert ann.get(OWN).status_code == 200


def _id(service: Service, name: str) -> str:
    found = service.store.account_named(name)
    assert found is not None
    return found.id


def test_a_session_of_somebody_else_cannot_be_ended(service: Service) -> None:
    ann, bob = service.as_("Ann Example"), service.as_("Bob Example")
    theirs = service.store.sessions(_id(service, "Bob Example"))[0].id
    ann.send("/account/sessions/end", session=theirs)
    assert bob.get(OWN).status_code == 200


def test_all_other_sessions_end_at_once(service: Service) -> None:
    ann, second = service.as_("Ann Example"), service.browser()
    second.sign_in("Ann Example")
    ann.send("/account/sessions/end-others")
    assert second.get(OWN).status_code == 303
    assert ann.get(OWN).status_code == 200


def test_the_copy_holds_all_that_is_kept_and_no_secret(service: Service) -> None:
    ann = service.as_("Ann Example", "reader", "learner", email="ann@x.example")
    id = _id(service, "Ann Example")
    service.store.append(Event("learning", "case:1", "answered", id, 1.0, {"choice": "cramp"}))
    service.store.append(Event("learning", "case:1", "answered", "somebody-else", 1.0, {"choice": "secret"}))
    answer = ann.send("/account/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="soleus-account.json"'
    told = json.loads(answer.content)
    assert told["account"]["email"] == "ann@x.example"
    assert told["account"]["roles"] == ["learner", "reader"]
    assert [e["with"] for e in told["did"]["learning"]] == [{"choice": "cramp"}]
    assert len(told["sessions"]) == 1
    assert {"account_made", "signed_in", "exported"} == {e["did"] for e in told["audit"]}
    kept = service.store.password(id)
    assert kept is not None
    for secret in (kept, ann.client.cookies["soleus-session"], service.store.sessions(id)[0].id):
        assert secret not in answer.text


def test_deletion_erases_account_sessions_and_learning_and_keeps_what_was_signed(service: Service) -> None:
    ann = service.as_("Ann Example")
    id = _id(service, "Ann Example")
    service.store.append(Event("learning", "case:1", "answered", id, 1.0))
    service.store.append(Event("review", "fact:a", "approved", id, 1.0, {"name": "Ann Example"}))
    refused = ann.send("/account/delete", password="wrong")
    assert refused.status_code == 403
    answer = ann.send("/account/delete", password=PASSWORD)
    assert answer.headers["location"] == "/account/deleted"
    assert service.store.account(id) is None
    assert service.store.sessions(id) == ()
    assert service.store.events("learning", author=id) == ()
    assert [e.body["name"] for e in service.store.events("review")] == ["Ann Example"]
    assert "Ann Example" not in repr(service.store.events("audit"))
    assert ann.get(OWN).status_code == 303
    assert service.browser().sign_in("Ann Example").status_code == 400


# --- administrators ---------------------------------------------------------------------------------------------------


def link_of(page: Any) -> str:
    found = re.search(r"/account/invitation/[\w-]+", page.text)
    assert found is not None
    return found[0]


def test_an_invitation_makes_one_account_with_its_roles(service: Service) -> None:
    admin = service.as_("Root Admin", "administrator")
    link = link_of(admin.send("/account/people/invite", email="eve@x.example", role=["reader", "reviewer"]))
    assert link.rsplit("/", 1)[1] not in repr(vars(service.store))
    eve = service.browser()
    assert "eve@x.example" in eve.get(link).text
    made_ = eve.client.post(link, data={"name": "Eve Example", "new": PASSWORD, "again": PASSWORD})
    assert made_.headers["location"] == "/account"
    found = service.store.account_named("eve@x.example")
    assert found is not None
    assert found.roles == {"reader", "reviewer"}
    assert eve.get(OWN).status_code == 200
    again = service.browser().client.post(link, data={"name": "Eve Two", "new": PASSWORD, "again": PASSWORD})
    assert again.status_code == 404
    assert service.store.account_named("Eve Two") is None


def test_an_invitation_waits_while_what_is_typed_cannot_be_and_ends_after_its_days(service: Service) -> None:
    admin = service.as_("Root Admin", "administrator")
    link = link_of(admin.send("/account/people/invite", role="reader"))
    browser = service.browser().client
    assert browser.post(link, data={"name": "Eve", "new": "short", "again": "short"}).status_code == 400
    assert browser.post(link, data={"name": "root ADMIN", "new": PASSWORD, "again": PASSWORD}).status_code == 400
    assert browser.get(link).status_code == 200
    service.clock.pass_(days=7)
    assert browser.get(link).status_code == 404
    assert browser.post(link, data={"name": "Eve", "new": PASSWORD, "again": PASSWORD}).status_code == 404


def test_an_invitation_can_be_taken_back(service: Service) -> None:
    admin = service.as_("Root Admin", "administrator")
    link = link_of(admin.send("/account/people/invite", role="reader"))
    admin.send("/account/people/recall", invitation=service.store.invitations()[0].id)
    assert service.browser().get(link).status_code == 404


def test_a_link_for_a_new_password_ends_sessions_and_lock_out(service: Service) -> None:
    admin, ann = service.as_("Root Admin", "administrator"), service.as_("Ann Example")
    for _ in range(6):
        service.browser().sign_in("Ann Example", "no")
    link = link_of(admin.send(f"/account/people/{_id(service, 'Ann Example')}", do="password_link"))
    fresh = service.browser()
    assert "Ann Example" in fresh.get(link).text
    assert fresh.client.post(link, data={"new": ANOTHER, "again": ANOTHER}).status_code == 303
    assert ann.get(OWN).status_code == 303
    assert service.browser().sign_in("Ann Example", ANOTHER).status_code == 303


def test_roles_are_given_and_taken_one_by_one(service: Service) -> None:
    admin = service.as_("Root Admin", "administrator")
    made(service.accounts)
    path = f"/account/people/{_id(service, 'Ann Example')}"
    admin.send(path, do="grant", role="reviewer")
    admin.send(path, do="withdraw", role="reader")
    found = service.store.account_named("Ann Example")
    assert found is not None
    assert found.roles == {"reviewer"}
    assert admin.send(path, do="grant", role="emperor").status_code == 400
    page = admin.get(path).text
    assert "gave a role" in page
    assert "role reviewer" in page


def test_a_locked_account_is_out_at_once_and_comes_back_when_unlocked(service: Service) -> None:
    admin, ann = service.as_("Root Admin", "administrator"), service.as_("Ann Example")
    path = f"/account/people/{_id(service, 'Ann Example')}"
    admin.send(path, do="lock")
    assert ann.get(OWN).status_code == 303
    refused = ann.sign_in("Ann Example")
    assert refused.status_code == 403
    assert "locked" in refused.text
    assert ann.sign_in("Ann Example", "wrong").status_code == 400  # who does not know the password learns nothing
    admin.send(path, do="unlock")
    assert ann.sign_in("Ann Example").status_code == 303


def test_administrators_cannot_lock_themselves_out(service: Service) -> None:
    admin = service.as_("Root Admin", "administrator")
    path = f"/account/people/{_id(service, 'Root Admin')}"
    for fields in ({"do": "lock"}, {"do": "delete"}, {"do": "withdraw", "role": "administrator"}):
        assert admin.send(path, **fields).status_code == 403
    assert admin.get("/account/people").status_code == 200


def test_a_group_is_made_joined_and_shown_with_its_licence(service: Service) -> None:
    admin, ann = service.as_("Root Admin", "administrator"), service.as_("Ann Example")
    licence = {"name": "Sleep Clinic", "from": "2026-01-01", "until": "2026-11-29"}
    assert admin.send("/account/groups", id="sleep-clinic", **licence).status_code == 303
    admin.send("/account/groups/sleep-clinic", do="join", account="ann example", part="instructor")
    assert "Sleep Clinic" in ann.get(OWN).text
    visitor = service.accounts.visitor(ann.client.cookies["soleus-session"])
    assert visitor is not None
    assert (visitor.group, visitor.instructor) == ("sleep-clinic", True)
    service.clock.pass_(days=1)
    ann.sign_in("Ann Example")
    assert "Not valid today." in ann.get(OWN).text
    visitor = service.accounts.visitor(ann.client.cookies["soleus-session"])
    assert visitor is not None
    assert (visitor.group, visitor.instructor) == (None, False)


def test_two_who_change_a_licence_at_once_lose_nothing(service: Service) -> None:
    admin = service.as_("Root Admin", "administrator")
    admin.send("/account/groups", id="clinic", name="Clinic", **{"from": "2026-01-01", "until": "2026-12-31"})
    seen = {"do": "change", "seen-name": "Clinic", "seen-from": "2026-01-01", "seen-until": "2026-12-31"}
    first = admin.send("/account/groups/clinic", **seen, name="Clinic", **{"from": "2026-01-01", "until": "2027-12-31"})
    second = admin.send(
        "/account/groups/clinic", **seen, name="Klinik", **{"from": "2026-01-01", "until": "2026-12-31"}
    )
    assert first.status_code == 303
    assert second.status_code == 409
    assert "31 December 2027" in second.text  # what the other did
    assert 'value="Klinik"' in second.text  # what was typed
    found = service.store.institution("clinic")
    assert found is not None
    assert (found.name, found.last_day) == ("Clinic", "2027-12-31")


def test_the_audit_log_says_who_did_what_and_holds_nothing_that_was_typed(service: Service) -> None:
    admin = service.as_("Root Admin", "administrator")
    typed = "my secret password in the wrong field"
    service.browser().sign_in(typed, "and another secret")
    made(service.accounts)
    admin.send(f"/account/people/{_id(service, 'Ann Example')}", do="grant", role="reviewer")
    page = admin.get("/account/audit").text
    for told in ("gave a role", "failed to sign in", "made the account", "Root Admin", "command-line"):
        assert told in page
    log = repr(service.store.events("audit"))
    for secret in ("secret", "Ann Example", "192.0.2", "testclient"):
        assert secret not in log


def test_the_audit_log_is_read_in_parts(service: Service) -> None:
    admin = service.as_("Root Admin", "administrator")
    for n in range(250):
        service.store.append(Event("audit", f"thing-{n}", "approved", "somebody", 1.0))
    first = admin.get("/account/audit").text
    assert "thing-249" in first
    assert "thing-20<" not in first
    older = re.search(r"/account/audit\?before=\d+", first)
    assert older is not None
    assert "thing-20<" in admin.get(older[0]).text
    assert admin.get("/account/audit?before=²").text == first


# --- reading stays anonymous ------------------------------------------------------------------------------------------


def test_the_name_stands_only_on_pages_that_ask_who_it_is(service: Service) -> None:
    ann = service.as_("Ann Example")
    assert "Ann Example" in ann.get(OWN).text
    for path in ("/", "/about", "/compare", "/desk", "/medicines", "/library", "/interview"):
        assert "Ann Example" not in ann.get(path).text
