"""The adaptive form is the interview: same questions, same reasons, same end; and what the SDC guide demands of it."""

from __future__ import annotations

import copy
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.clinical.case import Case, Condition
from soleus.clinical.reading import case_from
from soleus.errors import Contradiction, InputError, InvalidValue, SoleusError, UnknownName, UnreadableInput
from soleus.interop.fhir.reading import case_of
from soleus.interop.fhir.replay import question_of
from soleus.interop.sdc.adaptive import next_question
from soleus.reasoning.assess import assess
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.interview import Interview
from soleus.reasoning.questions import Question
from soleus.validation.vignettes import read_all
from tests.interop.sdc import (
    DONT_KNOW,
    SERVER,
    Resource,
    about_person,
    answered,
    asked,
    codes,
    items_of,
    linked,
    open_items,
    opened,
    option,
    told,
    with_answer,
)
from tests.interop.test_fhir_fuzz import elements

GROUPS = {"patient": ("history",), "carer": ("history",), "clinician": ("history", "examination")}
RESPONDENTS = {"patient": "self", "carer": "carer", "clinician": "clinician"}


def oracle(who: str, age: float | None, sex: str | None, pregnant: bool | None = None) -> Interview:
    told = {"age": age, "sex": sex, "pregnant": pregnant}
    person = {k: v for k, v in told.items() if v is not None}
    return Interview(shipped_compiled(), {"person": person}, GROUPS[who], RESPONDENTS[who])


def is_the_question(item: Resource, question: Question, session: Interview) -> None:
    assert item["linkId"] == (f"screen.{question.id}" if question.item else question.id)
    assert item["text"] == question.text(session.respondent)
    assert codes(item) == [*(reply for reply, _ in session.choices(question)), DONT_KNOW]
    assert item["item"][0]["text"].startswith(question.reason)


def hold(response: Resource, session: Interview, reply: Any, most: int = 40) -> Resource:
    """Form and interview side by side, with the same replies, to the end."""
    for _ in range(most):
        question = session.next()
        assert (response["status"] == "completed") == (question is None)
        if question is None:
            break
        (item,) = open_items(response)
        is_the_question(item, question, session)
        chosen = reply(question, codes(item))
        session.answer(question, chosen)
        response = asked(with_answer(response, item["linkId"], option(item, chosen)))
    return response


def facts(case: Case) -> Any:
    told = sorted((c.name, c.status) for c in case.conditions if isinstance(c, Condition))
    return case.person, case.findings, told


def same_case(response: Resource, session: Interview) -> None:
    """The response, read like any other record, is the case that the interview ends with."""
    read, known = case_of(response, shipped_compiled()), case_from(session.known())
    assert facts(read) == facts(known)
    assert {u.why for u in read.unused} <= {"not known, as answered"}


people = st.tuples(
    st.sampled_from(["patient", "carer", "clinician"]),
    st.sampled_from([None, 0.5, 9, 25, 47, 67, 91]),
    st.sampled_from([None, "female", "male"]),
    st.integers(0, 10_000),
)


@given(people)
@settings(max_examples=8, deadline=None)
def test_the_questions_of_the_interview(person: tuple[str, float | None, str | None, int]) -> None:
    who, age, sex, seed = person
    rng = random.Random(seed)

    def reply(question: Question, replies: list[str]) -> str:
        calm = question.finding.absent if question.finding else "no"
        return calm if calm in replies and rng.random() < 0.6 else rng.choice(replies)

    session = oracle(who, age, sex)
    same_case(hold(about_person(who, age, sex), session, reply), session)


def vignettes(root: Path) -> list[Case]:
    found = [v.read() for v in read_all(root / "validation/vignettes")]
    return [c for c in found if isinstance(c.findings, dict) and not c.complaints][::25]


