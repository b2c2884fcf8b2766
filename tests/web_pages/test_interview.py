"""The interview without script: its questions are those of the core, whatever way one goes through the pages."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from soleus.knowledge.schema.care import Guide
from soleus.knowledge.schema.safety import RedFlag, ScreenItem
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.interview import DONT_KNOW, Interview
from soleus.reasoning.questions import Question
from soleus.web.asking import question_of
from soleus.web.catalogue import texts
from soleus.web.state import State, pack
from tests.reading_grade import grade
from tests.web_pages.visitor import Page, Visitor

COMPILED = shipped_compiled()
Choose = Callable[[Question, tuple[tuple[str, str], ...], int], str]
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'{{7*7}}"


def no_then_first(q: Question, choices: tuple[tuple[str, str], ...], _: int) -> str:
    return "no" if q.item else choices[0][0]


def never_known(_: Question, __: tuple[tuple[str, str], ...], ___: int) -> str:
    return DONT_KNOW


def last(q: Question, choices: tuple[tuple[str, str], ...], n: int) -> str:
    return DONT_KNOW if q.item and n % 3 == 0 else "no" if q.item else choices[-1][0]


def core(session: Interview, choose: Choose) -> list[tuple[str, str]]:
    """What the core asks from here on, and what it is answered."""
    asked: list[tuple[str, str]] = []
    for n in itertools.count():
        question = session.next()
        if question is None:
            return asked
        reply = choose(question, session.choices(question), n)
        session.answer(question, reply)
        asked.append((question.id, reply))
    raise AssertionError


def walked(visitor: Visitor, choose: Choose) -> list[tuple[str, str]]:
    """What the pages ask from here on; warnings are read and passed."""
    asked: list[tuple[str, str]] = []
    for n in itertools.count():
        while "on" in visitor.page.values("do"):
            visitor.press("do", "on")
        if visitor.page.field("question") is None:
            return asked
        question = question_of(
            COMPILED, visitor.page.field("question") or "", screen=visitor.page.field("kind") == "screen"
        )
        choices = tuple((v, "") for v in visitor.page.values("reply") if v != DONT_KNOW)
        reply = choose(question, choices, n)
        asked.append((question.id, reply))
        visitor.reply(reply)
    raise AssertionError


def mapped(visitor: Visitor, mark: str = "left-calf", side: str = "either_leg") -> Page:
    return visitor.continue_("map", mark=mark, side=side)


@pytest.mark.parametrize("choose", [no_then_first, never_known, last])
@pytest.mark.parametrize(
    ("respondent", "groups"),
    [("self", ("history",)), ("clinician", ("history", "examination")), ("parent", ("history",))],
)
def test_the_pages_ask_what_the_core_asks(
    client: TestClient, choose: Choose, respondent: str, groups: tuple[str, ...]
) -> None:
    visitor = Visitor(client)
    visitor.begin(respondent, age="67", sex="male")
    mapped(visitor)
    case = {"as_of": "2026-11-21", "answered_by": respondent, "person": {"age": 67, "sex": "male"}}
    session = Interview(COMPILED, case, groups, respondent)
    session.answer(question_of(COMPILED, "site"), "calf")
    session.answer(question_of(COMPILED, "side"), "either_leg")
    assert walked(visitor, choose) == core(session, choose)
    assert visitor.page.state.interview(COMPILED).judged().probability == session.judged().probability


def test_a_yes_opens_its_details_on_the_same_page(client: TestClient) -> None:
    visitor = Visitor(client)
    visitor.begin(age="67")
    mapped(visitor)
    visitor.reply("cramp")
    visitor.reply("days")
    assert visitor.page.field("question") == "swelling"
    heading = visitor.page.h1
    opened = visitor.reply("yes")
    assert opened.h1 == heading
    item = COMPILED.knowledge.by_id(ScreenItem)["swelling"]
    known = {"site", "tempo"}  # told before, so not asked twice
    assert {n.removeprefix("detail-") for f in opened.forms for n, _ in f.choices} == set(item.then_ask) - known
    visitor.continue_("details", detail__swelling="one_leg", detail__entire_leg_swollen="yes")
    told = visitor.page.state.interview(COMPILED).answers[-1]
    assert told.set_findings == (("swelling", "one_leg"), ("entire_leg_swollen", "yes"))


def test_a_yes_without_details_asks_each_in_turn(client: TestClient) -> None:
    visitor = Visitor(client)
    visitor.begin(age="67")
    mapped(visitor)
    visitor.reply("cramp")
    visitor.reply("days")
    visitor.reply("yes")
    visitor.continue_("details")
    assert visitor.page.state.answers[-1]["followed_by"]
    assert visitor.page.field("question") == "swelling"
    assert visitor.page.values("reply") == ["none", "one_leg", "both_legs", DONT_KNOW]


# --- red flags --------------------------------------------------------------------------------------------------------


def warned(client: TestClient, **person: str) -> Visitor:
    """Somebody of whose body one side went weak at once."""
    visitor = Visitor(client)
    visitor.begin(**person)
    mapped(visitor)
    visitor.reply("cramp")
    visitor.reply("hours")
    while visitor.page.field("question") != "speech_and_sight":
        visitor.reply("no")
    visitor.reply("yes")
    visitor.continue_("details", detail__sudden_weakness_one_side="yes")
    return visitor


def test_a_red_flag_interrupts_once_with_what_to_do_and_whom_to_ring(client: TestClient) -> None:
    visitor = warned(client, age="67", country="GB")
    page = visitor.page
    flag = next(f for f in COMPILED.knowledge.all(RedFlag) if f.patient_action in page.text)
    assert flag.urgency == "emergency"
    assert page.text.index(flag.patient_action) < page.text.index("Go on with the questions")
    assert 'href="tel:999"' in page.response.text
    visitor.press("do", "on")
    assert flag.id in visitor.page.state.told
    assert visitor.page.field("question") is not None
    assert flag.patient_action in visitor.page.text  # it stays in sight above the question
    visitor.reply("no")
    assert visitor.page.field("question") is not None  # shown once, it does not interrupt again


def test_without_a_country_no_number_is_guessed(client: TestClient) -> None:
    page = warned(client, age="67").page
    assert "tel:" not in page.response.text
    assert "your local emergency number" in page.text


def test_belief_waits_for_the_warning_signs_and_can_be_hidden(client: TestClient) -> None:
    visitor = Visitor(client)
    visitor.begin(age="67", sex="female")
    mapped(visitor)
    title = texts()["interview.belief"]
    while (q := visitor.page.field("stage")) in ("opening", "red_flag"):
        assert title not in visitor.page.text
        visitor.reply(
            "no"
            if q == "red_flag"
            else visitor.page.values("reply")[0 if "cramp" in visitor.page.values("reply") else 4]
        )
    assert title in visitor.page.text
    question = visitor.page.field("question")
    visitor.press("do", "hide")
    assert visitor.page.field("question") == question
    assert title not in visitor.page.text
    visitor.reply(visitor.page.values("reply")[0])
    assert title not in visitor.page.text  # stays hidden
    visitor.press("do", "show")
    assert title in visitor.page.text


def test_a_clinician_sees_the_belief_from_the_first_finding(client: TestClient) -> None:
    visitor = Visitor(client)
    visitor.begin("clinician", age="67")
    mapped(visitor)
    assert texts()["interview.belief"] in visitor.page.text


def test_the_belief_is_the_core_s(client: TestClient) -> None:
    visitor = Visitor(client)
    visitor.begin("clinician", age="67", sex="male")
    mapped(visitor)
    judged = visitor.reply("cramp").state.interview(COMPILED).judged()
    from soleus.reports.words import size

    for e in judged.ranked[:3]:
        low, high = judged.interval(e.id)
        assert f"{e.name[:1].upper()}{e.name[1:]}: {size(judged.probability[e.id], low, high, 'clinician')}" in (
            visitor.page.text
        )


def test_who_answers_for_another_is_told_whom_you_means(client: TestClient) -> None:
    visitor = Visitor(client)
    visitor.begin("parent", age="6")
    mapped(visitor)
    hint = texts()["interview.answer_parent"]
    assert hint in visitor.page.text  # "Which word fits best what you feel?"
    visitor.reply("cramp")
    visitor.reply("days")
    assert visitor.page.field("kind") == "screen"  # asked in a carer's words
    assert hint not in visitor.page.text


# --- back and change --------------------------------------------------------------------------------------------------


def test_back_returns_to_the_question_with_its_answer(client: TestClient) -> None:
    visitor = Visitor(client)
    visitor.begin(age="67")
    mapped(visitor)
    visitor.reply("burning")
    visitor.press("do", "back")
    assert visitor.page.field("question") == "quality"
    assert texts()["interview.your_answer"] in visitor.page.text
    assert visitor.page.state.answers[-1]["reply"] == "burning"  # nothing is lost by looking back
    visitor.reply("cramp")
    assert [a["reply"] for a in visitor.page.state.answers] == ["calf", "either_leg", "cramp"]


def test_back_from_the_first_question_leads_to_the_map_and_to_the_lists(client: TestClient) -> None:
    visitor = Visitor(client)
    visitor.begin(age="67")
    mapped(visitor)
    visitor.press("do", "back")
    assert visitor.page.question == "map"
    assert {"right-calf", "left-calf"} <= set(visitor.page.values("mark"))
    assert ("mark", "left-calf") in next(f for f in visitor.page.forms if ("do", "map") in f.fields).fields


def finished(client: TestClient, choose: Choose = no_then_first) -> Visitor:
    visitor = Visitor(client)
    visitor.begin(age="67", sex="male")
    mapped(visitor)
    walked(visitor, choose)
    return visitor


def number_of(page: Page, question: str) -> str:
    return str(next(n for n, a in enumerate(page.state.answers) if a["question"] == question))


def test_a_changed_answer_keeps_the_later_ones(client: TestClient) -> None:
    visitor = finished(client)
    before = {a["question"]: a["reply"] for a in visitor.page.state.answers}
    visitor.press("change", number_of(visitor.page, "quality"))
    assert visitor.page.field("question") == "quality"
    visitor.reply("ache")
    after = {a["question"]: a["reply"] for a in visitor.page.state.answers}
    assert after["quality"] == "ache"
    assert {q: r for q, r in after.items() if q != "quality"}.items() <= before.items()
    assert len(after) >= len(before) - 1  # only items that no longer apply may go


def test_a_change_to_no_takes_its_details_along(client: TestClient) -> None:
    visitor = Visitor(client)
    visitor.begin(age="67")
    mapped(visitor)
    for reply in ("cramp", "days", "yes"):
        visitor.reply(reply)
    visitor.continue_("details")  # each is asked in turn
    visitor.reply("one_leg")
    if "on" in visitor.page.values("do"):
        visitor.press("do", "on")
    visitor.reply("yes")
    place = next(n for n, a in enumerate(visitor.page.state.answers) if a["followed_by"])
    visitor.press("change", str(place))
    visitor.reply("no")
    told = visitor.page.state.interview(COMPILED).known()["findings"]
    assert told["swelling"] == "none"
    assert told["entire_leg_swollen"] == "no"
    assert [a["question"] for a in visitor.page.state.answers].count("swelling") == 1


def test_a_change_from_no_to_yes_opens_all_details(client: TestClient) -> None:
    visitor = finished(client)
    number = number_of(visitor.page, "swelling")
    visitor.press("change", number)
    opened = visitor.reply("yes")
    assert "one_leg" in opened.values("detail-swelling")
    visitor.continue_("details", detail__swelling="both_legs")
    assert visitor.page.state.answers[int(number)]["set_findings"] == [["swelling", "both_legs"]]


def test_age_can_be_changed_without_asking_the_rest_again(client: TestClient) -> None:
    visitor = finished(client)
    answers = visitor.page.state.answers
    visitor.press("do", "about")
    assert visitor.page.field("age") == "67"
    visitor.continue_("person", age="34", sex="male")
    assert visitor.page.state.answers == answers
    assert visitor.page.state.case["person"] == {"age": 34, "sex": "male"}


# --- the person -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("age", ["-1", "121", "abc", "1e3", "٣", "nan", HOSTILE])
def test_an_age_that_cannot_be_is_told_beside_the_field(client: TestClient, age: str) -> None:
    visitor = Visitor(client)
    visitor.press("respondent", "self")
    page = visitor.continue_("person", age=age)
    assert page.status == 400
    assert page.text.count(texts()["interview.age_fault"].format(most=120)) == 2  # in the summary and at the field
    assert 'href="#age"' in page.response.text
    assert 'aria-invalid="true"' in page.response.text
    assert page.field("age") == age
    assert "<script>alert" not in page.response.text


@pytest.mark.parametrize(
    ("person", "asked"),
    [
        ({"sex": "female", "age": "30"}, True),
        ({"sex": "female", "age": "70"}, False),
        ({"sex": "male"}, False),
        ({}, False),
    ],
)
def test_pregnancy_is_asked_where_it_can_be(client: TestClient, person: dict[str, str], asked: bool) -> None:
    visitor = Visitor(client)
    visitor.press("respondent", "self")
    assert (visitor.continue_("person", **person).question == "pregnant") == asked


def test_everything_of_the_person_may_stay_unknown(client: TestClient) -> None:
    visitor = Visitor(client)
    visitor.begin()
    assert visitor.page.question == "map"
    assert visitor.page.state.case["person"] == {}


def test_lists_show_what_was_recognised_and_what_was_not(client: TestClient) -> None:
    visitor = Visitor(client)
    visitor.press("respondent", "self")
    visitor.continue_("person")
    page = visitor.continue_("health", medicines="Bendroflumethiazide 2.5 mg\nmoon dust", conditions="diabetes")
    assert "read as Bendroflumethiazide" in page.text
    assert "moon dust we do not know this name" in page.text
    assert page.question == "health"  # read first, then go on
    page = visitor.continue_("health")
    assert page.question == "map"
    assert page.state.case["medicines"] == ["Bendroflumethiazide 2.5 mg", "moon dust"]
    assert page.state.case["conditions"] == ["diabetes"]


# --- untrusted input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["age", "sex", "country", "medicines", "conditions", "quiet", "link", "seen"])
def test_what_comes_back_is_escaped(client: TestClient, field: str) -> None:
    visitor = Visitor(client)
    visitor.press("respondent", "self")
    for do in ("person", "health"):
        page = visitor.continue_(do, **{field: HOSTILE})
        assert "<script>alert" not in page.response.text
        assert "<img src=x" not in page.response.text
        if page.status != 200 or page.question == "map":
            break


@pytest.mark.parametrize("name", ["question", "stage", "reply", "at", "change", "do", "mark", "side", "worst", "state"])
def test_fields_that_no_page_wrote_give_a_clean_page(client: TestClient, name: str) -> None:
    good = {"state": pack(State(case={"person": {"age": 50}})), "do": "answer", "question": "quality", "reply": "cramp"}
    page = Page(client.post("/interview", data={**good, name: HOSTILE}))
    assert page.status in (200, 400)
    assert "<script>alert" not in page.response.text
    assert "Traceback" not in page.response.text


TREES: list[dict[str, Any]] = [
    {"case": {"findings": {"quality": "no such"}}},
    {"case": {"findings": {"no such": "cramp"}}},
    {"case": {"person": {"age": 1e9}}},
    {"case": {"person": "nobody"}},
    {"case": {"medicines": [{"nam": 1}]}},
    {"answers": [{"question": "no such", "stage": "value", "reply": "yes", "set_findings": []}]},
    {"answers": [{"question": "quality", "stage": "value", "reply": "x", "set_findings": [["quality", "x"]]}]},
    {"answers": [{"question": "quality", "stage": "x", "reply": "x", "set_findings": [["nothing", "x"]]}]},
    {"answers": [{"question": "swelling", "stage": "red_flag", "reply": "yes", "set_findings": [["site", "moon"]]}]},
    {
        "answers": [
            {"question": "q", "stage": "", "reply": "", "set_findings": [], "set_condition": ["moon", "present"]}
        ]
    },
    {"answers": [{"question": "q", "stage": "", "reply": "", "set_findings": [], "followed_by": ["moon"]}]},
    {"answers": [{"reply": 1}]},
    {"marks": ["left-moon", HOSTILE]},
    {"told": [HOSTILE]},
]


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("do", ["on", "back", "about", "lists", "map_again", "health", "details"])
def test_a_state_that_was_tampered_with_gives_a_clean_page(client: TestClient, tree: dict[str, Any], do: str) -> None:
    from soleus.interop.handover import packed

    page = Page(client.post("/interview", data={"state": packed(tree), "do": do, "question": "swelling"}))
    assert page.status in (200, 400)
    assert "Traceback" not in page.response.text
    assert "<script>alert" not in page.response.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200))
def test_any_text_in_place_of_a_state_is_refused(client: TestClient, text: str) -> None:
    page = Page(client.post("/interview", data={"state": "x" + text, "do": "on"}))
    assert page.status == 400


def test_the_day_of_the_case_is_the_site_s(client: TestClient) -> None:
    visitor = Visitor(client)
    visitor.press("respondent", "carer")
    assert visitor.page.state.case == {"as_of": "2026-11-21", "answered_by": "carer"}


def test_nothing_told_stands_in_an_address(client: TestClient) -> None:
    visitor = finished(client)
    for form in visitor.page.forms:
        assert form.action in ("/interview", "/result", "/interview/keep")
    assert "?" not in "".join(f.action for f in visitor.page.forms)


# --- words ------------------------------------------------------------------------------------------------------------


def test_texts_for_patients_read_easily() -> None:
    ours = [v for k, v in texts().items() if k.split(".")[0] in ("interview", "map", "saving") and len(v.split()) > 4]
    assert len(ours) > 30
    assert grade(" ".join(t.rstrip(".:") + "." for t in ours)) <= 6


def test_home_says_when_to_get_help_in_the_words_of_the_guide(client: TestClient) -> None:
    page = Page(client.get("/"))
    (seek,) = [g for g in COMPILED.knowledge.all(Guide) if g.purpose == "seek_care"]
    assert seek.steps[0].text in page.text
    assert "ambulance" in seek.steps[0].text
    assert seek.steps[1].text in page.text
    assert "emergency department" in seek.steps[1].text


def test_every_page_says_that_nobody_has_reviewed_it(client: TestClient) -> None:
    visitor = warned(client, age="67")
    for page in (visitor.page, Page(client.get("/interview")), Page(client.get("/")), visitor.press("do", "on")):
        assert texts()["site.review"].strip() in page.text


@pytest.mark.parametrize("part", ["names"])
def test_names_to_choose_from_hold_nothing_of_the_visitor(client: TestClient, part: str) -> None:
    told = client.get(f"/interview/{part}").json()
    assert "bendroflumethiazide" in [n.lower() for n in told["medicines"]]
    assert "diabetes" in told["conditions"]


# --- any way through --------------------------------------------------------------------------------------------------


def pressed(visitor: Visitor, pick: int) -> None:
    """Press one of the buttons that stay within the interview."""
    within = [
        (form, button)
        for form in visitor.page.forms
        for button in form.buttons
        if (button[2] or form.action).partition("#")[0] == "/interview"
    ]
    form, (name, value, _) = within[pick % len(within)]
    if name:
        visitor.press(name, value)
        return
    do = dict(form.fields).get("do", "")
    choices = [c for f in visitor.page.forms if ("do", do) in f.fields for c in f.choices]
    opened = [c for c in choices if c[0].startswith("detail-")]
    if opened:
        visitor.continue_("details", **{opened[pick % len(opened)][0]: opened[pick % len(opened)][1]})
    else:
        visitor.continue_(do, **({"mark": "left-calf"} if do == "map" else {}))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(picks=st.lists(st.integers(0, 10_000), min_size=5, max_size=40))
def test_whatever_is_pressed_no_page_fails_and_nothing_is_asked_twice(client: TestClient, picks: list[int]) -> None:
    visitor = Visitor(client)
    visitor.press("respondent", "carer")
    for pick in picks:
        pressed(visitor, pick)
        assert visitor.page.status in (200, 400), visitor.page.h1
        state = visitor.page.state
        session = state.interview(COMPILED)
        judged = session.judged().presentation
        asked = [(a["question"], bool(a.get("followed_by"))) for a in state.answers]
        assert len(set(asked)) == len(asked)
        question = visitor.page.field("question")
        if question and not visitor.page.field("at") and visitor.page.field("kind") != "screen":
            assert question not in judged.observations
