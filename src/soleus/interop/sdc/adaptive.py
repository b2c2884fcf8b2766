"""``Questionnaire/$next-question``: the interview as a form that grows by one question at a time.

Nothing is kept between two calls: the answers of the response are replayed, so that a changed answer leads to the
questions that follow from it. Order, reasons and end are those of `soleus.reasoning.interview`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from soleus.errors import Contradiction, UnknownName, UnreadableInput
from soleus.interop.fhir.canonical import EXPLANATIONS
from soleus.interop.fhir.links import AGE, AGE_UNKNOWN, IDLE, PERSON, PREGNANT, SCREEN, SEX
from soleus.interop.fhir.replay import Said, age_of, first_of, item_answers, question_of, reply_of, sex_of, yes_no_of
from soleus.interop.fhir.shapes import items, mapping, walk, word
from soleus.interop.fhir.terms import Terms, terms_of
from soleus.interop.fhir.writing.elements import clean
from soleus.interop.sdc import items as make
from soleus.interop.sdc.circumstances import circumstances, identity
from soleus.interop.sdc.forms import INTERVIEWS, SDC, Form, form_of
from soleus.knowledge.schema.safety import EmergencyNumber
from soleus.reasoning import words
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.interview import DONT_KNOW, Interview, may_be_pregnant
from soleus.reasoning.judging import Judged
from soleus.reasoning.questions import Question, fired_flags

Resource = dict[str, Any]
_LEADING = 3  # explanations whose probability goes along
_LONGEST = 1_000  # characters of a reason
_MOST_ITEMS = 1_000  # more than there are questions
_PRESSING = ("emergency", "same_day")


def next_question(tree: Any, compiled: Compiled, base_url: str) -> Resource:
    """The response with the next question in its contained Questionnaire, or ``completed``.

    A bare QuestionnaireResponse gives one back; Parameters give Parameters. Raises `InputError` for what is no
    response to one of our adaptive forms, and for an answer that its question does not have.
    """
    response, wrapped = _response(tree)
    form, contained = _form(response)
    answered = _Answered.read(response, contained, compiled)
    out = _grown(response, form, contained, answered, compiled, base_url)
    return {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": out}]} if wrapped else out


# --- what comes in ------------------------------------------------------------------------------------------


def _response(tree: Any) -> tuple[Resource, bool]:
    """The QuestionnaireResponse, and whether it came in Parameters."""
    found = mapping(tree)
    if found.get("resourceType") == "QuestionnaireResponse":
        return found, False
    if found.get("resourceType") == "Parameters":
        for part in items(found.get("parameter")):
            inner = mapping(mapping(part).get("resource"))
            named = mapping(part).get("name") == "questionnaire-response"
            if named and inner.get("resourceType") == "QuestionnaireResponse":
                return inner, True
    raise UnreadableInput(
        "$next-question",
        "no QuestionnaireResponse",
        "a QuestionnaireResponse, bare or as the parameter questionnaire-response",
        "Send the response with its contained Questionnaire.",
    )


def _form(response: Resource) -> tuple[Form, Resource]:
    """The adaptive form that is answered, and the contained Questionnaire as it came (empty if there is none)."""
    address = word(response.get("questionnaire"))
    inside = [mapping(r) for r in items(response.get("contained")) if mapping(r).get("resourceType") == "Questionnaire"]
    contained = next((q for q in inside if f"#{word(q.get('id'))}" == address), {})
    origins = [word(o) for o in items(contained.get("derivedFrom"))] if contained else [address]
    form = form_of(origins[0]) if len(origins) == 1 else None
    if form not in INTERVIEWS:
        raise UnknownName(
            "QuestionnaireResponse.questionnaire",
            "no adaptive form of this server",
            "a contained Questionnaire with one derivedFrom: " + ", ".join(f.url for f in INTERVIEWS),
            "Search for Questionnaire and derive the contained one from a form that is found.",
        )
    return form, contained


@dataclass(frozen=True)
class _Answered:
    """The answers that hold, in their order, and the reasons that were given for their questions."""

    said: tuple[Said, ...]
    reasons: dict[str, str]

    @classmethod
    def read(cls, response: Resource, contained: Resource, compiled: Compiled) -> _Answered:
        said = tuple(_said(response))
        written = {word(i.get("linkId")): i for i in walk(items(contained.get("item")), _MOST_ITEMS)}
        yes = _affirmed(said, terms_of(compiled), compiled)
        held = tuple(s for s in said if _holds(written.get(s.link, {}), yes))
        return cls(held, {s.link: _reason(written.get(s.link, {})) for s in held})


def _said(response: Resource) -> Iterator[Said]:
    """Each answer with its place; a question has one answer."""
    seen: set[str] = set()
    for n, item in enumerate(walk(items(response.get("item")), _MOST_ITEMS)):
        link, where = word(item.get("linkId")), f"QuestionnaireResponse.item[{n}]"
        values = item_answers(item)
        if not values or link.startswith(IDLE):
            continue
        if len(values) > 1 or link in seen:
            raise Contradiction(
                where, "more than one answer", "one answer to each question", "Keep the one that holds."
            )
        seen.add(link)
        yield Said(link, *values[0], where)


def _affirmed(said: tuple[Said, ...], terms: Terms, compiled: Compiled) -> set[str]:
    """The grouped questions that were answered with yes."""
    grouped = ((s, question_of(compiled, s.link)) for s in said if s.link.startswith(SCREEN))
    return {s.link for s, q in grouped if q is not None and reply_of(terms, q, s) == "yes"}


def _holds(item: Resource, yes: set[str]) -> bool:
    """Whether an item that follows a "yes" still has one to follow; any other item holds."""
    asked = {word(mapping(w).get("question")) for w in items(item.get("enableWhen"))}
    return not any(a.startswith(SCREEN) for a in asked) or bool(asked & yes)


def _reason(item: Resource) -> str:
    """Why a question was asked, as it was told then."""
    helps = (mapping(i) for i in items(item.get("item")))
    return next((clean(word(h.get("text")))[:_LONGEST] for h in helps if word(h.get("linkId")).startswith("help.")), "")


# --- the interview ------------------------------------------------------------------------------------------


@dataclass
class _Talk:
    """The replayed interview and the items of what was answered."""

    form: Form
    session: Interview
    person: dict[str, Any]
    asked: list[Resource]
    answers: list[Resource]

    def put(self, item: Resource, value: Resource) -> None:
        self.asked.append(item)
        self.answers.append({"linkId": item["linkId"], "text": item["text"], "answer": [value]})


def _replayed(form: Form, answered: _Answered, compiled: Compiled) -> _Talk:
    terms = terms_of(compiled)
    person = _person(answered.said, terms)
    session = Interview(compiled, {"person": person}, form.groups, form.respondent)
    talk = _Talk(form, session, person, [], [])
    for said in (s for s in answered.said if s.link in PERSON):
        _replay_person(talk, said, terms)
    for said in (s for s in answered.said if s.link not in PERSON):
        question = question_of(compiled, said.link)
        if question is None:
            raise UnknownName(said.where, "an answer to no question of this form", "a linkId of the form", _ANEW)
        _replay(talk, question, reply_of(terms, question, said), answered.reasons[said.link])
    return talk


_ANEW = "Ask for the next question with the answers that the server knows."


def _replay(talk: _Talk, question: Question, reply: str, reason: str) -> None:
    option = next(o for o in make.options_of(question, talk.form.respondent) if o["code"] == reply)
    talk.put(_item(talk, question, reason), {"valueCoding": option})
    talk.session.answer(question, reply)


def _item(talk: _Talk, question: Question, reason: str) -> Resource:
    """The item of a question; one that follows a "yes" is shown only with it."""
    led = [f"{SCREEN}{a.question}" for a in talk.session.answers if question.id in a.followed_by]
    return make.follows(make.item_of(question, talk.form.respondent, reason), led if question.item is None else [])


def _person(said: tuple[Said, ...], terms: Terms) -> dict[str, Any]:
    """Age, sex and pregnancy as far as they were told."""
    age, sex, pregnant = (first_of(said, link) for link in (AGE, SEX, PREGNANT))
    found: dict[str, Any] = {"age": age and age_of(age), "sex": sex and sex_of(sex)}
    if pregnant is not None and found["sex"] == "female":
        found["pregnant"] = yes_no_of(terms, pregnant)
    return {k: v for k, v in found.items() if v is not None}


def _replay_person(talk: _Talk, said: Said, terms: Terms) -> None:
    respondent = talk.form.respondent
    if said.link == AGE:
        number, value = make.age_items(respondent)[0], talk.person["age"]
        talk.put(number, {"valueDecimal": int(value) if value == int(value) else value})
    elif said.link == AGE_UNKNOWN and "age" not in talk.person:
        talk.put(make.age_items(respondent)[1], {"valueCoding": make.UNKNOWN})
    elif said.link == SEX:
        code = talk.person.get("sex", DONT_KNOW)
        option = next(o for o in (*make.SEXES, make.UNKNOWN) if o["code"] == code)
        talk.put(make.sex_item(respondent), {"valueCoding": option})
    elif said.link == PREGNANT and talk.person.get("sex") == "female":
        option = {True: make.YES, False: make.NO, None: make.UNKNOWN}[yes_no_of(terms, said)]
        talk.put(make.pregnant_item(respondent), {"valueCoding": option})


def _of_the_person(talk: _Talk, compiled: Compiled) -> list[Resource]:
    """The next question about the person; none once they are answered."""
    done = {i["linkId"] for i in talk.asked}
    if not done & {AGE, AGE_UNKNOWN}:
        return make.age_items(talk.form.respondent)
    if SEX not in done:
        return [make.sex_item(talk.form.respondent)]
    possible = may_be_pregnant(compiled, talk.person.get("age"), talk.person.get("sex"))
    return [make.pregnant_item(talk.form.respondent)] if possible and PREGNANT not in done else []


# --- what leaves --------------------------------------------------------------------------------------------


def _grown(
    response: Resource, form: Form, contained: Resource, answered: _Answered, compiled: Compiled, base_url: str
) -> Resource:
    talk = _replayed(form, answered, compiled)
    fresh = _of_the_person(talk, compiled)
    if not fresh:
        question = talk.session.next()
        fresh = [_item(talk, question, _why(question))] if question else []
    judged = talk.session.judged()
    name = identity(contained) or "interview"
    shown = [*_about(form), *talk.asked, *_warnings(talk, judged), *(fresh or _closing(form))]
    belief, believed = _belief(judged, form)
    questionnaire = _contained(name, form, compiled, base_url, [*shown, *belief])
    return {
        "resourceType": "QuestionnaireResponse",
        **circumstances(response),
        "contained": [questionnaire],
        "questionnaire": f"#{name}",
        "status": "in-progress" if fresh else "completed",
        **({"item": [*talk.answers, *believed]} if talk.answers or believed else {}),
    }


def _contained(name: str, form: Form, compiled: Compiled, base_url: str, shown: list[Resource]) -> Resource:
    return {
        "resourceType": "Questionnaire",
        "id": name,
        "meta": {"profile": [f"{SDC}/sdc-questionnaire-adapt"]},
        "extension": [adaptive_at(base_url)],
        "title": form.title,
        "derivedFrom": [f"{form.url}|{compiled.knowledge.version}"],
        "status": "draft",
        "experimental": True,
        "subjectType": ["Patient"],
        "item": shown,
    }


def adaptive_at(base_url: str) -> Resource:
    """That a form is adaptive, and which server asks its questions."""
    return {"url": f"{SDC}/sdc-questionnaire-questionnaireAdaptive", "valueUrl": base_url.rstrip("/")}


def _why(question: Question) -> str:
    helps = make.help_of(question.item) if question.item else ""
    return f"{question.reason} {helps}".strip()


def _about(form: Form) -> list[Resource]:
    return [make.display("about", form.limits)]


def _warnings(talk: _Talk, judged: Judged) -> list[Resource]:
    """Every red flag that holds, right before the next question."""
    fired = fired_flags(judged)
    out = []
    for f in fired:
        flag, clinician = f.flag, talk.form.audience == "clinician"
        name = flag.name if clinician else flag.patient_name
        action = flag.action if clinician else flag.patient_action
        out.append(make.warning(f"red_flag.{flag.id}", f"{make.capital(name)}. {action}"))
    if any(f.flag.urgency in _PRESSING for f in fired):
        number = judged.compiled.knowledge.by_id(EmergencyNumber)["default"]
        out.append(make.warning("red_flag.number", f"{number.sentence} The questions can wait; this should not."))
    return out


def _closing(form: Form) -> list[Resource]:
    said = "That was the last question: no other answer would change what to do by more than it costs to ask."
    return [make.display("closing", f"{said} {form.limits}")]


def _belief(judged: Judged, form: Form) -> tuple[list[Resource], list[Resource]]:
    """The likeliest explanations in per cent, as hidden items that cannot be changed; none before any answer."""
    if not judged.presentation.observations:
        return [], []
    asked, said = [], []
    for e in judged.ranked[:_LEADING]:
        item: Resource = {"linkId": f"belief.{e.id}", "text": words.name(e, form.audience)}
        percent = {"value": round(100 * judged.probability[e.id], 1), **_PERCENT}
        code = [{"system": EXPLANATIONS, "code": e.id, "display": e.name}]
        asked.append({"extension": [make.HIDDEN], **item, "code": code, "type": "quantity", "readOnly": True})
        said.append({**item, "answer": [{"valueQuantity": percent}]})
    return asked, said


_PERCENT = {"unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}