def test_the_questions_of_the_vignettes(root: Path) -> None:
    """People of published cases answer what is known of them, and do not know the rest."""
    cases = vignettes(root)
    assert len(cases) >= 5
    for case in cases:
        known = {n: str(v) for n, v in case.findings.items() if n in shipped_compiled().findings}
        session = oracle("patient", case.person.age, case.person.sex, case.person.pregnant)
        start = about_person("patient", case.person.age, case.person.sex, case.person.pregnant)
        if case.person.sex != "female":
            session.case["person"].pop("pregnant", None)
        final = hold(start, session, lambda q, replies, known=known: _of(q, replies, known))
        same_case(final, session)


def _of(question: Question, replies: list[str], told: dict[str, str]) -> str:
    if question.item is not None:
        known = [told[f] == state for f, state in question.item.no_means.items() if f in told]
        return "no" if known and all(known) else "yes" if known else DONT_KNOW
    state = told.get(question.id, DONT_KNOW)
    return state if state in replies else DONT_KNOW


def finished(who: str = "patient", **replies: str) -> Resource:
    """A form that was answered to its end, with no to whatever is not told."""
    response = about_person(who, 67, "female")
    while response["status"] != "completed":
        response = told(response, **replies)
    return response


def test_a_response_is_judged_like_any_other_input() -> None:
    response = finished()
    session = oracle("patient", 67, "female")
    for link, value in answered(response).items():
        question = session.next()
        if link.startswith(("person.", "belief.")):
            continue
        assert question is not None
        session.answer(question, value["valueCoding"]["code"])
    read, known = assess(case_of(response, shipped_compiled()), draws=50), assess(session.known(), draws=50)
    probabilities = [{e.id: e.probability for e in a.complaints[0].explanations} for a in (read, known)]
    assert probabilities[0] == pytest.approx(probabilities[1], rel=1e-12)  # answers are added up in another order


def believed(response: Resource) -> dict[str, float]:
    return {i["linkId"]: i["answer"][0]["valueQuantity"]["value"] for i in response["item"] if "belief" in i["linkId"]}


def test_the_belief_goes_along_hidden() -> None:
    start = about_person("patient", 67, "female")
    assert not [i for i in items_of(start) if i["linkId"].startswith("belief")]
    response = asked(with_answer(start, "quality", option(open_items(start)[0], "cramp")))
    session = oracle("patient", 67, "female")
    session.case["findings"] = {"quality": "cramp"}
    p = session.judged().probability
    assert believed(response) == {f"belief.{e}": round(100 * p[e], 1) for e in list(p)[:3]}
    for link in believed(response):
        item = linked(response, link)
        assert item["readOnly"] is True
        assert {"url": "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden", "valueBoolean": True} in item[
            "extension"
        ]
        assert item["code"][0]["system"] == "https://soleus.example/fhir/CodeSystem/explanations"


# --- changing answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["burning", "crawling_restless", DONT_KNOW])
def test_a_changed_answer_leads_to_its_own_questions(state: str) -> None:
    """The next question is that of an interview in which the changed answer was given from the beginning."""
    response = about_person("patient", 67, "female")
    for _ in range(14):
        response = told(response, quality="cramp")
    changed = asked(with_answer(response, "quality", option(linked(response, "quality"), state)))
    session = oracle("patient", 67, "female")
    for link, value in answered(changed).items():
        question = question_of(shipped_compiled(), link)
        if question is not None:
            session.answer(question, value["valueCoding"]["code"])
    expected = session.next()
    assert expected is not None
    is_the_question(open_items(changed)[0], expected, session)
    kept = set(answered(response)) - set(believed(response))
    assert kept <= set(answered(changed))
    assert answered(changed)["quality"]["valueCoding"]["code"] == state


def test_a_yes_taken_back_takes_its_questions_along() -> None:
    response = about_person("patient", 67, "female")
    while open_items(response)[0]["linkId"] != "screen.swelling":
        response = told(response)
    yes = asked(with_answer(response, "screen.swelling", option(linked(response, "screen.swelling"), "yes")))
    (follow,) = open_items(yes)
    assert follow["enableWhen"][0]["question"] == "screen.swelling"
    led = asked(with_answer(yes, follow["linkId"], option(follow, "one_leg")))
    assert follow["linkId"] in answered(led)
    no = asked(with_answer(led, "screen.swelling", option(linked(led, "screen.swelling"), "no")))
    assert follow["linkId"] not in answered(no)
    assert case_of(no, shipped_compiled()).findings["swelling"] == "none"


