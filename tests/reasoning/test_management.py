"""The plan for one person: what is recommended, what to check first, what to avoid, and what never appears."""

from __future__ import annotations

from typing import Any

import pytest

from soleus.knowledge.schema.safety import RedFlag
from soleus.reasoning.management import Care, Management, guides, plan, planned_for, seek_care
from tests.reasoning.known_facts import KnownFacts, records

NLC, RLS, DVT = "nocturnal_leg_cramp", "restless_legs_syndrome", "deep_vein_thrombosis"


class Facts(KnownFacts):
    """Known facts with probabilities; what has none is unlikely."""

    def __init__(self, ranked: dict[str, float], **known: Any) -> None:
        super().__init__(known)
        self.ranked = ranked

    def probability(self, explanation: str) -> float | None:
        return self.ranked.get(explanation, 0.0)


def care() -> Care:
    return Care(
        treatments=records("treatment"),
        notes=records("care_note"),
        guides=records("guide"),
        policy=records("care_policy")[0],
        figures={},
    )


def plan_for(ranked: dict[str, float], audience: Any = "clinician", **known: Any) -> Management:
    return plan(care(), Facts(ranked, **known), ranked, audience)


def advice(management: Management) -> dict[str, str]:
    return {item.id: item.advice for item in management.items}


CRAMP = {NLC: 0.9}
OLDER = {"age": 67, "sex": "female", "swelling": "none"}


def test_ordinary_cramp_starts_with_stretching_and_never_with_quinine() -> None:
    found = advice(plan_for(CRAMP, **OLDER))
    assert found["acute_stretch"] == found["stretch_hallegraeff"] == "recommended"
    assert found["quinine_cochrane"] == found["dopamine_agonists_for_cramp"] == found["advice_no_pointing"] == "avoid"


@pytest.mark.parametrize("audience", ["clinician", "patient"])
@pytest.mark.parametrize("country", [None, "GB", "US", "NZ"])
@pytest.mark.parametrize("first", [NLC, "als", "exercise_or_heat_cramp", RLS])
def test_quinine_is_never_recommended(audience: Any, country: str | None, first: str) -> None:
    ranked = {first: 0.9}
    items = plan(care(), Facts(ranked, **OLDER), ranked, audience, country=country).items
    named = [i for i in items if "quinine" in i.id or i.id == "hydroquinine"]
    assert all(i.advice != "recommended" for i in named)


def test_magnesium_is_avoided_in_kidney_failure_for_that_reason() -> None:
    item = next(i for i in plan_for(CRAMP, **OLDER, has=["ckd_stage_4_5"]).items if i.id == "mg_cochrane")
    assert item.advice == "avoid"
    assert "kidney" in item.reason


def test_magnesium_by_egfr() -> None:
    for egfr, expected in ((25, True), (90, False)):
        item = next(i for i in plan_for(CRAMP, **OLDER, egfr=egfr).items if i.id == "mg_cochrane")
        assert item.advice == "avoid"  # it does not work in ordinary cramps, whatever the kidneys do
        assert ("kidneys fail" in item.reason) is expected


def test_in_pregnancy_magnesium_waits_for_the_kidneys_and_the_general_row_is_gone() -> None:
    found = advice(plan_for({NLC: 0.8}, age=29, sex="female", pregnant=True))
    assert found["mg_pregnancy"] == "check_first"
    assert "mg_cochrane" not in found
    known = plan_for({NLC: 0.8}, age=29, sex="female", pregnant=True, lacks=["ckd_stage_4_5", "dialysis"], egfr=95)
    assert advice(known)["mg_pregnancy"] == "consider"


def test_iron_comes_with_low_ferritin_is_asked_for_without_and_left_out_with_high() -> None:
    ranked = {RLS: 0.85}
    assert advice(plan_for(ranked, age=55, sex="male", ferritin=22))["rls_ferrous_sulfate"] == "recommended"
    unknown = next(i for i in plan_for(ranked, age=55, sex="male").items if i.id == "rls_ferrous_sulfate")
    assert unknown.advice == "check_first"
    assert "ferritin" in unknown.reason
    assert "rls_ferrous_sulfate" not in advice(plan_for(ranked, age=55, sex="male", ferritin=240))


def test_dopamine_agonists_are_no_longer_standard_for_restless_legs() -> None:
    assert advice(plan_for({RLS: 0.85}, age=55, sex="male"))["rls_pramipexole"] == "avoid"


