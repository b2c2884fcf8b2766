"""Template-based extraction: a contained resource whose elements say by FHIRPath where their values come from.

Only the few forms of FHIRPath that our templates use are read; any other is an error. docs: SDC 4.0, extraction.
"""

from __future__ import annotations

import re
from typing import Any

from soleus.errors import InvalidValue
from soleus.interop.fhir import links
from soleus.interop.fhir.shapes import items, mapping, value_of
from soleus.interop.sdc.forms import SDC, Form

Resource = dict[str, Any]
_VALUE = f"{SDC}/sdc-questionnaire-templateExtractValue"
_CONTEXT = f"{SDC}/sdc-questionnaire-templateExtractContext"
_EXTRACT = f"{SDC}/sdc-questionnaire-templateExtract"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_IIF = re.compile(r"^iif\((.+)\.exists\(\), '([^']*)', '([^']*)'\)$")
_WHERE = re.compile(r"^where\(linkId = '([^']*)'\)$")
_OF_TYPE = re.compile(r"^ofType\((\w+)\)$")
_NAME = re.compile(r"^\w+$")
_STEPS = re.compile(r"\.(?![^(]*\))")  # a point outside brackets


def extracted_by(template: str) -> Resource:
    """That each occurrence of an item becomes a resource after a contained template."""
    inner = [{"url": "template", "valueReference": {"reference": f"#{template}"}}]
    return {"url": _EXTRACT, "extension": inner}


def condition_template(form: Form) -> Resource:
    """A Condition out of one entry of the list; told by the person it is unconfirmed."""
    answer = f"item.where(linkId = '{links.CONDITION_NAME}').answer.value"
    certain = "confirmed" if form.respondent == "clinician" else "unconfirmed"
    coding = {
        "extension": [_says(_CONTEXT, f"{answer}.ofType(Coding)")],
        "_system": _filled("system"),
        "_code": _filled("code"),
        "_display": _filled("display"),
    }
    return {
        "resourceType": "Condition",
        "id": "condition",
        "clinicalStatus": {"coding": [{"system": f"{_TERMINOLOGY}/condition-clinical", "code": "active"}]},
        "verificationStatus": {"coding": [{"system": f"{_TERMINOLOGY}/condition-ver-status", "code": certain}]},
        "code": {"coding": [coding], "_text": _filled(f"{answer}.ofType(string) | {answer}.ofType(Coding).display")},
        "subject": {"_reference": _filled("%resource.subject.reference")},
        "_onsetDateTime": _filled(f"item.where(linkId = '{links.CONDITION_SINCE}').answer.value"),
        "_recordedDate": _filled("%resource.authored"),
    }


def _says(url: str, path: str) -> Resource:
    return {"url": url, "valueString": path}


def _filled(path: str) -> Resource:
    return {"extension": [_says(_VALUE, path)]}


def medication_template() -> Resource:
    """A MedicationStatement out of one entry of the list; with a day of stopping it is over.

    It bears no ``dateAsserted``: where the start is not known, readers would take that day for it.
    """
    stopped = f"item.where(linkId = '{links.MEDICINE_STOPPED}').answer.value"
    return {
        "resourceType": "MedicationStatement",
        "id": "medicine",
        "status": "active",
        "_status": _filled(f"iif({stopped}.exists(), 'completed', 'active')"),
        "medicationCodeableConcept": {"_text": _filled(f"item.where(linkId = '{links.MEDICINE_NAME}').answer.value")},
        "subject": {"_reference": _filled("%resource.subject.reference")},
        "effectivePeriod": {
            "_start": _filled(f"item.where(linkId = '{links.MEDICINE_STARTED}').answer.value"),
            "_end": _filled(stopped),
        },
        "dosage": [{"_text": _filled(f"item.where(linkId = '{links.MEDICINE_DOSE}').answer.value")}],
    }


# --- filling ------------------------------------------------------------------------------------------------


def filled(template: Resource, item: Resource, response: Resource) -> Resource:
    """The resource that a template makes of an item of a response. What has no value is left out."""
    found = _fill({k: v for k, v in template.items() if k != "id"}, (("", item),), response)
    return mapping(found)


_Nodes = tuple[tuple[str, Any], ...]  # the type of a choice element where it is known, and the value


def _fill(node: Any, focus: _Nodes, response: Resource) -> Any:
    """A part of a template with its values; None where nothing is left of it."""
    if isinstance(node, list):
        parts = (p for inner in node for p in _occurrences(inner, focus, response))
        return [p for p in parts if p is not None] or None
    if not isinstance(node, dict):
        return node
    out: Resource = {}
    for key, inner in node.items():
        if key == "extension":
            continue
        path = _path(inner, _VALUE)
        value = next((v for _, v in evaluate(path, focus, response)), None) if path else _fill(inner, focus, response)
        if value is not None:
            out[key.removeprefix("_")] = value
    return out or None


def _occurrences(node: Any, focus: _Nodes, response: Resource) -> list[Any]:
    """One part for each value of its context; without a context one."""
    path = _path(node, _CONTEXT)
    found = tuple((one,) for one in evaluate(path, focus, response)) if path else (focus,)
    return [_fill(node, one, response) for one in found]


def _path(node: Any, url: str) -> str | None:
    inner = (mapping(e) for e in items(mapping(node).get("extension")))
    return next((str(e.get("valueString")) for e in inner if e.get("url") == url), None)


# --- FHIRPath, as far as our templates go -------------------------------------------------------------------


def evaluate(path: str, focus: _Nodes, response: Resource) -> _Nodes:
    """The values of a path. Raises `InvalidValue` for what is not read here."""
    if chosen := _IIF.match(path):
        return (("string", chosen[2] if evaluate(chosen[1], focus, response) else chosen[3]),)
    found: list[tuple[str, Any]] = []
    for alternative in path.split(" | "):
        nodes = focus
        for step in _STEPS.split(alternative.strip()):
            nodes = _step(step, nodes, response)
        found += [n for n in nodes if n not in found]
    return tuple(found)


def _step(step: str, nodes: _Nodes, response: Resource) -> _Nodes:
    if step == "%resource":
        return (("", response),)
    if where := _WHERE.match(step):
        return tuple((t, v) for t, v in nodes if mapping(v).get("linkId") == where[1])
    if kind := _OF_TYPE.match(step):
        return tuple((t, v) for t, v in nodes if t.lower() == kind[1].lower())
    if not _NAME.match(step):
        raise InvalidValue(
            "template", "a path of another form", "names, where(linkId = …) and ofType(…)", "Rewrite it."
        )
    if step == "value":
        return tuple(found for _, v in nodes if (found := value_of(mapping(v)))[0])
    return tuple(("", inner) for _, v in nodes for inner in items(mapping(v).get(step)))