def test_a_question_without_an_answer_is_asked_again() -> None:
    response = about_person("carer", None, None)
    assert asked(response) == response


def test_pregnancy_is_asked_where_it_can_be() -> None:
    def next_links(age: float | None, sex: str | None) -> str:
        response = asked(opened())
        number, unknown = open_items(response)
        value = option(unknown, DONT_KNOW) if age is None else {"valueDecimal": age}
        response = asked(with_answer(response, (unknown if age is None else number)["linkId"], value))
        response = asked(with_answer(response, "person.sex", option(open_items(response)[0], sex or DONT_KNOW)))
        return str(open_items(response)[0]["linkId"])

    assert next_links(30, "female") == "person.pregnant"
    assert next_links(None, "female") == "person.pregnant"
    assert {next_links(70, "female"), next_links(5, "female"), next_links(30, "male"), next_links(30, None)} == {
        "quality"
    }


# --- danger -------------------------------------------------------------------------------------------------


def test_a_red_flag_is_told_before_the_next_question() -> None:
    """Whatever the belief says, the warning stands right before the question that is open."""
    response = about_person("patient", 67, "female")
    while not [i for i in items_of(response) if i["linkId"].startswith("red_flag.")]:
        response = told(response, quality="cramp", screen_swelling="yes", swelling="one_leg")
    shown = [i["linkId"] for i in items_of(response) if not i["linkId"].startswith("belief")]
    assert shown[-1] == open_items(response)[0]["linkId"]
    assert shown[-2].startswith("red_flag.")
    warning = next(i for i in items_of(response) if i["linkId"].startswith("red_flag."))
    assert (warning["type"], warning["prefix"]) == ("display", "Warning:")
    assert "extension" not in warning  # shown, not hidden


def test_it_says_that_nobody_reviewed_it() -> None:
    for who, words in (("patient", "No doctor has checked"), ("clinician", "no clinician has reviewed")):
        assert words in items_of(asked(opened(who)))[0]["text"]
        assert words in items_of(finished(who))[-4]["text"]


# --- what the guide demands ---------------------------------------------------------------------------------


def follows_the_guide(response: Resource) -> None:
    """sdc-questionnaireresponse-adapt, and sdc-questionnaire-adapt for the contained form."""
    (form,) = [r for r in response["contained"] if r["resourceType"] == "Questionnaire"]
    assert response["questionnaire"] == f"#{form['id']}"
    assert not {"url", "version"} & set(form)
    assert len(form["derivedFrom"]) == 1
    assert form["title"]
    assert [e["valueUrl"] for e in form["extension"] if e["url"].endswith("questionnaireAdaptive")] == [SERVER]
    assert all(i["text"] for i in items_of(response))
    links = [i["linkId"] for i in items_of(response)]
    assert len(set(links)) == len(links)
    order = [link for link in links if link in answered(response)]
    assert order == list(answered(response))
    assert response["status"] in ("in-progress", "completed")


@pytest.mark.parametrize("who", list(GROUPS))
def test_the_guide(who: str) -> None:
    response = asked(opened(who))
    follows_the_guide(response)
    assert (response["subject"], response["authored"]) == ({"reference": "Patient/p"}, "2026-11-21T09:00:00Z")
    final = finished(who)
    follows_the_guide(final)
    assert final["status"] == "completed"
    assert open_items(final) == []


def test_the_next_question_does_not_depend_on_the_order_of_calls() -> None:
    response = finished()
    before = copy.deepcopy(response)
    assert asked(response) == response
    assert response == before  # what came in is left as it was