def test_gabapentinoids_are_avoided_with_opioids_and_careful_in_the_old() -> None:
    sleepless = {"disturbs_sleep": "yes", "age": 80, "sex": "male"}
    assert advice(plan_for({RLS: 0.85}, **sleepless, has=["opioid_long_term"]))["rls_gabapentin"] == "avoid"
    old = next(
        i
        for i in plan_for({RLS: 0.85}, **sleepless, takes=["statin"], lacks=["opioid_long_term"]).items
        if i.id == "rls_gabapentin"
    )
    assert old.advice == "consider"
    assert "falls" in old.reason


def test_interactions_are_read_from_the_medicines() -> None:
    wide_awake = {"disturbs_sleep": "yes", "age": 50, "sex": "male"}
    assert advice(plan_for({RLS: 0.85}, **wide_awake, takes=["opioid"]))["rls_gabapentin"] == "avoid"
    assert advice(plan_for({RLS: 0.85}, **wide_awake, takes=["statin"]))["rls_gabapentin"] == "check_first"
    warfarin = next(i for i in plan_for(CRAMP, **OLDER, takes=["warfarin"]).items if i.id == "k2_vka")
    assert "anticoagulation" in warfarin.reason


def test_unconfirmed_safety_is_said_to_clinicians() -> None:
    item = next(i for i in plan_for(CRAMP, **OLDER).items if i.id == "mg_cochrane")
    assert item.certainty.endswith("against a current label")
    assert "label" not in next(i for i in plan_for(CRAMP, "patient", **OLDER).items if i.id == "mg_cochrane").certainty


def test_compression_waits_for_the_arteries() -> None:
    veins = {"chronic_venous_disease": 0.9}
    assert advice(plan_for(veins, age=60, sex="female", swelling="both_legs"))["venous_compression"] == "check_first"
    assert advice(plan_for(veins, age=60, sex="female", abi=0.7))["venous_compression"] == "avoid"


def test_a_possible_clot_is_not_rubbed() -> None:
    found = advice(plan_for({NLC: 0.8, DVT: 0.1}, age=60, sex="male", swelling="one_leg"))
    assert found["phys_massage"] == found["acute_stretch"] == "avoid"
    assert found["dvt_same_day"] == "recommended"
    assert found["dvt_no_home_treatment"] == "avoid"


def test_an_emergency_leaves_nothing_but_its_action() -> None:
    flag = next(f for f in records("red_flag") if f.urgency == "emergency")
    assert isinstance(flag, RedFlag)
    found = plan(care(), Facts(CRAMP, **OLDER), CRAMP, "patient", flags=[flag])
    assert found.emergency
    assert [i.id for i in found.items] == [flag.id]
    assert found.items[0].text == flag.patient_action
    assert [g.id for g in guides(care(), Facts(CRAMP), (), emergency=True)] == ["when_to_seek_care"]


def test_an_emergency_explanation_in_first_place_does_the_same() -> None:
    found = plan_for({"cauda_equina_syndrome": 0.5, NLC: 0.4})
    assert found.emergency
    assert [i.id for i in found.items] == ["cord_emergency"]


@pytest.mark.parametrize("audience", ["clinician", "patient"])
def test_every_explanation_has_a_plan(audience: Any) -> None:
    empty = [e.id for e in records("explanation") if not plan_for({e.id: 0.9}, audience).items]
    assert not empty


def test_planned_for_the_first_those_near_it_and_the_dangerous() -> None:
    policy = records("care_policy")[0]
    near, far = policy.plan_share * 0.9 + 0.001, policy.plan_share * 0.9 - 0.001
    assert planned_for(care(), {NLC: 0.9, RLS: near}) == (NLC, RLS)
    assert planned_for(care(), {NLC: 0.9, RLS: far}) == (NLC,)
    assert planned_for(care(), {NLC: 0.9, DVT: policy.plan_floor}) == (NLC, DVT)
    assert planned_for(care(), {NLC: 0.01}) == (NLC,)  # the first, however unlikely


def test_the_plan_stays_readable() -> None:
    most = records("care_policy")[0].most_items
    assert all(len(plan_for({e.id: 0.9}).items) <= most for e in records("explanation"))


def test_guides_follow_the_site_and_leave_out_whom_they_would_harm() -> None:
    def shown(**known: Any) -> set[str]:
        return {g.id for g in guides(care(), Facts(CRAMP, **known), (NLC,))}

    assert {"stop_calf_cramp", "stop_foot_cramp", "bedtime_calf_stretch"} <= shown()
    assert "stop_foot_cramp" not in shown(site="calf")
    assert "stop_calf_cramp" not in shown(site="calf", swelling="one_leg")
    assert "when_to_seek_care" in shown(swelling="one_leg")


def test_when_to_seek_care_names_the_emergencies_first() -> None:
    assert seek_care(care())[0].startswith("Call an ambulance")
