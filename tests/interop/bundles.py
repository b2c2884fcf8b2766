"""Small FHIR resources for the tests, written as records in the field write them."""

from __future__ import annotations

from typing import Any

ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
AS_OF = "2026-11-21"
Resource = dict[str, Any]


def bundle(*resources: Any, **more: Any) -> Resource:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": f"{AS_OF}T09:00:00Z",
        "entry": [{"resource": r} for r in resources],
        **more,
    }


def coded(system: str, code: str, display: str = "") -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def text(words: str) -> Resource:
    return {"text": words}


def patient(**more: Any) -> Resource:
    return {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1960-05-01", **more}


def condition(code: Resource, clinical: str | None = "active", **more: Any) -> Resource:
    status = {"clinicalStatus": {"coding": [{"code": clinical}]}} if clinical else {}
    return {"resourceType": "Condition", "code": code, **status, **more}


def observation(code: Resource, **more: Any) -> Resource:
    return {"resourceType": "Observation", "status": "final", "effectiveDateTime": "2026-11-01", "code": code, **more}


def potassium(value: Any, unit: str = "mmol/L", **more: Any) -> Resource:
    code = coded(LOINC, "2823-3", "Potassium [Moles/volume] in Serum or Plasma")
    return observation(code, **{"valueQuantity": {"value": value, "unit": unit}, **more})


def request(name: str, status: str = "active", **more: Any) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "status": status,
        "intent": "order",
        "medicationCodeableConcept": text(name),
        "authoredOn": "2026-09-01",
        **more,
    }


def answers(**given: Any) -> Resource:
    items = [{"linkId": link, "answer": [value]} for link, value in given.items()]
    return {"resourceType": "QuestionnaireResponse", "status": "completed", "authored": AS_OF, "item": items}


def legs() -> Resource:
    """A complaint, so that there is something to judge."""
    return answers(quality={"valueString": "cramp"}, site={"valueCoding": {"code": "calf"}})
