"""What stands before every request."""

from __future__ import annotations

import gzip
import threading
from typing import Any

import anyio
import pytest
from starlette.testclient import TestClient

from soleus.service.guard import Guard
from soleus.service.metrics import Metrics
from soleus.service.problems import problem
from soleus.service.settings import Settings
from tests.service.conftest import Serve

OTHER_SITE = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}


@pytest.mark.parametrize("path", ["/", "/health", "/api/v1/entry?name=cramp", "/nothing", "/fhir/nothing", "/static/x"])
def test_every_answer_carries_the_headers_that_keep_it_in_its_place(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy  # no other host
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_assets_alone_are_cached_and_under_a_name_that_changes_with_them(client: TestClient) -> None:
    page = client.get("/").text
    style = page.split('rel="stylesheet" href="')[1].split('"')[0]
    found = client.get(style)
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert found.headers["content-type"] == "text/css; charset=utf-8"


def test_transport_security_is_announced_behind_tls_only(serve: Serve) -> None:
    assert "strict-transport-security" not in serve().get("/health").headers
    secure = serve(tls_cert="cert.pem", tls_key="key.pem")
    assert secure.get("/health").headers["strict-transport-security"] == "max-age=31536000"


def test_a_large_body_is_refused_with_or_without_a_length(serve: Serve) -> None:
    client = serve(max_body=10_000)
    large = b'{"note": "' + b"a" * 10_000 + b'"}'
    json = {"content-type": "application/json"}
    told = client.post("/api/v1/read", content=large, headers=json)
    assert (told.status_code, told.json()["code"]) == (413, "unreadable_input")
    pieces = client.post("/api/v1/read", content=iter([large[:6000], large[6000:]]), headers=json)
    assert pieces.status_code == 413
    assert client.post("/api/v1/read", content=b'{"note": "cramp"}', headers=json).status_code == 200


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "99999999999999999999"])
def test_a_length_that_is_none_is_refused(client: TestClient, length: str) -> None:
    told = client.post("/api/v1/read", content=b"{}", headers={"content-length": length})
    assert told.status_code == 413


def test_a_packed_body_is_not_unpacked(client: TestClient) -> None:
    bomb = gzip.compress(b"0" * 1_000_000)
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert client.post("/api/v1/read", content=bomb, headers=headers).status_code == 415


@pytest.mark.parametrize("nested", [b"[" * 1_500, b'{"a":' * 1_500, b"[" * 100_000])
@pytest.mark.parametrize("path", ["/api/v1/assess", "/fhir/$assess", "/fhir/Questionnaire/$next-question"])
def test_deep_bodies_are_errors_of_the_sender(client: TestClient, nested: bytes, path: str) -> None:
    kind = "application/json" if path.startswith("/api") else "application/fhir+json"
    told = client.post(path, content=nested, headers={"content-type": kind})
    assert told.status_code == 400


def test_another_name_of_the_host_is_refused(serve: Serve) -> None:
    assert serve().get("/health", headers={"host": "evil.example"}).status_code == 421
    assert serve().get("/health", headers={"host": "127.0.0.1:8000"}).status_code == 200
    public = serve(public_url="https://legs.example", trusted_proxies=("127.0.0.1",), host="10.0.0.5")
    assert public.get("/health", headers={"host": "legs.example"}).status_code == 200
    assert public.get("/health", headers={"host": "localhost"}).status_code == 421


def test_one_address_may_ask_so_often_a_minute_and_no_more(serve: Serve) -> None:
    limited = serve(rate_per_minute=5)
    far = TestClient(limited.app, base_url="http://localhost", client=("192.0.2.7", 1))
    assert [far.get("/health").status_code for _ in range(7)] == [200] * 5 + [429] * 2
    assert far.get("/health").headers["retry-after"] == "60"
    near = TestClient(limited.app, base_url="http://localhost", client=("127.0.0.1", 1))
    assert [near.get("/health").status_code for _ in range(9)] == [200] * 9  # this machine is not limited


