"""The OpenAPI document. FastAPI knows the routes; bodies and answers are described from the types that read and write
them, so the document cannot say anything else than the code does.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from soleus.interop import contract
from soleus.reasoning import answers

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
_REFUSALS = {
    "400": "Cannot be read",
    "408": "Comes too slowly",
    "413": "Too large",
    "415": "Another type of content",
    "422": "Nothing to assess",
    "429": "Too many requests",
    "503": "Busy",
}


def version() -> str:
    try:
        return version_of("soleus")
    except PackageNotFoundError:
        return "0"


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


@cache
def _schemas() -> dict[str, Any]:
    from soleus.reports.json import schema as assessment_schema

    kinds = (*_REQUESTS, *_ANSWERS)
    _, parts = msgspec.json.schema_components(kinds, ref_template=_REF)
    assessment = _moved(assessment_schema())
    inner = assessment.pop("$defs")
    assessment.pop("$schema")
    reading = {"type": "object", "required": ["understood", "unread", "of_legs"], "description": "What a text says."}
    return {**inner, **parts, "Assessment": assessment, "Reading": reading, "Problem": _PROBLEM, "FhirResource": _FHIR}


def _moved(node: Any) -> Any:
    """References into ``$defs`` lead into the components."""
    if isinstance(node, dict):
        return {k: _moved(v) for k, v in node.items()}
    if isinstance(node, list):
        return [_moved(v) for v in node]
    return node.replace("#/$defs/", "#/components/schemas/") if isinstance(node, str) else node
