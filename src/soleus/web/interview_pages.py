"""The pages of the interview: what follows on a step, and what each page shows."""

from __future__ import annotations

from typing import Any

from starlette.responses import HTMLResponse

from soleus.errors import InvalidValue
from soleus.reasoning import words
from soleus.reasoning.interview import Interview
from soleus.reasoning.questions import Question, screen_questions
from soleus.web import about_you, asking, body_map
from soleus.web.about_you import Fault
from soleus.web.form import Form, Visit
from soleus.web.rendering import page
from soleus.web.site import Site


def following(site: Site, visit: Visit, session: Interview | None = None) -> HTMLResponse:
    """What comes next: a warning, the map, a question, or the end of asking."""
    session = session or visit.interview(site.compiled)
    if flags := asking.interrupting(visit, session):
        return warning_page(site, visit, session, [asking.warned(f.flag, visit.clinician) for f in flags])
    if not _placed(session):
        return map_page(visit, session)
    question = session.next()
    return end_page(visit, session) if question is None else question_page(visit, session, question)


def _placed(session: Interview) -> bool:
    """Whether the place of the trouble was told or asked."""
    presentation = session.judged().presentation
    return body_map.SITE in presentation.observations or body_map.SITE in presentation.asked


def person_page(site: Site, visit: Visit, form: Form | None = None, faults: tuple[Fault, ...] = ()) -> HTMLResponse:
    person = visit.state.case.get("person", {})
    told = {
        "age": form.typed("age") if form else f"{person['age']:g}" if "age" in person else "",
        "sex": form.one("sex") if form else person.get("sex", ""),
        "country": form.one("country") if form else visit.state.case.get("country", ""),
    }
    return page(
        "interview_person.html.j2",
        400 if faults else 200,
        visit=visit,
        told=told,
        countries=about_you.countries(site.compiled),
        faults=faults,
    )


def health_page(
    site: Site, visit: Visit, form: Form | None = None, faults: tuple[Fault, ...] = (), seen: str = ""
) -> HTMLResponse:
    lists = {name: about_you.written(visit, name) for name in ("medicines", "conditions")}
    told = {name: form.typed(name) if form else "\n".join(listed) for name, listed in lists.items()}
    return page(
        "interview_health.html.j2",
        400 if faults else 200,
        visit=visit,
        told=told,
        faults=faults,
        seen=seen,
        health=about_you.health(site.compiled, lists["medicines"], lists["conditions"]) if seen else None,
    )


def map_page(
    visit: Visit,
    session: Interview,
    form: Form | None = None,
    told: body_map.Told | None = None,
    faults: tuple[Fault, ...] = (),
    at: int | None = None,
) -> HTMLResponse:
    known = dict(a.set_findings[0] for a in session.answers if a.question in (body_map.SITE, body_map.SIDE))
    marks = told.marks if told else visit.state.marks
    number = form.one("at") if form else "" if at is None else str(at)
    findings = session.compiled.findings
    return page(
        "interview_map.html.j2",
        400 if faults else 200,
        visit=visit,
        marks=marks,
        regions=body_map.REGIONS,
        legs=body_map.LEGS,
        sides=_replies(session, body_map.SIDE, told.side if told else known.get(body_map.SIDE)),
        side_question=_question(session, body_map.SIDE).text(session.respondent),
        question=_question(session, body_map.SITE).text(session.respondent),
        why=findings[body_map.SITE].why_asked,
        faults=faults,
        at=number,
        part=1,
        **_around(visit, session),
    )


def worst_page(visit: Visit, session: Interview, form: Form, told: body_map.Told) -> HTMLResponse:
    """Several places were marked: the judgement wants the one that is worst."""
    return page(
        "interview_worst.html.j2",
        visit=visit,
        marks=told.marks,
        side=told.side,
        worst=[r for r in _replies(session, body_map.SITE) if _offered(r.value, told.marks)],
        why=session.compiled.findings[body_map.SITE].why_asked,
        at=form.one("at"),
        **_around(visit, session),
    )


def _offered(site: str, marks: tuple[str, ...]) -> bool:
    return site in (*body_map.sites_of(marks), "whole_leg", "not_assessed")


def _question(session: Interview, finding: str) -> Question:
    return asking.question_of(session.compiled, finding)


def _replies(session: Interview, finding: str, given: str | None = None) -> tuple[asking.Reply, ...]:
    return asking.replies(session, _question(session, finding), given)


def question_page(
    visit: Visit, session: Interview, question: Question, at: str = "", *, opened: bool = False
) -> HTMLResponse:
    """A question; ``at``: the number of the answer that is changed, ``opened``: with what a "yes" leads to."""
    before = session.answers[number_of(at, session)] if at else None
    given = "yes" if opened else before.reply if before else None
    asked, replies = question.text(session.respondent), asking.replies(session, question, given)
    return page(
        "interview_question.html.j2",
        visit=visit,
        question=question,
        asked=asked,
        for_another=session.respondent in ("parent", "carer") and (opened or asking.speaks_to_you(asked, replies)),
        why=asking.reason(question, session.respondent),
        replies=replies,
        details=_opened(session, question, at) if opened else (),
        at=at,
        part=asking.PART[question.stage],
        **_around(visit, session, question.stage),
    )


def _opened(session: Interview, question: Question, at: str) -> tuple[asking.Detail, ...]:
    """What a "yes" leads to; for an earlier answer as if it were not given, with what was ticked."""
    if question.item is None:
        return ()
    if not at:
        return asking.details(session, question.item, {})
    before = session.answers[number_of(at, session)]
    rest = [a for a in session.answers if a is not before]
    without = Interview(session.compiled, session.case, session.groups, session.respondent, rest)
    return asking.details(without, question.item, dict(before.set_findings) if before.reply == "yes" else {})


def warning_page(site: Site, visit: Visit, session: Interview, flags: list[asking.Warned]) -> HTMLResponse:
    return page(
        "interview_warning.html.j2",
        visit=visit,
        new=flags,
        number=asking.emergency(site.compiled, visit.state.case.get("country")),
        **_around(visit, session),
    )


def end_page(visit: Visit, session: Interview) -> HTMLResponse:
    judged = session.judged()
    return page(
        "interview_end.html.j2",
        visit=visit,
        why=words.stop(session.stop(), bool(screen_questions(judged))),
        told=bool(judged.presentation.observations),
        **_around(visit, session, "value"),
    )


def _around(visit: Visit, session: Interview, stage: str | None = "opening") -> dict[str, Any]:
    """What stands around every question: warnings so far, belief, earlier answers."""
    return {
        "flags": asking.warnings(visit, session),
        "belief": asking.belief(visit, session, stage),
        "earlier": asking.earlier(session),
        "person": words.person(session.judged().presentation),
        "health_lines": (*about_you.written(visit, "medicines"), *about_you.written(visit, "conditions")),
    }


def number_of(told: str, session: Interview) -> int:
    """The number of an answer. Raises `InvalidValue` for one that was not given."""
    if not (told.isascii() and told.isdigit() and len(told) < 5 and int(told) < len(session.answers)):
        raise InvalidValue("answer", "a number that is none", "the number of an answer", "Start anew.")
    return int(told)
