"""SMART launches against a small EHR of the tests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.testclient import TestClient

from soleus.service.app import create_app
from soleus.service.outside import Outside
from soleus.service.services import utc_now
from soleus.service.settings import Settings
from soleus.storage import MemoryRepository
from tests.service.ehr import CLIENT, ISS, Ehr

Launched = Callable[..., TestClient]


@pytest.fixture
def launched(tmp_path: Path) -> Iterator[Launched]:
    """Makes a browser at a service that knows the EHR."""
    opened: list[TestClient] = []

    def make(ehr: Ehr, clock: Any = utc_now, **client: Any) -> TestClient:
        file = tmp_path / "smart.json"
        file.write_text(json.dumps([{"iss": ISS, "client_id": CLIENT, "name": "Test EHR"} | client]))
        settings = Settings(data=tmp_path, smart_clients=file)
        outside = Outside(httpx.ASGITransport(ehr.app()))
        app = create_app(settings, store=MemoryRepository(), outside=outside, clock=clock)
        browser = TestClient(app, base_url="http://localhost:8000", follow_redirects=False)
        opened.append(browser.__enter__())
        return browser

    yield make
    for browser in opened:
        browser.__exit__(None, None, None)


def back(browser: TestClient, ehr: Ehr, launch: str | None = "xyz") -> str:
    """Launch, allow at the EHR; the address that the browser is sent back to."""
    begun = browser.get("/smart/launch", params={"iss": ISS} | ({"launch": launch} if launch else {}))
    assert begun.status_code == 302, begun.text
    return ehr.allow(begun.headers["location"])


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def test_a_launch_from_the_ehr_opens_the_desk_on_the_patient(launched: Launched) -> None:
    ehr = Ehr()
    browser = launched(ehr)
    page = browser.get(path_of(back(browser, ehr)))
    assert page.status_code == 200
    assert "ehr.example" in page.text  # where the record is from
    assert re.search(r"woman of 67", page.text, re.I)
    assert "data-explanation" in page.text
    assert "urosemide" in page.text
    told = next(iter(ehr.tokens))
    assert told not in page.text


def test_only_the_least_is_asked_for(launched: Launched) -> None:
    browser = launched(Ehr())
    begun = browser.get("/smart/launch", params={"iss": ISS, "launch": "xyz"})
    told = parse_qs(urlsplit(begun.headers["location"]).query)
    scopes = told["scope"][0].split()
    assert told["launch"] == ["xyz"]
    assert {"launch", "openid", "fhirUser"} < set(scopes)
    assert all(s.endswith(".rs") for s in scopes if "/" in s)  # to read and search, never to write
    assert "offline_access" not in scopes
    assert not any(s.startswith(("user/", "system/")) or "*" in s for s in scopes)
    alone = browser.get("/smart/launch", params={"iss": ISS})
    told = parse_qs(urlsplit(alone.headers["location"]).query)
    assert "launch" not in told
    assert "launch/patient" in told["scope"][0].split()


def test_a_standalone_launch_opens_the_desk_too(launched: Launched) -> None:
    ehr = Ehr()
    browser = launched(ehr)
    assert browser.get("/smart").text.count("Test EHR") == 1
    assert browser.get(path_of(back(browser, ehr, launch=None))).status_code == 200


def test_what_the_ehr_did_not_let_us_read_is_said(launched: Launched) -> None:
    ehr = Ehr(granted={"Patient", "Condition", "MedicationRequest"})
    browser = launched(ehr)
    page = browser.get(path_of(back(browser, ehr))).text
    assert "Observation" in page
    assert "DocumentReference" in page


def test_without_the_patient_there_is_no_desk(launched: Launched) -> None:
    for ehr in (
        Ehr(granted={"Condition"}),
        Ehr(patient=None),
        Ehr(patient="../Practitioner/1"),
        Ehr(broken={"Patient"}),
    ):
        browser = launched(ehr)
        page = browser.get(path_of(back(browser, ehr)))
        assert page.status_code == 502
        assert "data-explanation" not in page.text


def test_the_cookie_is_locked_down(launched: Launched) -> None:
    begun = launched(Ehr()).get("/smart/launch", params={"iss": ISS, "launch": "xyz"})
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=600" in cookie
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    assert state not in cookie  # sealed


def test_the_state_of_another_launch_is_refused(launched: Launched) -> None:
    ehr = Ehr()
    browser, other = launched(ehr), launched(ehr)
    address = back(browser, ehr)
    assert other.get(path_of(address)).status_code == 403  # a browser that began nothing
    back(other, ehr)
    assert other.get(path_of(address)).status_code == 400  # one that began another launch
    assert browser.get(path_of(address).replace("state=", "state=x")).status_code == 400
    assert browser.get(path_of(address).replace("state=", "state=%C3%A9")).status_code == 400
    assert browser.get(path_of(address)).status_code == 200


def test_a_launch_is_finished_once(launched: Launched) -> None:
    ehr = Ehr()
    browser = launched(ehr)
    address = path_of(back(browser, ehr))
    kept = dict(browser.cookies)
    assert browser.get(address).status_code == 200
    assert not browser.cookies
    browser.cookies.update(kept)
    assert browser.get(address).status_code == 400


def test_a_launch_that_waited_too_long_is_over(launched: Launched) -> None:
    import datetime

    late = datetime.timedelta()
    ehr = Ehr()
    browser = launched(ehr, clock=lambda: utc_now() + late)
    address = path_of(back(browser, ehr))
    late = datetime.timedelta(seconds=601)
    assert browser.get(address).status_code == 400


def test_the_answer_of_another_server_is_refused(launched: Launched) -> None:
    ehr = Ehr()
    browser = launched(ehr)
    address = path_of(back(browser, ehr)).replace("login.ehr.example", "evil.example")
    assert browser.get(address).status_code == 400


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "other"}, {"aud": "another-app"}, {"iss": "https://evil.example"}, {"exp": 1_000_000_000}],
)
def test_an_id_token_that_is_not_ours_is_refused(launched: Launched, claims: dict[str, Any]) -> None:
    ehr = Ehr(claims=claims)
    browser = launched(ehr)
    assert browser.get(path_of(back(browser, ehr))).status_code == 400


def test_an_id_token_of_another_key_is_refused(launched: Launched) -> None:
    ehr = Ehr(signing_key=ec.generate_private_key(ec.SECP384R1()))
    browser = launched(ehr)
    assert browser.get(path_of(back(browser, ehr))).status_code == 400


def test_a_server_without_pkce_is_not_used(launched: Launched) -> None:
    begun = launched(Ehr(pkce=False)).get("/smart/launch", params={"iss": ISS, "launch": "xyz"})
    assert begun.status_code == 502


@pytest.mark.parametrize(
    "iss",
    [
        "https://evil.example/fhir",
        "http://127.0.0.1:1/fhir",
        "http://169.254.169.254",
        "https://ehr.example/fhir/../x",
        "https://ehr.example@evil.example/fhir",
        "",
    ],
)
def test_a_server_that_is_not_in_the_settings_is_never_asked(launched: Launched, iss: str) -> None:
    ehr = Ehr()
    assert launched(ehr).get("/smart/launch", params={"iss": iss, "launch": "x"}).status_code == 403
    assert ehr.asked == []


def test_a_refusal_at_the_ehr_is_told_calmly(launched: Launched) -> None:
    ehr = Ehr()
    browser = launched(ehr)
    told = {k: v[0] for k, v in parse_qs(urlsplit(back(browser, ehr)).query).items()}
    page = browser.get("/smart/callback", params={"state": told["state"], "error": "access_denied<b>"})
    assert page.status_code == 502
    assert "<b>" not in page.text


def test_a_client_with_a_secret_and_one_with_a_key(launched: Launched, tmp_path: Path) -> None:
    ehr = Ehr(secret="s3cr:t")
    ehr.secret = "s3cr%3At"  # as RFC 6749 writes it in the header
    browser = launched(ehr, client_secret="s3cr:t")
    assert browser.get(path_of(back(browser, ehr))).status_code == 200
    key = ec.generate_private_key(ec.SECP384R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    ehr = Ehr(public_key=key.public_key())
    browser = launched(ehr, private_key=str(tmp_path / "key.pem"), key_id="k")
    assert browser.get(path_of(back(browser, ehr))).status_code == 200
    assert jwt.__version__


def test_a_secret_is_not_printed() -> None:
    from soleus.service.smart_clients import SmartClient

    client = SmartClient(iss=ISS, client_id=CLIENT, client_secret="s3cret")
    assert "s3cret" not in repr(client) + str(client)
