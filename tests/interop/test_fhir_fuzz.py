"""Whatever is handed over as FHIR, the reader gives a case that can be taken in, or one clear error."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.clinical.case import Case
from soleus.clinical.reading import case_from
from soleus.errors import CannotAssess, InputError, SoleusError
from soleus.interop.fhir.reading import case_of
from soleus.interop.fhir.shapes import Concept, coding, concept, items, mapping, moment, reference, value_of, walk, word
from soleus.interop.reading import read_any
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.medicines import MedicineIndex
from tests.interop.bundles import bundle, legs, patient

KINDS = ["Patient", "Condition", "Procedure", "Encounter", "FamilyMemberHistory", "AllergyIntolerance", "Observation",
         "QuestionnaireResponse", "MedicationRequest", "MedicationStatement", "MedicationAdministration", "Medication",
         "Bundle", "Claim", "", 7, None]  # fmt: skip
NAMES = ["id", "code", "coding", "system", "display", "text", "status", "clinicalStatus", "verificationStatus", "value",
         "valueQuantity", "valueCodeableConcept", "valueString", "valueBoolean", "valueInteger", "valueCoding", "unit",
         "comparator", "component", "item", "answer", "linkId", "authored", "authoredOn", "onsetDateTime", "period",
         "effectivePeriod", "effectiveDateTime", "start", "end", "gender", "birthDate", "deceasedBoolean", "address",
         "country", "subject", "reference", "contained", "medicationCodeableConcept", "medicationReference",
         "medication", "concept", "dosageInstruction", "timing", "repeat", "boundsPeriod", "dispenseRequest",
         "validityPeriod", "relationship", "condition", "reasonCode", "reason", "dataAbsentReason",
         "performedDateTime", "abatementDateTime", "recordedDate", "resource", "entry", "fullUrl",
         "timestamp"]  # fmt: skip
WORDS = ["active", "completed", "stopped", "resolved", "refuted", "final", "male", "female", "2026-11-01", "2026", "?",
         "2026-02-30", "0000-00-00", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "cramp",
         "2026-11-01T25:61:61Z", "quality", "potassium", "2823-3", "mmol/L", "mEq/L", "http://loinc.org", "diabetes",
         "http://snomed.info/sct", "449918009", "R25.2", "http://hl7.org/fhir/sid/icd-10-cm", "furosemide", "C03CA01",
         "http://www.whocc.no/atc", "#a", "urn:uuid:1", "Patient/1", "/", "<", "1e9", "3.2", "\ud800", "\x00",
         "Restless legs syndrome", "Appendectomy", "onset", "duration", "3 weeks", "tempo", "MTH"]  # fmt: skip
atoms = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=6), st.sampled_from(WORDS),
    st.sampled_from(WORDS),
)  # fmt: skip
elements = st.recursive(
    atoms,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=10,
)
resources = st.builds(
    lambda kind, body: {**body, "resourceType": kind},
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(NAMES), elements, max_size=7),
)


def is_clear(error: SoleusError) -> None:
    assert error.exit_code == 3, error
    assert len(str(error)) < 500


def try_reading(tree: Any) -> None:
    compiled = shipped_compiled()
    try:
        case = case_of(tree, compiled)
    except SoleusError as error:
        is_clear(error)
        return
    assert case_from(json.loads(msgspec.json.encode(case))) == case  # it can be written down and read again
    with suppress(CannotAssess):  # nothing of the legs in it
        take_in(case, compiled, MedicineIndex(compiled.knowledge))


@given(elements)
@settings(max_examples=300, deadline=None)
def test_any_tree(tree: Any) -> None:
    try_reading(tree)


@given(st.lists(resources, max_size=6))
@settings(max_examples=300, deadline=None)
def test_any_resources(found: list[Any]) -> None:
    try_reading(bundle(*found))


@given(st.lists(resources, max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_good_record_with_any_resources_beside(found: list[Any]) -> None:
    """The good part is read, whatever stands beside it, unless it is another person."""
    beside = [r for r in found if r["resourceType"] not in ("Patient", "Bundle")]
    case = case_of(bundle(patient(), legs(), *beside), shipped_compiled())
    assert isinstance(case, Case)
    assert case.person.sex == "female"
    try_reading(bundle(patient(), legs(), *beside))


KIND_OF_ONE = st.sampled_from([
    ("Observation", ["code", "valueQuantity", "effectiveDateTime", "status", "component"]),
    ("Condition", ["code", "clinicalStatus", "onsetDateTime", "recordedDate", "verificationStatus"]),
    ("MedicationRequest", ["medicationCodeableConcept", "status", "authoredOn", "dispenseRequest"]),
    ("QuestionnaireResponse", ["item", "authored", "source"]),
    ("Procedure", ["code", "performedDateTime", "status"]),
    ("FamilyMemberHistory", ["condition", "relationship"]),
])  # fmt: skip


@given(KIND_OF_ONE, st.data())
@settings(max_examples=500, deadline=None)
def test_the_fields_of_one_resource(kind: tuple[str, list[str]], data: st.DataObject) -> None:
    body = {name: data.draw(elements) for name in kind[1]}
    try_reading(bundle(patient(), legs(), {**body, "resourceType": kind[0]}))


@given(elements)
@settings(max_examples=500, deadline=None)
def test_shapes_take_anything(value: Any) -> None:
    mapping(value)
    items(value)
    word(value)
    coding(value)
    assert isinstance(concept(value), Concept)
    moment(value)
    reference(value)
    value_of(mapping(value))
    assert len(list(walk(items(value)))) <= 10_000


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"linkId": "quality", "answer": [{"valueString": "cramp"}]}
    for _ in range(depth):
        inner = {"linkId": "group", "item": [inner]}
    return {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [inner]}


def test_deep_groups_of_questions_are_read() -> None:
    assert case_of(bundle(patient(), nested(5000)), shipped_compiled()).findings == {"quality": "cramp"}


def test_bundles_inside_bundles() -> None:
    tree = bundle(patient(), legs())
    assert case_of(bundle(tree), shipped_compiled()).findings["quality"] == "cramp"
    for _ in range(50):
        tree = bundle(tree)
    with pytest.raises(InputError):
        case_of(tree, shipped_compiled())


@pytest.mark.parametrize(
    "text",
    [
        '{"resourceType":"Bundle","entry":' * 50_000,
        '{"resourceType":"Bundle","entry":[' * 500 + "]}" * 500,
        '{"resourceType":"Patient","birthDate":1e999}',
        '{"resourceType":"Patient"} trailing',
        '{"resourceType":"Patient"}\n{"resourceType":',
        '{"resourceType":"Observation","valueQuantity":{"value":NaN}}',
        "",
        "null",
    ],
)
def test_texts(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bundle.json"
    path.write_text(text)
    try:
        assert isinstance(read_any(path, shipped_compiled()), Case)
    except SoleusError as error:
        is_clear(error)
