"""The FHIR reader on each resource type, on dialects seen in the field, and on whole records."""

from __future__ import annotations

import copy
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.clinical.case import Case, Condition
from soleus.errors import CannotAssess, Contradiction, UnreadableInput
from soleus.interop.fhir.reading import case_of
from soleus.interop.fhir.record import Entry
from soleus.interop.fhir.shapes import mapping, moment
from soleus.interop.reading import read_any
from soleus.reasoning.assess import assess
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.medicines import MedicineIndex
from tests.interop.bundles import (
    AS_OF,
    ICD10CM,
    LOINC,
    SNOMED,
    Resource,
    answers,
    bundle,
    coded,
    condition,
    legs,
    observation,
    patient,
    potassium,
    request,
    text,
)

NO = {"coding": [{"system": SNOMED, "code": "373067005"}]}


def read(*resources: Any, **more: Any) -> Case:
    return case_of(bundle(*resources, **more), shipped_compiled())


def stated(case: Case) -> dict[str, str]:
    return {c.name: c.status for c in case.conditions if isinstance(c, Condition)}


def named(case: Case) -> dict[str, tuple[str | None, str | None]]:
    return {m.name: (m.started, m.stopped) for m in case.medicines if not isinstance(m, str)}


def reasons(case: Case) -> list[str]:
    return [u.why for u in case.unused]


CONDITIONS: list[tuple[str, Resource, dict[str, str]]] = [
    ("icd-10-cm", condition(coded(ICD10CM, "E11.9")), {"diabetes": "present"}),
    ("icd-10-cm in a range", condition(coded(ICD10CM, "I10")), {"hypertension": "present"}),
    ("icd-10", condition(coded("http://hl7.org/fhir/sid/icd-10", "E11")), {"diabetes": "present"}),
    ("icd by oid", condition(coded("urn:oid:2.16.840.1.113883.6.90", "N18.4")), {"ckd_stage_4_5": "present"}),
    (
        "snomed with its tag",
        condition(coded(SNOMED, "44054006", "Diabetes mellitus type 2 (disorder)")),
        {"diabetes": "present"},
    ),
    ("other word order", condition(text("Type 2 diabetes mellitus")), {"diabetes": "present"}),
    ("american spelling", condition(text("Dyslipidemia")), {"dyslipidaemia": "present"}),
    ("recurrence", condition(text("atrial fibrillation"), "recurrence"), {"atrial_fibrillation": "present"}),
    ("relapse", condition(text("gout"), "relapse"), {"gout_known": "present"}),
    ("no status at all", condition(text("heart failure"), None), {"heart_failure": "present"}),
    ("resolved", condition(text("heart failure"), "resolved"), {"heart_failure": "resolved"}),
    ("remission", condition(text("heart failure"), "remission"), {"heart_failure": "resolved"}),
    ("abated", condition(text("heart failure"), abatementDateTime="2020"), {"heart_failure": "resolved"}),
    ("refuted", condition(text("diabetes"), verificationStatus=coded("", "refuted")), {"diabetes": "absent"}),
    ("status as a word", condition(text("diabetes"), None, clinicalStatus="resolved"), {"diabetes": "resolved"}),
    ("in error", condition(text("diabetes"), verificationStatus=coded("", "entered-in-error")), {}),
    ("extension only", {"resourceType": "Condition", "code": {"extension": [{"url": "x", "valueString": "y"}]}}, {}),
    ("in the future", condition(text("diabetes"), onsetDateTime="2027-01-01"), {}),
    ("not known here", condition(text("Impacted molars")), {}),
]


@pytest.mark.parametrize(("resource", "expected"), [c[1:] for c in CONDITIONS], ids=[c[0] for c in CONDITIONS])
def test_conditions(resource: Resource, expected: dict[str, str]) -> None:
    case = read(patient(), resource)
    assert stated(case) == expected
    assert bool(case.unused) == (not expected)


