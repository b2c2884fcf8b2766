"""The facts of a case that `writing.case_bundle` wrote, read back literally.

Such resources bear the tag `canonical.TOLD`. What a person was told to have counts as it was told, whatever its date:
the judgement of the case that comes back is that of the case that went out. A value of the wrong type is as good as
none, as everywhere in the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, get_args
from urllib.parse import unquote

from soleus.clinical.case import Case, Complaint, Condition, Measurement, Medicine, Person, Respondent, Status
from soleus.interop.fhir import canonical
from soleus.interop.fhir.record import Entry, Record
from soleus.interop.fhir.shapes import SYSTEM_OF, items, mapping, moment, number_of, value_of, word
from soleus.interop.fhir.statements import status_of

_OTHER = f"{canonical.BASE}/CodeSystem/other-"


def role_of(body: dict[str, Any]) -> str:
    """`canonical.TOLD`, `canonical.ANSWER`, or nothing for a resource that is not ours."""
    tags = (mapping(t) for t in items(mapping(body.get("meta")).get("tag")))
    return next((word(t.get("code")) for t in tags if t.get("system") == canonical.ROLE), "")


@dataclass
class _Told:
    """What the resources say, gathered."""

    values: dict[str, Any] = field(default_factory=dict)  # circumstances of the case
    lists: list[str] = field(default_factory=list)
    pretest: dict[str, float] = field(default_factory=dict)
    person: dict[str, Any] = field(default_factory=dict)
    country: str | None = None
    complaints: dict[str, dict[str, Any]] = field(default_factory=dict)
    findings: dict[str, dict[str, Any]] = field(default_factory=dict)  # complaint ("" for all) -> findings
    measurements: list[Measurement] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    medicines: list[Medicine] = field(default_factory=list)


def case_told(entries: Iterable[Entry]) -> Case | None:
    """The case that tagged resources hold; None where there is none."""
    own = [e for e in entries if role_of(e.body) == canonical.TOLD]
    if not own:
        return None
    told = _Told()
    for entry in own:
        reader = _READERS.get(entry.kind)
        if reader:
            reader(told, entry.body)
    return _case(told)


def use_told(record: Record) -> None:
    """Note the resources behind a case that was told, so that an answer can refer to them."""
    for entry in record.entries:
        if entry.kind in _READERS and entry.kind != "Patient" and role_of(entry.body) == canonical.TOLD:
            record.use(entry.where)
            if entry.kind == "MedicationStatement":
                record.medicines[_named(entry.body.get("medicationCodeableConcept"), canonical.MEDICINES)[0]] = entry


def _case(told: _Told) -> Case:
    v = told.values
    return Case(
        as_of=v.get("as_of"),
        setting=v.get("setting") or "primary_care",
        answered_by=v["answered_by"] if v.get("answered_by") in get_args(Respondent) else "self",
        country=told.country,
        person=Person(
            **told.person,
            age=_between(v.get("age"), 0, 120),
            pregnant=v.get("pregnant"),
            weeks_pregnant=_between(v.get("weeks_pregnant"), 0, 45),
            weeks_since_birth=_between(v.get("weeks_since_birth"), 0, 10_000),
        ),
        findings=told.findings.get("", {}),
        onset=v.get("onset"),
        duration=v.get("duration"),
        complaints=tuple(_complaints(told)),
        conditions=tuple(told.conditions),
        medicines=tuple(told.medicines),
        measurements=tuple(told.measurements),
        pretest=told.pretest,
        lists=tuple(name for name in ("conditions", "medicines") if name in told.lists),
    )


def _between(value: Any, low: float, high: float) -> Any:
    return value if value is not None and low <= value <= high else None


def _complaints(told: _Told) -> Iterator[Complaint]:
    """In the order in which they were told."""
    ids = dict.fromkeys(c for c in (*told.complaints, *told.findings) if c)
    about = {c: told.complaints.get(c, {}) for c in ids}
    for c in sorted(ids, key=lambda c: about[c].get("number", len(ids))):
        yield Complaint(
            id=c,
            label=about[c].get("label"),
            onset=about[c].get("onset"),
            duration=about[c].get("duration"),
            findings=told.findings.get(c, {}),
        )


def _patient(told: _Told, body: dict[str, Any]) -> None:
    born = moment(body.get("birthDate"))
    told.person = {
        "birth_date": born.day if born else None,
        "sex": body.get("gender") if body.get("gender") in ("female", "male") else None,
    }
    countries = (word(mapping(a).get("country")) for a in items(body.get("address")))
    told.country = next((c for c in countries if re.fullmatch("[A-Z]{2}", c)), None)


def _observation(told: _Told, body: dict[str, Any]) -> None:
    system, code = _own(body.get("code"))
    complaint = _complaint_of(body)
    if system == canonical.CASE:
        about = told.complaints.setdefault(complaint, {}) if code == "complaint" else told.values
        for part in items(body.get("component")):
            _circumstance(told, about, mapping(part))
        return
    name = (
        code if system in (canonical.FINDINGS, canonical.CONTRIBUTORS) else word(mapping(body.get("code")).get("text"))
    )
    kind, value = value_of(body)
    if not name:
        return
    if kind == "Quantity":
        _number(told, body, name, complaint)
    else:
        truth = "present" if value is True else "absent" if value is False else ""
        state = _own(value)[1] if kind == "CodeableConcept" else truth
        told.findings.setdefault(complaint, {}).setdefault(name, state or "not_assessed")


def _number(told: _Told, body: dict[str, Any], name: str, complaint: str) -> None:
    quantity = mapping(body.get("valueQuantity"))
    value, unit, at = (
        number_of(quantity.get("value")),
        word(quantity.get("unit")) or None,
        _day(body, "effectiveDateTime"),
    )
    if value is None:
        return
    if _own_in(items(body.get("category")), canonical.CASE) == "measurement":
        told.measurements.append(Measurement(name=name, value=value, unit=unit, date=at))
    else:
        more = {k: v for k, v in (("unit", unit), ("date", at)) if v}
        told.findings.setdefault(complaint, {}).setdefault(name, {"value": value, **more} if more else value)


def _circumstance(told: _Told, about: dict[str, Any], part: dict[str, Any]) -> None:
    system, name = _own(part.get("code"))
    kind, value = value_of(part)
    if kind == "Quantity":
        value = number_of(mapping(value).get("value"))
    elif kind == "DateTime":
        value = found.day if (found := moment(value)) else None
    elif kind == "Integer":
        value = value if isinstance(value, int) and not isinstance(value, bool) else None
    elif kind == "Boolean":
        value = value if isinstance(value, bool) else None
    else:
        value = word(value) or None
    if value is None or not name:
        return
    if system == canonical.EXPLANATIONS:
        told.pretest |= {name: value} if kind == "Quantity" and 0 <= value <= 1 else {}
    elif name == "list":
        told.lists.append(str(value))
    elif _KINDS.get(name) == kind:
        about[name] = value


_KINDS = {
    "setting": "String", "answered_by": "String", "as_of": "DateTime", "onset": "DateTime", "duration": "String",
    "age": "Quantity", "pregnant": "Boolean", "weeks_pregnant": "Integer", "weeks_since_birth": "Integer",
    "number": "Integer", "label": "String",
}  # fmt: skip


def _condition(told: _Told, body: dict[str, Any]) -> None:
    refuted = status_of(body.get("verificationStatus")) == "refuted"
    resolved = status_of(body.get("clinicalStatus")) == "resolved"
    status: Status = "absent" if refuted else "resolved" if resolved else "present"
    name, code, system = _named(body.get("code"), canonical.CONTRIBUTORS)
    if name:
        told.conditions.append(
            Condition(name=name, code=code, system=system, since=_day(body, "onsetDateTime"), status=status)
        )


def _medicine(told: _Told, body: dict[str, Any]) -> None:
    name, code, system = _named(body.get("medicationCodeableConcept"), canonical.MEDICINES)
    course = mapping(body.get("effectivePeriod"))
    doses = (word(mapping(d).get("text")) for d in items(body.get("dosage")))
    if name:
        told.medicines.append(
            Medicine(
                name=name,
                code=code,
                system=system,
                started=_day(course, "start"),
                stopped=_day(course, "end"),
                dose=next((d for d in doses if d), None),
            )
        )


_READERS = {
    "Patient": _patient,
    "Observation": _observation,
    "Condition": _condition,
    "MedicationStatement": _medicine,
}


def _day(body: dict[str, Any], name: str) -> str | None:
    found = moment(body.get(name))
    return found.day if found else None


def _complaint_of(body: dict[str, Any]) -> str:
    own = (mapping(e) for e in items(body.get("extension")))
    return next((word(e.get("valueString")) for e in own if e.get("url") == canonical.extension("complaint")), "")


def _own(value: Any) -> tuple[str, str]:
    """System and code of the first coding of ours."""
    for found in map(mapping, items(mapping(value).get("coding"))):
        system, code = word(found.get("system")), word(found.get("code"))
        if system.startswith(f"{canonical.BASE}/") and not system.startswith(_OTHER) and code:
            return system, code
    return "", ""


def _own_in(concepts: list[Any], system: str) -> str:
    return next((code for c in concepts for s, code in [_own(c)] if s == system), "")


def _named(value: Any, own: str) -> tuple[str, str | None, str | None]:
    """Name as it was given, with the code as it was given; a name that is missing is the one of ours."""
    codings = [mapping(c) for c in items(mapping(value).get("coding"))]
    foreign = next((c for c in codings if c.get("system") != own and word(c.get("code"))), {})
    known = next((word(c.get("code")) for c in codings if c.get("system") == own), "")
    address = word(foreign.get("system"))
    code = word(foreign.get("code")) or None
    system = SYSTEM_OF.get(address) or unquote(address.removeprefix(_OTHER)) or None
    return word(mapping(value).get("text")) or known, code, system if code else None
