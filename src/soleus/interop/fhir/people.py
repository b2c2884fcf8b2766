"""Whose record it is: one person, and everything else in it about that person."""

from __future__ import annotations

import re

from soleus.clinical.case import Person, Sex
from soleus.errors import Contradiction
from soleus.interop.fhir.record import Entry, Record, person_of
from soleus.interop.fhir.shapes import items, mapping, moment, plain_reference, tail, word

_ADDRESS = re.compile(
    r"^(urn:uuid:[0-9a-fA-F-]{36}|urn:oid:[0-9.]+|(https?://[^\s<>\"'#?]+/)?Patient/[A-Za-z0-9\-.]{1,64}(/_history/[A-Za-z0-9\-.]{1,64})?)$"
)
_OLDEST = 120  # years, as in `clinical.case.Age`


def the_patient(entries: tuple[Entry, ...], where: str) -> Entry | None:
    """The Patient of the record. Raises `Contradiction` where there are several people."""
    patients = [e for e in entries if e.kind == "Patient"]
    ids = {word(e.body.get("id")) or e.url or str(n) for n, e in enumerate(patients)}
    about = {p for e in entries if (p := person_of(e.body))}
    people = len(ids) if patients else len(about)
    if people > 1:
        raise Contradiction(where, f"{people} people", "the record of one person", "Hand over one person at a time.")
    return patients[0] if patients else None


def of_person(record: Record, patient: Entry | None, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The resources that are about the person, or do not say about whom."""
    if patient is None:
        return entries
    own = {word(patient.body.get("id")), tail(plain_reference(patient.url))} - {""}
    kept = []
    for e in entries:
        person = person_of(e.body)
        if person and own and person not in own:
            record.leave(e.where, e.kind, "it is about another person")
        else:
            kept.append(e)
    return tuple(kept)


def subject_of(entries: tuple[Entry, ...], patient: Entry | None) -> str | None:
    """The reference to the person as the record writes it; without one, the Patient's own address or type and id."""
    named = [word(mapping(e.body.get("subject") or e.body.get("patient")).get("reference")) for e in entries]
    own = [patient.url, f"Patient/{word(patient.body.get('id'))}"] if patient else []
    return next((r for r in (*named, *own) if _ADDRESS.match(r)), None)


def read_person(record: Record, patient: Entry | None) -> tuple[Person, str | None]:
    """Sex, date of birth and country."""
    if patient is None:
        return Person(), None
    body = patient.body
    gender = word(body.get("gender")).lower()
    sex: Sex | None = "female" if gender == "female" else "male" if gender == "male" else None
    if sex is None:
        record.leave(f"{patient.where}.gender", "Patient, gender", "neither female nor male")
    if body.get("deceasedBoolean") is True or word(body.get("deceasedDateTime")):
        record.leave(patient.where, "Patient, deceased", "the record says that the person has died")
    countries = [word(mapping(a).get("country")) for a in items(body.get("address"))]
    country = next((c for c in countries if re.fullmatch("[A-Z]{2}", c)), None)
    return Person(birth_date=_birth(record, patient), sex=sex), country


def _birth(record: Record, patient: Entry) -> str | None:
    born = record.when(patient.where, patient.body, "birthDate")
    if born is None:
        return None
    as_of = moment(record.as_of or "")
    if record.future(born) or (as_of and int(as_of.day[:4]) - int(born.day[:4]) > _OLDEST):
        record.leave(f"{patient.where}.birthDate", "Patient, date of birth", "no such age on the day of the case")
        return None
    return born.day
