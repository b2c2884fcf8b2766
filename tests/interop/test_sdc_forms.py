"""The questionnaires, what is filled in from a record, and what leaves of the answers."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from benchmarks.fhir_referees import faults
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from soleus.clinical.case import Case, Condition, Medicine
from soleus.errors import InvalidValue, SoleusError, UnknownName, UnreadableInput
from soleus.interop.fhir import links
from soleus.interop.fhir.reading import case_of
from soleus.interop.reading import read_any
from soleus.interop.sdc.extract import case_from_response, extract
from soleus.interop.sdc.populate import populate
from soleus.interop.sdc.questionnaires import all_, questionnaire
from soleus.interop.sdc.templates import evaluate
from soleus.knowledge.schema.safety import ScreenItem
from soleus.reasoning.compiled import shipped_compiled
from tests.interop.bundles import LOINC, Resource, bundle, coded, condition, observation, patient, potassium, text
from tests.interop.sdc import BASE, DONT_KNOW, SERVER, answered, asked
from tests.interop.test_fhir_fuzz import elements
from tests.interop.test_sdc_adaptive import finished

WHO = ("patient", "carer", "clinician")
UCUM = {"unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"}
SUBJECT = {"reference": "Patient/p"}


def history(who: str = "patient") -> Resource:
    found = questionnaire(f"legs-history-{who}", SERVER, shipped_compiled())
    assert found is not None
    return found


def each(items: list[Resource]) -> list[Resource]:
    return [i for item in items for i in (item, *each(item.get("item", [])))]


def by_link(form: Resource) -> dict[str, Resource]:
    return {i["linkId"]: i for i in each(form["item"])}


# --- the forms ----------------------------------------------------------------------------------------------


def test_there_are_six_forms() -> None:
    forms = all_(SERVER, shipped_compiled())
    assert [f["id"] for f in forms] == [f"legs-{kind}-{who}" for kind in ("interview", "history") for who in WHO]
    assert all_(SERVER, shipped_compiled()) == forms
    for f in forms:
        assert f["url"] == f"{BASE}/{f['id']}"
        assert (f["version"], f["status"], f["experimental"]) == (shipped_compiled().knowledge.version, "draft", True)
        assert "clinician has reviewed" in f["description"] or "No doctor has checked" in f["description"]
        assert questionnaire(f"{f['url']}|{f['version']}", SERVER, shipped_compiled()) == f
    assert questionnaire(f"{BASE}/other", SERVER, shipped_compiled()) is None


def test_the_adaptive_forms_have_no_items_and_name_their_server() -> None:
    for form in all_(SERVER, shipped_compiled())[:3]:
        assert "item" not in form
        assert form["extension"] == [
            {
                "url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-questionnaireAdaptive",
                "valueUrl": SERVER,
            }
        ]


@pytest.mark.parametrize("who", WHO)
def test_the_history_asks_everything_once(who: str) -> None:
    form, compiled = history(who), shipped_compiled()
    links = [i["linkId"] for i in each(form["item"])]
    assert len(set(links)) == len(links)
    groups = ("history", "examination", "test") if who == "clinician" else ("history",)
    network = compiled.network.finding_index
    wanted = {f.id for f in compiled.findings.values() if f.group in groups and f.id in network}
    wanted |= {f"screen.{i.id}" for i in compiled.knowledge.all(ScreenItem)}
    wanted |= {"person.age", "person.sex", "person.pregnant", "onset", "condition.name", "medicine.name", "potassium"}
    assert wanted <= set(links)


@pytest.mark.parametrize("who", WHO)
def test_every_choice_has_a_dont_know_and_every_condition_a_question(who: str) -> None:
    items = by_link(history(who))
    for link, item in items.items():
        assert item["text"]
        if item["type"] == "choice":
            assert item["answerOption"][-1]["valueCoding"]["display"] == "Don't know", link
        else:  # numbers, dates, texts and lists: what is not answered is not known
            assert item["type"] in (
                "group",
                "display",
                "quantity",
                "decimal",
                "date",
                "string",
                "boolean",
                "open-choice",
            )
        for when in item.get("enableWhen", []):
            assert when["question"] in items


def test_a_core_question_hides_behind_no_warning_sign() -> None:
    """Where and on which side it is, is asked of everyone, not only after a "yes" in the screen."""
    items = by_link(history())
    grouped = {f for i in shipped_compiled().knowledge.all(ScreenItem) for f in i.no_means}
    core = [f.id for f in shipped_compiled().findings.values() if f.core and f.group == "history"]
    assert {c for c in core if items[c].get("enableWhen")} <= grouped
    assert "enableWhen" not in items["side"]


def test_no_question_bears_the_name_of_an_item_that_asks_nothing() -> None:
    """An answer to it would be passed over."""
    compiled = shipped_compiled()
    ids = [*compiled.findings, *compiled.contributors]
    reserved = (*links.IDLE, links.SCREEN, "person.", "condition.", "medicine.")
    assert [i for i in ids if i.startswith(reserved) or i in ("onset", "duration", "condition", "medicine")] == []


@pytest.mark.parametrize("who", WHO)
def test_the_screen_says_first_what_must_not_wait(who: str) -> None:
    screen = by_link(history(who))["group.screen"]["item"]
    assert screen[0]["type"] == "display"
    assert "must not wait" in screen[0]["text"]
    assert screen[1]["linkId"].startswith("screen.")


def test_the_wording_is_that_of_the_respondent() -> None:
    finding = shipped_compiled().findings["quality"]
    assert by_link(history("patient"))["quality"]["text"] == finding.question
    assert by_link(history("clinician"))["quality"]["text"] == finding.clinician_question
    screen = shipped_compiled().knowledge.by_id(ScreenItem)["colour_and_cold"]
    assert by_link(history("carer"))["screen.colour_and_cold"]["text"] == screen.carer_question


# --- referees -----------------------------------------------------------------------------------------------


def record() -> Resource:
    results = [
        potassium(3.1, subject=SUBJECT, valueQuantity={"value": 3.1, **UCUM}),
        potassium(4.4, subject=SUBJECT, effectiveDateTime="2026-06-01"),
        observation(coded(LOINC, "2951-2"), subject=SUBJECT, valueQuantity={"value": 131, **UCUM}),
        observation(coded(LOINC, "718-7"), subject=SUBJECT, effectiveDateTime="2020-01-01",
                    valueQuantity={"value": 101, "unit": "g/L"}),
        observation(text("swelling"), subject=SUBJECT, valueString="one leg"),
    ]  # fmt: skip
    return bundle(patient(), *results, condition(text("diabetes"), onsetDateTime="2020-05-01", subject=SUBJECT))


def told(who: str = "patient") -> Resource:
    """A history with something of every kind."""
    form = history(who)
    items = by_link(form)

    def choose(link: str, code: str) -> Resource:
        options = [o["valueCoding"] for o in items[link]["answerOption"]]
        return {"linkId": link, "answer": [{"valueCoding": next(o for o in options if o["code"] == code)}]}

    def group(link: str, *inner: tuple[str, Resource]) -> Resource:
        return {"linkId": link, "item": [{"linkId": name, "answer": [value]} for name, value in inner]}

    diabetes = {"valueCoding": {**CONTRIBUTOR, "code": "diabetes", "display": "Diabetes"}}
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "r1",
        "questionnaire": f"{form['url']}|{form['version']}",
        "status": "completed",
        "subject": SUBJECT,
        "authored": "2026-11-21T09:00:00Z",
        "item": [
            {"linkId": "person.age", "answer": [{"valueDecimal": 34}]},
            choose("person.sex", "female"),
            choose("person.pregnant", "yes"),
            choose("quality", "cramp"),
            choose("tempo", DONT_KNOW),
            choose("screen.fever_and_unwell", "no"),
            choose("screen.swelling", "yes"),
            choose("swelling", "one_leg"),
            choose("smoking_current", "yes"),
            {"linkId": "potassium", "answer": [{"valueQuantity": {"value": 3.4, **UCUM}}]},
            group("condition", ("condition.name", diabetes), ("condition.since", {"valueDate": "2020-01-01"})),
            group("condition", ("condition.name", {"valueString": "gout"})),
            group("medicine", ("medicine.name", {"valueString": "furosemide"}),
                  ("medicine.started", {"valueDate": "2026-01-01"}), ("medicine.dose", {"valueString": "40 mg"})),
            group("medicine", ("medicine.name", {"valueString": "salmeterol"}),
                  ("medicine.stopped", {"valueDate": "2026-02-01"})),
        ],
    }  # fmt: skip


CONTRIBUTOR = {"system": "https://soleus.example/fhir/CodeSystem/contributors"}


def test_whatever_leaves_passes_the_referees(node: Path, axe: Path) -> None:
    """``axe``: the node packages are there (`make web`)."""
    assert axe
    compiled = shipped_compiled()
    resources = [*all_(SERVER, compiled)]
    for who in WHO:
        ended = finished(who)
        filled, _ = populate(history(who), record(), compiled)
        begun, _ = populate(all_(SERVER, compiled)[WHO.index(who)], record(), compiled)
        for response in (told(who), ended, begun, filled):
            made = extract(response, compiled)
            resources += [response, made, *(e["resource"] for e in made.get("entry", []))]
    assert faults(resources, str(node)) == []


# --- answers as a case --------------------------------------------------------------------------------------


def test_a_history_is_read() -> None:
    case = case_from_response(told(), shipped_compiled())
    assert case == case_of(told(), shipped_compiled())
    assert (case.person.age, case.person.sex, case.person.pregnant) == (34, "female", True)
    none_of = shipped_compiled().knowledge.by_id(ScreenItem)["fever_and_unwell"].no_means
    expected = {"quality": "cramp", "tempo": DONT_KNOW, "swelling": "one_leg", **none_of}
    assert case.findings == expected
    assert {(c.name, c.status, c.since) for c in case.conditions if isinstance(c, Condition)} == {
        ("diabetes", "present", "2020-01-01"),
        ("gout_known", "present", None),
        ("smoking_current", "present", None),
    }
    assert {(m.name, m.started, m.stopped, m.dose) for m in case.medicines if isinstance(m, Medicine)} == {
        ("furosemide", "2026-01-01", None, "40 mg"),
        ("salmeterol", None, "2026-02-01", None),
    }
    assert [(m.name, m.value, m.unit) for m in case.measurements] == [("potassium", 3.4, "mmol/L")]
    assert case.unused == ()


@pytest.mark.parametrize(
    ("who", "kind", "answered_by"),
    [
        ("patient", "history", "self"), ("carer", "history", "carer"), ("clinician", "history", "clinician"),
        ("patient", "interview", "self"), ("carer", "interview", "carer"),
    ],
)  # fmt: skip
def test_who_answered_is_known_by_the_form(who: str, kind: str, answered_by: str) -> None:
    response = {**told(), "questionnaire": f"{BASE}/legs-{kind}-{who}"}
    assert case_of(response, shipped_compiled()).answered_by == answered_by


def test_the_patient_of_the_record_outranks_the_answers() -> None:
    case = case_of(bundle(patient(gender="male"), told()), shipped_compiled())
    assert (case.person.sex, case.person.age, case.person.pregnant) == ("male", None, None)
    assert case.person.birth_date == "1960-05-01"
    assert "the Patient says otherwise" in {u.why for u in case.unused}


def test_a_grouped_no_takes_no_finding_back() -> None:
    """What was said of one leg itself stands, whatever the grouped question was answered with."""
    items = [i for i in told()["item"] if i["linkId"] not in ("screen.swelling",)]
    no = {"linkId": "screen.swelling", "answer": [{"valueCoding": {"code": "no"}}]}
    for order in ([*items, no], [no, *items]):
        assert case_of({**told(), "item": order}, shipped_compiled()).findings["swelling"] == "one_leg"


# --- what leaves --------------------------------------------------------------------------------------------


def facts(case: Case) -> Any:
    stated = {(c.name, c.status) for c in case.conditions if isinstance(c, Condition)} - {("pregnancy", "present")}
    medicines = {(m.name, m.started, m.stopped) for m in case.medicines if isinstance(m, Medicine)}
    findings = {f: s for f, s in case.findings.items() if s != DONT_KNOW}
    return findings, {(m.name, m.value, m.unit) for m in case.measurements}, stated, medicines


@pytest.mark.parametrize("who", WHO)
def test_what_is_extracted_tells_the_same_case(who: str) -> None:
    compiled = shipped_compiled()
    for response in (told(who), finished(who)):
        made = extract(response, compiled)
        assert made["type"] == "transaction"
        back = case_of(bundle(patient(), *(e["resource"] for e in made["entry"])), compiled)
        assert facts(back) == facts(case_from_response(response, compiled))


def test_observations_bear_the_codes_of_the_item() -> None:
    made = {r["code"]["text"]: r for e in extract(told(), shipped_compiled())["entry"]
            if (r := e["resource"])["resourceType"] == "Observation"}  # fmt: skip
    items = by_link(history())
    for link in ("potassium", "quality", "tempo"):
        item = items[link]
        found = next(r for r in made.values() if r["code"]["coding"] == item["code"])
        assert found["subject"] == SUBJECT
        assert found["effectiveDateTime"] == "2026-11-21T09:00:00Z"
        assert found["derivedFrom"] == [{"reference": "QuestionnaireResponse/r1"}]
    assert items["potassium"]["code"][0] == {"system": LOINC, "code": "2823-3"} | {
        k: v for k, v in items["potassium"]["code"][0].items() if k == "display"
    }
    unknown = next(r for r in made.values() if "dataAbsentReason" in r)
    assert unknown["code"]["coding"][-1]["code"] == "tempo"


def beside(node: Path, **given: Any) -> Resource:
    """What the independent software makes of it."""
    script = Path(__file__).parents[1] / "web/sdc.mjs"
    told = json.dumps({"now": "2026-11-21T09:00:00Z", **given})
    run = subprocess.run([str(node), str(script)], input=told, capture_output=True, text=True, check=True)
    made: Resource = json.loads(run.stdout)
    return made


def listed(made: Resource) -> list[str]:
    kinds = ("Condition", "MedicationStatement")
    found = [e["resource"] for e in made["entry"] if e["resource"]["resourceType"] in kinds]
    return sorted(json.dumps(r, sort_keys=True) for r in found)


@pytest.mark.parametrize("who", WHO)
def test_templates_are_read_as_other_software_reads_them(who: str, node: Path, axe: Path) -> None:
    assert axe
    other = beside(node, questionnaire=history(who), response=told(who))
    assert listed(other) == listed(extract(told(who), shipped_compiled()))
    assert len(listed(other)) == 4


# --- filling from a record ----------------------------------------------------------------------------------


def values(response: Resource) -> dict[str, Any]:
    return {i["linkId"]: i["answer"][0] for i in each(response["item"]) if "answer" in i}


def test_a_form_is_filled_from_a_record() -> None:
    filled, issues = populate(history(), record(), shipped_compiled())
    found = values(filled)
    assert found["person.age"] == {"valueDecimal": 66}
    assert found["person.sex"]["valueCoding"]["code"] == "female"
    assert found["potassium"]["valueQuantity"] == {"value": 3.1, **UCUM}
    assert found["screen.swelling"]["valueCoding"]["code"] == "yes"
    assert found["swelling"]["valueCoding"]["code"] == "one_leg"
    assert found["condition.name"]["valueCoding"]["code"] == "diabetes"
    assert found["condition.since"] == {"valueDate": "2020-05-01"}
    assert "haemoglobin" not in found  # of 2020
    assert any("too old" in i["diagnostics"] for i in issues)
    assert (filled["subject"], filled["status"]) == (SUBJECT, "in-progress")


def test_a_filled_form_is_the_record_again(root: Path) -> None:
    before = read_any(root / "examples/fhir-bundle.json", shipped_compiled())
    tree = json.loads((root / "examples/fhir-bundle.json").read_text())
    for who in WHO:
        filled, _ = populate(history(who), tree, shipped_compiled())
        findings, numbers, stated, _ = facts(case_from_response(filled, shipped_compiled()))
        assert findings.items() <= before.findings.items()
        assert set(before.findings) - set(findings) == {"swelling", "weakness"}  # denied, and asked anew in the screen
        assert (numbers, stated) == facts(before)[1:3]


def test_further_questions_are_opened_where_one_is_answered() -> None:
    compiled = shipped_compiled()
    inner = {i["linkId"] for g in history()["item"] if g["linkId"] == "group.signs" for i in g["item"]}
    finding = next(
        compiled.findings[f] for f in sorted(inner) if f in compiled.findings and compiled.findings[f].kind == "yes_no"
    )
    tree = bundle(patient(), observation(text(finding.id), valueBoolean=True))
    assert values(populate(history(), tree, compiled)[0])["more.signs"] == {"valueBoolean": True}


def test_an_interview_begins_with_what_is_known() -> None:
    begun, _ = populate(all_(SERVER, shipped_compiled())[0], record(), shipped_compiled())
    found = answered(begun)
    assert {"person.age", "person.sex", "swelling", "diabetes", "potassium"} <= set(found)
    assert "haemoglobin" not in found
    assert begun == asked(begun)
    shown = {i["linkId"] for i in begun["contained"][0]["item"]}
    assert "quality" in shown - set(found)


@pytest.mark.parametrize("who", WHO)
def test_results_are_found_as_other_software_finds_them(who: str, node: Path, axe: Path) -> None:
    assert axe
    observations = [e["resource"] for e in record()["entry"] if e["resource"]["resourceType"] == "Observation"]
    coded_ones = [o for o in observations if "coding" in o["code"]]
    other = values(beside(node, questionnaire=history(who), observations=coded_ones, patient=patient()))
    own = values(populate(history(who), bundle(patient(), *coded_ones), shipped_compiled())[0])
    own.pop("person.age")  # no other software knows how old a person is
    assert other == own
    assert set(other) == {"person.sex", "potassium", "sodium"}


def foreign(**more: Any) -> Resource:
    """A question of somebody else's form, linked by code."""
    period = {
        "url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-observationLinkPeriod",
        "valueDuration": {"value": 1, "unit": "a", "system": "http://unitsofmeasure.org", "code": "a"},
    }
    item = {"linkId": "k", "type": "decimal", "code": [{"system": LOINC, "code": "2823-3"}], "extension": [period]}
    return {"resourceType": "Questionnaire", "status": "draft", "item": [{**item, **more}]}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {"valueDecimal": 3.1}),
        ({"type": "quantity"}, {"valueQuantity": {"value": 3.1, **UCUM}}),
        ({"type": "integer"}, None),
        ({"extension": []}, None),
        ({"code": [{"system": LOINC, "code": "718-7"}]}, None),  # of 2020
    ],
)
def test_other_forms_are_filled_by_observation(more: Resource, expected: Any) -> None:
    filled, _ = populate(foreign(**more), record(), shipped_compiled())
    assert filled.get("item", [{}])[0].get("answer") == ([expected] if expected else None)


