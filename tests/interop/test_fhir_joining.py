"""Two accounts of one person as one case."""

from __future__ import annotations

from typing import Any

import pytest

from soleus.clinical.case import Case, Condition, Medicine, Person
from soleus.clinical.reading import case_from
from soleus.interop.fhir.joining import Danger, joined
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.medicines import MedicineIndex

COMPILED = shipped_compiled()
CRAMP = {"quality": "cramp"}


def join(first: dict[str, Any], second: dict[str, Any], **more: Any) -> Case:
    one = case_from({"as_of": "2026-11-21", "findings": CRAMP, **first})
    both = joined(one, case_from({"as_of": "2026-11-21", **second}), COMPILED, source="text", **more)
    take_in(both, COMPILED, MedicineIndex(COMPILED.knowledge), empty=True)
    return both


def left(case: Case) -> dict[str, str]:
    return {u.what: u.why for u in case.unused}


def test_what_only_the_second_tells_is_added() -> None:
    both = join(
        {"person": {"age": 67}},
        {"person": {"sex": "female"}, "findings": {"site": "calf"}, "onset": "2026-05", "conditions": ["diabetes"],
         "medicines": ["furosemide"], "measurements": [{"name": "potassium", "value": 3.1, "unit": "mmol/L"}],
         "country": "GB", "lists": ["medicines"]},
    )  # fmt: skip
    assert both.person == Person(age=67, sex="female")
    assert both.findings == {"quality": "cramp", "site": "calf"}
    assert (both.onset, both.country, both.lists) == ("2026-05", "GB", ("medicines",))
    assert (len(both.conditions), len(both.medicines), len(both.measurements)) == (1, 1, 1)
    assert both.unused == ()


KNOWN = "known otherwise, and that counts"
SAYS_OTHERWISE = "told otherwise, and the first counts"


@pytest.mark.parametrize(
    ("first", "second", "reasons"),
    [
        ({}, {"findings": {"quality": "burning"}}, {"quality": SAYS_OTHERWISE}),
        ({"person": {"age": 60}}, {"person": {"age": 61}}, {"age": SAYS_OTHERWISE}),
        ({"conditions": ["diabetes"]}, {"conditions": [{"name": "diabetes", "status": "absent"}]},
         {"diabetes": SAYS_OTHERWISE}),
        ({"findings": {**CRAMP, "diabetes": "no"}}, {"conditions": ["diabetes"]}, {"diabetes": SAYS_OTHERWISE}),
        ({"conditions": ["diabetes"]}, {"findings": {"diabetes": "no"}}, {"diabetes": KNOWN}),
        ({"medicines": ["simvastatin"]}, {"conditions": [{"name": "statin", "status": "absent"}]},
         {"statin": "denied, but a medicine in use says otherwise"}),
        ({"conditions": [{"name": "statin", "status": "absent"}]}, {"medicines": ["simvastatin"]},
         {"simvastatin": "denied by what is known otherwise"}),
        ({"medicines": [{"name": "Zocor", "stopped": "2026-01"}]}, {"medicines": ["simvastatin"]},
         {"simvastatin": "known to have been stopped"}),
        ({"person": {"sex": "male"}}, {"conditions": ["raloxifene", "pregnancy"]},
         {"pregnancy": "not possible for the sex of the record"}),
        ({"person": {"sex": "female", "pregnant": False}}, {"conditions": ["pregnancy"]},
         {"pregnancy": "known otherwise"}),
        ({"onset": "2020"}, {"findings": {"tempo": "days"}}, {"tempo": KNOWN}),
        ({"measurements": [{"name": "potassium", "value": 4.1, "unit": "mmol/L"}]},
         {"measurements": [{"name": "potassium", "value": 3.1, "unit": "mmol/L"}]},
         {"potassium": "another value is known"}),
    ],
)  # fmt: skip
def test_the_first_counts_and_the_disagreement_is_listed(
    first: dict[str, Any], second: dict[str, Any], reasons: dict[str, str]
) -> None:
    both = join(first, second)
    assert reasons.items() <= left(both).items()
    alone = case_from({"as_of": "2026-11-21", "findings": CRAMP, **first})
    assert (both.findings, both.conditions[:1], both.medicines, both.measurements) == (
        alone.findings, alone.conditions[:1], alone.medicines, alone.measurements,
    )  # fmt: skip


@pytest.mark.parametrize("pregnancy", [{"conditions": ["pregnancy"]}, {"findings": {**CRAMP, "pregnancy": "yes"}}])
def test_a_pregnancy_that_is_told_is_not_denied_beside(pregnancy: dict[str, Any]) -> None:
    both = join({"person": {"sex": "female"}, **pregnancy}, {"person": {"pregnant": False}})
    assert both.person.pregnant is None


def test_a_man_is_not_pregnant() -> None:
    assert join({"person": {"sex": "male"}}, {"person": {"pregnant": True, "weeks_pregnant": 9}}).person == Person(
        sex="male"
    )


def test_dont_know_gives_way_to_an_answer() -> None:
    assert join({"findings": {**CRAMP, "swelling": "not_assessed"}}, {"findings": {"swelling": "none"}}).findings == {
        "quality": "cramp", "swelling": "none",
    }  # fmt: skip


def test_danger_counts_where_it_was_denied_or_raises_a_flag() -> None:
    first = {"findings": {**CRAMP, "swelling": "none", "side": "both"}}
    told = {"findings": {"swelling": "one_leg", "side": "one_leg", "quality": "burning"}}
    found = join(first, told, danger=Danger(hung_on=frozenset({"swelling", "side", "quality"}))).findings
    assert found == {"quality": "cramp", "swelling": "one_leg", "side": "both"}  # only what was denied
    flagged = join(first, told, danger=Danger(flagged=frozenset({"side"}))).findings
    assert flagged == {"quality": "cramp", "swelling": "none", "side": "one_leg"}


def test_two_accounts_that_cannot_be_joined_leave_the_first() -> None:
    first = case_from({"as_of": "2026-11-21", "findings": CRAMP})
    bad = Case(
        medicines=(Medicine(name="furosemide", started="2026-05", stopped="2026-01"),),
        conditions=(Condition(name="diabetes"),),
    )
    both = joined(first, bad, COMPILED, source="text")
    assert (both.findings, both.medicines, both.conditions) == (first.findings, (), ())
    assert left(both) == {"all that it tells": "it contradicts what is known otherwise"}
