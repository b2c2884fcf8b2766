"""Observations: values as states of findings."""

from __future__ import annotations

import math
from typing import Any

from soleus.clinical.case import Quantity
from soleus.errors import SoleusError
from soleus.interop.fhir.record import NEVER, Entry, Record, Statement
from soleus.interop.fhir.shapes import Concept, Moment, concept, items, mapping, number_of, value_of, word
from soleus.interop.fhir.statements import status_of, tell
from soleus.knowledge.schema.core import Finding
from soleus.reasoning.intake import Observation, observe

_WHEN = ("effectiveDateTime", "effectivePeriod.end", "effectivePeriod.start", "effectiveInstant", "issued")


class _Unfit(Exception):
    """A value that is not used, with the reason."""


def read_observation(record: Record, entry: Entry) -> None:
    """A result, sign or symptom; each component is read as an observation of its own."""
    body, where = entry.body, entry.where
    status = status_of(body.get("status"))
    if status in ("entered-in-error", "cancelled"):
        record.leave(where, "Observation", f"its status is {status}")
        return
    at = record.when(where, body, *_WHEN)
    if record.future(at):
        record.leave(where, "Observation", "dated after the day of the case")
        return
    parts = [mapping(c) for c in items(body.get("component"))]
    if value_of(body)[0] or not parts:
        _read_value(record, concept(body.get("code")), body, at or NEVER, where)
    for n, part in enumerate(parts):
        _read_value(record, concept(part.get("code")), part, at or NEVER, f"{where}.component[{n}]")


def _read_value(record: Record, found: Concept, body: dict[str, Any], at: Moment, where: str) -> None:
    what = f"Observation, {found.coded_in}"
    kind, value = value_of(body)
    if not kind:
        absent = concept(body.get("dataAbsentReason"))
        record.leave(where, what, "its value is said to be absent" if absent else "it has no value")
        return
    result = record.terms.result(found)
    if result and result.finding is None:
        _named_by_value(record, concept(value), at, where, what)
        return
    finding = record.terms.finding(found)
    if finding:
        put_value(record, finding, kind, value, at, where, what)
        return
    yes_or_no(record, found, kind, value, at, where, what)


def _named_by_value(record: Record, found: Concept, at: Moment, where: str, what: str) -> None:
    symptoms = record.terms.symptoms(found)
    if symptoms:
        tell(record, symptoms, at, None, where, what)
    else:
        record.leave(where, what, "a value that is not known here")


def yes_or_no(record: Record, found: Concept, kind: str, value: Any, at: Moment, where: str, what: str) -> None:
    """A symptom or contributor as the code, and its presence as the value."""
    answer = _answer(record, kind, value)
    symptoms, target = record.terms.symptoms(found), record.terms.contributor(found)
    if not symptoms and not target:
        record.leave(where, what, "not a finding of this knowledge base")
    elif answer is None:
        record.leave(where, what, "neither present nor absent")
    elif symptoms and answer == "present":
        tell(record, symptoms, at, None, where, what)
    elif symptoms:
        record.leave(where, what, "a complaint that is denied")
    elif target:
        record.contributors.append(Statement(target, answer, at, where, what))


def _answer(record: Record, kind: str, value: Any) -> str | None:
    if isinstance(value, bool):
        return "present" if value else "absent"
    found = concept(value) if kind in ("CodeableConcept", "Coding", "String") else Concept()
    said = record.terms.answer(found)
    if said in ("present", "absent"):
        return said
    words = {n.lower() for n in (*found.names, *(c.code for c in found.codings))}
    if words & {"yes", "y", "present", "true", "positive"}:
        return "present"
    return "absent" if words & {"no", "n", "absent", "false", "negative"} else None


def put_value(record: Record, finding: Finding, kind: str, value: Any, at: Moment, where: str, what: str) -> None:
    try:
        seen, unit = _observed(record, finding, kind, value)
    except _Unfit as reason:
        record.leave(where, what, str(reason))
        return
    except SoleusError as error:
        record.leave(where, what, f"expected {error.expected}")
        return
    number = _given(value) if seen.number is not None else None
    record.findings.append(Statement(finding.id, seen.state, at, where, what, number=number, unit=unit))


def _given(value: Any) -> float | None:
    return number_of(mapping(value).get("value") if isinstance(value, dict) else value)


def _observed(record: Record, finding: Finding, kind: str, value: Any) -> tuple[Observation, str | None]:
    """The state, and for a number the unit that was understood."""
    if kind in ("Quantity", "Age", "Duration", "SimpleQuantity"):
        return _from_quantity(finding, mapping(value))
    if kind in ("CodeableConcept", "Coding"):
        return _from_concept(record, finding, concept(value)), None
    if isinstance(value, bool):
        return observe(finding, "present" if value else "absent", finding.id), None
    if isinstance(value, (int, float)) or (finding.kind == "numeric" and number_of(value) is not None):
        return observe(finding, number_of(value), finding.id), None
    if isinstance(value, str):
        return _from_concept(record, finding, concept(value)), None
    raise _Unfit(f"a value of the kind {kind} is not read")


def _from_quantity(finding: Finding, value: dict[str, Any]) -> tuple[Observation, str | None]:
    number = number_of(value.get("value"))
    if number is None:
        raise _Unfit("a quantity without a number")
    units: list[str | None] = [u for u in (word(value.get("code")), word(value.get("unit"))) if u] or [None]
    failed: SoleusError | None = None
    for unit in units:
        try:
            seen = observe(finding, Quantity(value=number, unit=unit), finding.id)
            _check_bound(finding, seen, word(value.get("comparator")), number, unit)
            return seen, unit
        except SoleusError as error:
            failed = failed or error
    assert failed is not None
    raise failed


def _check_bound(finding: Finding, seen: Observation, sign: str, number: float, unit: str | None) -> None:
    """A bound such as <5 is a state only at the end of the scale."""
    if not sign:
        return
    ends = finding.states[0].id, finding.states[-1].id
    if "<" in sign and number > 0:
        seen = observe(finding, Quantity(value=math.nextafter(number, 0.0), unit=unit), finding.id)
    if (seen.state if "<" in sign or ">" in sign else None) != (ends[0] if "<" in sign else ends[1]):
        raise _Unfit("a bound, not a value")


def _from_concept(record: Record, finding: Finding, found: Concept) -> Observation:
    said = record.terms.answer(found)
    if said == "not_assessed":
        raise _Unfit("not known, as answered")
    tried = [*([said] if said else []), *(c.code for c in found.codings if c.code), *found.names]
    failed: SoleusError | None = None
    for name in tried:
        try:
            return observe(finding, name, finding.id)
        except SoleusError as error:
            failed = failed or error
    raise failed or _Unfit("an answer without a code or text")
