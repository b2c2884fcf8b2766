"""Conditions, procedures, encounters and family history: what they say of complaints and contributors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from soleus.interop.fhir.record import NEVER, Entry, Record, Statement
from soleus.interop.fhir.shapes import Concept, Moment, concept, items, mapping
from soleus.knowledge.schema.records import SymptomCode

_NO_FACT = {"entered-in-error": "entered in error", "differential": "one of several that are considered, not a fact"}
_ENDED = {"resolved", "inactive", "remission"}
_DATES = ("onsetDateTime", "onsetPeriod.start", "onset", "onsetDate")
_RECORDED = ("recordedDate", "assertedDate", "dateRecorded")
_CLOSE = {"FTH", "MTH", "NFTH", "NMTH", "PRN", "NPRN", "BRO", "SIS", "SIB", "NBRO", "NSIS", "NSIB", "SON", "DAU",
          "SONC", "DAUC", "CHILD", "NCHILD", "father", "mother", "parent", "brother", "sister", "sibling", "son",
          "daughter", "child", "natural father", "natural mother"}  # fmt: skip
_NONE_KNOWN = {"no-known-problems": "conditions", "no-known-medications": "medicines"}  # IPS
_NO_INFORMATION = {"no-problem-info", "no-medication-info"}


def status_of(value: Any) -> str:
    """A status as a code, or as the code of a CodeableConcept."""
    found = concept(value)
    return (found.codings[0].code if found.codings else found.names[0] if found.names else "").lower()


def silence_told(record: Record, found: Concept, where: str) -> bool:
    """Whether an entry says that a list is empty, or that there is no list."""
    for c in found.codings:
        if c.code in _NONE_KNOWN:
            record.lists.add(_NONE_KNOWN[c.code])
            return True
        if c.code in _NO_INFORMATION:
            record.leave(where, "a list", "there is no information")
            return True
    return False


def read_condition(record: Record, entry: Entry) -> None:
    """A diagnosis, a complaint or a state of the person."""
    body, where = entry.body, entry.where
    found = concept(body.get("code"))
    what = f"Condition, {found.coded_in}"
    doubt = status_of(body.get("verificationStatus"))
    if doubt in _NO_FACT:
        record.leave(where, what, _NO_FACT[doubt])
        return
    if silence_told(record, found, where):
        return
    since = record.when(where, body, *_DATES)
    ended = record.when(where, body, "abatementDateTime", "abatementPeriod.end", "abatementPeriod.start", "abatement")
    if record.future(since):
        record.leave(where, what, "dated after the day of the case")
        return
    over = status_of(body.get("clinicalStatus")) in _ENDED or bool(ended and not record.future(ended))
    at = record.when(where, body, *_RECORDED) or since or NEVER
    state = (
        "absent" if doubt == "refuted" else "resolved" if over or body.get("abatementBoolean") is True else "present"
    )
    _place(record, found, state, since, at, where, what)


def _place(record: Record, found: Concept, state: str, since: Moment | None, at: Moment, where: str, what: str) -> None:
    symptoms = record.terms.symptoms(found)
    if symptoms:
        tell(record, symptoms, at, since, where, what, state)
        felt = any(t in record.terms.compiled.findings for s in symptoms for t in s.tells)
        if felt and state != "present":
            record.leave(where, what, "a complaint that has ended or is denied")
        elif felt and since:
            record.onsets.append(since.day)
        return
    record.lists.add("conditions")
    target = record.terms.contributor(found)
    explanation = record.terms.explanation(found)
    past = None if target or not explanation or state != "resolved" else _kin(record, explanation, "past_of")
    if target or past:
        state = "present" if past else state
        day = since.day if since else None
        record.contributors.append(Statement(target or past or "", state, at, where, what, since=day))
    elif explanation:
        denied = "a diagnosis that was ruled out is not evidence; give it as pretest"
        made = "a diagnosis already made is not evidence; give it as pretest"
        record.leave(where, what, denied if state == "absent" else made)
    else:
        record.leave(where, what, "not known to change the likelihood of any explanation")


def _kin(record: Record, explanation: str, kind: str) -> str | None:
    known = record.terms.compiled.contributors.values()
    return next((c.id for c in known if explanation in getattr(c, kind)), None)


def tell(
    record: Record,
    symptoms: Iterable[SymptomCode],
    at: Moment,
    since: Moment | None,
    where: str,
    what: str,
    state: str = "present",
) -> None:
    """Put down what symptom codes tell of findings and contributors. An ended or denied complaint tells nothing."""
    for symptom in symptoms:
        for target, told in symptom.tells.items():
            day = since.day if since else None
            if target in record.terms.compiled.contributors:
                now = state if told == "present" else told
                record.contributors.append(Statement(target, now, at, where, what, since=day))
            elif state == "present":
                lasting = what.startswith("Condition")
                record.findings.append(Statement(target, told, at, where, what, since=day, lasting=lasting))
                record.legs |= {symptom.leg} if symptom.leg else set()


def read_procedure(record: Record, entry: Entry) -> None:
    """An operation or intervention: an event that counts for a while, or for good."""
    body, where = entry.body, entry.where
    found = concept(body.get("code"))
    what = f"Procedure, {found.coded_in}"
    status = status_of(body.get("status"))
    if status in ("entered-in-error", "not-done", "preparation", "unknown"):
        record.leave(where, what, f"its status is {status}")
        return
    done = record.when(
        where, body, "performedPeriod.end", "performedDateTime", "performedPeriod.start", "performedString",
        "occurrenceDateTime", "occurrencePeriod.end",
    )  # fmt: skip
    if record.future(done):
        record.leave(where, what, "dated after the day of the case")
        return
    symptoms = record.terms.symptoms(found)
    target = record.terms.contributor(found)
    if symptoms:
        tell(record, symptoms, done or NEVER, done, where, what)
    elif target is None:
        record.leave(where, what, "not known to change the likelihood of any explanation")
    elif _spent(record, target, done):
        record.leave(where, what, "too long ago, or undated, to tell of now")
    else:
        day = done.day if done else None
        record.contributors.append(Statement(target, "present", done or NEVER, where, what, since=day))


def _spent(record: Record, target: str, done: Moment | None) -> bool:
    """A procedure tells of a lasting state only if it is an event, or was done lately."""
    contributor = record.terms.compiled.contributors[target]
    if contributor.kind == "event" and contributor.window_days is None:
        return False
    if done is None:
        return True
    ago = record.days_ago(done.day)
    return (
        contributor.window_days is None
        and ago is not None
        and ago > record.terms.compiled.parameter("record_oldest_days")
    )


def read_encounter(record: Record, entry: Entry) -> None:
    """The reason for a contact, as a complaint of that day."""
    body, where = entry.body, entry.where
    if status_of(body.get("status")) in ("entered-in-error", "cancelled", "planned"):
        record.leave(where, "Encounter", "it did not take place")
        return
    at = record.when(where, body, "period.start", "actualPeriod.start", "period.end")
    if record.future(at):
        record.leave(where, "Encounter", "dated after the day of the case")
        return
    reasons = [concept(r) for r in _reasons(body)]
    if not any(reasons):
        record.leave(where, "Encounter", "it gives no reason")
    for n, found in enumerate(reasons):
        symptoms = record.terms.symptoms(found)
        if symptoms:
            tell(record, symptoms, at or NEVER, None, f"{where}.reasonCode[{n}]", "Encounter, reason")
        elif found:
            record.leave(f"{where}.reasonCode[{n}]", f"Encounter, reason, {found.coded_in}", "no complaint of the legs")


def _reasons(body: dict[str, Any]) -> list[Any]:
    newer = [v for r in items(body.get("reason")) for v in items(mapping(r).get("value", r))]
    return [*items(body.get("reasonCode")), *newer]


def read_family(record: Record, entry: Entry) -> None:
    """A condition of a parent, brother, sister or child."""
    body, where = entry.body, entry.where
    if status_of(body.get("status")) in ("entered-in-error", "health-unknown"):
        record.leave(where, "FamilyMemberHistory", "entered in error, or unknown")
        return
    relation = concept(body.get("relationship"))
    close = any(c.code in _CLOSE for c in relation.codings) or any(n.lower() in _CLOSE for n in relation.names)
    at = record.when(where, body, "date") or NEVER
    if not items(body.get("condition")):
        record.leave(where, "FamilyMemberHistory", "it names no condition")
    for n, inner in enumerate(items(body.get("condition"))):
        found = concept(mapping(inner).get("code"))
        target = _family_contributor(record, found)
        place, what = f"{where}.condition[{n}]", f"FamilyMemberHistory, {found.coded_in}"
        if target is None:
            record.leave(place, what, "not known to change the likelihood of any explanation")
        elif not close:
            record.leave(place, what, "not said to be a parent, brother, sister or child")
        else:
            record.contributors.append(Statement(target, "present", at, place, what))


def _family_contributor(record: Record, found: Concept) -> str | None:
    terms = record.terms
    told = terms.contributor(found)
    if told and terms.compiled.contributors[told].kind == "family":
        return told
    own = {terms.explanation(found), *(terms.compiled.contributors[told].past_of if told else ())} - {None}
    return next((t for e in sorted(filter(None, own)) if (t := _kin(record, e, "family_of"))), None)


def read_allergy(record: Record, entry: Entry) -> None:
    """Allergies change no likelihood; a clinician checks them before a treatment."""
    record.leave(entry.where, "AllergyIntolerance", "changes no likelihood; check it before any treatment")
