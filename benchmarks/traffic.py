"""Requests for the load benchmark: distinct people drawn from the model, in the forms in which the service is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
import numpy as np

from soleus.clinical.reading import case_from
from soleus.interop.fhir.writing import case_bundle
from soleus.interop.handover import packed
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.validation.simulate import draw_patient

PEOPLE = 1_500
MIX = (("next_question", 0.50), ("hook", 0.25), ("page", 0.15), ("assess", 0.10))
_SETTINGS = ("primary_care", "sleep_clinic", "general_population")
_MEDICINES = ("furosemide", "salmeterol", "atorvastatin", "amlodipine", "naproxen", "spironolactone", "metformin",
              "paracetamol", "levothyroxine", "hydrochlorothiazide", "ramipril", "omeprazole")  # fmt: skip
_ORDERS = ("quinine", "salmeterol", "furosemide", "ropinirole", "paracetamol", "amoxicillin", "ramipril", "omeprazole")
#: Of pages: how often each is asked for.
_PAGES = (("home", 0.15), ("interview", 0.50), ("result", 0.20), ("compare", 0.15))
_JSON, _FHIR, _FORM = "application/json", "application/fhir+json", "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Request:
    """One request as it goes over the wire; ``kind`` is that of the mix."""

    kind: str
    raw: bytes


def written(kind: str, method: str, path: str, body: bytes = b"", media: str = _JSON) -> Request:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n"
    if method == "POST":
        head += f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n"
    return Request(kind, head.encode() + b"\r\n" + body)


def people(n: int = PEOPLE, seed: int = 5) -> list[dict[str, Any]]:
    """Cases of ``n`` different people: age, sex, setting, up to 24 findings of a patient of the model, medicines."""
    compiled, rng = shipped_compiled(), np.random.default_rng(seed)
    net = compiled.network
    core = [net.finding_index[f.id] for f in compiled.findings.values() if f.core and f.id in net.finding_index]
    others = sorted(set(range(len(net.findings))) - set(core))
    return [_person(compiled, core, others, rng) for _ in range(n)]


def _person(
    compiled: Compiled,
    core: list[int],
    others: list[int],
    rng: np.random.Generator,
) -> dict[str, Any]:
    net = compiled.network
    age, sex = int(rng.integers(18, 95)), str(rng.choice(["female", "male"]))
    setting = str(rng.choice(_SETTINGS))
    where = compiled.context(age, sex, setting)
    asked = [
        net.finding_index["quality"],
        *rng.choice(core, int(rng.integers(1, 20)), replace=False),
        *rng.choice(others, 4, replace=False),
    ]
    told = draw_patient(net, where, [int(f) for f in asked], rng).answers
    return {
        "as_of": "2026-11-29",
        "setting": setting,
        "person": {"age": age, "sex": sex},
        "findings": {net.findings[f]: net.states[f][k] for f, k in told.items()},
        "medicines": [str(m) for m in rng.choice(_MEDICINES, int(rng.integers(0, 4)), replace=False)],
    }


def requests(seed: int = 6) -> list[Request]:
    """Every request that the mix is drawn from: each person in every form."""
    rng, compiled = np.random.default_rng(seed), shipped_compiled()
    out: list[Request] = []
    for case in people():
        bundle = case_bundle(case_from(case), compiled)
        out.append(written("assess", "POST", "/fhir/$assess", msgspec.json.encode(bundle), _FHIR))
        out.append(_next_question(case, rng))
        out.append(_hook(bundle, rng))
        out.append(_page(case, rng))
    return out


def _next_question(case: dict[str, Any], rng: np.random.Generator) -> Request:
    """An interview that has come as far as chance has it: half of what was told, for a patient or a clinician."""
    half = dict(list(case["findings"].items())[: int(rng.integers(0, len(case["findings"])))])
    body = {"case": {**case, "findings": half}, "audience": str(rng.choice(["patient", "clinician"]))}
    return written("next_question", "POST", "/api/v1/next-question", msgspec.json.encode(body))


def _hook(bundle: dict[str, Any], rng: np.random.Generator) -> Request:
    """Half open a chart, most of them without any leg complaint; half sign an order."""
    resources = [e["resource"] for e in bundle["entry"]]
    patient = next(r for r in resources if r["resourceType"] == "Patient")
    with_legs = rng.random() < 0.2
    context: dict[str, Any] = {"userId": "Practitioner/1", "patientId": patient.get("id", "1")}
    kinds = ("MedicationStatement", *(("Observation", "Condition") if with_legs else ()))
    prefetch: dict[str, Any] = {"patient": patient}
    for key, kind in (
        ("medications", "MedicationStatement"),
        ("observations", "Observation"),
        ("conditions", "Condition"),
    ):
        found = [{"resource": r} for r in resources if r["resourceType"] == kind and kind in kinds]
        prefetch[key] = {"resourceType": "Bundle", "type": "searchset", **({"entry": found} if found else {})}
    sign = rng.random() < 0.5
    if sign:
        order = {
            "resourceType": "MedicationRequest", "id": "draft1", "status": "draft", "intent": "order",
            "subject": {"reference": f"Patient/{context['patientId']}"},
            "medicationCodeableConcept": {"text": str(rng.choice(_ORDERS))},
        }  # fmt: skip
        context["draftOrders"] = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]}
    hook = "order-sign" if sign else "patient-view"
    body = {
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": context,
        "prefetch": prefetch,
    }
    return written("hook", "POST", f"/cds-services/soleus-{hook}", msgspec.json.encode(body))


def _page(case: dict[str, Any], rng: np.random.Generator) -> Request:
    """Home, a step of an interview, a result, a comparison."""
    names, shares = zip(*_PAGES, strict=True)
    page = str(rng.choice(names, p=shares))
    if page == "home":
        return written("page", "GET", "/")
    if page == "compare":
        s = rng.choice(shipped_compiled().network.explanations, 2, replace=False)
        return written("page", "GET", f"/compare?first={s[0]}&second={s[1]}")
    form = urlencode({"state": packed({"case": case, "respondent": "self"})}).encode()
    return written("page", "POST", f"/{page}", form, _FORM)


def mixed(found: list[Request], seed: int = 8) -> Iterator[Request]:
    """Endlessly, in the shares of the mix."""
    rng = np.random.default_rng(seed)
    kinds, shares = zip(*MIX, strict=True)
    of_kind = {k: [r for r in found if r.kind == k] for k in kinds}
    while True:
        for kind in rng.choice(kinds, 1_000, p=shares):
            some = of_kind[str(kind)]
            yield some[int(rng.integers(len(some)))]
