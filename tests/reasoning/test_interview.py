"""The interview: its order, going back, not knowing, saving, and its end."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest

from soleus.errors import InvalidValue
from soleus.knowledge.schema.safety import ScreenItem
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.interview import DONT_KNOW, Interview, resumed
from soleus.reasoning.questions import Question

PERSON = {"person": {"age": 67, "sex": "female", "pregnant": False}}
TYPICAL = {
    "quality": "cramp",
    "tempo": "years",
    "visible_hard_muscle": "yes",
    "relief_stretch": "yes",
    "timing": "night_in_bed",
    "urge_to_move": "no",
    "site": "calf",
}
STAGES = ("opening", "red_flag", "bedside", "value")


def begin(case: dict[str, Any] | None = None) -> Interview:
    return Interview(shipped_compiled(), PERSON if case is None else case)


def reply(question: Question, answers: dict[str, str]) -> str:
    """The answer of a person without danger who says what ``answers`` hold, and no to the rest."""
    if question.item is not None:
        return "no"
    if question.finding is None:
        return "no"
    return answers.get(question.id) or question.finding.absent or DONT_KNOW


def hold(session: Interview, answers: dict[str, str], most: int = 60) -> list[Question]:
    asked: list[Question] = []
    while len(asked) < most and (question := session.next()) is not None:
        asked.append(question)
        session.answer(question, reply(question, answers))
    return asked


def test_the_order_is_opening_screen_bedside_value() -> None:
    asked = hold(begin(), TYPICAL)
    order = [STAGES.index(q.stage) for q in asked]
    assert order == sorted(order)
    assert {"opening", "red_flag", "bedside"} <= {q.stage for q in asked}


@pytest.mark.parametrize("age", [4, 30, 67])
@pytest.mark.parametrize("quality", ["cramp", "ache", "crawling_restless", "burning", DONT_KNOW])
def test_the_screen_has_at_most_twelve_items(age: int, quality: str) -> None:
    asked = hold(begin({"person": {"age": age, "sex": "female"}}), {"quality": quality})
    assert 1 <= sum(q.item is not None for q in asked) <= 12


def test_there_are_at_most_twelve_items_and_five_bedside_questions_at_all() -> None:
    compiled = shipped_compiled()
    assert sum(f.bedside is not None for f in compiled.findings.values()) == 5
    assert len(compiled.knowledge.all(ScreenItem)) <= 24
    positions = [i.position for i in compiled.knowledge.all(ScreenItem)]
    assert len(set(positions)) == len(positions)


def test_nothing_is_asked_twice() -> None:
    asked = [q.id for q in hold(begin(), TYPICAL)]
    assert len(set(asked)) == len(asked)


def test_what_is_known_is_not_asked() -> None:
    asked = {q.id for q in hold(begin({**PERSON, "findings": {"quality": "cramp", "relief_stretch": "yes"}}), TYPICAL)}
    assert not asked & {"quality", "relief_stretch"}


def test_a_typical_story_ends_soon_and_right() -> None:
    session = begin()
    asked = hold(session, TYPICAL)
    assert len(asked) <= 25
    assert session.judged().first.id == "nocturnal_leg_cramp"
    assert session.next() is None
    assert session.stop().stop


def test_not_knowing_anything_ends_too() -> None:
    session = begin()
    count = 0
    while (question := session.next()) is not None:
        session.answer(question, DONT_KNOW)
        count += 1
        assert count < 400
    assert session.judged().presentation.observations == {}


def test_not_knowing_counts_as_an_answer() -> None:
    session = begin()
    question = session.next()
    assert question is not None
    session.answer(question, DONT_KNOW)
    following = session.next()
    assert following is not None
    assert following.id != question.id


def first_item(session: Interview) -> Question:
    while True:
        question = session.next()
        assert question is not None
        if question.item is not None:
            return question
        session.answer(question, reply(question, TYPICAL))


def test_a_yes_in_the_screen_leads_to_its_questions_at_once() -> None:
    session = begin()
    question = first_item(session)
    assert question.item is not None
    session.answer(question, "yes")
    following = session.next()
    assert following is not None
    assert following.id in question.item.then_ask
    assert following.stage == "red_flag"


def test_a_yes_with_its_details_asks_no_more_about_it() -> None:
    session = begin()
    question = first_item(session)
    assert question.item is not None
    finding = shipped_compiled().findings[question.item.then_ask[0]]
    state = next(s.id for s in finding.states if s.id != finding.absent)
    session.answer(question, "yes", {finding.id: state})
    assert session.judged().presentation.observations[finding.id].state == state
    following = session.next()
    assert following is None or following.id != question.id


def test_a_yes_that_means_danger_fires_the_flag() -> None:
    from soleus.reasoning.questions import fired_flags

    session = begin()
    while (question := session.next()) is not None:
        danger = question.item is not None and "swelling" in question.item.no_means
        acute = {**TYPICAL, "tempo": "days", "swelling": "one_leg", "tenderness": "muscle_calf"}
        session.answer(question, "yes" if danger else reply(question, acute))
    assert "deep_vein_thrombosis" in {s for f in fired_flags(session.judged()) for s in f.flag.suggests}


def test_back_takes_one_answer_away() -> None:
    session = begin()
    asked = []
    for _ in range(4):
        question = session.next()
        assert question is not None
        asked.append(question.id)
        session.answer(question, reply(question, TYPICAL))
    assert session.back()
    again = session.next()
    assert again is not None
    assert again.id == asked[-1]
    while session.back():
        pass
    assert session.known()["findings"] == {}
    assert not session.back()


def test_saved_and_resumed_is_the_same_interview() -> None:
    session = begin()
    for _ in range(6):
        question = session.next()
        assert question is not None
        session.answer(question, reply(question, TYPICAL))
    later = resumed(json.loads(json.dumps(session.saved())), shipped_compiled(), ("history",))
    assert later.known() == session.known()
    one, two = session.next(), later.next()
    assert (one and one.id) == (two and two.id)
    assert [q.id for q in hold(session, TYPICAL)] == [q.id for q in hold(later, TYPICAL)]
    assert later.judged().probability == pytest.approx(session.judged().probability)


@pytest.mark.parametrize(
    "saved",
    [
        {},
        {"case": 1},
        {"case": {}, "answers": [1], "respondent": "self"},
        [],
        None,
        {"case": "abc", "answers": [], "respondent": "self"},
    ],
)
def test_a_file_that_is_no_interview_is_an_error(saved: Any) -> None:
    with pytest.raises(InvalidValue):
        resumed(saved, shipped_compiled(), ("history",))


def test_a_reply_that_the_question_does_not_have_is_an_error() -> None:
    session = begin()
    question = first_item(session)
    with pytest.raises(InvalidValue):
        session.answer(question, "perhaps")
    opening = begin().next()
    assert opening is not None
    with pytest.raises(InvalidValue):
        begin().answer(opening, "no such state")


def test_every_question_has_words_for_whoever_answers_and_a_reason() -> None:
    session = begin()
    for question in hold(session, {"quality": "ache"}):
        assert question.reason
        for who in ("self", "parent", "carer", "clinician"):
            assert question.text(who).endswith("?") or question.text(who)
        assert len(session.choices(question)) >= 2


def test_the_questions_by_value_are_worth_more_than_they_cost_or_matter_in_pairs() -> None:
    session = begin()
    for question in hold(session, {"quality": "ache"}):
        if question.stage == "value":
            assert question.gain >= 0


def test_a_clinician_is_asked_about_signs_too() -> None:
    compiled = shipped_compiled()
    plain = Interview(compiled, PERSON, ("history",), "self")
    doctor = Interview(compiled, PERSON, ("history", "examination"), "clinician")
    groups = [
        {q.finding.group for q in hold(s, {"quality": "ache"}) if q.finding and q.stage == "value"}
        for s in (plain, doctor)
    ]
    assert "examination" not in groups[0]


def test_saved_answers_are_plain_data() -> None:
    session = begin()
    hold(session, TYPICAL, most=5)
    assert msgspec.json.decode(msgspec.json.encode(session.saved())) == json.loads(json.dumps(session.saved()))


@pytest.mark.parametrize("seed", range(6))
def test_what_a_grouped_question_leaves_alone_is_what_is_known(seed: int) -> None:
    """The short way to the known findings gives what the whole judgement gives."""
    rng = random.Random(seed)
    told = {"findings": {"swelling": "one leg"}, "measurements": [{"name": "temperature", "value": 39, "unit": "Cel"}]}
    session = begin(PERSON | told if seed % 2 else PERSON)
    items = session.compiled.knowledge.all(ScreenItem)
    while (question := session.next()) is not None and len(session.answers) < 25:
        observations = set(session.judged().presentation.observations)
        for item in items:
            assert session._observed(item) & item.no_means.keys() == observations & item.no_means.keys()
        session.answer(question, rng.choice([*(r for r, _ in session.choices(question)), DONT_KNOW]))
