"""The course: its cases one by one, each with choice, confidence and explanation."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from soleus.accounts import Visitor
from soleus.learning.codes import new_code
from soleus.learning.course import CourseCase, case_named, course
from soleus.learning.explaining import explained, labels
from soleus.learning.grading import Given, Missing, Reply, given, missing, reply_of
from soleus.learning.records import Answered, Record, keep_answer, record_of
from soleus.learning.rules import rules
from soleus.learning.telling import told
from soleus.web.acting import personal
from soleus.web.learning_parts import HOME, Judged, Sent, Teaching, knowledge_of, routes_of_learning, sent
from soleus.web.site import Site

COURSE = f"{HOME}/course"
CASE = f"{HOME}/case"


def router(site: Site) -> APIRouter:
    """GET /learn/course; GET and POST /learn/case/{slug}; GET /learn/case/{slug}/answer."""
    routes = routes_of_learning()

    @routes.get(COURSE)
    async def listed(request: Request) -> HTMLResponse:
        return await site.run(_course_page, site, request, site.visitor_of(request))  # type: ignore[no-any-return]

    @routes.get(f"{CASE}/{{slug}}")
    async def asked(slug: str, request: Request) -> HTMLResponse:
        case, visitor = case_named(slug), site.visitor_of(request)
        return await site.run(_case_page, site, request, visitor, case, Reply())  # type: ignore[no-any-return]

    @routes.post(f"{CASE}/{{slug}}")
    async def answered(slug: str, request: Request) -> HTMLResponse:
        case, form = case_named(slug), await sent(site, request)
        return await site.run(_answered, site, request, case, form)  # type: ignore[no-any-return]

    @routes.get(f"{CASE}/{{slug}}/answer")
    async def explanation(slug: str, request: Request) -> HTMLResponse:
        case, visitor = case_named(slug), site.visitor_of(request)
        return await site.run(_answer_page, site, request, visitor, case, None)  # type: ignore[no-any-return]

    return routes


def _course_page(site: Site, request: Request, visitor: Visitor | None) -> HTMLResponse:
    last = record_of(site.store, visitor.id).last_given if visitor else {}
    levels = {level: [(c, last.get(c.id)) for c in course() if c.level == level] for level in (1, 2, 3)}
    return personal(
        site, request, "learn_course.html.j2", visitor=visitor, levels=levels, n=len(course()), answered=len(last)
    )


def _case_page(
    site: Site,
    request: Request,
    visitor: Visitor | None,
    case: CourseCase,
    reply: Reply,
    lacking: tuple[Missing, ...] = (),
    code: str | None = None,
) -> HTMLResponse:
    """The case and its questions; with what is ``lacking`` named, and what was chosen kept."""
    record = record_of(site.store, visitor.id) if visitor else None
    return personal(
        site,
        request,
        "learn_case.html.j2",
        400 if lacking else 200,
        visitor=visitor,
        case=case,
        told=told(site.compiled, case),
        labels=labels(site.compiled, case.choices),
        steps=rules().confidence,
        reply=reply,
        lacking=lacking,
        attempt=code or new_code(),
        before=record.last_given.get(case.id) if record else None,
        **_place(case),
    )


def _place(case: CourseCase) -> dict[str, Any]:
    every = course()
    n = every.index(case)
    return {"number": n + 1, "of": len(every), "following": every[n + 1] if n + 1 < len(every) else None}


def _answered(site: Site, request: Request, case: CourseCase, form: Sent) -> HTMLResponse:
    """Keep the answer of somebody with an account, then explain; or ask again for what is missing."""
    reply = reply_of(case, form.form.one("choice"), form.form.one("confidence"))
    if lacking := missing([case], {case.id: reply}):
        return _case_page(site, request, form.visitor, case, reply, lacking, form.code)
    answer = given(case, reply)
    if form.visitor is not None:
        entry = Answered(answer, knowledge_of(site.compiled))
        answer = keep_answer(site.store, form.visitor, form.code, entry, site.clock().timestamp()).what.given
        case = case_named(answer.case)
    return _answer_page(site, request, form.visitor, case, answer, stale=form.stale)


def _answer_page(
    site: Site, request: Request, visitor: Visitor | None, case: CourseCase, answer: Given | None, stale: bool = False
) -> HTMLResponse:
    """What it was and why; ``answer`` None: nobody has answered here."""
    compiled, teaching = site.compiled, Teaching(site.compiled)
    shown, lesson = explained(compiled, case), teaching.lesson(case)
    steps = [(s, teaching.cites(s.sources)) for s in shown.steps]
    return personal(
        site,
        request,
        "learn_answer.html.j2",
        visitor=visitor,
        case=case,
        judged=Judged(case, answer, lesson) if answer else None,
        lesson=lesson,
        shown=shown,
        steps=steps,
        longest=max(abs(s.decibans) for s in shown.steps) or 1.0,
        flags=[(f, teaching.cites(f.sources)) for f in shown.flags],
        to_do=[(w, teaching.cites(w.sources)) for w in shown.to_do],
        labels=labels(compiled, (*case.choices, *case.every_right, *([answer.choice] if answer else []))),
        references=teaching.references(),
        audience="clinician",
        stale=stale,
        progress=_progress(site, visitor),
        **_place(case),
    )


def _progress(site: Site, visitor: Visitor | None) -> Record | None:
    return record_of(site.store, visitor.id) if visitor else None
