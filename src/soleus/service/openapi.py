"""The OpenAPI document. FastAPI knows the routes; bodies and answers are described from the types that read and write
them, so the document cannot say anything else than the code does.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from soleus.interop import contract
from soleus.reasoning import answers
from soleus.reasoning.case_schema import case_schema
from soleus.reasoning.compiled import shipped_compiled
from soleus.reports.json import schema as assessment_schema

_REF = "#/components/schemas/{name}"
_ANSWERS = (
    answers.NextQuestionAnswer,
    answers.ComparisonAnswer,
    answers.ExplanationAnswer,
    answers.EntryAnswer,
    answers.MedicationAnswer,
)
_REQUESTS = (
    contract.AssessRequest,
    contract.ReadRequest,
    contract.NextQuestionRequest,
    contract.ExplainRequest,
    contract.MedicationReviewRequest,
)
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem; `where`, `found`, `expected` and `repair` say how to mend it.",
    "required": ["title", "status", "detail", "code", "where", "found", "expected", "repair"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        **{name: {"type": "string"} for name in ("detail", "code", "where", "found", "expected", "repair")},
    },
}
_FHIR = {
    "type": "object",
    "description": "A FHIR R4 resource as JSON.",
    "required": ["resourceType"],
    "properties": {"resourceType": {"type": "string"}, "id": {"type": "string"}},
    "additionalProperties": True,
}
_READING = {"type": "object", "required": ["understood", "unread", "of_legs"], "description": "What a text says."}
_REFUSALS = {
    "400": "Cannot be read",
    "408": "Comes too slowly",
    "413": "Too large",
    "415": "Another type of content",
    "422": "Nothing to assess",
    "429": "Too many requests",
    "503": "Busy",
}


def takes(request: type | None, answer: type | str) -> dict[str, Any]:
    """What a route reads (None: no body) and answers, for ``openapi_extra``."""
    name = answer if isinstance(answer, str) else answer.__name__
    told: dict[str, Any] = {"responses": {**_refusals(), "200": _content("The answer", "application/json", name)}}
    if request is not None:
        content = {"application/json": {"schema": {"$ref": _REF.format(name=request.__name__)}}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def resource(*found_by: str, body: bool = False) -> dict[str, Any]:
    """What a FHIR route reads and answers: a resource, or an OperationOutcome."""
    media = "application/fhir+json"
    told: dict[str, Any] = {
        "responses": {
            **{status: _content(what, media, "FhirResource") for status, what in _REFUSALS.items()},
            "404": _content("Not here", media, "FhirResource"),
            "406": _content("Only JSON is spoken", media, "FhirResource"),
            "200": _content("The resource", media, "FhirResource"),
        }
    }
    if found_by:
        told["parameters"] = [{"name": n, "in": "query", "schema": {"type": "string"}} for n in found_by]
    if body:
        told["requestBody"] = {
            "required": True,
            "content": {media: {"schema": {"$ref": _REF.format(name="FhirResource")}}},
        }
    return told


def _content(description: str, media: str, name: str) -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": {"$ref": _REF.format(name=name)}}}}


def _refusals() -> dict[str, Any]:
    return {status: _content(told, "application/problem+json", "Problem") for status, told in _REFUSALS.items()}


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document, made once."""
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        found["components"] = {**found.get("components", {})}
        found["components"]["schemas"] = {**found["components"].get("schemas", {}), **_schemas()}
        app.openapi_schema = found
    return app.openapi_schema


_NOTHING = {
    "type": "object",
    "description": "A text that tells of no complaint of the legs.",
    "required": ["case", "explanations", "diagnoses", "red_flags", "reason", "understood", "review_sentence"],
    "properties": {"reason": {"const": "nothing_to_assess"}, "explanations": {"type": "array", "maxItems": 0}},
}


@cache
def _schemas() -> dict[str, Any]:
    kinds = (*_REQUESTS, *_ANSWERS)
    _, parts = msgspec.json.schema_components(kinds, ref_template=_REF)
    return {**parts, **_judgement(), **_case(parts), "Reading": _READING, "Problem": _PROBLEM, "FhirResource": _FHIR}


def _judgement() -> dict[str, Any]:
    """An assessment; for a text with what was understood, or with nothing to assess."""
    whole = _moved(assessment_schema(), "#/components/schemas/")
    inner = whole.pop("$defs")
    whole.pop("$schema")
    understood = {"understood": {"type": "array", "items": {"type": "object"}}}
    of_text = {
        **whole,
        "properties": {**whole["properties"], **understood},
        "required": [*whole["required"], *understood],
    }
    either = {
        "anyOf": [{"$ref": _REF.format(name=n)} for n in ("AssessmentOfCase", "AssessmentOfText", "NothingToAssess")]
    }
    named = {"AssessmentOfCase": whole, "AssessmentOfText": of_text, "NothingToAssess": _NOTHING}
    return {**inner, **named, "Assessment": either}


def _case(parts: dict[str, Any]) -> dict[str, Any]:
    """The schema of a case with the vocabulary that ships; the requests refer to it."""
    case = _moved(case_schema(shipped_compiled()), "#/components/schemas/Case")
    told = {"$ref": "#/components/schemas/CaseCase"}
    for request in _REQUESTS:
        fields = parts[request.__name__]["properties"]
        if "case" in fields:
            fields["case"] = {"anyOf": [told, {"type": "null"}]} if request is contract.AssessRequest else told
    return {f"Case{name}": part for name, part in case["$defs"].items()}


def _moved(node: Any, to: str) -> Any:
    """References into ``$defs`` lead into the components."""
    if isinstance(node, dict):
        return {k: _moved(v, to) for k, v in node.items()}
    if isinstance(node, list):
        return [_moved(v, to) for v in node]
    return node.replace("#/$defs/", to) if isinstance(node, str) else node
