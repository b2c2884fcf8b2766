"""The one door to the outside opens only to what is configured."""

from __future__ import annotations

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soleus.errors import ServiceError
from soleus.service.outside import MOST_BYTES, Outside, allowed

BASE = "https://ehr.example/fhir"


@pytest.mark.parametrize(
    "url", [BASE, f"{BASE}/", f"{BASE}/Patient/1", f"{BASE}/Condition?patient=1", "https://ehr.example:443/fhir/x"]
)
def test_what_lies_under_a_base_is_allowed(url: str) -> None:
    base = BASE if ":443" not in url else "https://ehr.example:443/fhir"
    assert allowed(url, [base])


@pytest.mark.parametrize(
    "url",
    [
        "http://ehr.example/fhir/Patient/1",  # another scheme
        "https://ehr.example.evil.example/fhir",
        "https://ehr.example@evil.example/fhir",
        "https://evil.example#@ehr.example/fhir",
        "https://evil.example\\@ehr.example/fhir",
        "https://user@ehr.example/fhir",
        "https://ehr.example:8443/fhir",
        "https://ehr.example/fhirish",
        "https://ehr.example/fhir/../admin",
        "https://ehr.example/fhir/%2e%2e/admin",
        "https://ehr.example/fhir/.%2E/admin",
        "https://ehr.example/",
        "//ehr.example/fhir",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "https://[::1]:port/fhir",
        "https://ehr.example/fhir/a b",
        "",
    ],
)
def test_what_only_looks_like_it_is_not(url: str) -> None:
    assert not allowed(url, [BASE])


def fetched(url: str, answer: httpx.Response, bases: list[str] | None = None) -> tuple[object, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer

    async def run() -> object:
        return await Outside(httpx.MockTransport(respond)).get(url, bases=bases or [BASE], token="t")

    return anyio.run(run), asked


def test_the_answer_is_the_json_and_the_token_goes_in_the_header() -> None:
    found, asked = fetched(f"{BASE}/Patient/1", httpx.Response(200, json={"resourceType": "Patient"}))
    assert found == {"resourceType": "Patient"}
    assert [r.headers["authorization"] for r in asked] == ["Bearer t"]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (httpx.Response(302, headers={"location": "http://169.254.169.254/"}), "the status 302"),
        (httpx.Response(500, text="secret"), "the status 500"),
        (httpx.Response(200, text="<html>"), "an answer that is no JSON"),
        (httpx.Response(200, content=b"[" * 100_000), "an answer that is no JSON"),
        (httpx.Response(200, content=b" " * (MOST_BYTES + 1)), "too large an answer"),
    ],
)
def test_any_other_answer_is_an_error_that_repeats_nothing_of_it(answer: httpx.Response, found: str) -> None:
    with pytest.raises(ServiceError) as told:
        fetched(f"{BASE}/Patient/1", answer)
    assert told.value.found == found
    assert "secret" not in str(told.value)


@given(st.text(max_size=60))
def test_no_text_leads_elsewhere(text: str) -> None:
    """Whatever is asked for, a request is made only to the host of the base."""
    for url in (text, BASE + text, "https://" + text):
        try:
            _, asked = fetched(url, httpx.Response(200, json={}))
        except ServiceError:
            continue
        assert {(r.url.scheme, r.url.host, r.url.port) for r in asked} <= {("https", "ehr.example", None)}
        assert all(r.url.path.startswith("/fhir") for r in asked)


def test_plain_http_is_for_this_machine_alone() -> None:
    with pytest.raises(ServiceError, match="not allowed"):
        fetched("http://ehr.example/fhir/x", httpx.Response(200, json={}), ["http://ehr.example/fhir"])
    found, _ = fetched("http://127.0.0.1:9/fhir/x", httpx.Response(200, json={}), ["http://127.0.0.1:9/fhir"])
    assert found == {}
