"""Signing in by OpenID Connect against a small provider of the tests, and the attacks on it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.testclient import TestClient

from soleus.errors import UsageError
from soleus.service import providers
from soleus.service.app import create_app
from soleus.service.outside import Outside
from soleus.service.settings import Settings, load
from soleus.storage import MemoryRepository
from tests.accounts.people import PASSWORD, Clock, accounts, made
from tests.service.provider import CLIENT, ISSUER, OpenIdProvider

CALLBACK = "/account/openid/callback"


class Place:
    """The service with a provider in its settings."""

    def __init__(self, folder: Path, *, provider: dict[str, Any] | None = None, **settings: Any) -> None:
        self.store, self.clock = MemoryRepository(), Clock()
        self.provider = OpenIdProvider(self.clock().timestamp(), **(provider or {}))
        given = {"oidc_issuer": ISSUER, "oidc_client_id": CLIENT, "oidc_name": "Clinic"} | settings
        self.settings = load(data=folder, **given)
        outside = Outside(httpx.ASGITransport(self.provider.app()))
        self.app = create_app(self.settings, store=self.store, clock=self.clock, outside=outside)
        self.accounts = accounts(self.store, self.clock)

    def browser(self) -> TestClient:
        return TestClient(self.app, base_url="http://127.0.0.1:8000", follow_redirects=False)

    def back(self, browser: TestClient, next: str = "/desk", **otherwise: str) -> str:
        """Begin, sign in at the provider; the path that the browser is sent back to."""
        begun = browser.get("/account/openid", params={"next": next})
        assert begun.status_code == 303, begun.text
        parts = urlsplit(self.provider.allow(begun.headers["location"], **otherwise))
        return f"{parts.path}?{parts.query}"

    def signed_in(self, browser: TestClient | None = None) -> Any:
        browser = browser or self.browser()
        return browser.get(self.back(browser))

    def names(self) -> list[str]:
        return [a.name for a in self.store.accounts()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, oidc_create=True)


def test_the_first_sign_in_makes_an_account_and_the_next_finds_it(place: Place) -> None:
    browser = place.browser()
    assert "Sign in with Clinic" in browser.get("/account/sign-in").text
    answer = place.signed_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    assert "Ann Example" in browser.get("/account").text
    place.signed_in()
    account = place.store.account_named("ann@clinic.example")
    assert account is not None
    assert place.names() == ["Ann Example"]
    assert account.roles == {"reader", "learner"}
    assert place.store.password(account.id) is None


def test_without_a_provider_there_is_no_such_door(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path), store=MemoryRepository(), clock=Clock())
    browser = TestClient(app, base_url="http://localhost", follow_redirects=False)
    assert browser.get("/account/openid").status_code == 404
    assert "Sign in with" not in browser.get("/account/sign-in").text


def test_a_verified_address_leads_to_the_account_that_has_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    account = made(place.accounts, "Ann Elsewhere", ["reviewer"], "Ann@Clinic.example")
    assert place.signed_in().status_code == 303
    assert place.names() == ["Ann Elsewhere"]
    assert place.store.linked(ISSUER, "person-1") == account.id
    place.provider.claims = {"email": "new@clinic.example"}  # the person married; the identity is the same
    browser = place.browser()
    place.signed_in(browser)
    assert "Ann Elsewhere" in browser.get("/account").text


@pytest.mark.parametrize("verified", [False, None, "true", 1, "false"])
def test_an_address_that_is_not_verified_takes_over_no_account(tmp_path: Path, verified: Any) -> None:
    for create in (False, True):
        place = Place(tmp_path, oidc_create=create, provider={"claims": {"email_verified": verified}})
        account = made(place.accounts, "Ann Example", ["administrator"], "ann@clinic.example")
        answer = place.signed_in()
        assert answer.status_code == (303 if create else 403)
        assert place.store.sessions(account.id) == ()
        assert place.store.linked(ISSUER, "person-1") != account.id
        assert [a.email for a in place.store.accounts() if a.id != account.id] == [None] * create


def test_an_address_that_is_somebodys_name_takes_over_no_account(tmp_path: Path) -> None:
    place = Place(tmp_path, oidc_create=True, provider={"claims": {"email": "Ann Example"}})
    account = made(place.accounts, "Ann Example", ["administrator"], "ann@clinic.example")
    assert place.signed_in().status_code == 303
    assert place.store.sessions(account.id) == ()
    assert place.store.linked(ISSUER, "person-1") != account.id


def test_an_address_that_changed_hands_takes_over_no_account(place: Place) -> None:
    place.signed_in()
    account = place.store.account_named("ann@clinic.example")
    assert account is not None
    place.provider.claims = {"sub": "person-2"}
    answer = place.signed_in()
    assert answer.status_code == 403
    assert len(place.store.sessions(account.id)) == 1
    assert place.store.linked(ISSUER, "person-2") is None


def test_namesakes_get_accounts_of_their_own(place: Place) -> None:
    made(place.accounts, "Ann Example")
    place.signed_in()
    assert place.names() == ["Ann Example", "Ann Example 2"]


@pytest.mark.parametrize("name", [None, "", "\u202eeve", "x", "<b>", "ann@clinic.example", "N" * 500, ["a"]])
def test_whatever_name_is_told_the_account_has_one_that_can_be_shown(tmp_path: Path, name: Any) -> None:
    place = Place(tmp_path, oidc_create=True, provider={"claims": {"name": name}})
    browser = place.browser()
    assert place.signed_in(browser).status_code == 303
    assert "<b>" not in browser.get("/account").text.split("<h1>")[1].split("</h1>")[0]
    (told,) = place.names()
    assert 2 <= len(told) <= 60
    assert "@" not in told


def test_roles_of_the_settings_follow_the_claim_and_others_are_left(tmp_path: Path) -> None:
    roles = {"sleep-editors": "reviewer", "it": "administrator"}
    place = Place(tmp_path, oidc_create=True, oidc_roles=roles, provider={"claims": {"groups": ["sleep-editors", "x"]}})
    place.signed_in()
    account = place.store.account_named("ann@clinic.example")
    assert account is not None
    assert account.roles == {"reader", "learner", "reviewer"}
    place.provider.claims = {"groups": "it"}
    place.signed_in()
    assert place.store.account(account.id).roles == {"reader", "learner", "administrator"}  # type: ignore[union-attr]
    place.provider.claims = {}
    place.signed_in()
    assert place.store.account(account.id).roles == {"reader", "learner"}  # type: ignore[union-attr]


def test_a_locked_account_is_not_signed_in_to(place: Place) -> None:
    place.signed_in()
    (account,) = place.store.accounts()
    place.accounts.people.lock(account.id, who="command-line")
    assert place.signed_in().status_code == 403
    assert place.store.sessions(account.id) == ()


@pytest.mark.parametrize("ways", [("client_secret_basic", "client_secret_post"), ("client_secret_post",)])
def test_a_client_with_a_secret_proves_itself_and_the_secret_is_never_shown(
    tmp_path: Path, ways: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    secret = "s%cret &of=the:client"
    place = Place(tmp_path, oidc_create=True, oidc_client_secret=secret, provider={"secret": None, "ways": ways})
    place.provider.secret = "s%25cret%20%26of%3Dthe%3Aclient" if "client_secret_basic" in ways else secret
    with caplog.at_level(logging.DEBUG):
        assert place.signed_in().status_code == 303
    assert secret not in repr(place.settings) + repr(providers.load(place.settings)) + caplog.text


# --- attacks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of-another-sign-in"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"sub": None},
        {"sub": ""},
        {"iat": None},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(tmp_path: Path, claims: dict[str, Any]) -> None:
    place = Place(tmp_path, oidc_create=True, provider={"claims": claims})
    assert place.signed_in().status_code == 400
    assert place.store.accounts() == ()


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_an_id_token_that_is_not_signed_with_a_key_of_the_provider_is_refused(tmp_path: Path, algorithm: str) -> None:
    place = Place(tmp_path, oidc_create=True, provider={"algorithm": algorithm})
    assert place.signed_in().status_code == 400
    place.provider.algorithm = "ES256"
    place.provider.signing_key = ec.generate_private_key(ec.SECP256R1())
    assert place.signed_in().status_code == 400
    assert place.store.accounts() == ()


def test_a_state_of_another_browser_is_refused(place: Place) -> None:
    """Nobody can be signed in to somebody else's account by a link (login CSRF)."""
    mallory, victim = place.browser(), place.browser()
    link = place.back(mallory)
    assert victim.get(link).status_code == 400
    place.back(victim)
    assert victim.get(link).status_code == 400
    assert victim.get(link.replace("state=", "state=x")).status_code == 400
    assert place.store.accounts() == ()
    assert mallory.get(link).status_code == 303


