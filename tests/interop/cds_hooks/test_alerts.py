"""When a card is shown, and what stands on it. The empty answer is the usual one."""

from __future__ import annotations

import base64

import pytest

from soleus.errors import CannotAssess
from soleus.interop.cds_hooks.answering import EXTENSION
from soleus.interop.fhir.reading import case_of
from soleus.reasoning.assess import assess
from soleus.reasoning.compiled import shipped_compiled
from tests.interop.bundles import AS_OF, ICD10CM, bundle, coded, condition, observation, patient, potassium, text
from tests.interop.bundles import request as prescribed
from tests.interop.cds_hooks.calls import CRAMP, CRAMPS, NIGHT_CRAMPS, NOTHING, called, cards, draft, with_

ORDERS = ("order-sign", "order-select")
FAILED = {"resourceType": "OperationOutcome"}


@pytest.mark.parametrize("hook", ["patient-view", "encounter-start"])
def test_a_record_without_a_word_of_the_legs_gets_no_card(hook: str) -> None:
    healthy = with_(conditions=[condition(coded(ICD10CM, "I10", "Hypertension"))], medications=[prescribed("ramipril")])
    assert called(hook, healthy).body == {"cards": []}
    assert not called(hook, healthy).judged


@pytest.mark.parametrize("hook", ["patient-view", "encounter-start"])
def test_night_cramps_get_a_judgement(hook: str) -> None:
    (card,) = cards(hook, CRAMPS)
    assert card["indicator"] == "info"
    assert "nocturnal (sleep-related) leg cramp is most likely" in card["summary"]
    assert "Next by the findings: Explanation, stretching and watching." in card["detail"]


def test_a_complaint_that_changes_no_path_gets_no_card() -> None:
    assert cards("patient-view", with_(conditions=[CRAMP])) == []


def test_a_planned_encounter_tells_its_reason() -> None:
    planned = {"resourceType": "Encounter", "status": "planned", "reasonCode": [text("leg cramps at night")]}
    assert len(cards("encounter-start", with_(encounter=planned))) == 1


def test_an_emergency_is_critical_and_needs_no_complaint() -> None:
    (card,) = cards("patient-view", with_(observations=[potassium(2.2)]))
    assert (card["indicator"], card["summary"]) == ("critical", "Severe hypokalaemia")
    assert "Potassium 2.2 mmol/L" in card["detail"]


def test_red_flags_stand_before_everything_else() -> None:
    found = cards("patient-view", with_(conditions=[NIGHT_CRAMPS], observations=[potassium(2.2)]))
    assert found[0]["source"]["topic"]["code"] == "red_flag"
    assert len(found) > 1


@pytest.mark.parametrize("hook", ORDERS)
@pytest.mark.parametrize("medicine", ["salmeterol", "spironolactone", "hydrochlorothiazide"])
def test_what_brings_cramps_is_told_of_where_legs_cramp(hook: str, medicine: str) -> None:
    (card,) = cards(hook, CRAMPS, draft(medicine))
    assert card["indicator"] == "info"
    assert card["summary"].startswith(medicine.capitalize())
    assert "suggestions" not in card  # the knowledge says: do not stop it
    assert "Garrison" in card["detail"]


@pytest.mark.parametrize("hook", ORDERS)
@pytest.mark.parametrize("medicine", ["furosemide", "simvastatin", "amoxicillin", "an unknown thing"])
def test_a_weak_link_or_none_is_not_worth_a_card(hook: str, medicine: str) -> None:
    assert cards(hook, CRAMPS, draft(medicine)) == []


@pytest.mark.parametrize("medicine", ["salmeterol", "spironolactone", "pramipexole"])
def test_nothing_is_said_where_no_legs_complain(medicine: str) -> None:
    assert cards("order-sign", NOTHING, draft(medicine)) == []


