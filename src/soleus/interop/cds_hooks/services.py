"""Discovery: which services there are, for which hook, and what each asks the client to hand over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_PATIENT = "{{context.patientId}}"

#: Prefetch key -> query. Only what the specification lets a client be asked: a read, or a search by type.
TEMPLATES: dict[str, str] = {
    "patient": f"Patient/{_PATIENT}",
    "conditions": f"Condition?patient={_PATIENT}&_count=200",
    "medications": f"MedicationRequest?patient={_PATIENT}&_sort=-authoredon&_count=200",
    "statements": f"MedicationStatement?patient={_PATIENT}&_count=100",
    "observations": f"Observation?patient={_PATIENT}&_sort=-date&_count=200",
    "procedures": f"Procedure?patient={_PATIENT}&_sort=-date&_count=100",
    "allergies": f"AllergyIntolerance?patient={_PATIENT}&_count=50",
    "answers": f"QuestionnaireResponse?patient={_PATIENT}&_sort=-authored&_count=10",
    "documents": f"DocumentReference?patient={_PATIENT}&_sort=-date&_count=5",
    "encounter": "Encounter/{{context.encounterId}}",
}

#: Prefetch key -> the types of resource that answer it under whatever key they come, and how a card calls them.
CONTENT: dict[str, tuple[tuple[str, ...], str]] = {
    "patient": (("Patient",), "the person's age and sex"),
    "conditions": (("Condition",), "conditions"),
    "medications": (("MedicationRequest", "MedicationAdministration"), "prescriptions"),
    "statements": (("MedicationStatement",), "medicines that the person says to take"),
    "observations": (("Observation",), "results and observations"),
    "procedures": (("Procedure",), "procedures"),
    "allergies": (("AllergyIntolerance",), "allergies"),
    "answers": (("QuestionnaireResponse",), "answered questionnaires"),
    "documents": (("DocumentReference",), "recent documents"),
    "encounter": (("Encounter",), "the reason for this contact"),
}

#: Keys of which at least one must be had before anything is said of the legs.
TELLING = ("conditions", "observations", "answers", "documents", "encounter")


@dataclass(frozen=True)
class Service:
    """One service for one hook. ``context``: fields that the hook must have."""

    hook: str
    title: str
    description: str
    context: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"soleus-{self.hook}"

    @property
    def orders(self) -> bool:
        return self.hook.startswith("order-")

    def discovered(self) -> dict[str, Any]:
        """The service as discovery lists it."""
        return {
            "hook": self.hook,
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "prefetch": TEMPLATES,
            "usageRequirements": _USAGE,
        }


_USAGE = (
    "Every prefetch key is optional. Without conditions, observations, answers, documents or the encounter the record "
    "is read from fhirServer where that is allowed; otherwise the answer is 412. No clinician has reviewed the content."
)
_SERVICES = (
    Service(
        "patient-view",
        "Leg complaints at night",
        "Where the record tells of cramping, painful or restless legs, or of a danger: what is likely, and what to do.",
        ("userId", "patientId"),
    ),
    Service(
        "encounter-start",
        "Leg complaints at the start of an encounter",
        "As for patient-view, with the reason for the encounter.",
        ("userId", "patientId", "encounterId"),
    ),
    Service(
        "order-select",
        "Medicines and legs, on selection",
        "Whether a medicine that is being chosen would bring leg cramps or restless legs, or is not advised for them.",
        ("userId", "patientId", "selections", "draftOrders"),
    ),
    Service(
        "order-sign",
        "Medicines and legs, on signing",
        "As for order-select, for all orders that are about to be signed.",
        ("userId", "patientId", "draftOrders"),
    ),
)

#: Service id -> service.
BY_ID: dict[str, Service] = {s.id: s for s in _SERVICES}
HOOKS: tuple[str, ...] = tuple(s.hook for s in _SERVICES)


def services() -> dict[str, Any]:
    """The answer of the discovery endpoint."""
    return {"services": [s.discovered() for s in _SERVICES]}