def test_parameters_give_parameters() -> None:
    wrapped = {
        "resourceType": "Parameters",
        "parameter": [{"name": "questionnaire-response", "resource": opened()}],
    }
    out = asked(wrapped)
    assert out == {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": asked(opened())}]}


def test_a_response_may_name_the_form_itself() -> None:
    """Some clients do not make a contained form: it is made for them."""
    response = asked(
        {**opened(), "contained": [], "questionnaire": opened()["contained"][0]["derivedFrom"][0] + "|0.1"}
    )
    follows_the_guide(response)


# --- what cannot be read ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "error"),
    [
        (None, UnreadableInput),
        ({"resourceType": "Parameters", "parameter": [{"name": "other", "resource": {}}]}, UnreadableInput),
        ({**opened(), "contained": []}, UnknownName),
        ({**opened(), "questionnaire": "#other"}, UnknownName),
        (with_answer(opened(), "person.age", {"valueDecimal": 130}), InvalidValue),
        (with_answer(opened(), "person.sex", {"valueCoding": {"code": "purple"}}), InvalidValue),
        (with_answer(opened(), "quality", {"valueCoding": {"code": "purple"}}), InvalidValue),
        (with_answer(opened(), "quality", {"valueInteger": 7}), InvalidValue),
        (with_answer(opened(), "screen.swelling", {"valueString": "perhaps"}), InvalidValue),
        (with_answer(opened(), "no_such_question", {"valueString": "x"}), UnknownName),
        ({**opened(), "item": [{"linkId": "quality", "answer": [{"valueString": "cramp"}] * 2}]}, Contradiction),
        ({**opened(), "item": [{"linkId": "quality", "answer": [{"valueString": "cramp"}]}] * 2}, Contradiction),
    ],
)
def test_what_cannot_be_read_is_told(tree: Any, error: type[SoleusError]) -> None:
    with pytest.raises(error):
        asked(tree)


def test_errors_hold_no_answer() -> None:
    with pytest.raises(InvalidValue) as caught:
        asked(with_answer(opened(), "quality", {"valueString": "Marked-Person"}))
    assert "Marked-Person" not in str(caught.value)
    assert caught.value.where == "QuestionnaireResponse.item[0]"


CARRIED = ["id", "language", "identifier", "basedOn", "subject", "encounter", "author", "source", "authored"]


@pytest.mark.parametrize("name", CARRIED)
def test_what_is_carried_over_has_the_form_of_fhir(name: str) -> None:
    """What the client says of itself comes back; what no FHIR server would take does not."""
    good = {"id": "r-1", "language": "en-GB", "authored": "2026-11-21", "identifier": {"system": "urn:x", "value": "7"}}
    told = good.get(name, [{"reference": "ServiceRequest/1"}] if name == "basedOn" else {"reference": "Patient/p"})
    assert asked({**opened(), name: told})[name] == told
    for junk in (7, "\ud800 <", ["x"], {"reference": 7}, 10**400):
        assert name not in asked({**opened(), name: junk})


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_response(data: st.DataObject) -> None:
    """Whatever stands in one part of it, there is a response that follows the guide, or one clear error."""
    response = with_answer(
        with_answer(opened(), "person.age", {"valueDecimal": 60}), "quality", {"valueString": "cramp"}
    )
    part = data.draw(st.sampled_from(["item", "contained", "questionnaire", "status", "answer", "inner", *CARRIED]))
    junk = data.draw(elements)
    if part == "answer":
        response["item"][1]["answer"] = junk
    elif part == "inner":
        response["contained"][0]["item"] = junk
    else:
        response[part] = junk
    with suppress(InputError):
        out = next_question(response, shipped_compiled(), SERVER)
        follows_the_guide(out)
        msgspec.json.encode(out)


@given(elements)
@settings(max_examples=150, deadline=None)
def test_any_tree(junk: Any) -> None:
    parameters = {"resourceType": "Parameters", "parameter": junk}
    for tree in (junk, parameters, {**opened(), "contained": junk}, {**parameters, "parameter": [junk]}):
        with suppress(InputError):
            next_question(tree, shipped_compiled(), SERVER)
