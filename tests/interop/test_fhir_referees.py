"""What leaves as FHIR, judged by other people's software: see benchmarks/fhir_referees.py for who and what."""

from __future__ import annotations

import copy
import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from soleus.reasoning.compiled import shipped_compiled


@pytest.fixture(scope="module")
def referees(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("fhir_referees", root / "benchmarks/fhir_referees.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_referee_finds_a_fault_in_anything_that_leaves(referees: ModuleType, fhir_referee: Path) -> None:
    compiled, named = shipped_compiled(), os.environ.get("SOLEUS_TEST_DATA")
    bundles = list(referees.answers(compiled, Path(named) if named else None))
    resources = [*referees.each(bundles), *referees.definitions(compiled)]
    kinds = {r["resourceType"] for r in resources}
    assert {"DiagnosticReport", "RiskAssessment", "Condition", "ServiceRequest", "MedicationRequest", "Provenance",
            "DetectedIssue", "Observation", "Device", "OperationOutcome", "CapabilityStatement"} <= kinds  # fmt: skip
    assert len(resources) > 5000
    assert referees.faults(resources, str(fhir_referee)) == []


def _spoilt(resource: dict[str, Any], **change: Any) -> dict[str, Any]:
    return {**copy.deepcopy(resource), **change}


def test_the_referees_bite(referees: ModuleType, fhir_referee: Path) -> None:
    """Each of the three finds what is spoilt, so that their silence means something."""
    bundles = list(referees.answers(shipped_compiled(), None, every=100))
    risk = next(r for r in referees.each(bundles) if r["resourceType"] == "RiskAssessment")
    spoilt = [
        _spoilt(risk, colour="red"),
        _spoilt(risk, status="certain"),
        _spoilt(risk, prediction=[{"probabilityDecimal": 101}]),
        {k: v for k, v in risk.items() if k != "subject"},
    ]
    found = referees.faults([risk, *spoilt], str(fhir_referee))
    assert {f["index"] for f in found} == {1, 2, 3, 4}
    assert {f["referee"] for f in found} == {"medplum", "fhir", "fhir.resources"}
