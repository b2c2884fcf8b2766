"""A case as FHIR: what was told of a person as Observations, Conditions and MedicationStatements.

Each resource bears the tag `canonical.TOLD`. `soleus.interop.fhir.told` reads such resources back literally: no date
makes them stale and no wording is guessed at, so that the case that comes back is judged as the one that went out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from soleus.clinical.case import Case, Complaint, Condition, Measurement, Medicine
from soleus.errors import InvalidValue, UnknownName, near_names
from soleus.interop.fhir import canonical
from soleus.interop.fhir.writing.elements import (
    Resource,
    clean,
    coding,
    collection,
    extension,
    narrative,
    own,
    present,
    refer,
    tags,
    text_only,
    with_id,
)
from soleus.knowledge.schema.core import Finding
from soleus.reasoning.citing import SYSTEMS
from soleus.reasoning.compiled import Compiled, normal_form
from soleus.reasoning.intake import find_contributor, observe, state_words
from soleus.reasoning.medicines import MedicineIndex

#: as `soleus.reasoning.intake` reads them
_UNKNOWN = {"not_assessed", "unknown", "dont_know", "don_t_know", "not known", "not assessed", "don t know", "n a"}
_YES, _NO = {"present", "yes", "true", "y", "positive"}, {"absent", "no", "false", "n", "negative"}
_ID = re.compile(r"^[A-Za-z0-9\-.]{1,64}$")
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFIED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_UCUM = "http://unitsofmeasure.org"


def case_bundle(case: Case, compiled: Compiled) -> Resource:
    """The facts of a case as a collection Bundle; `case_of` gives the same facts back.

    Findings, contributors and medicines that the knowledge base knows bear its codes; other names stay as text.
    ``Case.unused`` is not a fact of the person and stays behind. Raises `UnknownName` or `InvalidValue` for a finding
    that `soleus.assess` would not take either.
    """
    writer = _Writer(case, compiled)
    resources = list(writer.resources())
    named = {"id": case.id} if _ID.match(case.id) else {}
    return collection(resources, case.as_of, meta=writer.meta, **named)


class _Writer:
    def __init__(self, case: Case, compiled: Compiled) -> None:
        self.case, self.compiled = case, compiled
        self.index = MedicineIndex(compiled.knowledge)
        self.meta = tags(canonical.TOLD, "submitted")
        self.patient = self._patient()

    def resources(self) -> Iterator[Resource]:
        case = self.case
        yield self.patient
        yield self._circumstances()
        yield from self._findings(case.findings, None)
        for m in case.measurements:
            yield self._measurement(m)
        for n, complaint in enumerate(case.complaints):
            yield self._complaint(complaint, n)
            yield from self._findings(complaint.findings, complaint.id)
        for c in case.conditions:
            yield self._condition(Condition(name=c) if isinstance(c, str) else c)
        for medicine in case.medicines:
            yield self._medicine(Medicine(name=medicine) if isinstance(medicine, str) else medicine)

    def _made(self, kind: str, title: str, body: Resource, lines: Iterable[str] = ()) -> Resource:
        return with_id(kind, {"meta": self.meta, "text": narrative(title, lines, _AS_TOLD), **body})

    def _patient(self) -> Resource:
        person, country = self.case.person, self.case.country
        body = present(
            gender=person.sex,
            birthDate=person.birth_date,
            address=[{"country": country}] if country else None,
        )
        return self._made("Patient", "The person of a case", body)

    def _circumstances(self) -> Resource:
        """What belongs to the case as a whole and has no resource of its own in FHIR."""
        case, person = self.case, self.case.person
        parts = _parts(
            setting=("String", case.setting),
            answered_by=("String", case.answered_by),
            as_of=("DateTime", case.as_of),
            onset=("DateTime", case.onset),
            duration=("String", case.duration),
            age=("Quantity", None if person.age is None else _quantity(person.age, "a")),
            pregnant=("Boolean", person.pregnant),
            weeks_pregnant=("Integer", person.weeks_pregnant),
            weeks_since_birth=("Integer", person.weeks_since_birth),
        )
        parts += [part for name in case.lists for part in _parts(list=("String", name))]
        parts += [
            {"code": own(canonical.EXPLANATIONS, self._explanation(e), e), "valueQuantity": _quantity(p, "1")}
            for e, p in case.pretest.items()
        ]
        return self._observation(own(canonical.CASE, "case", "Circumstances of the case"), component=parts)

    def _explanation(self, name: str) -> str:
        return self.compiled.names.explanations.get(normal_form(name), clean(name) or "?")

    def _complaint(self, complaint: Complaint, n: int) -> Resource:
        """One of several complaints: its name, onset and duration; the order is kept."""
        parts = _parts(
            number=("Integer", n),
            label=("String", complaint.label),
            onset=("DateTime", complaint.onset),
            duration=("String", complaint.duration),
        )
        return self._observation(
            own(canonical.CASE, "complaint", "A complaint of the legs"), complaint.id, component=parts
        )

    def _observation(self, code: Resource, complaint: str | None = None, **value: Any) -> Resource:
        more = [extension("complaint", valueString=complaint)] if complaint else None
        return self._made(
            "Observation",
            code["text"],
            present(extension=more, status="final", code=code, subject=refer(self.patient), **value),
            [_words(value), *(f"{part['code']['text']}: {_words(part)}" for part in value.get("component", ()))],
        )

    def _findings(self, findings: dict[str, Any], complaint: str | None) -> Iterator[Resource]:
        for name, value in findings.items():
            if (found := self._finding(name, value)) is not None:
                code, told = found
                yield self._observation(code, complaint, **told)

    def _finding(self, name: str, value: Any) -> tuple[Resource, Resource] | None:
        """Code and value of one entry of ``findings``, in the order in which the intake looks names up."""
        names, key = self.compiled.names, normal_form(name)
        if key in names.findings:
            finding = self.compiled.findings[names.findings[key]]
            return own(canonical.FINDINGS, finding.id, finding.name, finding.codes), self._value(finding, value, key)
        if key in names.contributors:
            record = self.compiled.contributors[names.contributors[key]]
            return own(canonical.CONTRIBUTORS, record.id, record.name), _truth(value)
        if key in names.state_words:
            return self._state_word(key, value)
        raise UnknownName(
            "findings", repr(clean(name)[:60]), "a finding", near_names(name, list(self.compiled.findings))
        )

    def _state_word(self, key: str, value: Any) -> tuple[Resource, Resource] | None:
        """ "fever: yes" is a state of its finding; "fever: no" tells nothing of the other states."""
        finding, state = self.compiled.names.state_words[key]
        record = self.compiled.findings[finding]
        told = _truth(value)
        if told.get("valueBoolean") is True:
            return own(canonical.FINDINGS, finding, record.name, record.codes), self._state(record, state)
        return None

    def _value(self, finding: Finding, value: Any, name: str) -> Resource:
        """A state as its code, a number as it was given with its unit, "don't know" as such."""
        word = normal_form(str(value))
        if value is None or (isinstance(value, str) and word in _UNKNOWN):
            return _NOT_KNOWN
        named = state_words(finding).get(name) if finding.kind != "yes_no" and word in _YES else None
        seen = None if named else observe(finding, value, f"findings.{finding.id}")
        if seen is None or seen.number is None:
            return self._state(finding, named or (seen.state if seen else ""))
        given = value if isinstance(value, dict) else {"value": value}
        when = {"effectiveDateTime": given["date"]} if given.get("date") else {}
        return when | {"valueQuantity": _quantity(given["value"], given.get("unit"))}

    def _state(self, finding: Finding, state: str) -> Resource:
        label = next(s.label for s in finding.states if s.id == state)
        return {"valueCodeableConcept": own(canonical.STATES, state, label)}

    def _measurement(self, m: Measurement) -> Resource:
        known = self.compiled.names.findings.get(normal_form(m.name))
        record = self.compiled.findings[known] if known else None
        code = own(canonical.FINDINGS, record.id, record.name, record.codes) if record else _named(m.name)
        return self._observation(
            code,
            category=[own(canonical.CASE, "measurement", "Measurement")],
            valueQuantity=_quantity(m.value, m.unit),
            effectiveDateTime=m.date,
        )

    def _condition(self, c: Condition) -> Resource:
        known = find_contributor(self.compiled, c)
        codes = [*_codes(c.code, c.system), *([coding(canonical.CONTRIBUTORS, known)] if known else [])]
        status = "resolved" if c.status == "resolved" else "active"
        verified = "refuted" if c.status == "absent" else "confirmed"
        body = present(
            clinicalStatus={"coding": [coding(_CLINICAL, status)]},
            verificationStatus={"coding": [coding(_VERIFIED, verified)]},
            code=present(coding=codes, text=clean(c.name)),
            subject=refer(self.patient),
            onsetDateTime=c.since,
        )
        return self._made("Condition", f"{c.name}: {c.status}", body)

    def _medicine(self, m: Medicine) -> Resource:
        known = self.index.find(m.name, m.code, m.system)
        codes = [*_codes(m.code, m.system), *([coding(canonical.MEDICINES, known.id)] if known else [])]
        body = present(
            status="completed" if m.stopped else "active",
            medicationCodeableConcept=present(coding=codes, text=clean(m.name)),
            subject=refer(self.patient),
            effectivePeriod=present(start=m.started, end=m.stopped),
            dosage=[text_only(m.dose)] if m.dose and clean(m.dose) else None,
        )
        return self._made("MedicationStatement", m.name, body)


_AS_TOLD = "As it was told to Soleus. No clinician has reviewed it."
_NOT_KNOWN: Resource = {"dataAbsentReason": {"coding": [coding(_ABSENT, "asked-unknown")]}}


def _words(element: Resource) -> str:
    """The value of an element as a reader sees it."""
    kind = next((k for k in element if k.startswith("value")), None)
    value = element[kind] if kind else None
    if "dataAbsentReason" in element:
        return "not known"
    if isinstance(value, dict):
        return str(value["text"]) if "text" in value else f"{value.get('value'):g} {value.get('unit', '')}"
    return ("yes" if value else "no") if isinstance(value, bool) else "" if value is None else str(value)


def _parts(**values: tuple[str, Any]) -> list[Resource]:
    """Components with a code and a value of the kind named, for the values that there are."""
    return [
        {"code": own(canonical.CASE, name, name.replace("_", " ")), f"value{kind}": told}
        for name, (kind, value) in values.items()
        if (told := clean(value) if isinstance(value, str) else value) not in (None, "")
    ]


def _truth(value: Any) -> Resource:
    word = normal_form(str(value))
    if value is None or word in _UNKNOWN:
        return _NOT_KNOWN
    if word not in _YES | _NO:
        raise InvalidValue("findings", "a value that is neither", "present or absent", "Write present or absent.")
    return {"valueBoolean": word in _YES}


def _quantity(value: float | None, unit: str | None) -> Resource:
    """The unit as it was given; that it is a UCUM code is not claimed."""
    return present(value=value, unit=clean(unit or ""))


def _codes(code: str | None, system: str | None) -> list[Resource]:
    """The code as it was given; a system that FHIR has no address for gets one of ours."""
    if not clean(code or ""):
        return []
    known = SYSTEMS.get(system or "") or (
        f"{canonical.BASE}/CodeSystem/other-{quote(system, safe='')}" if system else None
    )
    return [coding(known, code or "")]


def _named(name: str) -> Resource:
    return text_only(name) if clean(name) else {"text": "?"}
