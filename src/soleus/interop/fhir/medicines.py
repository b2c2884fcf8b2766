"""Medicines out of requests, statements and administrations: one entry per medicine, with its course in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from soleus.clinical.case import Medicine
from soleus.clinical.timeline import days_between
from soleus.interop.fhir.record import Entry, Record
from soleus.interop.fhir.shapes import Concept, Moment, concept, items, mapping, moment, reference, word
from soleus.interop.fhir.statements import silence_told, status_of
from soleus.reasoning.compiled import loose_form
from soleus.reasoning.medicines import MedicineIndex

_NOT_TAKEN = {
    "entered-in-error": "entered in error",
    "not-taken": "said not to be taken",
    "not-done": "not given",
    "cancelled": "cancelled",
    "draft": "a draft",
    "on-hold": "on hold",
    "intended": "not begun yet",
    "unknown": "its status is unknown",
}
_ENDED = {"completed", "stopped", "ended"}
_STARTS = {
    "MedicationRequest": ("authoredOn", "dateWritten"),
    "MedicationStatement": ("effectivePeriod.start", "effectiveDateTime", "dateAsserted"),
    "MedicationAdministration": ("effectivePeriod.start", "effectiveDateTime", "occurencePeriod.start",
                                 "occurenceDateTime", "occurrenceDateTime"),
}  # fmt: skip


@dataclass(frozen=True)
class Course:
    """One entry of a list: what, from when, and until when. ``ended`` without ``stop``: at an unknown date."""

    name: str
    code: str | None
    system: str | None
    start: str | None
    stop: str | None
    ended: bool
    where: str
    what: str
    dose: str | None = None


def read_medicine(record: Record, entry: Entry, index: MedicineIndex) -> Course | None:
    """The course that an entry tells of; None where it tells of none, which is noted."""
    body, where = entry.body, entry.where
    found = medication_of(record, entry)
    what = f"{entry.kind}, {found.coded_in}"
    status = status_of(body.get("status"))
    if not found:
        record.leave(where, what, "it does not say which medicine")
        return None
    if silence_told(record, found, where):
        return None
    reason = _NOT_TAKEN.get(status) or _not_meant(body)
    if reason:
        record.leave(where, what, reason)
        return None
    if entry.kind != "MedicationAdministration":
        record.lists.add("medicines")
    start = record.when(where, body, *_STARTS[entry.kind])
    if record.future(start):
        record.leave(where, what, "dated after the day of the case")
        return None
    return _course(record, entry, found, what, start, status in _ENDED, index)


def _not_meant(body: dict[str, Any]) -> str | None:
    if True in (body.get("doNotPerform"), body.get("wasNotTaken"), body.get("notGiven")) or body.get("taken") == "n":
        return "said not to be taken"
    return "a plan, not an order" if word(body.get("intent")) in ("proposal", "plan", "option") else None


def medication_of(record: Record, entry: Entry) -> Concept:
    """In the resource, in a contained or referenced Medication, or as the reference's display."""
    body = entry.body
    for key in ("medicationCodeableConcept", "medication"):
        found = concept(body.get(key))
        if found:
            return found
    for key in ("medicationReference", "medication"):
        found = concept(record.resolve(body.get(key), entry).get("code")) if reference(body.get(key)) else Concept()
        if found:
            return found
        shown = concept(word(mapping(body.get(key)).get("display")))
        if shown:
            return shown
    return Concept()


def _course(
    record: Record, entry: Entry, found: Concept, what: str, start: Moment | None, ended: bool, index: MedicineIndex
) -> Course:
    stop = _stop(record, entry, ended, start)
    gone = ended or (stop is not None and not record.future(stop))
    if stop and start and stop.day < start.day and not start.day.startswith(stop.day):
        record.leave(entry.where, f"{entry.kind}, the end of the course", "it lies before the start")
        stop = None
    name, code, system = best_known(found, index)
    doses = (word(mapping(d).get("text")) for k in ("dosageInstruction", "dosage") for d in items(entry.body.get(k)))
    return Course(
        name=name,
        code=code,
        system=system,
        start=start.day if start else None,
        stop=stop.day if stop and gone else None,
        ended=gone,
        where=entry.where,
        what=what,
        dose=next((d for d in doses if d), None),
    )


def _stop(record: Record, entry: Entry, ended: bool, start: Moment | None) -> Moment | None:
    body, where = entry.body, entry.where
    names = ["effectivePeriod.end", "occurencePeriod.end"]
    if ended:
        names += ["dateStopped", "dateEnded"]
    stop = record.when(where, body, *names)
    if stop is None and ended:
        stop = moment(mapping(mapping(body.get("dispenseRequest")).get("validityPeriod")).get("end")) or _bounds(body)
    if stop is None and ended and entry.kind == "MedicationAdministration":
        stop = start
    return None if ended and record.future(stop) else stop


def _bounds(body: dict[str, Any]) -> Moment | None:
    for d in items(body.get("dosageInstruction")):
        repeat = mapping(mapping(mapping(d).get("timing")).get("repeat"))
        found = moment(mapping(repeat.get("boundsPeriod")).get("end"))
        if found:
            return found
    return None


def best_known(found: Concept, index: MedicineIndex) -> tuple[str, str | None, str | None]:
    """The name and code by which the medicine is known here, else the first of each."""
    codes = [(c.code, c.system) for c in found.codings if c.code and c.system]
    name = found.names[0] if found.names else codes[0][0] if codes else found.codings[0].code
    for code, system in codes:
        if index.find("", code, system):
            return name, code, system
    known = next((n for n in found.names if index.find(n)), name)
    return known, *(codes[0] if codes else (None, None))


def settle(record: Record, courses: list[Course], index: MedicineIndex) -> list[Medicine]:
    """One medicine per substance. Entries with a short gap between them are one course, which began with the first."""
    groups: dict[str, list[Course]] = {}
    for c in sorted(courses, key=lambda c: (c.name, c.code or "", c.start or "", c.stop or "", c.ended, c.dose or "")):
        known = index.find(c.name, c.code, c.system)
        groups.setdefault(known.id if known else loose_form(c.name), []).append(c)
    return [m for _, group in sorted(groups.items()) if (m := _settled(record, group))]


def _settled(record: Record, group: list[Course]) -> Medicine | None:
    group = sorted(group, key=lambda c: (c.start or "", c.ended, c.stop or "9999", c.name))
    running = [c for c in group if not c.ended]
    last = (running or [c for c in group if c.stop] or group)[-1]
    first = _first_start(record, group, last)
    for c in group:
        if c is not last:
            record.leave(c.where, c.what, "another entry of a medicine that is listed")
    if last.ended and not last.stop:
        record.leave(last.where, last.what, "it was stopped at an unknown date")
        return None
    record.use(last.where)
    if (entry := record.entry_at(last.where)) is not None:
        record.medicines[last.name] = entry
    return Medicine(
        name=last.name, code=last.code, system=last.system, started=first, stopped=last.stop, dose=last.dose
    )


def _first_start(record: Record, group: list[Course], last: Course) -> str | None:
    """Back from the last entry as long as each one before it ran on, or ended shortly before the next began."""
    start = last.start
    most = record.terms.compiled.parameter("record_medicine_gap_days")
    for c in reversed([c for c in group if c is not last]):
        if start is None or c.start is None or c.start > start:
            continue
        if c.stop is None or c.stop >= start or days_between(c.stop, start, "medicine") <= most:
            start = c.start
    return start
