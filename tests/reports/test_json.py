"""The JSON that other programs read, against its schema and the contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest

from soleus.reasoning.assessment import Assessment, ComplaintAssessment
from soleus.reports.json import from_json, schema, schema_text, to_json

#: Top level, and the fields of the entries that the contract names.
CONTRACT: dict[str, set[str]] = {
    "red_flags": {"id", "label", "urgency", "action"},
    "explanations": {"id", "label", "codes", "probability", "low", "high", "tier"},
    "diagnoses": {"id", "label", "explanation", "cause", "probability", "low", "high"},
    "next_questions": {"finding", "text", "value", "reason"},
    **{name: set() for name in ("causes", "medications", "criteria", "work_up", "management", "not_assessed")},
    "references": set(),
}


def document(assessment: Assessment) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_json(assessment))
    return found


def test_the_schema_is_checked_in(root: Path) -> None:
    found = (root / "docs/assessment.schema.json").read_text(encoding="utf-8")
    assert found == schema_text(), "run `make docs`"


def test_every_assessment_obeys_the_schema(assessment: Assessment) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.Draft202012Validator(schema()).validate(document(assessment))


def test_the_contract_holds(assessment: Assessment) -> None:
    found = document(assessment)
    for name, fields in CONTRACT.items():
        assert isinstance(found[name], list)
        assert all(fields <= set(entry) for entry in found[name])
    assert set(found["tiers"]) == {"most_likely", "other_likely", "do_not_miss", "rare"}
    assert {"knowledge_version", "review_status", "conflict", "evidence_basis", "idiopathic"} <= set(found)


def test_nothing_is_lost(assessment: Assessment) -> None:
    found = document(assessment)
    parts = found.get("complaints", [{**found, "id": found["complaint"], "label": found["complaint_label"]}])
    names = ComplaintAssessment.__struct_fields__
    rebuilt = [msgspec.convert({n: part[n] for n in names}, ComplaintAssessment) for part in parts]
    assert tuple(rebuilt) == assessment.complaints


def test_tiers_name_diagnoses(assessment: Assessment) -> None:
    found = document(assessment)
    known = {d["id"] for d in found["diagnoses"]}
    assert {i for ids in found["tiers"].values() for i in ids} <= known


def test_several_complaints_show_the_red_flags_of_all(sample: Callable[[str], Assessment]) -> None:
    found = document(sample("two_complaints"))
    assert [len(c["red_flags"]) for c in found["complaints"]] == [0, 1]
    assert [f["id"] for f in found["red_flags"]] == ["dvt_suspected"]


def test_one_complaint_stands_at_the_top_level_only(sample: Callable[[str], Assessment]) -> None:
    assert "complaints" not in document(sample("idiopathic_cramp"))


@pytest.mark.parametrize("field", ["probability", "low", "high"])
def test_a_document_with_a_field_too_few_is_refused(sample: Callable[[str], Assessment], field: str) -> None:
    found = document(sample("idiopathic_cramp"))
    del found["explanations"][0][field]
    assert not jsonschema.Draft202012Validator(schema()).is_valid(found)


def test_what_was_written_can_be_read_again(assessment: Assessment) -> None:
    assert from_json(to_json(assessment)) == assessment