def test_an_explanation_already_diagnosed_is_not_evidence() -> None:
    case = read(patient(), condition(coded(SNOMED, "32914008", "Restless legs (disorder)")))
    assert case.conditions == ()
    assert reasons(case) == ["a diagnosis already made is not evidence; give it as pretest"]


def test_an_ended_thrombosis_is_a_previous_one() -> None:
    case = read(patient(), condition(text("Deep vein thrombosis"), "resolved", onsetDateTime="2019-02-01"))
    assert stated(case) == {"previous_dvt": "present"}


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (coded(ICD10CM, "R25.2", "Cramp and spasm"), {"quality": "cramp"}),
        (coded(ICD10CM, "G47.62"), {"quality": "cramp", "timing": "night_in_bed"}),
        (coded(SNOMED, "449918009", "Cramp in lower leg (finding)"), {"quality": "cramp", "site": "calf"}),
        (coded(ICD10CM, "M79.604", "Pain in right leg"), {"side": "one_leg"}),
        (text("Leg cramps"), {"quality": "cramp"}),
        (coded(ICD10CM, "M54.50"), {"back_pain": "yes"}),
    ],
)
def test_complaints_told_as_conditions(code: Resource, told: dict[str, str]) -> None:
    case = read(patient(), condition(code, onsetDateTime="2026-08-20"))
    assert case.findings == told
    assert case.onset == "2026-08-20"


def test_an_active_complaint_is_of_now_however_long_ago_it_was_noted() -> None:
    noted = condition(text("Nocturnal leg cramps"), onsetDateTime="2021-03", recordedDate="2021-04-02")
    case = read(patient(), noted)
    assert case.findings == {"quality": "cramp", "timing": "night_in_bed"}
    assert case.onset == "2021-03"
    ended = read(patient(), {**noted, "clinicalStatus": "resolved"})
    assert ended.findings == {}
    assert reasons(ended) == ["a complaint that has ended or is denied"]


def test_pain_in_each_leg_is_not_pain_in_one_leg() -> None:
    right, left = condition(coded(ICD10CM, "M79.604")), condition(coded(ICD10CM, "M79.605"))
    assert read(patient(), right).findings == {"side": "one_leg"}
    both = read(patient(), right, left)
    assert both.findings == {}
    assert "one leg is told, and so is the other" in reasons(both)


@pytest.mark.parametrize(
    ("name", "done", "expected"),
    [
        ("Appendectomy", "2026-09-20", {"recent_major_surgery": "present"}),  # 62 days: within 84
        ("Appendectomy", "2026-08-20", {}),  # 93 days
        ("Total hip replacement", "2015-01-01", {"joint_prosthesis": "present"}),  # for good
        ("Total hip replacement", "2026-11-01", {"joint_prosthesis": "present", "recent_major_surgery": "present"}),
        ("Percutaneous coronary intervention", "2026-09-01", {"recent_vascular_catheterisation": "present"}),
        ("Spirometry (procedure)", "2026-09-01", {}),
        ("Appendectomy", "2027-01-01", {}),
    ],
)
def test_operations_count_in_their_window(name: str, done: str, expected: dict[str, str]) -> None:
    procedure = {"resourceType": "Procedure", "status": "completed", "code": text(name), "performedDateTime": done}
    case = read(patient(), procedure)
    assert stated(case) == expected
    not_done = read(patient(), {**procedure, "status": "not-done"})
    assert not_done.conditions == ()
    assert reasons(not_done) == ["its status is not-done"]


def test_an_infection_that_is_over_still_counts_for_six_weeks() -> None:
    over = condition(text("influenza"), "resolved", onsetDateTime="2026-10-20")  # 32 days: within 42
    assert stated(read(patient(), over)) == {"recent_infection": "present"}
    long_over = read(patient(), {**over, "onsetDateTime": "2026-09-01"})
    assert stated(long_over) == {"recent_infection": "resolved"}


