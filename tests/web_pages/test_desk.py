"""The case desk: the same judgement as everywhere, put right by one button, and nothing hidden."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

import soleus
from soleus.clinical.case import Case
from soleus.interop.handover import packed
from soleus.interop.reading import read_any
from soleus.notes.correcting import changed, words_for
from soleus.notes.judging import assess_note, read_note
from soleus.notes.questions import answer
from soleus.reasoning.assessment import Assessment
from soleus.reasoning.compiled import shipped_compiled
from soleus.web.desk import case_page
from soleus.web.desk_acts import act
from soleus.web.desk_opening import of_case, of_text
from soleus.web.form import Form
from soleus.web.state import unpack

AS_OF = "2026-11-21"
NOTE = """67 year old woman seen in the sleep clinic. For three years she has had painful cramps in the left calf, most
nights, waking her. The muscle goes hard and it is relieved by stretching. No swelling, no numbness.
PMH: hypertension, type 2 diabetes. Possible peripheral neuropathy.
Meds: furosemide 40 mg, salbutamol inhaler, simvastatin stopped last year.
K 3.1 mmol/L."""
EMERGENCY = "58 year old man. Right calf swollen and painful since yesterday, short of breath, long flight last week."


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    """What the first request of a process would wait for is made before."""
    assess_note(NOTE)


def post(client: TestClient, **fields: Any) -> Any:
    return client.post("/desk", data=fields)


def chances(page: str) -> dict[str, float]:
    """Explanation -> probability, as the page states them for programs."""
    return {e: float(p) for e, p in re.findall(r'data-explanation="(\w+)" data-probability="([^"]+)"', page)}


def state_of(page: str) -> str:
    found = re.search(r'name="state" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def same(page: str, expected: Assessment | None) -> None:
    """The page shows the chances of the assessment, to the last digit."""
    assert expected is not None
    told = {e.id: e.probability for e in expected.complaints[0].explanations}
    shown = chances(page)
    assert shown
    assert shown == {e: told[e] for e in shown}
    assert max(told, key=lambda e: told[e]) in shown


def test_a_note_is_judged_as_the_core_judges_it(client: TestClient) -> None:
    page = post(client, do="open", text=NOTE)
    assert page.status_code == 200
    same(page.text, assess_note(NOTE, as_of=AS_OF).assessment)


def test_a_browser_sends_other_ends_of_lines_and_the_judgement_stays(client: TestClient) -> None:
    page = post(client, do="open", text=NOTE.replace("\n", "\r\n"))
    same(page.text, assess_note(NOTE, as_of=AS_OF).assessment)


@pytest.mark.parametrize("number", [4, 9, 12])
def test_a_struck_statement_counts_no_more_and_comes_back(client: TestClient, number: int) -> None:
    first = post(client, do="open", text=NOTE).text
    struck = post(client, do=f"strike:{number}", state=state_of(first)).text
    same(struck, assess_note(read_note(NOTE).without(number), as_of=AS_OF).assessment)
    back = post(client, do=f"restore:{number}", state=state_of(struck)).text
    assert state_of(back) == state_of(first)
    assert chances(back) == chances(first)


def test_undo_brings_back_the_case_before(client: TestClient) -> None:
    first = post(client, do="open", text=NOTE).text
    struck = post(client, do="strike:4", state=state_of(first)).text
    before = re.search(r'name="before" value="([^"]+)"', struck)
    assert before is not None
    undone = post(client, do="back", state=state_of(struck), before=before[1]).text
    assert state_of(undone) == state_of(first)


def test_statements_change_as_those_of_the_command_do(client: TestClient) -> None:
    compiled = shipped_compiled()
    reading = read_note(NOTE)
    at = {u.finding: n for n, u in enumerate(reading.understood, 1)}
    wanted = {"swelling": "one_leg", "potassium": "4.4", "hypertension": "absent", "sex": "male", "age": "30"}
    page = post(client, do="open", text=NOTE).text
    for name, word in wanted.items():
        field = {f"number-{at[name]}": word} if name in ("potassium", "age") else {}
        do = f"change:{at[name]}" + ("" if field else f"={word}")
        page = post(client, do=do, state=state_of(page), **field).text
        reading = changed(reading, at[name], word, compiled)
    same(page, assess_note(reading, as_of=AS_OF).assessment)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_corrections_give_the_judgement_of_the_core(data: st.DataObject) -> None:
    """Struck and changed in any order; the last word on a statement counts."""
    compiled, reading = shipped_compiled(), read_note(NOTE)
    state, last = of_text(NOTE, compiled), dict[int, str | None]()
    for _ in range(data.draw(st.integers(1, 4))):
        n = data.draw(st.integers(1, len(reading.understood)))
        u = reading.understood[n - 1]
        choices = words_for(u, compiled) if u.kind != "explanation" else ()
        last[n] = data.draw(st.sampled_from([None, *choices]))
        do = f"strike:{n}" if last[n] is None else f"change:{n}={last[n]}"
        state = act(state, do, Form({}), compiled).state
    for n, word in last.items():
        reading = reading if word is None else changed(reading, n, word, compiled)
    reading = reading.without(*(n for n, word in last.items() if word is None))
    expected = assess_note(reading, as_of=AS_OF).assessment
    shown = case_page(state, compiled, AS_OF)
    if expected is None:
        assert not chances(shown.page)
    else:
        same(shown.page, expected)


def test_a_number_that_is_none_is_told_beside_its_field(client: TestClient) -> None:
    at = next(n for n, u in enumerate(read_note(NOTE).understood, 1) if u.finding == "potassium")
    first = post(client, do="open", text=NOTE).text
    page = post(client, do=f"change:{at}", state=state_of(first), **{f"number-{at}": "three"})
    assert page.status_code == 400
    assert f'href="#number-{at}"' in page.text
    assert f'id="number-{at}-fault"' in page.text
    assert "Expected: a number" in page.text
    assert state_of(page.text) == state_of(first)


def test_every_statement_is_marked_in_the_text_and_listed(client: TestClient) -> None:
    page = post(client, do="open", text=NOTE).text
    count = len(read_note(NOTE).understood)
    for n in range(1, count + 1):
        assert f'id="s{n}"' in page
        assert f'href="#s{n}"' in page
    assert "said to be" not in page or "Given but not used" in page


def test_what_was_not_used_is_shown_with_why(client: TestClient) -> None:
    page = post(client, do="open", text=NOTE).text
    result = assess_note(NOTE, as_of=AS_OF).assessment
    assert result is not None
    assert result.unused
    for reason in result.unused:
        assert reason.partition(": ")[2] in page


def test_a_red_flag_stands_before_the_answer(client: TestClient) -> None:
    page = post(client, do="open", text=EMERGENCY).text
    assert 0 < page.index('id="red-flags"') < page.index('class="ranked"')
    assert 'class="call"' in page


def test_a_question_is_answered_as_the_command_answers_it(client: TestClient) -> None:
    question = "Could salbutamol cause leg cramps?"
    page = post(client, do="open", text=question)
    expected = answer(question, shipped_compiled(), "clinician")
    assert expected.lines
    for line in expected.lines:
        assert escaped(line.text) in page.text
    assert page.text.count('id="ref-') == len(expected.references)


def test_a_question_about_a_case_counts_its_medicines(client: TestClient) -> None:
    first = post(client, do="open", text=NOTE).text
    page = post(client, do="ask", state=state_of(first), question="Could one of these tablets cause it?").text
    expected = answer(
        "Could one of these tablets cause it?", shipped_compiled(), "clinician", ("furosemide", "salbutamol")
    )
    for line in expected.lines:
        assert escaped(line.text) in page


def escaped(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))


def test_a_bundle_is_judged_as_the_core_judges_it(client: TestClient, root: Path) -> None:
    file = root / "examples/fhir-bundle.json"
    page = client.post("/desk", data={"do": "open"}, files={"file": ("bundle.json", file.read_bytes())})
    assert page.status_code == 200
    same(page.text, soleus.assess(read_any(file, shipped_compiled())))


@pytest.mark.parametrize("name", ["claudication", "drug-induced-cramp", "dvt-told-as-cramp", "restless-legs"])
def test_a_case_file_is_judged_as_the_core_judges_it(client: TestClient, root: Path, name: str) -> None:
    raw = (root / f"examples/{name}.yaml").read_bytes()
    page = client.post("/desk", data={"do": "open"}, files={"file": ("case.yaml", gzip.compress(raw))})
    case = read_any(root / f"examples/{name}.yaml", shipped_compiled())
    same(page.text, soleus.assess(case, as_of=None if case.as_of else AS_OF))


def test_a_code_brings_the_case_that_it_was_made_of(client: TestClient, root: Path) -> None:
    case = read_any(root / "examples/restless-legs.yaml", shipped_compiled())
    page = post(client, do="open", text=f"  {packed(msgspec.to_builtins(case))}\n")
    same(page.text, soleus.assess(case, as_of=None if case.as_of else AS_OF))
    assert msgspec.convert(unpack(state_of(page.text)).case, Case) == case


def test_a_form_is_judged_as_the_core_judges_it(client: TestClient) -> None:
    empty = post(client, do="new").text
    fields = {
        "age": "67", "sex": "female", "f-quality": "cramp", "f-site": "calf", "f-relief_stretch": "yes",
        "conditions": "hypertension\nno diabetes", "medicines": "furosemide", "measurements": "potassium 3.1 mmol/L",
    }  # fmt: skip
    page = post(client, do="form", state=state_of(empty), **fields)
    case = {
        "answered_by": "clinician",
        "person": {"age": 67.0, "sex": "female"},
        "findings": {"quality": "cramp", "site": "calf", "relief_stretch": "yes"},
        "conditions": [{"name": "hypertension"}, {"name": "diabetes", "status": "absent"}],
        "medicines": [{"name": "furosemide"}],
        "measurements": [{"name": "potassium", "value": 3.1, "unit": "mmol/L"}],
    }
    assert page.status_code == 200
    same(page.text, soleus.assess(case, as_of=AS_OF))


def test_the_form_comes_back_as_it_was_filled(client: TestClient) -> None:
    """Nothing is asked twice (WCAG 3.3.7)."""
    empty = post(client, do="new").text
    fields = {"age": "67", "f-quality": "cramp", "medicines": "furosemide\nquinine"}
    judged = post(client, do="form", state=state_of(empty), **fields).text
    form = post(client, do="edit", state=state_of(judged)).text
    assert 'value="67"' in form
    assert re.search(r'value="cramp" selected', form)
    assert "furosemide\nquinine" in form


@pytest.mark.parametrize(
    ("field", "value"),
    [("age", "old"), ("age", "300"), ("measurements", "potassium 3,1"), ("measurements", "potassium 3.1 apples")],
)
def test_a_fault_of_the_form_stands_beside_its_field(client: TestClient, field: str, value: str) -> None:
    empty = post(client, do="new").text
    page = post(client, do="form", state=state_of(empty), **{"f-quality": "cramp", field: value})
    assert page.status_code == 400
    assert f'id="{field}-fault"' in page.text
    assert f'href="#{field}"' in page.text
    assert "cramp" in re.findall(r'value="(\w+)" selected', page.text)


def test_an_answer_enters_the_case(client: TestClient) -> None:
    first = post(client, do="open", text=NOTE).text
    page = post(client, do="answer:urge_to_move=no", state=state_of(first)).text
    case = msgspec.to_builtins(soleus_case(NOTE))
    case["findings"]["urge_to_move"] = "no"
    same(page, soleus.assess(case, as_of=AS_OF))
    assert "Answered here" in page


def soleus_case(note: str) -> Case:
    from soleus.notes.case import case_of

    return case_of(read_note(note), shipped_compiled())


def test_a_yes_of_the_screen_asks_which(client: TestClient) -> None:
    first = post(client, do="open", text="Cramps in the calf at night for years. Man of 70.").text
    assert "screen-swelling" in first
    page = post(client, do="screen", state=state_of(first), **{"screen-swelling": "yes", "screen-weakness": "no"}).text
    assert 'name="tell-swelling"' in page
    assert "screen-weakness" not in page
    told = post(client, do="tell", state=state_of(page), **{"tell-swelling": "one_leg", "tell-tempo": "days"}).text
    assert unpack(state_of(told)).answers[-1]["reply"] in ("one_leg", "days")
    assert 'name="tell-swelling"' not in told


def test_a_setting_and_a_pretest_move_the_answer_and_say_so(client: TestClient) -> None:
    first = post(client, do="open", text=NOTE).text
    page = post(client, do="setting", state=state_of(first), setting="vascular_clinic").text
    same(page, assess_note(NOTE, as_of=AS_OF, setting="vascular_clinic").assessment)
    fields = {"pretest-of": "RLS", "pretest": "30"}
    page = post(client, do="pretest", state=state_of(page), **fields).text
    case = msgspec.to_builtins(soleus_case(NOTE)) | {
        "setting": "vascular_clinic",
        "pretest": {"restless_legs_syndrome": 0.3},
    }
    same(page, soleus.assess(case, as_of=AS_OF))
    assert "Without" in page
    assert "restless legs" in page.lower()
    undone = post(client, do="undo:1", state=state_of(page)).text
    undone = post(client, do="undo:0", state=state_of(undone)).text
    assert chances(undone) == chances(first)


def test_a_medicine_can_be_added_and_taken_out(client: TestClient) -> None:
    first = post(client, do="open", text=NOTE).text
    page = post(client, do="medicine", state=state_of(first), medicine="quinine").text
    case = msgspec.to_builtins(soleus_case(NOTE))
    case["medicines"] = [*case["medicines"], {"name": "quinine"}]
    same(page, soleus.assess(case, as_of=AS_OF))
    out = post(client, do="drop:medicines:0", state=state_of(page)).text
    assert chances(out) == chances(first)


def test_the_line_above_says_whose_case_it_is(client: TestClient) -> None:
    line = re.compile(r'class="case-line".*?</div>', re.S)
    note = line.search(post(client, do="open", text=NOTE).text)
    assert note is not None
    for part in ("Woman of 67", "21 November 2026", "Sleep clinic", "from a pasted note", 'href="/desk"'):
        assert part in note[0]
    unknown = line.search(post(client, do="open", text="Cramps in the calf at night.").text)
    assert unknown is not None
    assert "Person" in unknown[0]


def test_a_text_without_legs_is_not_judged(client: TestClient) -> None:
    page = post(client, do="open", text="Thank you for seeing this man of 40 with a sore throat.")
    assert page.status_code == 200
    assert "Nothing to judge" in page.text
    assert not chances(page.text)


def test_a_question_that_nothing_answers_is_told_so(client: TestClient) -> None:
    page = post(client, do="open", text="What is the capital of France?").text
    assert "Nothing in the knowledge base answers this question" in page


def test_changes_by_hand_are_said_beside_where_the_case_came_from(client: TestClient, root: Path) -> None:
    file = (root / "examples/fhir-bundle.json").read_bytes()
    first = client.post("/desk", data={"do": "open"}, files={"file": ("bundle.json", file)}).text
    assert "changed by hand" not in first
    page = post(client, do="medicine", state=state_of(first), medicine="quinine").text
    assert "changed by hand" in page


@pytest.mark.parametrize("path", ["/result/chain", "/result/letter", "/result/code", "/result/what-if"])
def test_every_tool_leads_back_to_the_desk(client: TestClient, path: str) -> None:
    first = post(client, do="open", text=NOTE).text
    fields = {"state": state_of(first), "audience": "clinician", "of": "legs/nocturnal_leg_cramp"}
    page = client.post(path, data=fields).text
    assert 'class="go-back" formaction="/desk"' in page
    back = client.post("/desk", data={"state": state_of(page), "audience": "clinician"}).text
    assert chances(back) == chances(first)


def test_clear_empties_all(client: TestClient) -> None:
    assert "state" not in client.get("/desk").text


HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script> {{7*7}}'


def as_case(**fields: Any) -> str:
    return json.dumps({"findings": {"quality": "cramp"}, **fields})


@pytest.mark.parametrize(
    "text",
    [
        f"Cramps in the calf at night {HOSTILE}. Takes furosemide.",
        f"{HOSTILE}?",
        as_case(medicines=[HOSTILE], conditions=[HOSTILE]),
        as_case(findings={HOSTILE: "cramp"}),
        as_case(id=HOSTILE, complaints=[{"id": HOSTILE, "label": HOSTILE}]),
    ],
)
def test_hostile_text_is_shown_as_text(client: TestClient, text: str) -> None:
    page = post(client, do="open", text=text)
    assert page.status_code in (200, 400)
    assert "<img src=x" not in page.text
    assert "<script>alert" not in page.text
    assert "{{7*7}}" in page.text or "49" not in page.text


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x01\x02\xff\xfe" * 50,
        b"\x1f\x8b" + b"broken",
        gzip.compress(b" " * 80_000_000),
        b'{"a":' * 5000,
        b"findings: &a [*a]",
        b"soleus1.AAAA",
        b'{"resourceType": "Bundle", "entry": 3}',
        b"a: b: c: [",
        b"%PDF-1.7 \x00\x00",
    ],
)
def test_a_hostile_file_gives_a_clean_page(client: TestClient, content: bytes) -> None:
    page = client.post("/desk", data={"do": "open"}, files={"file": ("x", content)})
    assert page.status_code in (200, 400)
    assert "Traceback" not in page.text
    assert "<main" in page.text


def test_a_huge_note_gives_a_clean_page(client: TestClient) -> None:
    page = post(client, do="open", text="cramp in the calf " * 4000)
    assert page.status_code == 400
    assert "at most 60,000" in page.text


def test_a_text_and_a_file_are_not_mixed(client: TestClient) -> None:
    page = client.post("/desk", data={"do": "open", "text": NOTE}, files={"file": ("x", NOTE.encode())})
    assert page.status_code == 400
    assert "two people" in page.text


BUTTONS = (
    *("strike:0", "strike:999", "strike:-1", "change:1=purple", "drop:x:y", "nothing", "undo:99", "unanswer:7"),
    *("answer:zzz=yes", "answer:swelling=purple", "screen", "tell", "setting", "pretest", "medicine", "ask", "back"),
)


@pytest.mark.parametrize("do", BUTTONS)
def test_a_button_that_is_none_does_no_harm(client: TestClient, do: str) -> None:
    first = post(client, do="open", text=NOTE).text
    page = post(client, do=do, state=state_of(first))
    assert page.status_code in (200, 400)
    assert "Traceback" not in page.text


STATES: tuple[Any, ...] = (
    {"x": 1},
    [],
    {"case": {"person": {"age": 999}}},
    {"case": {"findings": 3}},
    {"changes": [{"kind": "setting", "name": "setting", "value": "moon"}]},
    {"note": "cramp in the calf", "corrections": [{"number": 77}]},
)


@pytest.mark.parametrize("state", ["", "soleus1.", *map(packed, STATES)])
def test_a_state_that_no_page_wrote_gives_a_clean_page(client: TestClient, state: str) -> None:
    page = post(client, do="show", state=state)
    assert page.status_code == 400
    assert "Traceback" not in page.text


def test_a_case_from_a_server_names_it() -> None:
    case = Case(as_of="2026-11-20", findings={"quality": "cramp"})
    shown = case_page(of_case(case, "https://ehr.example.org/fhir"), shipped_compiled(), AS_OF)
    assert "from https://ehr.example.org/fhir" in shown.page
    assert "20 November 2026" in shown.page
