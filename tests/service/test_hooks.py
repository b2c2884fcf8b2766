"""The service as an EHR meets it: discovery, calls, feedback, browsers, and reading what was not handed over."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from soleus.interop.cds_hooks import HOOKS
from soleus.service.outside import Outside
from tests.interop.bundles import bundle, patient
from tests.interop.cds_hooks.calls import CRAMPS, NIGHT_CRAMPS, NOTHING, draft, request
from tests.interop.cds_hooks.conforming import faults
from tests.service.conftest import Serve

SERVER = "http://127.0.0.1:8090/fhir"


def post(client: TestClient, hook: str, body: Any) -> Any:
    return client.post(f"/cds-services/soleus-{hook}", json=body)


def test_discovery(client: TestClient) -> None:
    found = client.get("/cds-services")
    assert found.headers["content-type"] == "application/json"
    assert faults("services", found.json()) == []


@pytest.mark.parametrize("hook", HOOKS)
def test_every_discovered_service_answers(client: TestClient, hook: str) -> None:
    assert post(client, hook, request(hook, NOTHING)).json() == {"cards": []}


def test_a_card_leaves_with_its_links_and_is_counted(client: TestClient) -> None:
    found = post(client, "order-sign", request("order-sign", CRAMPS, draft("quinine")))
    assert faults("response", found.json()) == []
    (card,) = found.json()["cards"]
    assert card["links"][0]["url"] == "http://127.0.0.1:8000/desk"
    assert 'soleus_judgements_total{way="hook"} 1.0' in client.get("/metrics").text


@pytest.mark.parametrize("prefetch", [None, {}, {"patient": patient()}])
def test_nothing_of_the_record_is_a_precondition_that_is_not_met(client: TestClient, prefetch: Any) -> None:
    found = post(client, "patient-view", request("patient-view", prefetch))
    assert found.status_code == 412
    assert found.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing", 404),
        ("nothing/feedback", 404),
        ("soleus-patient-view", 400),
    ],
)
def test_unknown_services_and_hooks(client: TestClient, path: str, status: int) -> None:
    found = client.post(f"/cds-services/{path}", json={**request("patient-view", NOTHING), "hook": "order-dispatch"})
    assert found.status_code == status
    assert found.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(b"{", "application/json", 400), (b"\xff", "application/json", 400), (b"{}", "text/plain", 415),
     (b"[" * 100_000, "application/json", 400), (b"[]", "application/json", 400)],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(client: TestClient, body: bytes, kind: str, status: int) -> None:
    found = client.post("/cds-services/soleus-patient-view", content=body, headers={"content-type": kind})
    assert found.status_code == status


def test_a_browser_of_another_site_may_ask_with_a_token(client: TestClient) -> None:
    ask = {
        "origin": "https://sandbox.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    asked = client.options("/cds-services/soleus-patient-view", headers=ask)
    assert asked.status_code == 200
    assert "authorization" in asked.headers["access-control-allow-headers"].lower()
    for found in (
        client.get("/cds-services", headers={"origin": "https://sandbox.example"}),
        client.post(
            "/cds-services/soleus-patient-view",
            json=request("patient-view", NOTHING),
            headers={"origin": "https://sandbox.example", "sec-fetch-site": "cross-site", "authorization": "Bearer x"},
        ),
    ):
        assert found.status_code == 200
        assert found.headers["access-control-allow-origin"] == "*"


def test_feedback_is_kept_once_and_counted(serve: Serve) -> None:
    client = serve()
    card = post(client, "order-sign", request("order-sign", CRAMPS, draft("quinine"))).json()["cards"][0]
    body = {
        "feedback": [
            {
                "card": card["uuid"],
                "outcome": "accepted",
                "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}],
                "outcomeTimestamp": "2026-11-29T12:01:00Z",
            }
        ]
    }
    for _ in range(2):
        found = client.post("/cds-services/soleus-order-sign/feedback", json=body)
        assert (found.status_code, found.content) == (200, b"")
    assert client.post("/cds-services/soleus-order-sign/feedback", json={"feedback": [{}]}).status_code == 400


# --- reading what was not handed over -----------------------------------------------------------------------------


class Server:
    """A FHIR server of a client; what it was asked, and with which token."""

    def __init__(self, **answers: Any) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.answers = answers
        self.elsewhere = ""

    @property
    def door(self) -> Outside:
        return Outside(httpx.MockTransport(self.answer))

    def answer(self, asked: httpx.Request) -> httpx.Response:
        self.asked.append((str(asked.url), asked.headers.get("authorization")))
        if self.elsewhere:
            return httpx.Response(302, headers={"location": self.elsewhere})
        kind = asked.url.path.split("/")[2]
        return httpx.Response(200, json=self.answers[kind]) if kind in self.answers else httpx.Response(404)


@pytest.fixture
def server() -> Server:
    return Server(Patient=patient(), Condition=bundle(NIGHT_CRAMPS))


@pytest.fixture
def reading(serve: Serve, server: Server) -> TestClient:
    """A client of a service that may read from the server."""
    return serve(outside=server.door)


def with_server(hook: str, prefetch: Any, server: str = SERVER, *drafts: Any) -> dict[str, Any]:
    granted = {"access_token": "t0ken", "token_type": "Bearer", "expires_in": 300, "scope": "user/*.rs", "subject": "s"}
    return {**request(hook, prefetch, *drafts), "fhirServer": server, "fhirAuthorization": granted}


def test_what_was_not_handed_over_is_read_with_the_token_of_the_client(server: Server, reading: TestClient) -> None:
    found = post(reading, "patient-view", with_server("patient-view", None))
    assert found.status_code == 200
    assert len(found.json()["cards"]) == 1
    assert ("http://127.0.0.1:8090/fhir/Patient/p", "Bearer t0ken") in server.asked
    assert "prescriptions (could not be read)" in found.json()["cards"][0]["detail"]


def test_nothing_is_read_that_was_handed_over_or_is_not_needed(server: Server, reading: TestClient) -> None:
    post(reading, "order-sign", with_server("order-sign", None, SERVER, draft("amoxicillin")))
    assert server.asked == []
    post(reading, "patient-view", with_server("patient-view", NOTHING))
    assert {a.split("/fhir/")[1].split("?")[0] for a, _ in server.asked} == {"AllergyIntolerance", "DocumentReference"}


@pytest.mark.parametrize(
    "address",
    [
        "https://ehr.example/fhir", "http://169.254.169.254/latest", "http://10.0.0.1/fhir", "file:///etc",
        "http://127.0.0.1.evil.example/fhir", "http://user@127.0.0.1/fhir", "https://[::ffff:a00:1]/fhir", "x",
    ],
)  # fmt: skip
def test_other_servers_are_not_read(server: Server, reading: TestClient, address: str) -> None:
    assert post(reading, "patient-view", with_server("patient-view", {}, address)).status_code == 412
    assert server.asked == []


def test_servers_of_the_settings_are_read_where_hooks_are_open(server: Server, serve: Serve) -> None:
    client = serve(outside=server.door, cds_fhir_servers=("https://ehr.example/fhir",))
    found = post(client, "patient-view", with_server("patient-view", {}, "https://ehr.example/fhir"))
    assert len(found.json()["cards"]) == 1
    assert server.asked


def test_a_server_that_sends_elsewhere_is_not_followed(server: Server, reading: TestClient) -> None:
    server.elsewhere = "http://169.254.169.254/"
    assert post(reading, "patient-view", with_server("patient-view", {})).status_code == 412
    assert not [a for a, _ in server.asked if not a.startswith(SERVER)]


def test_no_word_of_a_patient_is_said_in_errors(client: TestClient) -> None:
    marked = json.loads(json.dumps(request("patient-view", CRAMPS)).replace('"p"', '"ZANZIBAR"'))
    marked["context"]["patientId"] = {"ZANZIBAR": "ZANZIBAR"}
    found = post(client, "patient-view", marked)
    assert found.status_code == 400
    assert "ZANZIBAR" not in found.text