def test_family_history_needs_a_close_relative() -> None:
    history = {
        "resourceType": "FamilyMemberHistory",
        "status": "completed",
        "relationship": {"coding": [{"code": "MTH"}]},
        "condition": [{"code": text("Restless legs syndrome")}, {"code": text("Glaucoma")}],
    }
    case = read(patient(), history)
    assert stated(case) == {"family_history_rls": "present"}
    assert len(case.unused) == 1
    assert read(patient(), {**history, "relationship": {"coding": [{"code": "GRMTH"}]}}).conditions == ()


MEDICINES: list[tuple[str, Resource, dict[str, tuple[str | None, str | None]]]] = [
    ("active", request("furosemide"), {"furosemide": ("2026-09-01", None)}),
    ("dose in the name", request("Hydrochlorothiazide 25 MG Oral Tablet"),
     {"Hydrochlorothiazide 25 MG Oral Tablet": ("2026-09-01", None)}),
    ("error", request("furosemide", "entered-in-error"), {}),
    ("on hold", request("furosemide", "on-hold"), {}),
    ("stopped, no date", request("furosemide", "stopped"), {}),
    ("stopped, dated", request("furosemide", "stopped",
                               dispenseRequest={"validityPeriod": {"end": "2026-10-01"}}),
     {"furosemide": ("2026-09-01", "2026-10-01")}),
    ("do not perform", request("furosemide", doNotPerform=True), {}),
    ("a plan", request("furosemide", intent="plan"), {}),
    ("future", request("furosemide", authoredOn="2026-12-24"), {}),
    ("bad date", request("furosemide", authoredOn="2026-02-30"), {"furosemide": (None, None)}),
    ("year only", request("furosemide", authoredOn="2026"), {"furosemide": ("2026", None)}),
    ("statement", {"resourceType": "MedicationStatement", "status": "active",
                   "medicationCodeableConcept": text("furosemide"), "effectivePeriod": {"start": "2026-01"}},
     {"furosemide": ("2026-01", None)}),
    ("STU3 not taken", request("furosemide", taken="n"), {}),
    ("statement not taken", {"resourceType": "MedicationStatement", "status": "not-taken",
                             "medicationCodeableConcept": text("furosemide")}, {}),
    ("given once", {"resourceType": "MedicationAdministration", "status": "completed",
                    "medicationCodeableConcept": text("furosemide"), "effectiveDateTime": "2026-11-20"},
     {"furosemide": ("2026-11-20", "2026-11-20")}),
    ("R5", {"resourceType": "MedicationStatement", "status": "recorded",
            "medication": {"concept": text("furosemide")}}, {"furosemide": (None, None)}),
    ("contained", {**request(""), "medicationCodeableConcept": None, "medicationReference": {"reference": "#m"},
                   "contained": [{"resourceType": "Medication", "id": "m", "code": text("furosemide")}]},
     {"furosemide": ("2026-09-01", None)}),
    ("by display", {**request(""), "medicationCodeableConcept": None,
                    "medicationReference": {"reference": "Medication/far", "display": "furosemide"}},
     {"furosemide": ("2026-09-01", None)}),
    ("broken reference", {**request(""), "medicationCodeableConcept": None,
                          "medicationReference": {"reference": "#none"}}, {}),
    ("null", {**request(""), "medicationCodeableConcept": None}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "expected"), [m[1:] for m in MEDICINES], ids=[m[0] for m in MEDICINES])
def test_medicines(resource: Resource, expected: dict[str, tuple[str | None, str | None]]) -> None:
    case = read(patient(), resource)
    assert named(case) == expected
    assert expected or case.unused


@pytest.mark.parametrize("address", ["Medication/m", "urn:uuid:m", "https://ehr.example/fhir/Medication/m/_history/2"])
def test_a_medication_is_found_by_any_form_of_reference(address: str) -> None:
    medication = {"resourceType": "Medication", "id": "m", "code": coded("http://www.whocc.no/atc", "C03CA01")}
    order = {**request(""), "medicationCodeableConcept": None, "medicationReference": {"reference": address}}
    tree = bundle(patient(), order, medication)
    tree["entry"][2]["fullUrl"] = "urn:uuid:m"
    case = case_of(tree, shipped_compiled())
    assert [m.code for m in case.medicines if not isinstance(m, str)] == ["C03CA01"]


