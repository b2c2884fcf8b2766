"""From a FHIR R4 bundle, resource or list of resources to a `Case`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from soleus.clinical.case import Case, Medicine, Respondent
from soleus.errors import UnreadableInput
from soleus.interop.fhir import canonical, observations, statements
from soleus.interop.fhir.joining import joined
from soleus.interop.fhir.medicines import Course, read_medicine, settle
from soleus.interop.fhir.people import of_person, read_person, subject_of, the_patient
from soleus.interop.fhir.questionnaires import completed, read_questionnaire
from soleus.interop.fhir.record import Entry, Record, Statement, as_measurement
from soleus.interop.fhir.shapes import items, mapping, moment, word
from soleus.interop.fhir.terms import terms_of
from soleus.interop.fhir.texts import has_text, with_texts
from soleus.interop.fhir.told import case_told, role_of, use_told
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.interview import DONT_KNOW
from soleus.reasoning.medicines import MedicineIndex

_READERS: dict[str, Callable[[Record, Entry], None]] = {
    "Condition": statements.read_condition,
    "Procedure": statements.read_procedure,
    "Encounter": statements.read_encounter,
    "FamilyMemberHistory": statements.read_family,
    "AllergyIntolerance": statements.read_allergy,
    "Observation": observations.read_observation,
}
_QUESTIONNAIRES = "QuestionnaireResponse"
_MEDICINES = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")
_SILENT = ("Patient", "Medication")  # read on the way
_DATED = (
    "recordedDate", "assertedDate", "onsetDateTime", "effectiveDateTime", "effectivePeriod.start", "issued",
    "authoredOn", "authored", "performedDateTime", "performedPeriod.start", "occurrenceDateTime", "period.start",
    "dateAsserted", "date",
)  # fmt: skip
_DEEPEST = 4


def case_of(tree: Any, compiled: Compiled, where: str = "bundle", *, as_of: str | None = None) -> Case:
    """The case that a Bundle, a resource or a list of resources holds.

    ``as_of``: the day of the case; without it the bundle's timestamp, else the latest date in the record. What is
    not used is listed in ``Case.unused``, without any detail of the person. Raises `UnreadableInput` where there is
    no resource, and `Contradiction` where the record is of several people.
    """
    return read_record(tree, compiled, where, as_of=as_of).case


@dataclass(frozen=True)
class RecordRead:
    """A case with where it came from: ``used`` are the resources that told something, ``medicines`` the one behind
    each medicine by name, ``subject`` the reference by which the record itself names the person, ``entries`` all.
    """

    case: Case
    used: tuple[Entry, ...]
    medicines: dict[str, Entry]
    subject: str | None
    entries: tuple[Entry, ...]


def read_record(tree: Any, compiled: Compiled, where: str = "bundle", *, as_of: str | None = None) -> RecordRead:
    """As `case_of`, with where it came from."""
    entries, left = _entries(tree, where)
    if not entries:
        raise UnreadableInput(where, "no resource", "a FHIR R4 bundle or resource", "Export the record again.")
    told = case_told(entries)
    plain = tuple(e for e in entries if role_of(e.body) != canonical.TOLD)
    day = as_of or (told and told.as_of) or (_timestamp(tree) if plain or not told else None) or _latest(plain)
    record = Record(terms_of(compiled), day, entries)
    for place, why in left:
        record.leave(place, "an entry", why)
    patient = the_patient(entries, where)
    own = patient if patient and role_of(patient.body) != canonical.TOLD else None
    plain = of_person(record, patient, plain)
    case = _coded(record, own, plain, compiled, _id(tree))
    if told:
        use_told(record)
        told = msgspec.structs.replace(told, id=case.id, as_of=day)
        case = joined(told, case, compiled) if plain else told
    case = with_texts(record, case, plain, compiled)
    case = msgspec.structs.replace(case, unused=(*record.unused(), *case.unused))
    return RecordRead(case, record.used(), record.medicines, subject_of(entries, patient), entries)


def _coded(record: Record, patient: Entry | None, entries: tuple[Entry, ...], compiled: Compiled, id: str) -> Case:
    """What codes and answers say."""
    person, country = read_person(record, patient)
    medicines = _read_all(record, entries, compiled)
    person = completed(record, person)
    implied = _implied(medicines, compiled)
    conditions = record.settled_contributors(person.sex, implied)
    findings = record.settled_findings()
    return Case(
        id=id,
        as_of=record.as_of,
        answered_by=_respondent(record),
        country=country,
        person=person,
        findings=_not_known(record, findings) | {s.target: s.state for s in findings if s.number is None},
        measurements=tuple(as_measurement(s) for s in findings if s.number is not None),
        onset=min(record.onsets, default=None),
        duration=min(record.durations, default=None) if not record.onsets else None,
        conditions=tuple(conditions),
        medicines=tuple(medicines),
        lists=tuple(name for name in ("conditions", "medicines") if name in record.lists),
    )


def _not_known(record: Record, told: list[Statement]) -> dict[str, str]:
    """What was asked in vain and nothing else tells."""
    return dict.fromkeys(sorted(record.unknown - {s.target for s in told}), DONT_KNOW)


def _entries(tree: Any, where: str) -> tuple[tuple[Entry, ...], list[tuple[str, str]]]:
    """The resources, bundles within bundles included, and the entries that are none."""
    found: list[Entry] = []
    left: list[tuple[str, str]] = []
    for place, url, resource in _flat(tree, where, 0):
        kind = word(mapping(resource).get("resourceType"))
        if not kind:
            left.append((place, "no resource, or none with a type"))
        elif kind == "Bundle":
            left.append((place, "a bundle too deep inside others"))
        else:
            found.append(Entry(place, kind, resource, url))
    return tuple(found), left


def _flat(tree: Any, place: str, depth: int, url: str = "") -> Iterator[tuple[str, str, Any]]:
    if isinstance(tree, list) and depth == 0:
        for n, resource in enumerate(tree):
            yield from _flat(resource, f"{place}[{n}]", 1)
    elif mapping(tree).get("resourceType") == "Bundle" and depth < _DEEPEST:
        entries = tree.get("entry")
        for n, entry in enumerate(entries if isinstance(entries, list) else items(entries)):
            inner = mapping(entry)
            deleted = word(mapping(inner.get("request")).get("method")) == "DELETE"
            resource = None if deleted else inner.get("resource")
            yield from _flat(
                resource, f"entry[{n}]" if depth <= 1 else f"{place}.entry[{n}]", depth + 1, word(inner.get("fullUrl"))
            )
    else:
        yield place, url, tree


def _timestamp(tree: Any) -> str | None:
    found = moment(mapping(tree).get("timestamp"))
    return found.day[:10] if found else None


def _latest(entries: tuple[Entry, ...]) -> str | None:
    """The latest full date of what is read; plans and bills do not count."""
    dates = []
    for e in entries:
        if e.kind in (*_READERS, *_MEDICINES, _QUESTIONNAIRES):
            for name in _DATED:
                outer, _, inner = name.partition(".")
                found = moment(mapping(e.body.get(outer)).get(inner) if inner else e.body.get(outer))
                if found:
                    dates.append(found.day)
    return max((d for d in dates if len(d) == 10), default=max(dates, default=None))


def _read_all(record: Record, entries: tuple[Entry, ...], compiled: Compiled) -> list[Medicine]:
    index = MedicineIndex(compiled.knowledge)
    courses: list[Course] = []
    for e in entries:
        if role_of(e.body) == canonical.ANSWER:
            record.leave(e.where, word(e.kind), "an answer of Soleus, not a fact of the person")
        elif e.kind in _READERS:
            _READERS[e.kind](record, e)
        elif e.kind == _QUESTIONNAIRES:
            courses += read_questionnaire(record, e, index)
        elif e.kind in _MEDICINES:
            course = read_medicine(record, e, index)
            courses += [course] if course else []
        elif e.kind not in _SILENT and not has_text(e):
            record.leave(e.where, re.sub(r"[^A-Za-z]", "", e.kind)[:40] or "a resource", "this type is not read")
    return settle(record, courses, index)


def _implied(medicines: list[Medicine], compiled: Compiled) -> frozenset[str]:
    index = MedicineIndex(compiled.knowledge)
    current = (index.find(m.name, m.code, m.system) for m in medicines if m.stopped is None)
    return frozenset(c for m in current if m for c in index.contributors(m))


def _respondent(record: Record) -> Respondent:
    """Who filled in the questionnaire; the record alone is a clinician's."""
    return next(iter(record.respondents)) if len(record.respondents) == 1 else "clinician"


def _id(tree: Any) -> str:
    found = word(mapping(tree).get("id"))
    return (
        found
        if mapping(tree).get("resourceType") == "Bundle" and re.fullmatch(r"[A-Za-z0-9.\-]{1,64}", found)
        else "fhir"
    )
