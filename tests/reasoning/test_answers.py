"""Answers smaller than an assessment: the same numbers, nothing guessed, every reply leads on."""

from __future__ import annotations

from typing import Any

import pytest

import soleus
from soleus.errors import InvalidValue, UnknownName
from soleus.reasoning import answers
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.interview import DONT_KNOW, Interview

CRAMP: dict[str, Any] = {
    "person": {"age": 67, "sex": "female"},
    "findings": {"quality": "cramp", "timing": "night_in_bed", "urge_to_move": "no"},
}


def _with(case: dict[str, Any], choice: answers.Choice) -> dict[str, Any]:
    conditions = [*case.get("conditions", []), *choice.conditions]
    return {**case, "findings": {**case["findings"], **choice.findings}, "conditions": conditions}


@pytest.mark.parametrize("reply", [DONT_KNOW, "no"])
def test_questions_asked_by_what_each_reply_adds_are_those_of_an_interview(reply: str) -> None:
    interview = Interview(shipped_compiled(), CRAMP, ("history",), "self")
    case, skip = CRAMP, set[str]()
    for _ in range(25):
        expected = interview.next()
        found = answers.next_question(case, skip=skip)
        assert found.id == (expected.id if expected else None)
        if expected is None:
            break
        choice = next((c for c in found.choices if c.reply == reply), found.choices[-1])
        interview.answer(expected, choice.reply)
        case, skip = _with(case, choice), skip | set(choice.skip)
    assert len(interview.answers) > 10


def test_every_question_can_be_left_unanswered() -> None:
    case, skip = CRAMP, set[str]()
    for _ in range(60):
        found = answers.next_question(case, skip=skip)
        if found.id is None:
            break
        assert found.choices[-1].reply == DONT_KNOW
        case, skip = _with(case, found.choices[-1]), skip | set(found.choices[-1].skip)
    assert found.id is None
    assert found.screen_left == 0


@pytest.mark.parametrize("reply", ["no", DONT_KNOW])
def test_a_grouped_question_takes_no_finding_back(reply: str) -> None:
    case = {"findings": {"pain_out_of_proportion": "yes", **_opening(), "quality": "ache"}}
    interview = Interview(shipped_compiled(), case, ("history",), "self")
    while (question := interview.next()) is not None and question.id != "pain_beyond_measure":
        interview.answer(question, DONT_KNOW)
    assert question is not None
    interview.answer(question, reply)
    assert interview.known()["findings"]["pain_out_of_proportion"] == "yes"
    skip = {a.question for a in interview.answers} - {question.id}
    found = answers.next_question(case, skip=skip)
    assert found.id == question.id
    assert all("pain_out_of_proportion" not in c.findings for c in found.choices)


def test_a_yes_to_the_screen_names_the_questions_that_tell_how_urgent_it_is() -> None:
    found = answers.next_question({"findings": {"quality": "cramp", **_opening()}})
    assert found.stage == "red_flag"
    assert found.details
    assert all(c.findings for d in found.details for c in d.choices)


def _opening() -> dict[str, str]:
    opening = [f.id for f in shipped_compiled().findings.values() if f.opening is not None]
    return dict.fromkeys(set(opening) - {"quality"}, DONT_KNOW)


def test_explaining_gives_the_probability_and_odds_of_the_assessment() -> None:
    judged = soleus.assess(CRAMP).complaints[0].explanations
    found = answers.explain(CRAMP)
    one = next(e for e in judged if e.id == found.explanation.id)
    two = next(e for e in judged if e.id == found.against.id)
    assert found.probability == one.probability
    assert 10 ** (sum(s.decibans for s in found.steps) / 10) == pytest.approx(one.probability / two.probability)


def test_a_comparison_the_other_way_round_turns_every_sign() -> None:
    one = answers.compare("rls", "nocturnal_leg_cramp", most=200)
    other = answers.compare("nocturnal_leg_cramp", "rls", most=200)
    assert {(r.finding, r.state, round(r.decibans, 9)) for r in one.rows} == {
        (r.finding, r.state, round(-r.decibans, 9)) for r in other.rows
    }
    assert one.left_out == other.left_out == 0


def test_medicines_are_judged_as_in_the_assessment() -> None:
    case = {**CRAMP, "medicines": ["furosemide", "salbutamol"]}
    found = answers.medication_review(CRAMP, medicines=case["medicines"])
    judged = soleus.assess(case).complaints[0].medications
    assert [(m.id, m.verdict, m.strength) for m in found.medications] == [(m.id, m.verdict, m.strength) for m in judged]


def test_every_answer_says_that_nobody_reviewed_it_and_numbers_what_it_cites() -> None:
    for found in (
        answers.next_question(CRAMP),
        answers.compare("rls", "nocturnal_leg_cramp"),
        answers.explain(CRAMP),
        answers.entry("furosemide"),
        answers.medication_review(CRAMP, medicines=["quinine"]),
    ):
        assert "has reviewed" in found.review_sentence or "has checked" in found.review_sentence
        assert [r.number for r in found.references] == list(range(1, len(found.references) + 1))


@pytest.mark.parametrize(
    ("ask", "near"),
    [
        (lambda: answers.compare("restles legs", "nocturnal_leg_cramp"), "restless legs"),
        (lambda: answers.entry("zzzz"), "soleus show"),
        (lambda: answers.next_question(CRAMP, skip=["swellin"]), "swelling"),
        (lambda: answers.explain(CRAMP, explanation="nocturnal_leg_crampp"), "nocturnal_leg_cramp"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(ask: Any, near: str) -> None:
    with pytest.raises(UnknownName) as fault:
        ask()
    assert near in fault.value.repair


def test_nothing_is_compared_with_itself() -> None:
    with pytest.raises(InvalidValue):
        answers.compare("rls", "restless_legs_syndrome")
    with pytest.raises(InvalidValue):
        answers.explain(CRAMP, explanation="rls", against="restless_legs_syndrome")
    with pytest.raises(InvalidValue):
        answers.medication_review(CRAMP)


def test_the_order_in_which_things_were_told_changes_no_digit() -> None:
    findings = {
        "quality": "cramp",
        "timing": "night_in_bed",
        "urge_to_move": "no",
        "site": "calf",
        "ferritin": {"value": 20, "unit": "ug/L"},
    }
    names = ["diabetes", "cirrhosis", "osteoarthritis"]
    one = {"findings": findings, "conditions": names, "medicines": ["furosemide", "salbutamol"]}
    other = {
        "findings": dict(reversed(findings.items())),
        "conditions": names[::-1],
        "medicines": ["salbutamol", "furosemide"],
    }
    a, b = (soleus.assess(case).complaints[0] for case in (one, other))
    assert a.explanations == b.explanations
    assert a.diagnoses == b.diagnoses
