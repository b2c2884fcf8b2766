"""The result: the numbers of the core, in the site's own page, with the way to where each comes from."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

import soleus
from soleus.reasoning.answers import explain
from soleus.reasoning.compiled import shipped_compiled
from soleus.reports.html import render
from soleus.web.catalogue import texts
from soleus.web.state import Change, State, pack, unpack
from soleus.web.what_if import told
from tests.reading_grade import grade
from tests.web_pages.cases import BOTH, CLOT, CRAMP, HOSTILE, NOTE, chances, hostile

TODAY = "2026-11-21"


def posted(client: TestClient, address: str, state: State, **fields: str) -> Any:
    return client.post(address, data={"state": pack(state), **fields})


@pytest.mark.parametrize("audience", ["patient", "clinician"])
@pytest.mark.parametrize("case", [CRAMP, CLOT, BOTH], ids=["cramp", "clot", "both"])
def test_the_numbers_are_those_of_the_core(client: TestClient, case: dict[str, Any], audience: Any) -> None:
    page = posted(client, "/result", State(case=case), audience=audience).text
    a = soleus.assess({"as_of": TODAY, **case}, audience=audience)
    known: dict[str, set[float]] = {}
    for c in a.complaints:
        for e in c.explanations:
            known.setdefault(e.id, set()).add(e.probability)
    found = chances(page)
    assert a.complaints[0].explanations[0].id in found
    assert len(found) >= 3
    assert all(p in known[e] for e, p in found.items())


def test_a_note_gives_the_numbers_of_the_note(client: TestClient) -> None:
    judged = soleus.assess_note(NOTE).assessment  # first, so that the wordings are read before a request waits for them
    assert judged is not None
    page = posted(client, "/result", State(note=NOTE), audience="clinician").text
    first = judged.complaints[0].explanations[0]
    assert chances(page)[first.id] == first.probability
    goes_on = unpack(re.findall(r'name="state" value="([^"]+)"', page)[0])  # "answer more questions" asks nothing twice
    assert goes_on.note is None
    assert goes_on.interview(shipped_compiled()).known()["findings"]["quality"] == "cramp"


def test_the_interview_gives_the_numbers_of_its_case(client: TestClient) -> None:
    answers = ({"question": "quality", "stage": "opening", "reply": "cramp", "set_findings": [["quality", "cramp"]]},)
    state = State(case={"person": {"age": 70}}, respondent="carer", answers=answers)
    page = posted(client, "/result", state).text
    a = soleus.assess({"person": {"age": 70}, "findings": {"quality": "cramp"}}, as_of=TODAY, audience="patient")
    first = a.complaints[0].explanations[0]
    assert chances(page)[first.id] == first.probability
    assert "answered by a carer" in page


@pytest.mark.parametrize(
    ("respondent", "heading"), [("self", "Your legs: what it could be"), ("clinician", "Leg complaint, woman of 67")]
)
def test_whoever_answers_reads_their_own_words(client: TestClient, respondent: Any, heading: str) -> None:
    assert f"<h1>{heading}</h1>" in posted(client, "/result", State(case=CRAMP, respondent=respondent)).text


def test_red_flags_come_before_everything_else(client: TestClient) -> None:
    page = posted(client, "/result", State(case=CLOT)).text
    main = page[page.index("<main") :]
    assert main.index("Warning signs") < main.index("What it most likely is") < main.index("Answer more questions")


def test_every_page_says_that_nobody_has_checked_it(client: TestClient) -> None:
    for address in ("/result", "/result/what-if", "/result/chain", "/result/letter", "/result/code"):
        page = posted(client, address, State(case=CRAMP)).text
        assert "not a medical device" in page
        assert "checked" in page or "reviewed" in page


def test_the_report_as_a_file_is_left_as_it_was() -> None:
    page = render(soleus.assess(CRAMP))
    assert "data-probability" not in page
    assert "<button" not in page


@pytest.mark.parametrize("state", [State(), State(case={"medicines": ["quinine"]}), State(note="Thank you.")])
def test_nothing_to_judge_says_when_to_seek_care(client: TestClient, state: State) -> None:
    for address in ("/result", "/result/what-if", "/result/letter"):
        answer = posted(client, address, state)
        assert answer.status_code == 200
        assert "There is nothing to judge yet" in answer.text
        assert "ambulance" in answer.text
        assert 'action="/interview"' in answer.text


@pytest.mark.parametrize(
    "state",
    ["", "soleus1.", "nonsense", pack(State(case={"findings": [1]})), pack(State(case={"person": {"age": "x"}}))],
)
def test_a_state_that_no_page_wrote_is_a_clean_400(client: TestClient, state: str) -> None:
    for address in ("/result", "/result/what-if", "/result/chain", "/result/letter", "/result/code", "/result/fhir"):
        answer = client.post(address, data={"state": state})
        assert answer.status_code == 400
        assert "Traceback" not in answer.text
        assert "text/html" in answer.headers["content-type"]


@pytest.mark.parametrize("address", ["/result", "/result/what-if", "/result/chain", "/result/letter", "/result/code"])
@pytest.mark.parametrize("audience", ["patient", "clinician"])
def test_text_of_a_user_is_never_markup(client: TestClient, address: str, audience: str) -> None:
    page = posted(client, address, hostile(), audience=audience).text
    assert "<img" not in page
    assert "<script>" not in page
    assert "onerror=alert" not in page.replace("&gt;&lt;img src=x onerror=alert", "")
    assert "49" not in page[page.find("&lt;/script&gt;") :][:20]  # no template of theirs is run


def test_names_are_shown_as_they_were_written(client: TestClient) -> None:
    assert "&lt;script&gt;alert(2)&lt;/script&gt;{{7*7}}{% raw %}" in posted(client, "/result/code", hostile()).text
    assert HOSTILE not in posted(client, "/result/code", hostile()).text


def test_what_ifs_are_left_out_and_that_is_said(client: TestClient) -> None:
    plain = posted(client, "/result", State(case=CRAMP))
    tried = posted(
        client, "/result", State(case=CRAMP, changes=(Change(kind="finding", name="swelling", value="one_leg"),))
    )
    assert chances(tried.text) == chances(plain.text)
    assert "What you tried under" in tried.text
    assert "What you tried under" not in plain.text


@pytest.mark.parametrize("explanation", ["nocturnal_leg_cramp", "restless_legs_syndrome", "deep_vein_thrombosis"])
@pytest.mark.parametrize("audience", ["patient", "clinician"])
def test_the_chain_is_that_of_the_core(client: TestClient, explanation: str, audience: Any) -> None:
    page = posted(client, "/result/chain", State(case=CRAMP), of=f"legs/{explanation}", audience=audience).text
    expected = explain(CRAMP, explanation=explanation, audience=audience)
    assert chances(page) == {explanation: expected.probability}
    for step in expected.steps:
        assert msgspec.structs.asdict(step)["label"][:12].lower() in page.lower()
    for reference in expected.references:
        assert f'id="ref-{reference.number}"' in page


def test_every_source_of_the_chain_is_a_link_that_tells_nobody_where_one_comes_from(client: TestClient) -> None:
    page = posted(client, "/result/chain", State(case=CRAMP)).text
    links = [part for part in page.split("<a ")[1:] if part.startswith('href="http')]
    assert links
    assert all('rel="noreferrer"' in part for part in links)


def test_each_complaint_has_its_own_chain(client: TestClient) -> None:
    state = State(case=BOTH)
    page = posted(client, "/result/chain", state, of="restless/restless_legs_syndrome").text
    a = soleus.assess({"as_of": TODAY, **BOTH}).complaints[1]
    expected = next(e.probability for e in a.explanations if e.id == "restless_legs_syndrome")
    assert chances(page)["restless_legs_syndrome"] == pytest.approx(expected, rel=1e-12)
    assert posted(client, "/result/chain", state, of="another/restless_legs_syndrome").status_code == 400


@pytest.mark.parametrize("of", ["legs/no_such_thing", "x" * 150])
def test_a_chain_of_something_unknown_is_a_clean_400(client: TestClient, of: str) -> None:
    assert posted(client, "/result/chain", State(case=CRAMP), of=of).status_code == 400


def test_told_keeps_the_words_of_the_case() -> None:
    compiled = shipped_compiled()
    tree = told(State(case=CRAMP), compiled)
    assert soleus.assess(tree).complaints[0].explanations == soleus.assess(CRAMP).complaints[0].explanations


_FOR_CLINICIANS = ("clinician", "footing", "fhir", "yaml", "json", "code", "pretest", "interval", "explanation")


@pytest.mark.parametrize("section", ["result", "what_if", "chain", "hand_over"])
def test_what_patients_read_is_easy(section: str) -> None:
    """As the reports: no text of the section is harder than the eighth grade, and all together are easier."""
    plain = [t for k, t in texts().items() if k.startswith(f"{section}.") and not any(w in k for w in _FOR_CLINICIANS)]
    sentences = [t for t in plain if t.endswith(".") and "{" not in t and len(t.split()) > 3]
    assert sentences
    assert all(grade(t) <= 8.5 for t in sentences), [(t, grade(t)) for t in sentences if grade(t) > 8.5]
    assert grade(" ".join(sentences)) <= 6.5


@pytest.mark.parametrize("address", ["/result", "/result/what-if", "/result/chain", "/result/letter", "/result/code"])
def test_an_address_alone_holds_no_result(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert "This result was not kept" in answer.text
