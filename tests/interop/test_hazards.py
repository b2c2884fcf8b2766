"""Controls of the hazard log that concern records (docs/hazard-log.yaml: H11, H12)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings

from soleus.clinical.case import Case
from soleus.errors import Contradiction
from soleus.interop.fhir.reading import case_of
from soleus.reasoning.assess import assess
from soleus.reasoning.compiled import shipped_compiled
from tests.interop.bundles import bundle, condition, legs, patient, potassium, request, text
from tests.interop.test_fhir_fuzz import resources

OTHER = {"reference": "Patient/other"}


def read(*found: Any) -> Case:
    return case_of(bundle(*found), shipped_compiled())


def test_two_patients_are_never_merged() -> None:
    with pytest.raises(Contradiction, match="2 people"):
        read(patient(), legs(), patient(id="other"))
    with pytest.raises(Contradiction, match="2 people"):
        read({**legs(), "subject": {"reference": "Patient/p"}}, potassium(3.1, subject=OTHER))
    alone = read(patient(), legs())
    strangers = [potassium(2.1, subject=OTHER), condition(text("diabetes"), subject=OTHER),
                 request("furosemide", subject=OTHER)]  # fmt: skip
    beside = read(patient(), legs(), *strangers)
    assert {u.why for u in beside.unused} == {"it is about another person"}
    assert msgspec.structs.replace(beside, unused=()) == alone
    assert assess(beside, draws=20).person.lower().startswith("woman of 66")  # 1960-05-01 to 2026-11-21


@given(resources)
@settings(max_examples=300, deadline=None)
def test_what_is_not_used_is_listed(resource: dict[str, Any]) -> None:
    """Any resource of any shape changes the case, or stands in the list of what was not used."""
    assume(resource["resourceType"] not in ("Patient", "Medication", "Bundle"))
    case = read(patient(), resource)
    changed = msgspec.structs.replace(case, unused=()) != read(patient())
    assert changed or case.unused
    assert all(u.where and u.what and u.why for u in case.unused)
