"""One record, read as of today: the presentation, the judgement if legs were told of, diagnoses and allergies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from soleus.clinical.case import Case
from soleus.errors import CannotAssess
from soleus.interop.cds_hooks.prefetch import Record
from soleus.interop.cds_hooks.request import Request
from soleus.interop.fhir.reading import case_of
from soleus.interop.fhir.record import person_of
from soleus.interop.fhir.shapes import concept, mapping, moment, word
from soleus.interop.fhir.statements import status_of
from soleus.interop.fhir.terms import Terms, terms_of
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import Presentation, take_in, tells_of_legs
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import MedicineIndex

_OVER = {"resolved", "inactive", "remission"}
_DOUBTED = {"refuted", "entered-in-error"}
_BEFORE = {"planned", "arrived", "triaged"}  # an encounter that begins: its reason is the complaint of today


def whose(request: Request, record: Record) -> bool:
    """Whether the record is that of the patient in context; a record that does not say whose it is passes."""
    people = {word(p.get("id")) for p in record.of_kind("Patient")} - {""}
    about = {p for e in record.entries if (p := person_of(mapping(e["resource"])))}
    named = people or about
    return not named or request.patient in named


def has_died(record: Record, today: str) -> bool:
    """Whether the record says that the person had died by that day: then nothing is said."""
    for body in record.of_kind("Patient"):
        died = moment(body.get("deceasedDateTime"))
        if body.get("deceasedBoolean") is True or (died is not None and died.day[:10] <= today):
            return True
    return False


@dataclass(frozen=True)
class View:
    """One record, read: the presentation, the judgement if legs were told of, diagnoses made, and allergies.

    ``diagnosed`` are explanations, ``allergies`` medicines and classes.
    """

    request: Request
    compiled: Compiled
    today: str
    case: Case
    presentation: Presentation
    shell: Judged  # to put words to; judged only where legs were told of
    judged: Judged | None
    diagnosed: frozenset[str]
    allergies: frozenset[str]
    conditions: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, request: Request, record: Record, compiled: Compiled, today: str) -> View:
        """Read what is at hand, as of today."""
        case = _case(request, record, compiled, today)
        presentation = take_in(case, compiled, MedicineIndex(compiled.knowledge), empty=True)[0]
        shell = Judged(presentation)
        conditions = tuple(record.of_kind("Condition"))
        legs = any(tells_of_legs(compiled, f) for f in presentation.observations)
        return cls(
            request=request,
            compiled=compiled,
            today=today,
            case=case,
            presentation=presentation,
            shell=shell,
            judged=_possible(shell) if legs else None,
            diagnosed=frozenset(_diagnosed(conditions, terms_of(compiled))),
            allergies=frozenset(_allergies(record, MedicineIndex(compiled.knowledge))),
            conditions=conditions,
        )

    @property
    def audience(self) -> Audience:
        return "patient" if self.request.by_patient else "clinician"

    @property
    def index(self) -> MedicineIndex:
        return MedicineIndex(self.compiled.knowledge)

    @property
    def present(self) -> frozenset[str]:
        """Contributors that are said to be there."""
        return frozenset(c for c, there in self.presentation.said.items() if there)


def _possible(judged: Judged) -> Judged | None:
    """The judgement, where any explanation is possible at all."""
    try:
        assert judged.judgement
    except CannotAssess:
        return None
    return judged


def _case(request: Request, record: Record, compiled: Compiled, today: str) -> Case:
    entries = [_begun(e) for e in record.entries]
    if not record.of_kind("Patient"):
        entries.append({"resource": {"resourceType": "Patient", "id": request.patient}})
    case = case_of({"resourceType": "Bundle", "entry": entries}, compiled, "record", as_of=today)
    whole = tuple(name for name in case.lists if name not in record.cut_lists)
    return msgspec.structs.replace(case, lists=whole)


def _begun(entry: dict[str, Any]) -> dict[str, Any]:
    """An encounter that is about to begin counts as begun."""
    body = mapping(entry["resource"])
    if body.get("resourceType") != "Encounter" or status_of(body.get("status")) not in _BEFORE:
        return entry
    return {**entry, "resource": {**body, "status": "in-progress"}}


def _diagnosed(conditions: Iterable[dict[str, Any]], terms: Terms) -> Iterable[str]:
    """Explanations that the record names as diagnoses that hold."""
    for body in conditions:
        holds = status_of(body.get("clinicalStatus")) not in _OVER
        if holds and status_of(body.get("verificationStatus")) not in _DOUBTED:
            found = terms.explanation(concept(body.get("code")))
            if found:
                yield found


def _allergies(record: Record, index: MedicineIndex) -> Iterable[str]:
    """Medicines that the record names as not borne."""
    for body in record.of_kind("AllergyIntolerance"):
        over = status_of(body.get("clinicalStatus")) in _OVER
        if over or status_of(body.get("verificationStatus")) in _DOUBTED:
            continue
        for name in concept(body.get("code")).names:
            yield from (m.id for m in index.find_all(name))
