"""Criteria sets: item by item, and what a missing item leaves open."""

from __future__ import annotations

from typing import Any

import pytest

from soleus.clinical.rules import leaves, subject
from soleus.knowledge.schema.safety import CriteriaSet, RedFlag
from soleus.reasoning.criteria import CriteriaOutcome, judge, touched
from tests.reasoning.known_facts import KnownFacts, findings, records

SETS: dict[str, CriteriaSet] = {c.id: c for c in records("criteria_set")}
CRAMP = {
    "visible_hard_muscle": "yes", "quality": "cramp", "attack_onset": "seconds", "timing": "night_in_bed",
    "relief_stretch": "yes",
}  # fmt: skip
RLS = {"urge_to_move": "yes", "at_rest": "yes", "relief_walking": "yes", "timing": "evening_and_night"}


def outcome(criteria: str, known: dict[str, Any]) -> CriteriaOutcome:
    return judge(SETS[criteria], KnownFacts(known))


@pytest.mark.parametrize(
    ("criteria", "known", "state"),
    [
        ("icsd_sleep_related_leg_cramps", CRAMP, "met"),
        ("icsd_sleep_related_leg_cramps", {**CRAMP, "relief_stretch": "no"}, "not_met"),
        ("icsd_sleep_related_leg_cramps", {**CRAMP, "timing": "exertion"}, "not_met"),
        ("icsd_sleep_related_leg_cramps", {"quality": "cramp", "timing": "night_in_bed"}, "undecided"),
        ("irlssg_four", RLS, "met"),
        ("irlssg2014_restless_legs", RLS, "undecided"),  # the fifth was not asked
        ("irlssg2014_restless_legs", {**RLS, "explained_by_other_condition": "no"}, "met"),
        ("irlssg2014_restless_legs", {**RLS, "explained_by_other_condition": "yes"}, "not_met"),
        ("irlssg_four", {**RLS, "relief_walking": "no"}, "not_met"),
        ("icsd3tr_restless_legs", {**RLS, "explained_by_other_condition": "no", "disturbs_sleep": "yes"}, "met"),
        ("hallegraeff_seven", {"severity": "severe", "site": "calf"}, "undecided"),  # no cut-off was published
    ],
)
def test_a_set_is_met_not_met_or_undecided(criteria: str, known: dict[str, Any], state: str) -> None:
    assert outcome(criteria, known).state == state


@pytest.mark.parametrize(
    ("age", "index", "state"), [(40, 15, "not_met"), (40, 15.1, "met"), (9, 5, "not_met"), (9, 5.1, "met")]
)
def test_the_periodic_movement_index_has_its_own_threshold_for_children(age: int, index: float, state: str) -> None:
    assert {i.item.id: i.state for i in outcome("plmd", {"age": age, "plms_index": index}).items}["b"] == state


def test_items_that_were_not_asked_are_not_assessed() -> None:
    states = {i.item.id: i.state for i in outcome("irlssg_four", {"urge_to_move": "yes", "at_rest": "no"}).items}
    assert states == {"urge": "met", "rest": "not_met", "relief": "not_assessed", "evening": "not_assessed"}


WELLS_ASKED = {
    "lacks": ["active_cancer", "recent_major_surgery", "immobilisation", "recent_fracture_or_leg_cast", "previous_dvt"],
    "recent_immobility_surgery_travel": "no", "cannot_move_leg": "no", "collateral_superficial_veins": "no",
    "pitting_oedema_one_leg": "no", "deep_vein_tenderness": "no", "tenderness": "none", "entire_leg_swollen": "no",
    "calf_difference": 1.0, "alternative_as_likely_as_dvt": "no",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "score"),
    [
        ({}, 0),
        ({"calf_difference": 3.0}, 1),
        ({"calf_difference": 3.0, "entire_leg_swollen": "yes"}, 1 + 1),
        ({"calf_difference": 3.0, "entire_leg_swollen": "yes", "alternative_as_likely_as_dvt": "yes"}, 1 + 1 - 2),
        ({"has": ["active_cancer", "previous_dvt"], "lacks": [], "tenderness": "muscle_calf"}, 1 + 1 + 1),
    ],
)
def test_the_wells_score_adds_up(change: dict[str, Any], score: int) -> None:
    found = outcome("wells_dvt", {**WELLS_ASKED, **change})
    assert found.score_low == score
    if not change.get("has"):
        assert found.score_high == score
        assert found.state == ("met" if score >= 2 else "not_met")


def test_an_open_wells_score_is_a_range_without_a_reading() -> None:
    found = outcome("wells_dvt", {"entire_leg_swollen": "yes", "pitting_oedema_one_leg": "yes"})
    assert (found.score_low, found.score_high) == (1 + 1 - 2, 9)
    assert found.state == "undecided"
    assert found.interpretation is None


def test_the_wells_score_reads_likely_from_two_points() -> None:
    found = outcome("wells_dvt", {**WELLS_ASKED, "calf_difference": 4, "entire_leg_swollen": "yes"})
    assert found.interpretation is not None
    assert found.interpretation.label == "deep vein thrombosis likely"


def test_the_wells_score_is_not_valid_in_pregnancy() -> None:
    found = outcome("wells_dvt", {**WELLS_ASKED, "calf_difference": 4, "entire_leg_swollen": "yes", "pregnant": True})
    assert (found.valid, found.state, found.interpretation) == (False, "undecided", None)


def test_the_red_flag_uses_the_items_of_the_wells_set() -> None:
    """The flag counts the two points off only where somebody has judged the alternative."""
    flags: dict[str, RedFlag] = {f.id: f for f in records("red_flag")}
    score = next(part["score"] for part in flags["dvt_wells_likely"].when["all"] if "score" in part)
    alternative = {"finding": "alternative_as_likely_as_dvt", "is": "yes"}
    expected = [
        {"points": i.points, "when": {"not": {"unless": i.when}} if i.when == alternative else i.when}
        for i in SETS["wells_dvt"].items
    ]
    assert score == expected


@pytest.mark.parametrize("criteria", sorted(SETS))
def test_an_untouched_set_says_nothing(criteria: str) -> None:
    found = outcome(criteria, {})
    assert found.state == "undecided"
    assert not touched(found)


def test_items_name_known_findings_and_states() -> None:
    for item in (i for c in SETS.values() for i in c.items):
        for leaf in leaves(item.when):
            kind, name = subject(leaf)
            assert kind != "likely"
            if kind == "finding" and leaf.get("is", "present") != "present":
                wanted = leaf["is"] if isinstance(leaf["is"], list) else [leaf["is"]]
                assert set(wanted) <= {s.id for s in findings()[name].states}, (item.id, name)
