"""No word of a patient in logs, metrics or errors: marked strings through every endpoint, then a search for them."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from soleus.interop.handover import packed
from soleus.service.guard import Guard
from soleus.service.logs import JsonLines, configure
from tests.service.conftest import Serve

MARK = "Xyzzymark7"
MARKED_CASE = {
    "id": MARK,
    "person": {"age": 61, "sex": "female"},
    "findings": {"quality": "cramp", "site": "calf"},
    "conditions": [MARK, {"name": MARK, "code": MARK}],
    "medicines": [MARK, {"name": f"furosemide {MARK}"}],
}
PATIENT = {"resourceType": "Patient", "id": MARK, "name": [{"family": MARK}], "birthDate": "1960-01-01"}
BUNDLE = {
    "resourceType": "Bundle",
    "type": "collection",
    "id": MARK,
    "entry": [
        {"resource": PATIENT},
        {
            "resource": {
                "resourceType": "Condition",
                "subject": {"reference": f"Patient/{MARK}"},
                "code": {"text": MARK},
            }
        },
        {"resource": {"resourceType": "DocumentReference", "content": [{"attachment": {"data": MARK, "url": MARK}}]}},
    ],
}
HOOK = {
    "hook": MARK,
    "hookInstance": "00000000-0000-4000-8000-000000000000",
    "fhirServer": f"https://{MARK}.example",
    "context": {"userId": f"Practitioner/{MARK}", "patientId": MARK},
    "prefetch": {"patient": PATIENT, MARK: BUNDLE},
}
RESPONSE = {"resourceType": "QuestionnaireResponse", "status": "in-progress", "id": MARK, "questionnaire": MARK}
STATE = packed({"case": MARKED_CASE, "respondent": "self"})
BROKEN_STATE = packed({"case": MARKED_CASE, MARK: 1})
JSON_BODIES: tuple[Any, ...] = (
    MARKED_CASE,
    {"case": MARKED_CASE},
    {"case": {"findings": {MARK: MARK, "quality": MARK}, MARK: MARK}},
    {"case": {"findings": {"quality": "cramp"}, "setting": MARK, "pretest": {MARK: 0.5}}},
    {"note": f"My calf cramps at night. I am {MARK} and take {MARK}."},
    {MARK: MARK},
    {"case": MARKED_CASE, "explanation": MARK, "against": MARK, "skip": [MARK], "audience": MARK},
    BUNDLE,
    {
        "resourceType": "Parameters",
        "parameter": [{"name": "r", "resource": BUNDLE}, {"name": MARK, "valueString": MARK}],
    },
    RESPONSE,
    HOOK,
    {**HOOK, "hook": "patient-view"},
    {"feedback": [{"card": MARK, "outcome": MARK, "overrideReason": {"userComment": MARK}}]},
    MARK,
    [MARK],
)
FORMS: tuple[dict[str, str], ...] = (
    {"state": STATE},
    {"state": BROKEN_STATE},
    {"state": MARK},
    {"state": STATE, "reply": MARK, "question": MARK, "audience": MARK, "text": MARK, "note": MARK, "medicines": MARK},
    {"note": f"My calf cramps at night. I am {MARK}.", "respondent": MARK, "code": MARK, "age": MARK},
    {"login": MARK, "password": MARK, "name": MARK, "email": MARK, "new": MARK, "again": MARK, "form_token": MARK},
)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What would stand in the log, at its most talkative."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    configure("debug")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root.handlers[:] = [handler]
    for name in ("httpx", "httpcore", "asyncio", "multipart", "python_multipart"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield stream
    root.handlers[:], root.level = before


def routes(client: TestClient) -> list[tuple[str, str]]:
    """(method, address) of every route, with the mark in the place of each parameter."""
    app: Any = client.app
    assert isinstance(app, Guard)
    inner = app._app.__closure__
    found = next(c.cell_contents for c in inner or () if hasattr(c.cell_contents, "routes"))
    out = []
    for route in found.routes:
        if isinstance(route, Route):
            path = "/".join(MARK if part.startswith("{") else part for part in route.path.split("/"))
            out += [(method, path) for method in sorted(route.methods or ())]
    assert len(out) > 60  # JSON, FHIR, hooks, launches and every page
    return out


def visits(client: TestClient) -> Iterator[tuple[str, Any]]:
    """Every endpoint with every kind of marked content: (what was asked, the answer)."""
    for method, path in routes(client):
        query = (
            f"?first={MARK}&second={MARK}&name={MARK}&iss={MARK}&launch={MARK}&code={MARK}&state={MARK}&{MARK}={MARK}"
        )
        yield f"{method} {path}", client.request(method, path + query, headers={"authorization": f"Bearer {MARK}"})
        if method != "POST":
            continue
        kind = "application/json" if path.startswith(("/api", "/cds")) else "application/fhir+json"
        for body in JSON_BODIES:
            raw = json.dumps(body).encode()
            yield f"{method} {path} JSON", client.post(path, content=raw, headers={"content-type": kind})
        for form in FORMS:
            yield f"{method} {path} form", client.post(path, data=form)
        files = {"file": (f"{MARK}.json", json.dumps(BUNDLE).encode())}
        yield f"{method} {path} file", client.post(path, files=files)
    yield "GET nothing", client.get(f"/{MARK}/{quote(MARK)}")


def test_a_mark_goes_through_every_endpoint_and_is_found_nowhere(serve: Serve, lines: io.StringIO) -> None:
    client = serve(max_seconds=60)
    until = time.monotonic() + 60
    while client.get("/ready").status_code == 503 and time.monotonic() < until:
        time.sleep(0.1)
    seen, faults, told = 0, [], []
    for what, answer in visits(client):
        seen += 1
        if answer.status_code >= 500:
            faults.append((what, answer.status_code))
        own_form = 'role="alert"' in answer.text  # a form that comes back with what its visitor typed
        if answer.status_code >= 400 and not own_form and MARK.lower() in answer.text.lower():
            told.append((what, answer.status_code, answer.text[:300]))
    assert faults == []
    assert told == []
    log = lines.getvalue()
    assert log.count('"event": "request"') >= seen
    assert MARK.lower() not in log.lower()
    assert MARK.lower() not in client.get("/metrics").text.lower()


def test_the_log_names_routes_and_not_addresses(client: TestClient, lines: io.StringIO) -> None:
    client.get(f"/saved/{MARK}")
    client.get(f"/static/{MARK}.css")
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [r["route"] for r in logged if r.get("event") == "request"][-1] == "/static/{name}"


def test_a_fault_is_logged_by_its_place_and_not_its_message(lines: io.StringIO) -> None:
    try:
        raise ValueError(MARK)
    except ValueError:
        logging.getLogger("soleus.service").exception("fault", extra={"event": "fault"})
    (line,) = lines.getvalue().splitlines()
    found = json.loads(line)
    assert (found["error"], found["event"]) == ("ValueError", "fault")
    assert found["at"][-1].endswith("test_a_fault_is_logged_by_its_place_and_not_its_message")
    assert MARK not in line


def test_messages_of_libraries_are_not_shown(lines: io.StringIO) -> None:
    logging.getLogger("httpx").warning("GET https://ehr.example/Patient?name=%s", MARK)
    logging.getLogger("multipart").error(f"bad part {MARK}")
    assert MARK not in lines.getvalue()
    assert len(lines.getvalue().splitlines()) == 2
