"""What an attacker would try that no other test of the service tries."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.service.conftest import Serve

OUT = ["..", "%2e%2e", "..%2f", "%2e%2e%2f%2e%2e%2f", "....//", "..\\", "%5c..%5c", "%00", "/etc/passwd", "C:%5c"]


@pytest.mark.parametrize("step", OUT)
@pytest.mark.parametrize("base", ["/static/", "/static/soleus.css/", "/saved/", "/fhir/CodeSystem/", "/"])
def test_no_path_leads_out_of_the_assets(client: TestClient, base: str, step: str) -> None:
    answer = client.get(base + step + "/etc/passwd", follow_redirects=False)
    assert answer.status_code in (404, 410, 405)
    assert "root:" not in answer.text


#: Texts that make careless patterns run for ages: repetitions that almost fit.
HOSTILE = {
    "blanks": " " * 50_000 + "!",
    "letters": "a" * 50_000,
    "words": "cramp " * 9_000,
    "denials": "no " * 15_000 + "cramp",
    "numbers": "1." * 25_000,
    "digits": "9" * 50_000,
    "dates": "2026-01-01 " * 5_000,
    "quotes": '"' * 50_000,
    "brackets": "(" * 50_000,
    "hyphens": "-" * 50_000,
    "mixed": "aA1 -/." * 8_000,
    "accents": "e\u0301" * 25_000,
    "lines": "\n" * 50_000,
    "ages": "aged 6" * 8_000,
    "units": "mmol/" * 10_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_answered(serve: Serve, text: str) -> None:
    """By counting steps they would take hours; the limit of time is wide, because test machines are busy."""
    client = serve(max_seconds=100)
    answer = client.post("/api/v1/read", json={"note": text})
    assert answer.status_code == 200, answer.text[:200]


@pytest.mark.parametrize("text", [HOSTILE["words"], HOSTILE["numbers"], HOSTILE["brackets"]])
def test_hostile_names_are_answered(client: TestClient, text: str) -> None:
    case = {"findings": {"quality": "cramp"}, "medicines": [text], "conditions": [text], "id": text[:100]}
    assert client.post("/api/v1/assess", json={"case": case}).status_code == 200
    assert client.get("/api/v1/entry", params={"name": text[:200]}).status_code == 400


def test_json_that_is_none_of_the_usual(client: TestClient) -> None:
    for raw in (
        b"",
        b"null",
        b"NaN",
        b'{"case": NaN}',
        b"\xff\xfe",
        b'{"case": {}, "case": {}}',
        b"{}" * 2,
        b"[1e999]",
    ):
        answer = client.post("/api/v1/assess", content=raw, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 422), (raw, answer.status_code)


def test_more_of_anything_than_a_person_has_is_refused(client: TestClient) -> None:
    one = {"id": "c", "findings": {"quality": "cramp"}}
    for field, items in (
        ("medicines", ["furosemide"] * 501),
        ("conditions", ["asthma"] * 501),
        ("complaints", [one | {"id": f"c{n}"} for n in range(13)]),
        ("measurements", [{"name": "potassium", "value": 4, "unit": "mmol/L"}] * 501),
    ):
        answer = client.post("/api/v1/assess", json={"case": {"findings": {"quality": "cramp"}, field: items}})
        assert (answer.status_code, answer.json()["where"]) == (400, f"case: {field}")