@pytest.mark.parametrize("hook", ORDERS)
@pytest.mark.parametrize("prefetch", [CRAMPS, NOTHING, {}, None])
def test_quinine_is_warned_of_and_can_be_taken_back(hook: str, prefetch: object) -> None:
    (card,) = cards(hook, prefetch, draft("quinine sulfate 300 mg"))
    assert card["indicator"] == "warning"
    assert "can kill" in card["summary"]
    (suggestion,) = card["suggestions"]
    (action,) = suggestion["actions"]
    assert (action["type"], action["resourceId"]) == ("delete", "MedicationRequest/draft-1")
    assert "resource" not in action


def test_quinine_with_what_it_must_not_meet() -> None:
    record = with_(
        patient=patient(address=[{"country": "GB"}]),
        conditions=[NIGHT_CRAMPS, condition(text("Long QT syndrome")), condition(text("G6PD deficiency"))],
        medications=[prescribed("warfarin"), prescribed("clarithromycin")],
        allergies=[{"resourceType": "AllergyIntolerance", "code": text("Quinine")}],
    )
    (card,) = cards("order-sign", record, draft("quinine"))
    told = card["detail"].split("\n\n")[1]  # first of all, under "In this person:"
    for words in ("allergy or intolerance", "long QT interval", "Haemolysis", "INR", "avoid together"):
        assert words in told
    assert "MHRA" in card["detail"]


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("Malaria", False), ("Nocturnal leg cramps", True), (None, True)],
)
def test_quinine_for_something_else_is_left_alone(reason: str | None, shown: bool) -> None:
    more = {"reasonCode": [text(reason)]} if reason else {}
    assert bool(cards("order-sign", NOTHING, draft("quinine", **more))) is shown


def test_a_reason_may_stand_in_the_record() -> None:
    record = with_(conditions=[condition(text("Malaria"), id="c9")])
    order = draft("quinine", reasonReference=[{"reference": "Condition/c9"}])
    assert cards("order-sign", record, order) == []


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ([], True),
        ([condition(coded(ICD10CM, "G25.81", "Restless legs syndrome"))], False),
        ([condition(coded(ICD10CM, "G20", "Parkinson's disease"))], False),
    ],
)
def test_a_dopamine_agonist_for_cramps(more: list[dict[str, object]], shown: bool) -> None:
    found = cards("order-sign", with_(conditions=[NIGHT_CRAMPS, *more]), draft("ropinirole"))
    assert [c["indicator"] for c in found] == (["warning"] if shown else [])


def test_only_selected_orders_are_judged() -> None:
    other = draft("quinine", id="draft-2")
    chosen = {"selections": ["MedicationRequest/draft-1"]}
    assert cards("order-select", CRAMPS, draft("amoxicillin"), other, **chosen) == []
    assert len(cards("order-sign", CRAMPS, draft("amoxicillin"), other)) == 1


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error", "stopped"])
def test_an_order_that_is_none_is_passed_over(status: str) -> None:
    assert cards("order-sign", CRAMPS, draft("quinine", status=status)) == []
    assert cards("order-sign", CRAMPS, draft("quinine", doNotPerform=True)) == []


def test_an_order_without_an_id_cannot_be_taken_back() -> None:
    nameless = {k: v for k, v in draft("quinine").items() if k != "id"}
    (card,) = cards("order-sign", CRAMPS, nameless)
    assert "suggestions" not in card


def test_a_contained_medication_is_read() -> None:
    order = draft("x", contained=[{"resourceType": "Medication", "id": "m", "code": text("Quinine")}])
    del order["medicationCodeableConcept"]
    assert len(cards("order-sign", CRAMPS, {**order, "medicationReference": {"reference": "#m"}})) == 1


def test_a_medication_of_the_prefetch_is_found() -> None:
    order = {**draft("x"), "medicationReference": {"reference": "Medication/m"}}
    del order["medicationCodeableConcept"]
    quinine = {"resourceType": "Medication", "id": "m", "code": text("Quinine")}
    assert len(cards("order-sign", with_(medications=[quinine]), order)) == 1
    assert cards("order-sign", NOTHING, order) == []


