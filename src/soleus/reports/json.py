"""An assessment as JSON: the contract that other programs read (docs/assessment.schema.json).

The fields of the complaint stand at the top level. With several complaints those of the first stand there,
except that ``red_flags`` holds the flags of all of them, and ``complaints`` holds each with all its fields.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from soleus.reasoning.assessment import Assessment, ComplaintAssessment, RedFlag

_DESCRIPTION = (
    "One person's judgement. Probabilities are 0-1, intervals 95 %. The fields of the (first) complaint stand "
    "at the top level; with several complaints red_flags holds the flags of all, and complaints each with its "
    "fields."
)
_RENAMED = {"id": "complaint", "label": "complaint_label"}


@cache
def _document_type() -> type[Struct]:
    """The flattened form: what belongs to the whole, what belongs to the complaint, then ``complaints``."""
    whole = [(f.name, f.type) for f in msgspec.structs.fields(Assessment) if f.name != "complaints"]
    part = [(_RENAMED.get(f.name, f.name), f.type) for f in msgspec.structs.fields(ComplaintAssessment)]
    several = ("complaints", tuple[ComplaintAssessment, ...] | UnsetType, UNSET)
    return msgspec.defstruct(
        "AssessmentDocument", [*whole, *part, several], frozen=True, kw_only=True, forbid_unknown_fields=True
    )


def _all_flags(assessment: Assessment) -> tuple[RedFlag, ...]:
    flags = {flag.id: flag for complaint in assessment.complaints for flag in complaint.red_flags}
    return tuple(flags.values())


def _values(record: Struct) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__struct_fields__}


def _document(assessment: Assessment) -> Struct:
    whole = _values(assessment)
    complaints = whole.pop("complaints")
    part = {_RENAMED.get(name, name): value for name, value in _values(complaints[0]).items()}
    part["red_flags"] = _all_flags(assessment)
    return _document_type()(**whole, **part, complaints=complaints if len(complaints) > 1 else UNSET)


def to_json(assessment: Assessment) -> bytes:
    """``assessment`` as one UTF-8 JSON object on one line, in the flattened form of the schema."""
    return msgspec.json.encode(_document(assessment))


def from_json(raw: bytes | str) -> Assessment:
    """What `to_json` was given. Raises msgspec.ValidationError for another form."""
    document = msgspec.json.decode(raw, type=_document_type())
    values = _values(document)
    whole = {f.name: values[f.name] for f in msgspec.structs.fields(Assessment) if f.name != "complaints"}
    if values["complaints"] is not UNSET:
        return Assessment(complaints=values["complaints"], **whole)
    fields = [f.name for f in msgspec.structs.fields(ComplaintAssessment)]
    only = ComplaintAssessment(**{name: values[_RENAMED.get(name, name)] for name in fields})
    return Assessment(complaints=(only,), **whole)


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what `to_json` gives."""
    (root,), parts = msgspec.json.schema_components([_document_type()], ref_template="#/$defs/{name}")
    body = parts.pop(root["$ref"].rsplit("/", 1)[-1])
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Assessment"}
    return head | {"description": _DESCRIPTION} | {k: v for k, v in body.items() if k != "title"} | {"$defs": parts}


def schema_text() -> str:
    """The content of docs/assessment.schema.json, ending with a line feed."""
    return json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
