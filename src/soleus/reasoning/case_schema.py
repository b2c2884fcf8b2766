"""JSON Schema of a case with the vocabulary of a knowledge base: every finding with its answers and unit."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from soleus.clinical.case import Case
from soleus.knowledge.schema.core import Finding, Setting
from soleus.reasoning.compiled import Compiled

_WORDS = ["present", "absent", "not_assessed"]


def case_schema(compiled: Compiled) -> dict[str, Any]:
    """The schema that `soleus knowledge schema case` prints.

    Findings that are named otherwise (by a synonym or a former id) are accepted by the readers too, so further
    properties stay allowed there.
    """
    schema: dict[str, Any] = msgspec.json.schema(Case)
    findings = {f.id: finding_schema(f) for f in compiled.findings.values()}
    definitions = schema["$defs"]
    definitions["Findings"] = {
        "type": "object",
        "description": "Finding -> answer. What is left out is not known, never absent. Synonyms are accepted too.",
        "properties": findings,
        "additionalProperties": True,
    }
    for holder in ("Case", "Complaint"):
        definitions[holder]["properties"]["findings"] = {"$ref": "#/$defs/Findings", "default": {}}
    definitions["Case"]["properties"]["setting"] = {"enum": list(get_args(Setting)), "default": "primary_care"}
    definitions["Case"]["properties"]["conditions"]["description"] = (
        "Diagnoses, events and habits by name or code; known ones: " + ", ".join(sorted(compiled.contributors))
    )
    return schema


def finding_schema(finding: Finding) -> dict[str, Any]:
    """The answers of one finding."""
    answers: dict[str, Any] = {"enum": [s.id for s in finding.states] + _WORDS}
    if finding.kind == "yes_no":
        answers["enum"] = ["yes", "no", *_WORDS, True, False]
    if finding.kind == "numeric":
        return {"description": finding.clinician_question, "anyOf": [answers, {"type": "number"}, _quantity(finding)]}
    return {"description": finding.clinician_question, **answers}


def _quantity(finding: Finding) -> dict[str, Any]:
    units = [u for u in (finding.unit, *finding.other_units) if u is not None]
    return {
        "type": "object",
        "properties": {"value": {"type": "number"}, "unit": {"enum": units}, "date": {"type": "string"}},
        "required": ["value"],
        "additionalProperties": False,
    }