def test_advice_to_stop_is_a_proposal_not_to_perform() -> None:
    record = with_(conditions=[NIGHT_CRAMPS], medications=[prescribed("quinine"), prescribed("salmeterol")])
    by_kind = {c["summary"].split(":")[0].split()[0]: c for c in cards("patient-view", record)}
    (suggestion,) = by_kind["Quinine"]["suggestions"]
    resource = suggestion["actions"][0]["resource"]
    assert (resource["doNotPerform"], resource["intent"]) == (True, "proposal")
    assert resource["subject"] == {"reference": "Patient/p"}
    assert "suggestions" not in by_kind["Salmeterol"]


def test_a_patient_reads_plain_words_and_is_never_told_to_stop() -> None:
    record = with_(conditions=[NIGHT_CRAMPS], medications=[prescribed("quinine")])
    found = cards("patient-view", record, userId="Patient/p")
    assert found
    assert not [c for c in found if "suggestions" in c]
    assert all("No doctor has checked" in c["detail"] for c in found)
    assert "Ask your doctor whether you should still take it" in found[-1]["summary"]


def test_every_card_says_as_of_when_and_what_was_not_known() -> None:
    partial = {
        "patient": patient(),
        "conditions": bundle(NIGHT_CRAMPS),
        "observations": FAILED,
    }
    (card,) = cards("patient-view", partial)
    assert f"As of {AS_OF}." in card["detail"]
    assert "results and observations (could not be read)" in card["detail"]
    assert "prescriptions (not handed over)" in card["detail"]
    assert "no clinician has reviewed" in card["detail"]
    (whole,) = cards("patient-view", CRAMPS)
    assert "conditions (" not in whole["detail"]


def test_a_record_of_somebody_else_is_not_judged() -> None:
    (card,) = cards("patient-view", with_(patient=patient(id="q"), conditions=[NIGHT_CRAMPS]))
    assert card["summary"].startswith("Nothing was judged")
    about_another = {**NIGHT_CRAMPS, "subject": {"reference": "Patient/q"}}
    (card,) = cards("patient-view", {"conditions": bundle(about_another)})
    assert card["summary"].startswith("Nothing was judged")


@pytest.mark.parametrize("id", ["p", "Patient/p", "https://ehr.example/fhir/Patient/p", "urn:uuid:p"])
def test_the_patient_is_known_under_every_form_of_the_id(id: str) -> None:
    record = with_(conditions=[{**NIGHT_CRAMPS, "subject": {"reference": "Patient/p"}}])
    assert len(cards("patient-view", record, patientId=id)) == 1


def test_a_number_may_be_an_id() -> None:
    record = with_(patient=patient(id="17"), conditions=[NIGHT_CRAMPS])
    assert len(cards("patient-view", record, patientId=17)) == 1


@pytest.mark.parametrize("prefetch", [None, {}, {"patient": patient()}, {"conditions": FAILED}])
def test_without_anything_of_the_record_nothing_is_judged(prefetch: object) -> None:
    with pytest.raises(CannotAssess):
        called("patient-view", prefetch)
    with pytest.raises(CannotAssess):
        called("order-sign", prefetch, draft("salmeterol"))


def test_an_order_of_which_nothing_can_be_said_needs_no_record() -> None:
    assert cards("order-sign", None, draft("amoxicillin")) == []
    assert cards("order-sign", None) == []


def test_resources_are_found_under_keys_of_the_client() -> None:
    assert len(cards("patient-view", {"everything": bundle(patient(), NIGHT_CRAMPS)})) == 1


def test_of_a_list_that_was_cut_short_the_silence_says_nothing() -> None:
    conditions = [NIGHT_CRAMPS, condition(coded(ICD10CM, "I10", "Hypertension"))]
    whole = called("patient-view", with_(conditions=conditions))
    for more in ({"link": [{"relation": "next", "url": "x"}]}, {"total": 900}):
        cut = called("patient-view", {**NOTHING, "conditions": bundle(*conditions, **more)})
        assert "conditions (only the first page)" in cut.body["cards"][0]["detail"]
        assert cut.body["extension"] != whole.body["extension"]


