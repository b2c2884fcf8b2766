"""How often a card would interrupt: alerts per 100 encounters, over records and over simulated patients.

Records: synthetic FHIR bundles of people who came for anything. Every encounter calls ``encounter-start`` with what the
record held that day, every order ``order-sign``. Simulated patients: adults in primary care who come with a leg
complaint and tell a dozen answers; each calls ``patient-view``, and ``order-sign`` for each of a few medicines.
"""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from soleus.clinical.case import Case, Person
from soleus.errors import CannotAssess
from soleus.interop.cds_hooks import respond
from soleus.interop.fhir.writing.facts import case_bundle
from soleus.reasoning.compiled import Compiled
from soleus.validation.simulate import draw_patient

#: Medicines that are ordered for simulated patients: some with a link to the complaint and some without.
ORDERED = ("quinine", "salmeterol", "spironolactone", "hydrochlorothiazide", "furosemide", "simvastatin", "ropinirole")
_AS_OF = "2026-11-29"
_TOLD = 12  # core answers of a simulated patient
_SEED = 11
_INSTANCE = "00000000-0000-4000-8000-000000000000"
_BASE = "https://soleus.example"
Resource = dict[str, Any]


@dataclass(frozen=True)
class Alerts:
    """What was called and what came: ``kinds`` counts cards, ``answered`` the calls with at least one."""

    calls: int
    answered: int
    kinds: Counter[str]

    @property
    def per_100(self) -> float:
        """Cards per 100 calls."""
        return 100 * sum(self.kinds.values()) / self.calls if self.calls else 0.0


@dataclass(frozen=True)
class AlertResults:
    """``encounters``, ``orders`` over records (None where there are none); the others over simulated patients."""

    records: int
    encounters: Alerts | None
    orders: Alerts | None
    views: Alerts
    ordered: Mapping[str, Alerts]


def measure(compiled: Compiled, n: int, folder: Path | None = None) -> AlertResults:
    """Alerts over the bundles of a folder, if there is one, and over ``n`` simulated patients."""
    bundles = list(_bundles(folder)) if folder else []
    people = [_simulated(compiled, seed) for seed in range(n)]
    return AlertResults(
        records=len(bundles),
        encounters=_counted(compiled, (c for b in bundles for c in encounters(b))) if bundles else None,
        orders=_counted(compiled, (c for b in bundles for c in orders(b))) if bundles else None,
        views=_counted(compiled, (_call("patient-view", p) for p in people)),
        ordered={m: _counted(compiled, (_call("order-sign", p, _draft(m)) for p in people)) for m in ORDERED},
    )


def record_folder() -> Path | None:
    """The synthetic records beside the project, where SOLEUS_TEST_DATA names their place."""
    named = os.environ.get("SOLEUS_TEST_DATA")
    folder = Path(named) / "data/fhir_synthea_r4" if named else None
    return folder if folder is not None and folder.is_dir() else None