def test_one_address_knocks_at_the_doors_of_accounts_so_often_a_minute_and_no_more(serve: Serve) -> None:
    limited = serve(sign_in_per_minute=3)
    far = TestClient(limited.app, base_url="http://localhost", client=("192.0.2.7", 1))
    doors = ["/account/sign-in", "/account/invitation/x", "/account/sign-in"]
    assert [far.post(door, data={"login": "a"}).status_code for door in doors] == [400, 404, 400]
    assert far.post("/account/sign-in").status_code == 429
    assert far.get("/account/openid").status_code == 429  # would ask another server
    assert far.get("/account/sign-in").status_code == 200
    assert far.get("/").status_code == 200
    other = TestClient(limited.app, base_url="http://localhost", client=("192.0.2.8", 1))
    assert other.post("/account/sign-in").status_code == 400


@pytest.mark.parametrize("path", ["/interview", "/result", "/desk", "/account/sign-in", "/account/invitation/x"])
def test_a_form_of_another_site_is_refused(client: TestClient, path: str) -> None:
    assert client.post(path, data={}, headers=OTHER_SITE).status_code == 403
    assert client.post(path, data={}, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post(path, data={}, headers={"sec-fetch-site": "same-site"}).status_code == 403


@pytest.mark.parametrize("path", ["/api/v1/assess", "/cds-services", "/fhir/metadata"])
def test_other_origins_may_call_the_interfaces_of_machines_without_cookies(client: TestClient, path: str) -> None:
    asked = {
        "origin": "https://sandbox.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    told = client.options(path, headers=asked)
    assert told.status_code == 200
    assert told.headers["access-control-allow-origin"] == "*"
    assert "authorization" in told.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in told.headers
    assert "access-control-allow-origin" not in client.get("/", headers={"origin": "https://sandbox.example"}).headers


def test_only_the_origins_of_the_settings_may_call(serve: Serve) -> None:
    client = serve(cors_origins=("https://ehr.example",))
    good = client.get("/api/v1/entry?name=cramp", headers={"origin": "https://ehr.example"})
    assert good.headers["access-control-allow-origin"] == "https://ehr.example"
    bad = client.get("/api/v1/entry?name=cramp", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in bad.headers


def test_a_fault_of_ours_is_a_plain_answer_and_a_place_in_the_log(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("PATIENT-DETAIL")

    monkeypatch.setattr("soleus.service.api.answers.entry", broken)
    told = client.get("/api/v1/entry?name=cramp")
    assert told.status_code == 500
    assert told.json()["code"] == "defect"
    assert "PATIENT-DETAIL" not in told.text
    assert any(r.exc_info for r in caplog.records)


def asked(guard: Guard, receive: Any) -> list[Any]:
    sent: list[Any] = []
    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/read", "scheme": "http", "query_string": b"",
        "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 5), "server": ("localhost", 8000),
    }  # fmt: skip

    async def run() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        await guard(scope, receive, send)

    anyio.run(run)
    return sent


async def reads_all(_: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_a_body_that_trickles_in_is_given_up() -> None:
    guard = Guard(reads_all, Settings(max_seconds=0.2), Metrics(), problem)

    async def trickle() -> Any:
        await anyio.sleep(0.05)
        return {"type": "http.request", "body": b"a", "more_body": True}

    assert asked(guard, trickle)[0]["status"] == 408


def test_a_crowd_is_told_to_come_back() -> None:
    guard = Guard(reads_all, Settings(max_waiting=1), Metrics(), problem)
    guard._waiting = 1  # one is in work already

    async def at_once() -> Any:
        return {"type": "http.request", "body": b""}

    sent = asked(guard, at_once)
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"1") in sent[0]["headers"]


def test_work_that_takes_too_long_is_answered_in_time(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    client = serve(max_seconds=0.2)
    monkeypatch.setattr("soleus.service.api._read", lambda *_, **__: over.wait(20))
    try:
        assert client.post("/api/v1/read", json={"note": "cramp"}).status_code == 503
    finally:
        over.set()