def test_what_is_missing_is_read_from_the_server_of_the_client() -> None:
    asked: dict[str, str] = {}

    def fetch(queries: object) -> dict[str, object]:
        assert isinstance(queries, dict)
        asked.update(queries)
        return {"patient": patient(), "conditions": bundle(NIGHT_CRAMPS)}

    (card,) = cards("patient-view", {"observations": bundle()}, fetch=fetch, patientId="p")
    assert asked["conditions"].startswith("Condition?patient=p&")
    assert "observations" not in asked
    assert "encounter" not in asked  # the hook has none
    assert "procedures (could not be read)" in card["detail"]


def test_ids_cannot_change_the_query() -> None:
    asked: dict[str, str] = {}

    def fetch(queries: object) -> dict[str, object]:
        assert isinstance(queries, dict)
        asked.update(queries)
        return {"conditions": bundle()}

    called("patient-view", {}, fetch=fetch, patientId="p&_include=*#")
    assert asked["patient"] == "Patient/p%26_include%3D%2A%23"


def test_the_probabilities_are_those_of_the_assessment() -> None:
    found = called("patient-view", {"patient": patient(), "conditions": bundle(NIGHT_CRAMPS)})
    told = found.body["extension"][EXTENSION]
    case = case_of(bundle(patient(), NIGHT_CRAMPS), shipped_compiled(), as_of=AS_OF)
    answer = assess(case, draws=50)
    assert told["probability"] == {e.id: e.probability for e in answer.complaints[0].explanations}
    assert told["knowledgeHash"] == answer.knowledge_hash


def test_the_words_of_an_order_do_not_come_back() -> None:
    (card,) = cards("order-sign", CRAMPS, draft("Quinine <img src=x onerror=alert(1)> [click](javascript:x)"))
    assert "onerror" not in str(card)
    assert "javascript" not in str(card)


def test_a_call_that_is_repeated_gives_the_same_cards() -> None:
    assert called("patient-view", CRAMPS) == called("patient-view", CRAMPS)


def document(words: str) -> dict[str, object]:
    """A note in the record, as an EHR holds it."""
    data = base64.b64encode(words.encode()).decode()
    content = [{"attachment": {"contentType": "text/plain", "data": data}}]
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "date": "2026-11-20T10:00:00Z",
        "content": content,
    }


def test_a_document_of_the_record_is_read() -> None:
    note = document("66-year-old woman. Painful cramps of the calf at night in bed, hard knots in the muscle.")
    (card,) = cards("patient-view", with_(documents=[note]))
    assert "leg cramp is most likely" in card["summary"]
    assert cards("patient-view", with_(documents=[document("Seen for a cough. Chest clear.")])) == []


def test_an_order_that_would_make_a_danger_of_a_sign_is_critical() -> None:
    bruises = observation(text("Bruising or bleeding"), valueBoolean=True)
    record = with_(observations=[bruises])
    assert cards("patient-view", record) == []
    flag, warning = cards("order-sign", record, draft("quinine"))
    assert flag["indicator"] == "critical"
    assert flag["summary"].endswith(": if quinine is ordered")
    assert flag["suggestions"][0]["actions"][0]["resourceId"] == "MedicationRequest/draft-1"
    assert warning["indicator"] == "warning"


@pytest.mark.parametrize(
    ("died", "shown"),
    [({"deceasedBoolean": True}, 0), ({"deceasedDateTime": "2026-01-01"}, 0), ({"deceasedBoolean": False}, 1)],
)
def test_of_the_dead_nothing_is_said(died: dict[str, object], shown: int) -> None:
    assert len(cards("patient-view", with_(patient=patient(**died), conditions=[NIGHT_CRAMPS]))) == shown
