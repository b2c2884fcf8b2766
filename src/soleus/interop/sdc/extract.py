"""``QuestionnaireResponse/$extract``: answers as Observations, Conditions and MedicationStatements.

Observation-based for findings and yes-or-no questions, template-based for the lists of conditions and medicines. What
an answer to a grouped question says of single findings leaves as Observations of those findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from soleus.clinical.case import Case, Condition
from soleus.errors import UnknownName, UnreadableInput
from soleus.interop.fhir import links
from soleus.interop.fhir.questionnaires import form_name
from soleus.interop.fhir.reading import case_of
from soleus.interop.fhir.replay import item_answers
from soleus.interop.fhir.shapes import items, mapping, walk, word
from soleus.interop.fhir.writing.elements import clean, present, unknown_subject, with_id
from soleus.interop.sdc import items as make
from soleus.interop.sdc.circumstances import authored, coding, date, identity, reference
from soleus.interop.sdc.forms import HISTORIES, INTERVIEWS, Form, form_of
from soleus.interop.sdc.templates import condition_template, filled, medication_template
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.interview import DONT_KNOW

Resource = dict[str, Any]
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_UCUM = "http://unitsofmeasure.org"


def case_from_response(response: Any, compiled: Compiled) -> Case:
    """The case that a response to one of our forms tells, as any other record is read. Raises `InputError`."""
    _form(response)
    return case_of(response, compiled, "QuestionnaireResponse")


def extract(response: Any, compiled: Compiled) -> Resource:
    """A transaction Bundle of what the answers say. Raises `InputError` for what is no response to one of our forms."""
    form = _form(response)
    case = case_from_response(response, compiled)
    common = _common(response)
    told = [
        *_findings(case, compiled, form, common),
        *_measurements(case, compiled, common),
        *_contributors(case, compiled, common, _listed(response, compiled)),
        *_templated(response, form),
    ]
    entries = [_created(r) for r in {r["id"]: r for r in told}.values()]
    return with_id("Bundle", present(type="transaction", entry=entries))


def _form(response: Any) -> Form:
    if mapping(response).get("resourceType") != "QuestionnaireResponse":
        raise UnreadableInput("$extract", "no QuestionnaireResponse", "a QuestionnaireResponse", "Send the response.")
    form = form_of(form_name(response))
    if form is None:
        known = ", ".join(f.url for f in (*INTERVIEWS, *HISTORIES))
        raise UnknownName("QuestionnaireResponse.questionnaire", "none of the forms", known, "Name the form.")
    return form


def _created(resource: Resource) -> Resource:
    """An entry that creates a resource; the server gives the id."""
    body = {k: v for k, v in resource.items() if k != "id"}
    request = {"method": "POST", "url": resource["resourceType"]}
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": body, "request": request}


def _common(response: Resource) -> Resource:
    """What every Observation takes from the response."""
    author = reference(response.get("author")) or reference(response.get("source"))
    name = identity(response)
    return present(
        subject=reference(response.get("subject")),
        encounter=reference(response.get("encounter")),
        effectiveDateTime=authored(response),
        performer=[author] if author else None,
        derivedFrom=[{"reference": f"QuestionnaireResponse/{name}"}] if name else None,
    )


def _observation(codes: list[Resource], text: str, value: Resource, common: Resource) -> Resource:
    category = {"coding": [{"system": _CATEGORY, "code": "survey", "display": "Survey"}]}
    body = {"status": "final", "category": [category], "code": {"coding": codes, "text": text}}
    return with_id("Observation", {**body, **common, **value})


def _findings(case: Case, compiled: Compiled, form: Form, common: Resource) -> Iterator[Resource]:
    for name, state in case.findings.items():
        finding = compiled.findings[name]
        yield _observation(
            make.finding_codes(finding), finding.name, _state(make.states_of(finding, form.respondent), state), common
        )


def _state(options: Iterable[Resource], state: str) -> Resource:
    """The state as a coded value; "don't know" as a value that is absent."""
    if state == DONT_KNOW:
        code = {"system": _ABSENT, "code": "asked-unknown", "display": "Asked But Unknown"}
        return {"dataAbsentReason": {"coding": [code]}}
    option = next(o for o in options if o["code"] == state)
    return {"valueCodeableConcept": {"coding": [make.coded(option)], "text": option["display"]}}


def _measurements(case: Case, compiled: Compiled, common: Resource) -> Iterator[Resource]:
    for m in case.measurements:
        finding = compiled.findings[m.name]
        unit = {"unit": m.unit, "system": _UCUM, "code": m.unit} if m.unit else {}
        yield _observation(
            make.finding_codes(finding), finding.name, {"valueQuantity": {"value": m.value, **unit}}, common
        )


def _contributors(case: Case, compiled: Compiled, common: Resource, listed: set[str]) -> Iterator[Resource]:
    """Answers to yes-or-no questions about contributors, pregnancy included; those of a list leave by its template."""
    said = {c.name: c.status == "present" for c in case.conditions if isinstance(c, Condition) and c.name not in listed}
    if case.person.pregnant is not None:
        said["pregnancy"] = case.person.pregnant
    for name, yes in said.items():
        contributor = compiled.contributors[name]
        value = _state((make.YES, make.NO), "yes" if yes else "no")
        yield _observation(make.contributor_codes(contributor), contributor.name, value, common)


def _listed(response: Resource, compiled: Compiled) -> set[str]:
    """The contributors that the list of conditions names."""
    alone = {**response, "item": _groups(response, links.CONDITION)}
    case = case_of(alone, compiled, "QuestionnaireResponse")
    return {c.name for c in case.conditions if isinstance(c, Condition)}


def _groups(response: Resource, link: str) -> list[Resource]:
    return [i for i in walk(items(response.get("item"))) if i.get("linkId") == link]


def _templated(response: Resource, form: Form) -> Iterator[Resource]:
    """The entries of the lists, by the templates of the form."""
    templates = {links.CONDITION: condition_template(form), links.MEDICINE: medication_template()}
    head = present(subject=reference(response.get("subject")), authored=authored(response))
    for link, template in templates.items():
        for group in _groups(response, link):
            made = filled(template, _well_formed(group), head)
            if made.get("code") or made.get("medicationCodeableConcept"):
                yield with_id(made["resourceType"], {"subject": unknown_subject(), **made})


def _well_formed(group: Resource) -> Resource:
    """The entry of a list with the answers that have the form of their question."""
    found = []
    for inner in map(mapping, items(group.get("item"))):
        values = [v for kind, value in item_answers(inner) if (v := _well_formed_value(kind, value))]
        found += [{"linkId": word(inner.get("linkId")), "answer": values}] if values else []
    return {"item": found}


def _well_formed_value(kind: str, value: Any) -> Resource:
    if kind == "Coding":
        return present(valueCoding=coding(value))
    if kind == "Date":
        return present(valueDate=date(value))
    return present(valueString=clean(word(value))) if kind == "String" else {}