def test_nobody_elses_results_are_taken() -> None:
    tree = record()
    tree["entry"].append(
        {"resource": potassium(9.9, effectiveDateTime="2026-11-20", subject={"reference": "Patient/q"})}
    )
    filled, _ = populate(foreign(), tree, shipped_compiled())
    assert filled["item"][0]["answer"] == [{"valueDecimal": 3.1}]


# --- what cannot be read ------------------------------------------------------------------------------------


def test_errors() -> None:
    compiled = shipped_compiled()
    with pytest.raises(UnreadableInput):
        populate({"resourceType": "Patient"}, record(), compiled)
    with pytest.raises(UnreadableInput):
        populate(history(), {}, compiled)
    with pytest.raises(UnreadableInput):
        extract({"resourceType": "Patient"}, compiled)
    with pytest.raises(UnknownName):
        extract({**told(), "questionnaire": "http://example.org/other"}, compiled)
    with pytest.raises(InvalidValue, match="path"):
        evaluate("item.repeat(answer)", (("", {}),), {})


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_answers(data: st.DataObject) -> None:
    """Whatever stands in one answer or field, the rest is read, or there is one clear error."""
    response = told()
    junk = data.draw(elements)
    at = data.draw(st.integers(0, len(response["item"]) - 1))
    place = data.draw(st.sampled_from(["item", "answer", "inner", "field"]))
    if place == "item":
        response["item"][at] = junk
    elif place == "answer":
        response["item"][at] = {**response["item"][at], "answer": junk}
    elif place == "inner":
        response["item"][at] = {**response["item"][at], "item": junk}
    else:
        response[data.draw(st.sampled_from(["authored", "subject", "author", "id", "encounter", "contained"]))] = junk
    with suppress(SoleusError):
        case = case_from_response(response, shipped_compiled())
        assert case.findings.get("quality") in ("cramp", None)
        msgspec.json.encode(extract(response, shipped_compiled()))


@given(elements)
@settings(max_examples=100, deadline=None)
def test_any_form(junk: Any) -> None:
    assume(junk != history())
    for form in (
        junk,
        {**foreign(), "item": junk},
        foreign(code=junk),
        foreign(extension=junk),
        foreign(enableWhen=junk),
    ):
        with suppress(SoleusError):
            msgspec.json.encode(populate(form, record(), shipped_compiled())[0])
