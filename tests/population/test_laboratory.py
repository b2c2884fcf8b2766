"""Laboratory values of made-up people are abnormal in those whom the knowledge base says, and read as it reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from soleus.clinical.case import Quantity
from soleus.errors import UnknownName
from soleus.knowledge.loader import shipped
from soleus.knowledge.schema.core import Block, Finding, Marker
from soleus.population.made_up.laboratory import Ints, draw_results
from soleus.population.made_up.people import Plan, draw, plan_of, shipped_world
from soleus.reasoning.intake import observe


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(shipped())


def drawn(plan: Plan, people: int, known: dict[str, Ints]) -> dict[str, Any]:
    """Values of women of 65 and more, observed for two years."""
    cells = np.ones(people, int), np.full(people, 3)
    seen = np.zeros(people, int), np.full(people, 729)
    return draw_results(plan.laboratory, np.random.default_rng(5), cells, seen, known)


def share_below(plan: Plan, found: dict[str, Any], finding: str, limit: float) -> tuple[float, int]:
    """Of people with a value of this finding: the share whose first is below the limit, and how many they are."""
    test = next(t for t in plan.laboratory.tests if t.finding == finding)
    mine = found["concept"] == test.concept
    _, first = np.unique(found["row"][mine], return_index=True)
    return float((found["value"][mine][first] < limit).mean()), len(first)


def test_a_medicine_makes_a_value_as_abnormal_as_the_block_and_the_marker_say(plan: Plan) -> None:
    """Potassium below 3 with a thiazide: P(hypokalaemia) p_present + P(none) p_absent, within four standard errors."""
    marker = shipped().by_id(Marker)["hypokalaemia.potassium"]
    (share,) = [
        p
        for member, other, p in shipped().by_id(Block)["heart_and_salts"].given
        if (member, other) == ("hypokalaemia", "diuretic_thiazide")
    ]
    people = 60_000
    found, n = share_below(plan, drawn(plan, people, {"diuretic_thiazide": np.arange(people)}), "potassium", 3.0)
    expected = share * sum(marker.p_present[:2]) + (1 - share) * sum(marker.p_absent[:2])
    assert abs(found - expected) < 4 * (expected * (1 - expected) / n) ** 0.5
    without, _ = share_below(plan, drawn(plan, people, {}), "potassium", 3.0)
    assert without < found / 2


def test_a_recorded_disease_shows_in_its_value(plan: Plan) -> None:
    marker = shipped().by_id(Marker)["b12_deficiency.b12"]
    people = 20_000
    all_low = drawn(plan, people, {"b12_deficiency": np.arange(people)})
    found, n = share_below(plan, all_low, "b12", 148 / 0.7378)
    p = marker.p_present[0]
    assert abs(found - p) < 4 * (p * (1 - p) / n) ** 0.5


def test_every_value_is_read_as_a_state_in_the_unit_in_which_it_is_written(plan: Plan) -> None:
    findings = shipped().by_id(Finding)
    found = drawn(plan, 400, {})
    assert len(plan.laboratory.tests) >= 15
    for test in plan.laboratory.tests:
        values = found["value"][found["concept"] == test.concept]
        states = {
            observe(findings[test.finding], Quantity(value=v, unit=test.unit), "x").state for v in values.tolist()
        }
        assert states <= {s.id for s in findings[test.finding].states}
        assert len(states) > 1


def test_values_lie_within_observation_and_come_again_with_the_seed(plan: Plan) -> None:
    one, again = draw(plan, 3, 0, 2000), draw(plan, 3, 0, 2000)
    assert all(np.array_equal(one["result"][c], again["result"][c]) for c in one["result"])
    period = one["period"]
    where = np.searchsorted(period["person_id"], one["result"]["person_id"])
    assert (period["start"][where] <= one["result"]["date"]).all()
    assert (one["result"]["date"] <= period["end"][where]).all()


def test_people_and_records_are_the_same_without_tests(plan: Plan) -> None:
    quiet = plan_of(
        shipped(), shipped_world(laboratory=settings(tests={"potassium": {"code": "2823-3", "unit": "mmol/L"}}))
    )
    one, other = draw(plan, 3, 0, 2000), draw(quiet, 3, 0, 2000)
    assert all(np.array_equal(one[t][c], other[t][c]) for t in one if t != "result" for c in one[t])


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ({"potasium": {"code": "2823-3", "unit": "mmol/L"}}, "potassium"),
        ({"potassium": {"code": "718-7", "unit": "mmol/L"}}, "2823-3"),
        ({"potassium": {"code": "2823-3", "unit": "mg/dL"}}, "mmol/L"),
        ({"cramp": {"code": "2823-3", "unit": "mmol/L"}}, "with a number"),
    ],
)
def test_a_test_that_the_knowledge_base_does_not_read_is_refused(tests: dict[str, Any], said: str) -> None:
    with pytest.raises(UnknownName, match=said):
        plan_of(shipped(), shipped_world(laboratory=settings(tests=tests)))


def settings(**changes: Any) -> dict[str, Any]:
    return {"samples_a_year": 0.3, "measured": 0.5, "open_end": 1, "digits": 3} | changes
