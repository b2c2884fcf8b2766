"""How statements of a case become evidence: windows of events, silence of lists, names and codes out of records."""

from __future__ import annotations

from typing import Any

import pytest

from soleus.clinical.case import Condition
from soleus.clinical.reading import case_from
from soleus.errors import CannotAssess
from soleus.knowledge.schema.core import Contributor
from soleus.knowledge.schema.records import AnswerCode, ResultCode, SymptomCode
from soleus.reasoning.compiled import loose_form, shipped_compiled
from soleus.reasoning.intake import Presentation, find_contributor, take_in
from soleus.reasoning.medicines import MedicineIndex

COMPLAINT: dict[str, Any] = {"as_of": "2026-11-21", "findings": {"quality": "cramp"}}


def taken(**more: Any) -> Presentation:
    compiled = shipped_compiled()
    return take_in(case_from({**COMPLAINT, **more}), compiled, MedicineIndex(compiled.knowledge))[0]


@pytest.mark.parametrize(
    ("since", "status", "said"),
    [
        ("2026-08-29", "present", {"recent_major_surgery": True}),  # 84 days before: the last that count
        ("2026-08-28", "present", {}),  # 85 days
        ("2026-11", "resolved", {"recent_major_surgery": True}),
        (None, "present", {"recent_major_surgery": True}),
        (None, "resolved", {}),
        ("2020", "absent", {"recent_major_surgery": False}),
    ],
)
def test_an_event_counts_in_its_window(since: str | None, status: str, said: dict[str, bool]) -> None:
    event = {"name": "recent_major_surgery", "status": status, **({"since": since} if since else {})}
    seen = taken(conditions=[event])
    assert seen.said == said
    assert bool(seen.unused) == (not said)


def test_the_windows_are_those_of_the_definitions() -> None:
    weeks = {
        "heat_exposure": 1,
        "immobilisation": 12,
        "long_travel": 8,
        "opioid_withdrawal_or_taper": 4,
        "postpartum": 12,
        "recent_infection": 6,
        "recent_major_surgery": 12,
        "recent_unaccustomed_exercise": 2,
    }
    records = shipped_compiled().knowledge.by_id(Contributor)
    assert {c: records[c].window_days for c in weeks} == {c: 7 * n for c, n in weeks.items()}


def test_a_silent_list_makes_what_it_would_name_less_likely() -> None:
    spoken, silent = taken(), taken(lists=["conditions"])
    number = silent.compiled.network.contributor_index["heart_failure"]
    assert spoken.silent == ()
    assert "heart_failure" in silent.silent
    assert "furosemide" not in silent.silent
    assert number not in spoken.evidence.contributors
    absent, present = silent.evidence.contributors[number]
    record = silent.compiled.contributors["heart_failure"]
    assert (absent, present) == (record.recorded_specificity, 1 - record.recorded_sensitivity)
    assert absent > present


def test_silence_is_not_absence_and_a_marker_still_counts() -> None:
    """Ferritin speaks of iron deficiency whatever the lists leave out; nothing silent is said to be absent."""
    seen = taken(lists=["conditions", "medicines"], conditions=["heart failure"], medicines=["furosemide"])
    assert seen.said == {"heart_failure": True, "diuretic_loop": True}
    assert {"heart_failure", "diuretic_loop", "iron_deficiency"} & set(seen.silent) == set()
    assert {"diabetes", "statin"} <= set(seen.silent)


@pytest.mark.parametrize(
    "findings",
    [{}, {"diabetes": "present"}, {"potassium": {"value": 3, "unit": "mmol/L"}}, {"quality": "not_assessed"}],
)
def test_a_complaint_of_the_legs_is_needed(findings: dict[str, Any]) -> None:
    with pytest.raises(CannotAssess):
        taken(findings=findings, conditions=["heart failure"], medicines=["furosemide"], onset="2026-01-01")


@pytest.mark.parametrize(
    ("name", "code", "system", "target"),
    [
        ("Diabetes mellitus type 2 (disorder)", None, None, "diabetes"),
        ("Type 2 diabetes mellitus", None, None, "diabetes"),
        ("Osteoarthritis of hip", None, None, "osteoarthritis"),
        ("Essential hypertension, unspecified", None, None, "hypertension"),
        ("", "I12.9", "icd10cm", "hypertension"),  # I10-I16
        ("", "E78.49", "icd10cm", "dyslipidaemia"),  # E78.0-E78.5
        ("", "N18.4", None, "ckd_stage_4_5"),
        ("", "C50.911", "icd10cm", "cancer_bone_tropic"),  # closer than C00-C96
        ("", "E11", "snomed", None),
        ("", "73211009", "icd10cm", None),
        ("Sprain of wrist", None, None, None),
        ("Family history of diabetes", None, None, None),
        ("No diabetes", None, None, None),
    ],
)
def test_names_and_codes_of_conditions(name: str, code: str | None, system: str | None, target: str | None) -> None:
    condition = Condition(name=name, code=code, system=system)
    assert find_contributor(shipped_compiled(), condition) == target


def test_a_snomed_code_works_where_the_knowledge_has_it() -> None:
    from soleus.evidence.record import Code
    from soleus.reasoning.intake import code_fit

    known = Code(system="snomed", code="73211009")
    assert code_fit(known, Condition(name="", code="73211009", system="snomed")) > 0
    assert code_fit(known, Condition(name="", code="73211009", system="icd10cm")) == 0
    assert code_fit(known, Condition(name="", code="732110091", system="snomed")) == 0


def test_loose_form() -> None:
    assert loose_form("Anaemia of the kidney (disorder)") == "anemia kidney"


def test_codes_of_records_lead_to_findings_and_contributors() -> None:
    compiled = shipped_compiled()
    for symptom in compiled.knowledge.all(SymptomCode):
        for target, state in symptom.tells.items():
            if target in compiled.findings:
                assert state in [s.id for s in compiled.findings[target].states], symptom.id
            else:
                assert target in compiled.contributors, symptom.id
                assert state in ("present", "absent"), symptom.id
    assert all(r.finding in {None, *compiled.findings} for r in compiled.knowledge.all(ResultCode))
    assert {a.says for a in compiled.knowledge.all(AnswerCode)} == {"present", "absent", "not_assessed"}
