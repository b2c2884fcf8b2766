"""The controls of docs/hazard-log.yaml, each shown on an invented case."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import soleus
from soleus.errors import InputError
from soleus.knowledge.loader import shipped
from soleus.knowledge.overlay import Bounded, Entry, Local, Method, Overlay, Site, Stamp
from soleus.knowledge.overlaying import figures
from soleus.reasoning.assessment import Assessment, Audience, ComplaintAssessment

CRAMP: dict[str, Any] = {
    "pattern": "attacks",
    "attack_duration": "1_10min",
    "quality": "cramp",
    "site": "calf",
    "timing": "night_in_bed",
    "relief_stretch": "yes",
    "visible_hard_muscle": "yes",
    "swelling": "none",
    "weakness": "none",
}
PEOPLE = ["idiopathic-cramp", "drug-induced-cramp", "restless-legs", "claudication", "dvt-told-as-cramp"]


def assess(findings: dict[str, Any], **rest: Any) -> Assessment:
    person = {"age": 67, "sex": "female"}
    return soleus.assess({"as_of": "2026-11-21", "person": person, "findings": findings, **rest}, draws=40)


def judge(findings: dict[str, Any], **rest: Any) -> ComplaintAssessment:
    return assess(findings, **rest).complaints[0]


@cache
def example(root: Path, name: str, audience: Audience = "clinician") -> Assessment:
    return soleus.assess(soleus.read_case(root / f"examples/{name}.yaml"), audience=audience, draws=40)


def flags(answer: ComplaintAssessment) -> dict[str, str]:
    """The red flags that fired, with their urgency."""
    return {flag.id: flag.urgency for flag in answer.red_flags}


def named(answer: ComplaintAssessment) -> set[str]:
    """The explanations behind every diagnosis of a shown tier."""
    tiers = answer.tiers
    shown = (*tiers.most_likely, *tiers.other_likely, *tiers.do_not_miss, *tiers.rare)
    return {diagnosis.partition(".")[0] for diagnosis in shown}


# --- danger told in harmless words --------------------------------------------------------------------------


def test_dvt_told_as_cramp_is_flagged_and_named(root: Path) -> None:
    answer = example(root, "dvt-told-as-cramp").complaints[0]
    suggesting = [flag for flag in answer.red_flags if "deep_vein_thrombosis" in flag.suggests]
    assert {flag.urgency for flag in suggesting} <= {"emergency", "same_day"}
    assert suggesting
    assert "deep_vein_thrombosis" in named(answer)


def test_a_red_flag_is_never_hidden() -> None:
    danger = {"bladder_bowel_saddle": "yes", "back_pain": "yes", "quality": "cramp"}
    sure_of_cramp = judge(danger, pretest={"nocturnal_leg_cramp": 0.999})
    assert flags(sure_of_cramp) == flags(judge(danger)) != {}


def test_acute_limb_ischaemia_is_an_emergency() -> None:
    cold = {
        "tempo": "hours",
        "colour_temperature": "pale_cold",
        "sensory_loss": "distal_both",
        "quality": "cramp",
    }
    assert flags(judge(cold))["acute_limb_ischaemia"] == "emergency"


def test_dark_urine_after_muscle_pain_is_flagged() -> None:
    answer = judge(
        {"dark_urine": "yes", "quality": "ache", "weakness": "proximal_or_general"}, medicines=["simvastatin"]
    )
    assert "rhabdomyolysis" in flags(answer)


def test_weakness_with_twitching_is_flagged() -> None:
    told = {
        "quality": "cramp",
        "visible_movement": "twitches",
        "weakness": "distal",
        "pattern": "progressive",
    }
    answer = judge(told | {"tempo": "months"})
    assert "motor_neurone_disease" in flags(answer)
    assert "als" in named(answer)


def test_saddle_numbness_is_an_emergency() -> None:
    assert flags(judge({"bladder_bowel_saddle": "yes", "back_pain": "yes"}))["cauda_equina"] == "emergency"


# --- treatment ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PEOPLE)
def test_quinine_is_never_recommended(root: Path, name: str) -> None:
    management = example(root, name).complaints[0].management
    urged = [item.id for item in management if item.advice in ("recommended", "consider")]
    assert [item for item in urged if "quinine" in item] == []


def test_magnesium_is_not_advised_in_renal_failure() -> None:
    management = judge(CRAMP, conditions=["ckd_stage_4_5"]).management
    magnesium = [item for item in management if "magnesium" in item.label.lower()]
    assert {item.advice for item in magnesium} <= {"avoid", "check_first"}


def test_no_medicine_is_to_be_stopped_without_the_prescriber(root: Path) -> None:
    audiences: tuple[Audience, ...] = ("clinician", "patient")
    for audience in audiences:
        verdicts = example(root, "drug-induced-cramp", audience).complaints[0].medications
        blamed = [v for v in verdicts if v.verdict in ("likely_contributor", "possible_contributor")]
        assert blamed
        assert [v.id for v in blamed if not v.do_not] == []


# --- what is not known --------------------------------------------------------------------------------------


def test_not_assessed_is_not_absent() -> None:
    silent = judge(CRAMP).explanations
    unasked = judge(CRAMP | {"urge_to_move": "not_assessed", "foot_pulses": "not_assessed"}).explanations
    denied = judge(CRAMP | {"urge_to_move": "absent"}).explanations
    assert [e.probability for e in silent] == [e.probability for e in unasked]
    assert [e.probability for e in silent] != [e.probability for e in denied]


def test_the_report_lists_what_was_not_assessed() -> None:
    missing = {item.finding for item in judge(CRAMP).not_assessed}
    assert "urge_to_move" in missing
    assert missing & set(CRAMP) == set()


@pytest.mark.parametrize("unit", ["mg/dL", "furlong", None])
def test_a_wrong_unit_is_refused(unit: str | None) -> None:
    with pytest.raises(InputError) as caught:
        judge(CRAMP, measurements=[{"name": "potassium", "value": 3.3, "unit": unit}])
    assert "mmol/L" in str(caught.value)


def test_an_implausible_value_is_refused() -> None:
    with pytest.raises(InputError):
        judge(CRAMP, measurements=[{"name": "potassium", "value": 330, "unit": "mmol/L"}])


def test_errors_hold_no_patient_detail() -> None:
    """The word that could not be read is named; what else the case holds is not."""
    case = {"person": {"age": 67, "sex": "femal"}, "conditions": ["hiv"], "findings": CRAMP}
    with pytest.raises(InputError) as caught:
        soleus.assess(case)
    assert [word for word in ("67", "hiv", "calf") if word in str(caught.value)] == []


@pytest.mark.parametrize(
    ("onset", "tempo"),
    [
        ("2026-11-21", "hours"),
        ("2026-11-18", "days"),
        ("2026-10-20", "weeks"),
        ("2026-08-15", "months"),
        ("2021", "years"),
    ],
)
def test_dates_of_onset_become_tempo(onset: str, tempo: str) -> None:
    dated = [e.probability for e in judge(CRAMP, onset=onset).explanations]
    assert dated == [e.probability for e in judge(CRAMP | {"tempo": tempo}).explanations]


# --- confidence ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PEOPLE)
def test_every_probability_has_an_interval_and_its_basis(root: Path, name: str) -> None:
    answer = example(root, name).complaints[0]
    ranged = [(e.id, e.low, e.probability, e.high) for e in answer.explanations]
    ranged += [(d.id, d.low, d.probability, d.high) for d in answer.diagnoses]
    assert [name for name, low, p, high in ranged if not 0 <= low <= p <= high <= 1] == []
    assert answer.evidence_basis is not None
    assert 0 <= answer.evidence_basis.expert_decibans <= answer.evidence_basis.total_decibans


def test_evidence_against_the_first_is_shown() -> None:
    first = judge(CRAMP | {"urge_to_move": "yes", "relief_walking": "yes"}).explanations[0]
    assert first.id == "nocturnal_leg_cramp"
    assert [bar for bar in first.conflicts if "urge_to_move" in bar.findings]


# --- every answer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audience", ["clinician", "patient"])
def test_every_answer_states_review_and_intended_use(root: Path, audience: Audience) -> None:
    answer = example(root, "idiopathic-cramp", audience)
    assert answer.review_status == "submitted"
    assert answer.review_sentence
    assert "not a medical device" in answer.intended_use.lower()


@pytest.mark.parametrize("name", PEOPLE)
def test_every_patient_answer_says_when_to_seek_care(root: Path, name: str) -> None:
    answer = example(root, name, "patient")
    assert answer.complaints[0].seek_care
    assert "999" in answer.emergency_number  # the examples are set in Great Britain


def test_every_answer_carries_its_date_and_knowledge_version(root: Path) -> None:
    answer = example(root, "idiopathic-cramp")
    assert answer.as_of == "2026-11-21"
    assert answer.knowledge_version
    assert answer.knowledge_hash


def test_colour_questions_are_worded_for_dark_skin(root: Path) -> None:
    core = yaml.safe_load((root / "src/soleus/knowledge/data/findings/core.yaml").read_text(encoding="utf-8"))
    (colour,) = [record for record in core["records"] if record["id"] == "colour_temperature"]
    assert "dark" in colour["question"].lower()


# --- local figures ------------------------------------------------------------------------------------------


def hundredfold_rarer(explanation: str) -> Overlay:
    """An overlay of a place where an explanation is a hundred times rarer than published."""
    base, entries = shipped(), []
    for number in figures(base, "rate", explanation):
        bounds = {k: getattr(number.published, k) / 100 for k in ("value", "low", "high")}
        entries.append(
            Entry(
                kind=number.kind, id=number.id, field=number.field, unit=number.unit, published=number.published,
                local=Local(**bounds, n=1000, sites=("here",)), combined=Bounded(**bounds), weight=1.0,
            )
        )  # fmt: skip
    return Overlay(
        name="here", knowledge=Stamp(version=base.version, digest=base.digest), software="0", method=Method(),
        sites=(Site(name="here", input="x", kind="omop", engine="duckdb", software="0"),), entries=tuple(entries),
    )  # fmt: skip


def test_no_local_figure_hides_a_red_flag(root: Path) -> None:
    case = soleus.read_case(root / "examples/dvt-told-as-cramp.yaml")
    overlay = hundredfold_rarer("deep_vein_thrombosis")
    before, after = (soleus.assess(case, overlay=o, draws=40).complaints[0] for o in (None, overlay))
    probability = [{e.id: e.probability for e in a.explanations}["deep_vein_thrombosis"] for a in (before, after)]
    assert probability[1] < probability[0] / 2
    assert flags(before)
    assert flags(after) == flags(before)
    assert "deep_vein_thrombosis" in named(after)
