"""Red flags: each fires on a smallest case, not on its near miss, and silence is never absence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from soleus.clinical.rules import leaves, subject
from soleus.knowledge.schema.safety import RedFlag, ScreenItem
from soleus.reasoning import red_flags
from tests.reasoning.known_facts import KnownFacts, findings, records

CASES: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "red_flag_cases.yaml").read_text(encoding="utf-8")
)
FLAGS: dict[str, RedFlag] = {f.id: f for f in records("red_flag")}
SCREEN: tuple[ScreenItem, ...] = records("screen_item")
EVIDENCE = (
    "acute_limb_ischaemia",
    "clti",
    "clti_pressure",
    "dvt_wells_likely",
    "dvt_wells_unlikely",
    "dvt_pregnancy",
    "pe_symptoms",
    "cauda_equina",
    "weakness_rapid_sym",
    "weakness_rapid_focal",
    "weakness_sudden",
    "weakness_slow",
    "mnd",
    "upper_motor_neurone",
    "rhabdo",
    "statin_ck",
    "hyperk_severe",
    "hyperk_moderate",
    "hypok_severe",
    "hypok_moderate",
    "hypoca",
    "hypomg",
    "electrolyte_ecg",
    "compartment",
    "quinine_bleeding",
    "quinine_cardiac",
    "quinine_cinchonism",
    "venous_bleed",
    "venous_ulcer",
    "spinal_metastasis",
    "atypical",
    "drug_cause",
)
ORDINARY: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "ordinary_complaints.yaml").read_text(encoding="utf-8")
)


def fired(known: dict[str, Any]) -> dict[str, str]:
    return {r.flag.id: r.flag.urgency for r in red_flags.fired(FLAGS.values(), KnownFacts(known))}


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_a_flag_fires_on_its_smallest_case(flag: str) -> None:
    assert flag in fired(CASES[flag]["fires"])


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_a_flag_does_not_fire_on_its_near_miss(flag: str) -> None:
    assert red_flags.status(FLAGS[flag], KnownFacts(CASES[flag]["near_miss"])) is False or (
        flag not in fired(CASES[flag]["near_miss"])
    )


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_with_nothing_known_no_flag_is_true_or_false(flag: str) -> None:
    assert red_flags.status(FLAGS[flag], KnownFacts({})) is None


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_leaving_out_any_one_fact_of_the_smallest_case_never_makes_the_flag_false(flag: str) -> None:
    case = CASES[flag]["fires"]
    for fact in case:
        rest = {k: v for k, v in case.items() if k != fact}
        assert red_flags.status(FLAGS[flag], KnownFacts(rest)) is not False, fact


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_complaint_fires_nothing_that_cannot_wait(name: str) -> None:
    assert not [f for f, urgency in fired(ORDINARY[name]).items() if urgency in ("emergency", "same_day")]


def test_a_routine_cramp_with_weak_pulses_is_at_most_urgent() -> None:
    assert set(fired({**ORDINARY["idiopathic cramp"], "foot_pulses": "reduced_absent"}).values()) <= {"urgent"}


SWOLLEN_AND_WEAK = {
    "tempo": "days",
    "weakness": "proximal_or_general",
    "severity": "severe",
    "swelling": "both_legs",
    "tenderness": "muscle_calf",
    "recent_injury_or_new_exercise": "yes",
}


def test_swollen_weak_muscles_after_exercise_fire_without_a_blood_test_and_a_normal_one_calms() -> None:
    assert fired(SWOLLEN_AND_WEAK)["rhabdomyolysis"] == "emergency"
    assert "rhabdomyolysis" not in fired({**SWOLLEN_AND_WEAK, "ck": 2.0})


def test_flags_come_most_urgent_first_and_name_their_reasons() -> None:
    known = {"tempo": "days", "site": "calf", "swelling": "one_leg", "chest_pain_or_breathlessness": "yes"}
    results = red_flags.fired(FLAGS.values(), KnownFacts(known))
    assert [r.flag.id for r in results] == ["pulmonary_embolism", "dvt_wells_unlikely"]
    assert set(results[0].findings) == {"chest_pain_or_breathlessness", "tempo", "swelling"}
    assert {"finding": "swelling", "is": "one_leg"} in results[1].because


def test_an_undecided_flag_says_what_it_still_needs() -> None:
    known = {"back_pain": "yes", "side": "one_leg", "post_void_residual": 30}
    found = {o.flag.id: o for o in red_flags.undecided(FLAGS.values(), KnownFacts(known))}
    assert found["cauda_equina"].answers_needed == 1
    assert "bladder_bowel_saddle" in found["cauda_equina"].needs
    assert "post_void_residual" not in found["cauda_equina"].needs  # known, and it does not help


def test_an_answered_no_is_not_an_open_question() -> None:
    known = {"suicidal_thoughts": "no"}
    assert "suicidal_thoughts" not in {o.flag.id for o in red_flags.undecided(FLAGS.values(), KnownFacts(known))}


def test_every_rule_of_the_evidence_has_a_flag() -> None:
    assert sorted({f for flag in FLAGS.values() for f in flag.former_ids}) == sorted(EVIDENCE)


def test_every_dangerous_explanation_that_cannot_wait_is_suggested_by_a_flag_that_cannot_wait() -> None:
    urgent = [f for f in FLAGS.values() if f.urgency in ("emergency", "same_day")]
    suggested = {s for f in urgent for s in f.suggests}
    must = {e.id for e in records("explanation") if e.must_not_miss and e.acuity in ("emergency", "same_day")}
    assert must - suggested == set()


def test_rules_name_known_findings_states_and_contributors() -> None:
    contributors = {c.id for c in records("contributor")}
    rules = [f.when for f in FLAGS.values()] + [i.ask_when for i in SCREEN if i.ask_when]
    for leaf in (leaf for rule in rules for leaf in leaves(rule)):
        kind, name = subject(leaf)
        assert kind != "likely", "a red flag must not depend on a probability"
        if kind == "has":
            assert name in contributors
        if kind == "finding" and leaf.get("is", "present") != "present":
            wanted = leaf["is"] if isinstance(leaf["is"], list) else [leaf["is"]]
            assert set(wanted) <= {s.id for s in findings()[name].states}, name
        if kind == "number":
            assert findings()[name].kind == "numeric", name


# --- the screen ---------------------------------------------------------------------------------------------


def test_the_screen_has_at_most_twelve_items_in_order() -> None:
    assert [i.position for i in red_flags.screen(SCREEN, KnownFacts({}))] == list(range(1, len(SCREEN) + 1))
    assert len(SCREEN) <= 12


def test_the_screen_adapts_to_the_complaint() -> None:
    asked = {i.id for i in red_flags.screen(SCREEN, KnownFacts(ORDINARY["idiopathic cramp"]))}
    assert not asked & {
        "pain_beyond_measure",
        "restless_and_medicines",
        "breath_and_chest",
    }  # years, no urge to move
    assert "jaw_hands_and_fits" in asked  # it is a cramp


def test_an_item_is_not_put_again_once_its_leading_findings_are_known() -> None:
    assert "swelling" in {i.id for i in red_flags.screen(SCREEN, KnownFacts({}))}
    assert "swelling" not in {i.id for i in red_flags.screen(SCREEN, KnownFacts({"swelling": "both_legs"}))}


def test_settling_findings_are_among_those_that_a_no_sets() -> None:
    assert not [i.id for i in SCREEN if not set(i.settled_by) <= set(i.no_means)]


def test_every_no_of_the_screen_is_a_state_and_every_follow_up_a_finding() -> None:
    for item in SCREEN:
        assert item.no_means
        assert set(item.then_ask) <= set(findings())
        for finding, state in item.no_means.items():
            assert state in {s.id for s in findings()[finding].states}, (item.id, finding)


def test_a_screen_answered_no_throughout_leaves_no_emergency_one_answer_away_in_a_cramp() -> None:
    known = {k: v for k, v in ORDINARY["idiopathic cramp"].items() if k not in ("systemic", "weakness", "swelling")}
    for item in SCREEN:
        known.update(item.no_means)
    open_flags = [o for o in red_flags.undecided(FLAGS.values(), KnownFacts(known)) if o.answers_needed == 1]
    for o in (o for o in open_flags if o.flag.urgency == "emergency"):
        for name in (f for f in o.needs if findings()[f].group == "history"):
            for state in findings()[name].states:
                assert o.flag.id not in fired({**known, name: state.id}), (o.flag.id, name, state.id)
