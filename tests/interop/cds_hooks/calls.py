"""Calls of the services, as clients write them."""

from __future__ import annotations

from typing import Any

from soleus.interop.cds_hooks import Answered, Fetch, respond
from soleus.reasoning.compiled import shipped_compiled
from tests.interop.bundles import AS_OF, ICD10CM, bundle, coded, condition, patient, text

Body = dict[str, Any]
INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
BASE = "https://soleus.example"
NIGHT_CRAMPS = condition(coded(ICD10CM, "G47.62", "Sleep related leg cramps"))
CRAMP = condition(coded(ICD10CM, "R25.2", "Cramp and spasm"))
#: Everything that bears on the legs was asked for, and there is nothing.
NOTHING: Body = {
    "patient": patient(),
    **{k: bundle() for k in ("conditions", "medications", "statements", "observations", "procedures", "answers")},
}


def with_(**keys: Any) -> Body:
    """A prefetch in which some keys hold something; lists of resources become Bundles."""
    given = {k: bundle(*v) if isinstance(v, (list, tuple)) else v for k, v in keys.items()}
    return {**NOTHING, **given}


CRAMPS = with_(conditions=[NIGHT_CRAMPS])


def draft(medicine: str, **more: Any) -> Body:
    """A draft order, as an EHR holds it before it is signed."""
    return {
        "resourceType": "MedicationRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": text(medicine),
        "subject": {"reference": "Patient/p"},
        **more,
    }


def request(hook: str, prefetch: Any = None, *drafts: Body, **context: Any) -> Body:
    """A call of a hook for the patient ``p``."""
    about: Body = {"userId": "Practitioner/7", "patientId": "p"}
    if hook.startswith("order"):
        about["draftOrders"] = bundle(*drafts)
    if hook == "order-select":
        about["selections"] = [f"MedicationRequest/{d['id']}" for d in drafts if "id" in d]
    if hook == "encounter-start":
        about["encounterId"] = "e1"
    body = {"hook": hook, "hookInstance": INSTANCE, "context": {**about, **context}}
    return body if prefetch is None else {**body, "prefetch": prefetch}


def called(hook: str, prefetch: Any = None, *drafts: Body, fetch: Fetch | None = None, **context: Any) -> Answered:
    """The answer to such a call, as of the day of the test resources."""
    body = request(hook, prefetch, *drafts, **context)
    return respond(f"soleus-{hook}", body, shipped_compiled(), today=AS_OF, base_url=BASE, fetch=fetch)


def cards(hook: str, prefetch: Any = None, *drafts: Body, **more: Any) -> list[Body]:
    """The cards of the answer."""
    found: list[Body] = called(hook, prefetch, *drafts, **more).body["cards"]
    return found