def test_an_answer_is_used_once(place: Place) -> None:
    browser = place.browser()
    link = place.back(browser)
    sealed = browser.cookies["soleus-openid"]
    code = parse_qs(urlsplit(link).query)["code"][0]
    told = place.provider.codes[code]
    assert browser.get(link).status_code == 303
    assert "soleus-openid" not in browser.cookies
    browser.cookies["soleus-openid"] = sealed
    place.provider.codes[code] = told  # a provider that forgets what was used
    assert browser.get(link).status_code == 400
    assert len(place.store.sessions(place.store.accounts()[0].id)) == 1


def test_a_code_of_somebody_else_is_refused_by_pkce(place: Place) -> None:
    mallory, victim = place.browser(), place.browser()
    theirs = parse_qs(urlsplit(place.back(victim)).query)["code"][0]
    own = place.back(mallory)
    code = parse_qs(urlsplit(own).query)["code"][0]
    assert mallory.get(own.replace(code, theirs)).status_code == 502
    assert place.store.accounts() == ()


@pytest.mark.parametrize("otherwise", [{"iss": "https://evil.example"}, {"iss": ""}, {"code": ""}])
def test_an_answer_of_another_provider_or_without_a_code_is_refused(place: Place, otherwise: dict[str, str]) -> None:
    browser = place.browser()
    assert browser.get(place.back(browser, **otherwise)).status_code == 400