def test_renewals_are_one_course_that_began_with_the_first() -> None:
    orders = [
        request("furosemide", "completed", authoredOn="2024-01-10"),  # ran on: its end is not known
        request("furosemide", "completed", authoredOn="2025-01-10",
                dispenseRequest={"validityPeriod": {"end": "2026-08-15"}}),  # 17 days before the next
        request("furosemide", authoredOn="2026-09-01"),
    ]  # fmt: skip
    assert named(read(patient(), *orders)) == {"furosemide": ("2024-01-10", None)}
    orders[1]["dispenseRequest"]["validityPeriod"]["end"] = "2025-03-01"  # 184 days before
    orders[0]["authoredOn"] = "2027"  # in the future: not read
    assert named(read(patient(), *orders)) == {"furosemide": ("2026-09-01", None)}


OBSERVATIONS: list[tuple[str, Resource, dict[str, Any]]] = [
    ("loinc", potassium(3.2), {"potassium": 3.2}),
    ("number as text", potassium("3.2"), {"potassium": 3.2}),
    ("wrong unit", potassium(3.2, "mg/dL"), {}),
    ("no unit", potassium(3.2, ""), {}),
    ("impossible", potassium(320), {}),
    ("decimal comma", potassium("3,2"), {}),
    ("infinite", potassium(float("inf")), {}),
    ("a list", potassium([3.2]), {}),
    ("a huge whole number", potassium(10**400), {}),
    ("absent reason", potassium(None, valueQuantity=None, dataAbsentReason=text("not performed")), {}),
    ("in error", potassium(3.2, status="entered-in-error"), {}),
    ("future", potassium(3.2, effectiveDateTime="2026-12-01"), {}),
    ("old", potassium(3.2, effectiveDateTime="2024-11-01"), {}),
    ("bound inside the scale", potassium(3.2, valueQuantity={"value": 3.2, "unit": "mmol/L", "comparator": "<"}), {}),
    (
        "bound at the end of the scale",
        observation(coded(LOINC, "62238-1"),
                    valueQuantity={"value": 60, "code": "mL/min/{1.73_m2}", "comparator": ">"}),
        {"egfr": 60.0},
    ),
    (
        "urine",
        observation(coded(LOINC, "2828-2", "Potassium [Moles/volume] in Urine"),
                    valueQuantity={"value": 4.0, "unit": "mmol/L"}),
        {},
    ),
    (
        "unlisted code with a specimen",
        observation(coded(LOINC, "20567-4", "Ferritin [Mass/volume] in Serum or Plasma by Immunoassay"),
                    valueQuantity={"value": 12, "unit": "ng/mL"}),
        {"ferritin": 12.0},
    ),
    ("text only", observation(text("Ferritin"), valueQuantity={"value": 12, "unit": "ng/mL"}), {"ferritin": 12.0}),
    ("own finding, boolean", observation(text("urge_to_move"), valueBoolean=True), {"urge_to_move": "yes"}),
    ("own finding, string", observation(text("quality"), valueString="Cramp"), {"quality": "cramp"}),
    ("own finding, coded no", observation(text("urge_to_move"), valueCodeableConcept=NO), {"urge_to_move": "no"}),
    ("symptom by value", observation(coded(LOINC, "75325-1"), valueCodeableConcept=text("Leg cramp")),
     {"quality": "cramp"}),
    ("symptom by code", observation(coded(SNOMED, "449918009"), valueBoolean=True),
     {"quality": "cramp", "site": "calf"}),
    ("symptom denied", observation(coded(SNOMED, "449918009"), valueBoolean=False), {}),
    ("component", observation(text("panel"), component=[{"code": text("quality"), "valueString": "cramp"}]),
     {"quality": "cramp"}),
    ("no time zone", potassium(3.2, effectiveDateTime="2026-11-01T08:00:00"), {"potassium": 3.2}),
    ("no value", observation(text("quality")), {}),
]  # fmt: skip


