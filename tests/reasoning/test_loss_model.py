"""The loss model: every explanation has a harm and a path, and each threshold follows from them or from a source."""

from __future__ import annotations

import pytest

from soleus.knowledge.schema.safety import CarePath, CauseValue, Classification, EmergencyNumber, Harm
from tests.reasoning.known_facts import records

HARMS: dict[str, Harm] = {h.id: h for h in records("harm")}
PATHS: tuple[CarePath, ...] = records("care_path")
NUMBERS: dict[str, EmergencyNumber] = {n.id: n for n in records("emergency_number")}
VALUES: dict[str, CauseValue] = {v.id: v for v in records("cause_value")}
LOOK = "review_in_practice"  # what naming an explanation costs: one further look


def cheapest(explanation: str) -> float:
    return min(p.cost for p in PATHS if explanation in p.covers)


def test_every_explanation_has_a_harm_and_a_path_that_covers_it() -> None:
    explanations = {e.id for e in records("explanation")}
    assert set(HARMS) == explanations
    assert {s for p in PATHS for s in p.covers} == explanations
    assert {s for p in PATHS for s in p.partly} <= explanations


def test_no_path_covers_an_explanation_both_fully_and_partly() -> None:
    assert not [(p.id, s) for p in PATHS for s in p.partly if s in p.covers]


@pytest.mark.parametrize("explanation", sorted(HARMS))
def test_a_threshold_is_the_cost_of_a_look_over_the_harm_unless_a_source_gives_it(explanation: str) -> None:
    harm, threshold = HARMS[explanation], HARMS[explanation].action_threshold
    if threshold.basis == "derived":
        look = next(p.cost for p in PATHS if p.id == LOOK)
        assert threshold.value == round(look / harm.loss, 4)
    else:
        assert threshold.source


@pytest.mark.parametrize("explanation", sorted(HARMS))
def test_harm_lies_in_its_interval_and_exceeds_the_cheapest_path(explanation: str) -> None:
    harm = HARMS[explanation]
    assert harm.low < harm.loss < harm.high
    assert harm.loss > cheapest(explanation)  # otherwise nobody would ever act on it


def test_harm_follows_the_acuity_of_the_dangerous() -> None:
    dangerous = [e for e in records("explanation") if e.must_not_miss]
    least = {"emergency": 100, "same_day": 25, "urgent": 20, "routine": 0}
    assert not [e.id for e in dangerous if HARMS[e.id].loss < least[e.acuity]]


def test_deep_vein_thrombosis_is_tested_from_two_per_cent() -> None:
    assert HARMS["deep_vein_thrombosis"].action_threshold.value == 0.02


def test_every_kind_of_contributor_has_a_value() -> None:
    kinds = {c.kind for c in records("contributor")}
    assert {f"default.{kind}" for kind in kinds} <= set(VALUES)
    assert {v for v in VALUES if not v.startswith("default.")} <= {c.id for c in records("contributor")}


def test_every_number_is_seen_on_a_page_and_unknown_countries_get_a_sentence_without_one() -> None:
    for number in NUMBERS.values():
        if number.id == "default":
            assert number.emergency is None
            continue
        assert number.country == number.id.upper()
        assert number.source
        assert (number.emergency or "?") in number.sentence


def test_every_place_in_the_classification_hangs_on_its_parent() -> None:
    places: dict[str, Classification] = {c.id: c for c in records("classification")}
    assert {c.parent for c in places.values() if c.parent} <= set(places)
    assert {c.explanation for c in places.values() if c.explanation} <= {e.id for e in records("explanation")}


def test_every_source_of_the_safety_records_is_known() -> None:
    known = {s.id for s in records("source")}
    kinds = ("red_flag", "screen_item", "criteria_set", "classification", "care_path", "harm", "emergency_number")
    cited = {s for kind in kinds for r in records(kind) for s in r.source}
    cited |= {s for h in HARMS.values() for s in h.action_threshold.source}
    assert cited - known == set()