def test_who_is_not_let_in_there_is_told_so(place: Place) -> None:
    browser = place.browser()
    answer = browser.get(place.back(browser, code="", error="access_denied"))
    assert answer.status_code == 403
    assert "not let in there" in answer.text


def test_a_sign_in_that_waited_too_long_is_over(place: Place) -> None:
    browser = place.browser()
    link = place.back(browser)
    place.clock.pass_(minutes=10)
    place.provider.now = place.clock().timestamp()
    assert browser.get(link).status_code == 400


def test_a_cookie_that_is_not_ours_is_none(place: Place) -> None:
    browser = place.browser()
    link = place.back(browser)
    for cookie in ("", "x", "A" * 200, browser.cookies["soleus-openid"][:-4] + "AAAA"):
        browser.cookies.clear()
        browser.cookies["soleus-openid"] = cookie
        assert browser.get(link).status_code == 400


@pytest.mark.parametrize(
    "tells",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://login.clinic.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://login.clinic.example/#x"},
        {"code_challenge_methods_supported": ["plain"]},
    ],
    ids=str,
)
def test_a_provider_that_cannot_be_used_safely_is_not_used(tmp_path: Path, tells: dict[str, Any]) -> None:
    place = Place(tmp_path, provider={"tells": tells})
    assert place.browser().get("/account/openid").status_code == 502


def test_only_the_provider_of_the_settings_is_asked_and_not_for_each_knock(place: Place) -> None:
    for _ in range(3):
        place.browser().get("/account/openid", params={"iss": "https://evil.example", "next": "https://evil.example"})
    assert place.provider.asked == ["/realm/.well-known/openid-configuration"]


def test_afterwards_only_a_path_of_this_service_is_gone_to(place: Place) -> None:
    browser = place.browser()
    assert browser.get(place.back(browser, next="https://evil.example/")).headers["location"] == "/account"


def test_the_cookie_that_waits_is_locked_down_and_sealed(place: Place) -> None:
    begun = place.browser().get("/account/openid")
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    told = parse_qs(urlsplit(begun.headers["location"]).query)
    assert told["state"][0] not in cookie
    assert told["nonce"][0] not in cookie


def test_the_session_before_ends_with_a_new_sign_in(place: Place) -> None:
    account = made(place.accounts, "Bob Example")
    browser = place.browser()
    browser.post("/account/sign-in", data={"login": "Bob Example", "password": PASSWORD})
    place.signed_in(browser)
    assert place.store.sessions(account.id) == ()


def test_the_secret_of_the_client_is_not_printed_among_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from soleus.cli.serving import serve

    for name, value in (("ISSUER", ISSUER), ("CLIENT_ID", CLIENT), ("CLIENT_SECRET", "not-to-be-shown")):
        monkeypatch.setenv(f"SOLEUS_OIDC_{name}", value)
    serve(None, None, tmp_path, None, show=True)
    told = capsys.readouterr().out
    assert "SOLEUS_OIDC_CLIENT_SECRET=" in told
    assert "not-to-be-shown" not in told


# --- settings ---------------------------------------------------------------------------------------------------------


def test_an_issuer_needs_a_client_and_tls(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="belong together"):
        load(data=tmp_path, oidc_issuer=ISSUER)
    with pytest.raises(UsageError, match="without TLS"):
        providers.load(load(data=tmp_path, oidc_issuer="http://login.example", oidc_client_id="x"))
    with pytest.raises(UsageError, match="OIDC_ROLES"):
        load(data=tmp_path, oidc_issuer=ISSUER, oidc_client_id="x", oidc_roles={"it": "emperor"})
    assert providers.load(load(data=tmp_path)) is None