def told(case: Case) -> dict[str, Any]:
    return {**case.findings, **{m.name: m.value for m in case.measurements}}


@pytest.mark.parametrize(("resource", "expected"), [o[1:] for o in OBSERVATIONS], ids=[o[0] for o in OBSERVATIONS])
def test_observations(resource: Resource, expected: dict[str, Any]) -> None:
    case = read(patient(), resource)
    assert told(case) == expected
    assert bool(case.unused) == (not expected)


def test_the_latest_result_counts() -> None:
    old, new = (potassium(v, effectiveDateTime=d) for v, d in ((3.1, "2026-05-01"), (4.2, "2026-10-01")))
    case = read(patient(), new, old)
    assert told(case) == {"potassium": 4.2}
    assert reasons(case) == ["older than another of the same"]


def test_later_the_same_day_in_another_time_zone() -> None:
    """10:00 at +05:00 is 05:00 in UTC, an hour before 06:00."""
    first = potassium(3.1, effectiveDateTime="2026-10-01T10:00:00+05:00")
    last = potassium(4.2, effectiveDateTime="2026-10-01T06:00:00Z")
    assert told(read(patient(), first, last)) == {"potassium": 4.2}


def test_two_of_one_time_that_disagree_cancel_out() -> None:
    case = read(patient(), potassium(3.1), potassium(4.2))
    assert told(case) == {}
    assert reasons(case) == ["two of the same time disagree"]
    assert case.unused[0].where.endswith("and 1 more")


def test_pregnancy_status_and_sex() -> None:
    status = observation(coded(LOINC, "82810-3"), valueCodeableConcept=coded(SNOMED, "77386006", "Pregnant"))
    assert stated(read(patient(), status)) == {"pregnancy": "present"}
    man = read(patient(gender="male"), status)
    assert stated(man) == {}
    assert reasons(man) == ["not possible for the sex of the record"]


def test_answers_to_a_questionnaire() -> None:
    case = read(
        patient(),
        answers(
            quality={"valueCoding": {"code": "cramp"}},
            relief_stretch={"valueBoolean": True},
            diabetes={"valueCoding": {"code": "Y"}},
            onset={"valueDate": "2026-08"},
            weakness={"valueString": "purple"},
            foot_pulses={},
            colour={"valueString": "x"},
            urge_to_move={"valueCoding": {"system": SNOMED, "code": "261665006"}},
        ),
    )
    assert case.findings == {"quality": "cramp", "relief_stretch": "yes", "urge_to_move": "not_assessed"}
    assert stated(case) == {"diabetes": "present"}
    assert case.onset == "2026-08"
    assert len(case.unused) == 3  # weakness, foot_pulses, colour


def test_who_answered() -> None:
    assert read(patient(), legs()).answered_by == "clinician"
    assert read(patient(), {**legs(), "source": {"reference": "Patient/p"}}).answered_by == "self"
    assert read(patient(), {**legs(), "source": {"reference": "RelatedPerson/m"}}).answered_by == "carer"


def test_person() -> None:
    case = read(patient(address=[{"country": "GB"}]))
    assert (case.person.birth_date, case.person.sex, case.country) == ("1960-05-01", "female", "GB")
    assert read(patient(gender="other")).person.sex is None
    assert read(patient(birthDate="1890-01-01")).person.birth_date is None  # 136 years
    assert "the record says that the person has died" in reasons(read(patient(deceasedBoolean=True)))


def test_as_of() -> None:
    result = potassium(3.2, effectiveDateTime="2026-11-02")
    assert read(patient(), result).as_of == AS_OF
    assert read(patient(), result, timestamp=None).as_of == "2026-11-02"
    assert case_of(bundle(result), shipped_compiled(), as_of="2026-12-01").as_of == "2026-12-01"
    assert case_of(patient(), shipped_compiled()).as_of is None


