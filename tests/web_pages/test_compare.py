"""Two conditions side by side, medicines without a case, and looking something up."""

from __future__ import annotations

import random
import re

import pytest
from starlette.testclient import TestClient

from soleus.reasoning import compare as comparing
from soleus.reasoning.answers import medication_review
from soleus.reasoning.compiled import shipped_compiled

CLEAR = 0.7
ROW = re.compile(
    r'data-finding="(\w+)" data-state="(\w+)" data-decibans="([^"]+)" data-first="([^"]+)" data-second="([^"]+)"'
)


def pairs(count: int) -> list[tuple[str, str]]:
    names = sorted(shipped_compiled().explanations)
    draw = random.Random(5)
    return [tuple(draw.sample(names, 2)) for _ in range(count)]  # type: ignore[misc]


@pytest.mark.parametrize(("first", "second"), pairs(12))
def test_the_page_shows_what_the_core_says(client: TestClient, first: str, second: str) -> None:
    page = client.get("/compare", params={"first": first, "second": second, "all": "1"})
    assert page.status_code == 200
    shown = {(f, s): (float(d), float(p), float(q)) for f, s, d, p, q in ROW.findall(page.text)}
    rows = comparing.compare(shipped_compiled(), first, second)
    assert shown == {
        (r.finding, r.state): (r.decibans, r.p_first, r.p_second) for r in rows if abs(r.decibans) >= CLEAR
    }


def test_what_speaks_for_a_condition_stands_on_its_side(client: TestClient) -> None:
    page = client.get("/compare?first=restless_legs_syndrome&second=nocturnal_leg_cramp").text
    left, right = page.split('id="side-1"')
    assert all(float(d) > 0 for _, _, d, _, _ in ROW.findall(left))
    assert all(float(d) < 0 for _, _, d, _, _ in ROW.findall(right))


def test_swapping_turns_the_comparison_round(client: TestClient) -> None:
    page = client.get("/compare?first=restless_legs_syndrome&second=nocturnal_leg_cramp").text
    swapped = client.get("/compare?first=nocturnal_leg_cramp&second=restless_legs_syndrome").text
    one = {(f, s): (float(p), float(q)) for f, s, _, p, q in ROW.findall(page)}
    two = {(f, s): (float(q), float(p)) for f, s, _, p, q in ROW.findall(swapped)}
    assert one == two
    assert "/compare?first=nocturnal_leg_cramp&amp;second=restless_legs_syndrome" in page


@pytest.mark.parametrize("name", ["RLS", "Ekbom disease", "restless legs syndrome", "ants in the legs"])
def test_synonyms_are_taken(client: TestClient, name: str) -> None:
    page = client.get("/compare", params={"first": name, "second": "night cramp"}).text
    own = client.get("/compare?first=restless_legs_syndrome&second=nocturnal_leg_cramp").text
    assert ROW.findall(page) == ROW.findall(own)


def test_patients_read_plain_words_and_frequencies(client: TestClient) -> None:
    page = client.get("/compare?first=restless_legs_syndrome&second=nocturnal_leg_cramp&for=patient").text
    assert "decibans" not in page.partition("<footer")[0].replace("data-decibans", "")
    assert "about" in page
    e = shipped_compiled().explanations["restless_legs_syndrome"]
    assert e.patient_definition in page


@pytest.mark.parametrize("second", ["foobar", "restless_legs_syndrome", '"><script>alert(1)</script>', "x" * 5000])
def test_a_name_that_does_not_serve_is_told_beside_its_field(client: TestClient, second: str) -> None:
    page = client.get("/compare", params={"first": "restless_legs_syndrome", "second": second})
    assert page.status_code == 400
    assert 'href="#second"' in page.text
    assert 'id="second-fault"' in page.text
    assert "<script>alert" not in page.text
    assert "`soleus" not in page.text


def test_one_condition_alone_offers_what_it_is_confused_with(client: TestClient) -> None:
    page = client.get("/compare?first=restless_legs_syndrome").text
    for other in shipped_compiled().explanations["restless_legs_syndrome"].confused_with:
        assert f"second={other}" in page


def test_medicines_are_judged_as_the_core_judges_them(client: TestClient) -> None:
    fields = {
        "list": "furosemide\r\n\r\nSeretide 250 inhaler\r\nunheard",
        "quality": "cramp",
        "age": "67",
        "sex": "female",
    }
    page = client.post("/medicines", data=fields)
    assert page.status_code == 200
    expected = medication_review(
        {"person": {"age": 67.0, "sex": "female"}, "findings": {"quality": "cramp"}},
        medicines=["furosemide", "Seretide 250 inhaler", "unheard"],
    )
    shown = re.findall(r'data-medicine="([^"]*)" data-verdict="(\w+)"', page.text)
    assert shown == [(m.id, m.verdict) for m in expected.medications]
    assert page.text.count('id="ref-') == len(expected.references)
    assert "not the same as safe" in page.text


@pytest.mark.parametrize(
    ("field", "value"),
    [("list", " \n"), ("list", "x\n" * 100), ("age", "old"), ("age", "500"), ("quality", "purple"), ("quality", "")],
)
def test_a_list_that_does_not_serve_is_told_beside_its_field(client: TestClient, field: str, value: str) -> None:
    page = client.post("/medicines", data={"list": "furosemide", "quality": "cramp", field: value})
    assert page.status_code == 400
    assert f'href="#{field}"' in page.text
    assert f'id="{field}-fault"' in page.text


def test_names_of_medicines_are_shown_as_text(client: TestClient) -> None:
    page = client.post("/medicines", data={"list": "<img src=x onerror=alert(1)>\nfurosemide", "quality": "cramp"})
    assert page.status_code == 200
    assert "<img" not in page.text


@pytest.mark.parametrize("path", ["/compare", "/medicines", "/desk"])
def test_every_page_says_that_nobody_reviewed_it(client: TestClient, path: str) -> None:
    assert "No clinician has reviewed" in client.get(path).text
