"""A case leaves as FHIR and comes back with the same clinical facts: its judgement cannot differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings

from soleus.clinical.case import Case
from soleus.clinical.reading import case_from
from soleus.errors import InvalidValue, SoleusError, UnknownName
from soleus.interop.fhir import canonical
from soleus.interop.fhir.reading import case_of
from soleus.interop.fhir.writing import case_bundle
from soleus.interop.reading import read_any
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.intake import Presentation, take_in
from soleus.reasoning.medicines import MedicineIndex
from soleus.validation.vignettes import read_all
from tests.interop.bundles import bundle, condition, potassium, text
from tests.interop.generated import cases
from tests.reasoning.people import EXAMPLES, NAMES

COMPILED = shipped_compiled()


def presentations(case: Case) -> tuple[Presentation, ...]:
    return take_in(case, COMPILED, MedicineIndex(COMPILED.knowledge))


def facts(case: Case) -> list[Any]:
    """Everything that the judgement hangs on."""
    return [
        (
            p.complaint.id, p.complaint.label, p.complaint.onset, p.complaint.duration, p.observations, p.said, p.asked,
            set(p.silent), p.evidence, p.age, p.sex, p.pregnant, p.setting, p.disagreements, case.as_of, case.country,
            case.answered_by, case.person, [(m.record, m.given, m.current, m.counts) for m in p.medicines],
            case.pretest, set(case.lists),
        )
        for p in presentations(case)
    ]  # fmt: skip


def back(case: Case) -> Case:
    """Out as JSON, and in again."""
    return case_of(json.loads(json.dumps(case_bundle(case, COMPILED))), COMPILED)


def test_every_vignette_comes_back(root: Path) -> None:
    every = read_all(root / "validation/vignettes")
    assert len(every) > 150
    assert [v.id for v in every if facts(back(v.read())) != facts(v.read())] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_example_comes_back(name: str) -> None:
    case = read_any(EXAMPLES / name, COMPILED)
    assert facts(back(case)) == facts(case)
    assert back(back(case)) == back(case)


@given(cases())
@settings(max_examples=150, deadline=None)
def test_any_case_comes_back(case: Case) -> None:
    try:
        expected = facts(case)
    except SoleusError:
        assume(False)
    assert facts(back(case)) == expected


def test_nothing_is_stale_in_a_case_that_was_told() -> None:
    """In a record a potassium of years ago is too old to tell of now; in a case it was handed over as a fact."""
    case = case_from(
        {
            "as_of": "2026-11-21",
            "findings": {"quality": "cramp"},
            "measurements": [{"name": "potassium", "value": 3.1, "unit": "mmol/L", "date": "2019"}],
        }
    )
    assert back(case).measurements == case.measurements


def test_dont_know_stays_dont_know() -> None:
    case = case_from({"findings": {"quality": "cramp", "swelling": "not_assessed"}})
    assert back(case).findings == {"quality": "cramp", "swelling": "not_assessed"}
    assert presentations(back(case))[0].asked == {"swelling"}


@pytest.mark.parametrize(
    "findings",
    [
        {"diabetes": "yes"},
        {"diabetes": "no"},
        {"diabetes": "not_assessed"},
        {"fever": "yes"},
        {"fever": "no"},
        {"abi": 0.85},
        {"potassium": {"value": 3.1, "unit": "mmol/L", "date": "2026-10"}},
        {"potassium": "not_assessed"},
        {"urge to move": True},
        {"severity": 5},
    ],
)
def test_every_way_to_tell_a_finding_comes_back(findings: dict[str, Any]) -> None:
    case = case_from({"as_of": "2026-11-21", "findings": {"quality": "cramp", **findings}})
    assert facts(back(case)) == facts(case)


@pytest.mark.parametrize("findings", [{"diabetes": "purple"}, {"quality": "purple"}, {"potassium": 3.1}])
def test_a_value_that_cannot_be_is_refused(findings: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        case_bundle(case_from({"findings": findings}), COMPILED)


def test_an_unknown_finding_is_refused() -> None:
    with pytest.raises(UnknownName):
        case_bundle(case_from({"findings": {"zzz": "yes"}}), COMPILED)


def test_a_case_that_was_told_goes_before_the_record_beside_it() -> None:
    """Facts that were told to Soleus, in a bundle with the rest of the record."""
    own = {
        "as_of": "2026-11-21",
        "findings": {"quality": "cramp"},
        "measurements": [{"name": "potassium", "value": 3.0, "unit": "mmol/L"}],
    }
    told = case_bundle(case_from(own), COMPILED)
    more = [{"resource": potassium(4.4)}, {"resource": condition(text("diabetes"))}]
    case = case_of({**told, "entry": [*told["entry"], *more]}, COMPILED)
    assert [m.value for m in case.measurements] == [3.0]
    assert [c.name for c in case.conditions if not isinstance(c, str)] == ["diabetes"]
    assert [(u.what, u.why) for u in case.unused] == [("potassium", "another value is known")]


def test_our_codes_are_read_in_any_record() -> None:
    """A resource that bears a code of the knowledge base, without the tag of a case that was told."""

    def coded(system: str, code: str) -> dict[str, Any]:
        return {"coding": [{"system": system, "code": code}]}

    swelling = {
        "resourceType": "Observation", "status": "final", "code": coded(canonical.FINDINGS, "swelling"),
        "valueCodeableConcept": coded(canonical.STATES, "one_leg"),
    }  # fmt: skip
    case = case_of(
        bundle(
            swelling,
            {**condition(coded(canonical.CONTRIBUTORS, "diabetes")), "code": coded(canonical.CONTRIBUTORS, "diabetes")},
            condition({**coded(canonical.FINDINGS, "no_such"), "text": "Leg cramps"}),
        ),
        COMPILED,
    )
    assert case.findings == {"swelling": "one_leg"}
    assert [c.name for c in case.conditions if not isinstance(c, str)] == ["diabetes"]