def test_several_people_are_refused() -> None:
    with pytest.raises(Contradiction):
        read(patient(), patient(id="q"))
    with pytest.raises(Contradiction):
        read(potassium(3, subject={"reference": "Patient/a"}), potassium(4, subject={"reference": "Patient/b"}))


def test_what_is_about_another_person_is_left_out() -> None:
    case = read(patient(), potassium(3.2, subject={"reference": "Patient/q"}))
    assert told(case) == {}
    assert reasons(case) == ["it is about another person"]
    for own in ("https://x/Patient/p", "Patient/p/_history/4", "Patient?identifier=a|b", "#contained"):
        assert told(read(patient(), potassium(3.2, subject={"reference": own}))) == {"potassium": 3.2}


@pytest.mark.parametrize("tree", [{}, [], {"resourceType": "Bundle"}, bundle(None, 3, {}), None, "x"])
def test_nothing_to_read(tree: Any) -> None:
    with pytest.raises(UnreadableInput):
        case_of(tree, shipped_compiled())


def test_null_entries_and_unknown_types_are_listed() -> None:
    case = read(None, patient(), {"resourceType": "Spaceship"}, {"resourceType": 7}, potassium(3.2))
    assert told(case) == {"potassium": 3.2}
    assert sorted(reasons(case)) == ["no resource, or none with a type", "this type is not read"]


def test_lists_of_resources(tmp_path: Path) -> None:
    resources = [patient(), legs(), potassium(3.2)]
    whole = case_of(resources, shipped_compiled())
    path = tmp_path / "person.ndjson"
    path.write_text("\n".join(json.dumps(r) for r in resources), encoding="utf-8")
    assert told(read_any(path, shipped_compiled())) == told(whole)
    assert told(whole)["potassium"] == 3.2


def test_no_detail_of_the_person_is_listed() -> None:
    secret = "Zanzibar"
    case = read(
        patient(name=[{"text": secret}]),
        condition(text(secret)),
        potassium(secret),
        answers(quality={"valueString": secret}, zz={"valueString": secret}),
        request(secret, "on-hold"),
    )
    assert secret not in json.dumps(msgspec.to_builtins(case.unused))


def test_empty_lists_speak() -> None:
    """IPS: no known problems. The silence of a list makes each disease less likely, and says nothing for a rule."""
    code = coded("http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips", "no-known-problems")
    case = read(patient(), legs(), condition(code))
    assert case.lists == ("conditions",)
    compiled = shipped_compiled()
    (seen,) = take_in(case, compiled, MedicineIndex(compiled.knowledge))
    assert "diabetes" in seen.silent
    assert "diabetes" not in seen.said
    record = compiled.contributors["diabetes"]
    pair = seen.evidence.contributors[compiled.network.contributor_index["diabetes"]]
    assert pair == (record.recorded_specificity, 1 - record.recorded_sensitivity)


def test_a_list_is_not_silent_of_what_it_speaks_of() -> None:
    case = read(patient(), legs(), condition(text("diabetes"), "resolved"), request("simvastatin"))
    compiled = shipped_compiled()
    (seen,) = take_in(case, compiled, MedicineIndex(compiled.knowledge))
    assert case.lists == ("conditions", "medicines")
    assert {"diabetes", "statin"} & set(seen.silent) == set()
    assert {"heart_failure", "lithium"} <= set(seen.silent)


def test_without_a_complaint_there_is_nothing_to_judge() -> None:
    case = read(patient(), potassium(3.2), condition(text("diabetes")), request("furosemide"))
    with pytest.raises(CannotAssess, match="no complaint of the legs"):
        assess(case)


def test_the_example_is_judged(root: Path) -> None:
    case = read_any(root / "examples/fhir-bundle.json", shipped_compiled())
    found = assess(case, draws=50)
    assert found.complaints[0].explanations[0].id == "nocturnal_leg_cramp"
    assert told(case)["ferritin"] == 140
    assert stated(case) == {"ckd_stage_4_5": "present"}
    assert len(case.unused) == 4  # refuted, in error, absent, not answered


