"""A client of the adaptive form, as thin as one can be: it answers what is shown and asks for the next question."""

from __future__ import annotations

import copy
from typing import Any

from soleus.interop.sdc.adaptive import next_question
from soleus.reasoning.compiled import shipped_compiled

Resource = dict[str, Any]
SERVER = "http://127.0.0.1:8000/fhir"
BASE = "https://soleus.example/fhir/Questionnaire"
DONT_KNOW = "not_assessed"
SUBJECT = {"reference": "Patient/p"}


def opened(who: str = "patient", **more: Any) -> Resource:
    """A response before the first question, as the SDC guide shows it."""
    contained = {
        "resourceType": "Questionnaire",
        "id": "form",
        "status": "draft",
        "title": "Legs",
        "derivedFrom": [f"{BASE}/legs-interview-{who}"],
    }
    return {
        "resourceType": "QuestionnaireResponse",
        "contained": [contained],
        "questionnaire": "#form",
        "status": "in-progress",
        "subject": SUBJECT,
        "authored": "2026-11-21T09:00:00Z",
        **more,
    }


def asked(response: Resource) -> Resource:
    """What comes back for a response."""
    return next_question(response, shipped_compiled(), SERVER)


def items_of(response: Resource) -> list[Resource]:
    found: list[Resource] = response["contained"][0]["item"]
    return found


def linked(response: Resource, link: str) -> Resource:
    return next(i for i in items_of(response) if i["linkId"] == link)


def answered(response: Resource) -> dict[str, Resource]:
    """linkId -> value of each answer."""
    return {i["linkId"]: i["answer"][0] for i in response.get("item", [])}


def open_items(response: Resource) -> list[Resource]:
    """The questions that have no answer yet."""
    done = answered(response)
    return [i for i in items_of(response) if i["type"] != "display" and i["linkId"] not in done]


def option(item: Resource, code: str) -> Resource:
    """The answer with this code."""
    return next({"valueCoding": o["valueCoding"]} for o in item["answerOption"] if o["valueCoding"]["code"] == code)


def with_answer(response: Resource, link: str, value: Resource) -> Resource:
    """The response with one answer more, or changed."""
    out = copy.deepcopy(response)
    kept = {i["linkId"]: i for i in out.get("item", [])}
    kept[link] = {"linkId": link, "answer": [value]}
    return {**out, "item": list(kept.values())}


def codes(item: Resource) -> list[str]:
    return [o["valueCoding"]["code"] for o in item["answerOption"]]


def told(response: Resource, **replies: str) -> Resource:
    """The open question answered: with the reply that stands for its linkId, else "no", else the first answer."""
    (item,) = open_items(response)
    code = replies.get(item["linkId"].replace(".", "_"), "no" if "no" in codes(item) else codes(item)[0])
    return asked(with_answer(response, item["linkId"], option(item, code)))


def about_person(who: str, age: float | None, sex: str | None, pregnant: bool | None = None) -> Resource:
    """The form with the questions about the person answered, and the next one shown."""
    response = asked(opened(who))
    number, unknown = open_items(response)
    value = option(unknown, DONT_KNOW) if age is None else {"valueDecimal": age}
    response = asked(with_answer(response, (unknown if age is None else number)["linkId"], value))
    response = asked(with_answer(response, "person.sex", option(linked(response, "person.sex"), sex or DONT_KNOW)))
    if open_items(response) and open_items(response)[0]["linkId"] == "person.pregnant":
        code = {True: "yes", False: "no", None: DONT_KNOW}[pregnant]
        response = asked(with_answer(response, "person.pregnant", option(open_items(response)[0], code)))
    return response
