"""What is worth testing, and what is not."""

from __future__ import annotations

from typing import Any

from soleus.reasoning.assessment import WorkUpItem
from soleus.reasoning.work_up import work_up
from tests.reasoning.known_facts import records
from tests.reasoning.test_management import NLC, RLS, Facts


def items(ranked: dict[str, float], audience: Any = "clinician", **known: Any) -> dict[str, WorkUpItem]:
    found = work_up(records("work_up"), Facts(ranked, **known), audience)
    return {i.id: i for i in found}


def test_typical_cramps_need_no_blood_test_and_no_night_in_the_laboratory() -> None:
    found = items({NLC: 0.9}, age=67, weakness="none")
    assert found["routine_blood_tests"].advice == "not_worth_doing"
    assert found["polysomnography"].advice == "not_worth_doing"
    assert "periodic limb movement" in found["polysomnography"].reason
    assert found["medication_review"].advice == "do"


def test_a_diuretic_is_a_reason_for_electrolytes() -> None:
    assert "electrolytes" not in items({NLC: 0.9}, age=67)
    found = items({NLC: 0.9}, age=67, has=["diuretic_thiazide"])["electrolytes"]
    assert (found.advice, found.urgency) == ("do", "routine")
    assert {c.code for c in found.codes} >= {"2823-3", "2951-2"}


def test_palpitations_make_them_same_day_and_first() -> None:
    found = items({NLC: 0.9}, age=67, has=["diuretic_loop"], palpitations="yes")
    assert found["electrolytes"].urgency == "same_day"
    assert next(iter(found)) in {"electrolytes", "ecg_before_qt_medicine"}


def test_restless_legs_ask_for_ferritin_and_a_known_one_is_only_repeated() -> None:
    assert items({RLS: 0.8})["ferritin"].advice == "do"
    assert items({RLS: 0.8}, ferritin=40)["ferritin"].advice == "consider"
    assert items({NLC: 0.9, RLS: 0.02})["ferritin"].advice == "not_worth_doing"


def test_what_was_done_is_not_asked_again() -> None:
    assert items({NLC: 0.9}, age=70)["pulses"].advice == "do"
    assert "pulses" not in items({NLC: 0.9}, age=70, foot_pulses="normal")


def test_periodic_movements_are_the_reason_for_a_sleep_laboratory() -> None:
    found = items({"periodic_limb_movement_disorder": 0.5, RLS: 0.1}, disturbs_sleep="yes")["polysomnography"]
    assert found.advice == "consider"


def test_a_possible_clot_is_scanned_today() -> None:
    found = items({"deep_vein_thrombosis": 0.3, NLC: 0.5}, swelling="one_leg", age=60)["dvt_ultrasound"]
    assert (found.advice, found.urgency) == ("do", "same_day")


def test_statin_without_muscle_symptoms_needs_no_creatine_kinase() -> None:
    assert items({NLC: 0.9}, has=["statin"])["creatine_kinase"].advice == "not_worth_doing"
    assert items({NLC: 0.5, "statin_myalgia": 0.3}, has=["statin"])["creatine_kinase"].advice == "do"


def test_not_worth_doing_comes_last_and_a_value_orders_the_rest() -> None:
    facts = Facts({NLC: 0.9}, age=67)
    plain = [i.advice for i in work_up(records("work_up"), facts, "patient")]
    assert plain == sorted(plain, key=lambda a: a == "not_worth_doing")
    valued = work_up(records("work_up"), facts, "patient", value={"neurological_examination": 9.0})
    assert valued[0].id == "neurological_examination"
    assert valued[0].value == 9.0