UNRELATED: list[Any] = [
    {"resourceType": "Goal", "id": "g"},
    condition(text("Impacted molars")),
    observation(text("Pain severity"), valueInteger=3),
    {"resourceType": "AllergyIntolerance", "code": text("Penicillin")},
    request("furosemide", "entered-in-error"),
    None,
]


def without_lists(case: Case) -> Case:
    return msgspec.structs.replace(case, unused=(), lists=())


@pytest.mark.parametrize("extra", UNRELATED)
def test_an_unrelated_resource_changes_nothing(extra: Any, root: Path) -> None:
    tree = json.loads((root / "examples/fhir-bundle.json").read_text())
    before = without_lists(case_of(tree, shipped_compiled()))
    tree["entry"].insert(3, {"resource": extra})
    assert without_lists(case_of(tree, shipped_compiled())) == before


MANY: list[Resource] = [
    patient(), legs(), potassium(3.1), potassium(4.0, effectiveDateTime="2026-10-01"), request("furosemide"),
    request("furosemide", "completed", authoredOn="2026-05-01"), condition(text("diabetes")),
    condition(text("diabetes"), "resolved"), condition(coded(ICD10CM, "M79.604")), condition(text("Leg cramps")),
    observation(text("urge_to_move"), valueBoolean=True), observation(text("urge_to_move"), valueBoolean=False),
]  # fmt: skip


def by_reason(case: Case) -> set[tuple[str, str]]:
    return {(u.what, u.why) for u in case.unused}


@given(st.permutations(MANY))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_entries_is_irrelevant(resources: list[Resource]) -> None:
    expected, found = read(*MANY), read(*resources)
    assert without_lists(found) == without_lists(expected)
    assert found.lists == expected.lists
    assert by_reason(found) == by_reason(expected)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_one_bad_field_never_loses_the_rest(data: st.DataObject) -> None:
    """Whatever stands in one field of one resource, the other resources are read as before."""
    resources = copy.deepcopy(MANY[1:8])
    victim = data.draw(st.integers(0, len(resources) - 1))
    name = data.draw(st.sampled_from(sorted(resources[victim])))
    junk = data.draw(st.sampled_from([None, 7, "", "?", [], [None], {}, {"coding": 3}, True, "2026-99-99", ["x"]]))
    rest = [r for n, r in enumerate(resources) if n != victim]
    resources[victim][name] = junk
    expected = {f for f in told(read(patient(), *rest)) if f not in told(read(patient(), resources[victim]))}
    assert expected <= set(told(read(patient(), *resources)))


def test_each_synthetic_person_is_read(test_data: Path) -> None:
    """No resource is lost: each is used, or stands in the list of what was not."""
    files = sorted((test_data / "data/fhir_synthea_r4").glob("*.json.gz"))
    kinds: Counter[str] = Counter()
    for path in files:
        tree = json.loads(gzip.decompress(path.read_bytes()))
        kinds.update(e["resource"]["resourceType"] for e in tree["entry"])
        case = read_any(path, shipped_compiled())
        assert case.person.birth_date
        assert case.as_of
        skipped = sum(1 + int(u.where.split(" and ")[1].split()[0]) if " and " in u.where else 1 for u in case.unused)
        assert skipped <= len(tree["entry"]) * 2
        with pytest.raises(CannotAssess):
            assess(case, draws=10)
    assert len(files) == 13
    assert (kinds["Patient"], kinds["Observation"], kinds["MedicationRequest"]) == (13, 1237, 69)


def test_moments() -> None:
    assert moment("2026-02-30") is None
    assert moment("0000-00-00") is None
    assert moment(20261121) is None
    found = moment("2026-11-02T08:10:00+02:00")
    assert found is not None
    assert (found.key, found.day) == ("2026-11-02T06:10:00", "2026-11-02")
    assert mapping(Entry) == {}