def _bundles(folder: Path) -> Iterator[list[Resource]]:
    for path in sorted(folder.glob("*.json.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield [e["resource"] for e in json.load(file).get("entry", ())]


@dataclass(frozen=True)
class Call:
    """A call of a service on a day."""

    hook: str
    as_of: str
    body: dict[str, Any]


def encounters(record: Sequence[Resource]) -> Iterator[Call]:
    """A call at the start of each encounter; later entries of the record are left to the reader to pass over."""
    rest = [r for r in record if r["resourceType"] != "Encounter"]
    for encounter in record:
        if encounter["resourceType"] == "Encounter":
            now = {**encounter, "status": "in-progress"}
            yield _call("encounter-start", [*rest, now], as_of=encounter["period"]["start"][:10])


def orders(record: Sequence[Resource]) -> Iterator[Call]:
    """A call at the signing of each order, which is not in the record yet."""
    for order in record:
        if order["resourceType"] == "MedicationRequest":
            rest = [r for r in record if r is not order and r["resourceType"] != "Encounter"]
            yield _call("order-sign", rest, {**order, "status": "draft"}, as_of=order["authoredOn"][:10])


def _simulated(compiled: Compiled, seed: int) -> list[Resource]:
    """The record of an adult with a leg complaint, as resources."""
    rng = np.random.default_rng((_SEED, seed))
    network = compiled.network
    age, female = float(rng.integers(18, 90)), bool(rng.integers(2))
    sex = "female" if female else "male"
    core = [network.finding_index[f.id] for f in compiled.findings.values() if f.core and f.id in network.finding_index]
    patient = draw_patient(network, compiled.context(age, sex, "primary_care"), core, rng)
    told = rng.choice(core, size=_TOLD, replace=False)
    findings = {network.findings[f]: network.states[f][patient.answers[int(f)]] for f in told}
    person = Person(age=age, sex=sex, pregnant=False if female else None)  # type: ignore[arg-type]
    return [e["resource"] for e in case_bundle(Case(as_of=_AS_OF, person=person, findings=findings), compiled)["entry"]]


def _draft(medicine: str) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "id": "draft",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {"text": medicine},
    }


def _call(hook: str, record: Sequence[Resource], draft: Resource | None = None, as_of: str = _AS_OF) -> Call:
    patient = next(r["id"] for r in record if r["resourceType"] == "Patient")
    context: dict[str, Any] = {"userId": "Practitioner/1", "patientId": patient, "encounterId": "e"}
    if draft is not None:
        context["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": draft}]}
    entries = [{"resource": r} for r in record]
    prefetch = {"conditions": {"resourceType": "Bundle", "entry": entries}}
    return Call(hook, as_of, {"hook": hook, "hookInstance": _INSTANCE, "context": context, "prefetch": prefetch})


def _counted(compiled: Compiled, calls: Iterable[Call]) -> Alerts:
    kinds: Counter[str] = Counter()
    made = answered = 0
    for call in calls:
        made += 1
        found = _cards(compiled, call)
        kinds.update(kind for _, kind in found)
        answered += bool(found)
    return Alerts(made, answered, kinds)


def _cards(compiled: Compiled, call: Call) -> tuple[tuple[str, str], ...]:
    try:
        return respond(f"soleus-{call.hook}", call.body, compiled, today=call.as_of, base_url=_BASE).cards
    except CannotAssess:
        return ()


# --- figures and words --------------------------------------------------------------------------------------------


def figures(found: AlertResults) -> dict[str, Any]:
    """For docs/validation.json. Without records those figures are None: not measured."""
    return {
        "alerts_per_100": found.encounters.per_100 if found.encounters else None,
        "alerts_per_100_orders": found.orders.per_100 if found.orders else None,
        "alerts_per_100_leg_complaints": found.views.per_100,
    }


def section(found: AlertResults) -> str:
    """The part of docs/validation.md."""
    rows = [
        ("encounters of records, for anything", found.encounters),
        ("orders in those records", found.orders),
        ("adults with a leg complaint, simulated", found.views),
        *((f"those, with {m} ordered", a) for m, a in found.ordered.items()),
    ]
    lines = [
        "## Alerts",
        "",
        f"Cards of CDS Hooks for {found.records} synthetic records (Synthea) and {found.views.calls} simulated",
        f"patients who tell {_TOLD} answers. Where people come for anything, an empty answer is meant to be the usual",
        "one; those with a leg complaint are the ones it is for.",
        "",
        "| | calls | with a card | cards per 100 | by kind |",
        "|---|---|---|---|---|",
        *(_row(what, a) for what, a in rows),
        "",
    ]
    return "\n".join(lines)


def _row(what: str, found: Alerts | None) -> str:
    if found is None:
        return f"| {what} | not measured | | | |"
    kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(found.kinds.items())) or "none"
    return f"| {what} | {found.calls} | {found.answered} | {found.per_100:.1f} | {kinds} |"
