"""The interview: who, the person, medicines, the map of the legs, then the questions in the order of the core.

One address takes every step. What was told travels with the page (`soleus.web.form.Visit`); nothing is kept here.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from soleus.errors import InputError, InvalidValue
from soleus.reasoning.interview import Interview
from soleus.reasoning.questions import Question
from soleus.web import about_you, asking, body_map, saving
from soleus.web import interview_pages as pages
from soleus.web.about_you import Fault
from soleus.web.catalogue import text
from soleus.web.changing import Said, changed
from soleus.web.form import Form, Visit, begun, read, visit_of
from soleus.web.rendering import page
from soleus.web.site import Site

_NAMES_KEPT = "public, max-age=86400"


def router(site: Site) -> APIRouter:
    """The routes of the interview."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/interview")
    async def who() -> HTMLResponse:
        return page("interview_who.html.j2")

    @routes.post("/interview")
    async def step(request: Request) -> HTMLResponse:
        form = await read(request)
        answered: HTMLResponse = await site.at_once(answer, site, form)
        return answered

    @routes.get("/interview/names")
    async def names() -> Response:
        told = msgspec.json.encode(about_you.names(site.compiled))
        return Response(told, media_type="application/json", headers={"cache-control": _NAMES_KEPT})

    return routes


def answer(site: Site, form: Form) -> HTMLResponse:
    """The page that follows on a form. Raises `InputError` for a form that no page of ours wrote."""
    if not form.one("state") and form.one("do") == "resume":
        return _resume(site, form)
    if not form.one("state"):
        return pages.person_page(site, begun(form, site.today()))
    do = "change" if "change" in form.fields else form.one("do", "on")
    if do not in _STEPS:
        raise InvalidValue("do", "a step that is none", "what a page of this version wrote", "Start anew.")
    return _STEPS[do](site, visit_of(form), form)


# --- steps ------------------------------------------------------------------------------------------------------------


def _person(site: Site, visit: Visit, form: Form) -> HTMLResponse:
    told, faults = about_you.read_person(visit, form, site.compiled)
    faults = faults or _clash(site, told, "sex")
    if faults:
        return pages.person_page(site, visit, form, faults)
    person = told.state.case["person"]
    if about_you.may_be_pregnant(person, site.compiled) and "pregnant" not in person:
        return page("interview_pregnant.html.j2", visit=told)
    return _after_person(site, told)


def _clash(site: Site, visit: Visit, field: str) -> tuple[Fault, ...]:
    """What the person cannot be together with what was told before."""
    try:
        visit.interview(site.compiled).judged()
    except InputError as error:
        return (Fault(field, f"{error.expected[:1].upper()}{error.expected[1:]}. {error.repair}"),)
    return ()


def _pregnant(site: Site, visit: Visit, form: Form) -> HTMLResponse:
    return _after_person(site, about_you.read_pregnant(visit, form))


def _after_person(site: Site, visit: Visit) -> HTMLResponse:
    """Medicines come next, unless they were asked already."""
    return pages.following(site, visit) if visit.state.answers else pages.health_page(site, visit)


def _health(site: Site, visit: Visit, form: Form) -> HTMLResponse:
    told, faults = about_you.read_health(visit, form, site.compiled)
    if faults:
        return pages.health_page(site, visit, form, faults)
    shown = _listed(told)
    if shown and form.one("seen") != shown:
        return pages.health_page(site, told, seen=shown)
    return pages.following(site, told)


def _listed(visit: Visit) -> str:
    """Both lists as one text, to tell whether its reader has seen what was recognised."""
    return "\n".join((*about_you.written(visit, "medicines"), "--", *about_you.written(visit, "conditions"))).strip(
        "-\n"
    )


def _map(site: Site, visit: Visit, form: Form) -> HTMLResponse:
    session = visit.interview(site.compiled)
    told = body_map.read(form, site.compiled)
    if form.one("reply") == "not_assessed":
        told = body_map.Told((), "not_assessed", told.side)
    elif not told.marks:
        return pages.map_page(visit, session, form, told, (Fault("map", text("map.nothing")),))
    if told.site is None:
        return pages.worst_page(visit.with_state(marks=told.marks), session, form, told)
    return _recorded(site, visit.with_state(marks=told.marks), session, form, body_map.said(session, told))


def _answer(site: Site, visit: Visit, form: Form) -> HTMLResponse:
    """A reply. "Yes" to an item of the screen first opens what it leads to, on the same page."""
    session = visit.interview(site.compiled)
    question = _question_of(site, form)
    reply = form.one("reply")
    if question.item is not None and reply == "yes":
        return pages.question_page(visit, session, question, form.one("at"), opened=True)
    return _recorded(site, visit, session, form, [Said(question, reply)])


def _question_of(site: Site, form: Form) -> Question:
    screen = form.one("kind") == "screen"
    return asking.question_of(site.compiled, form.one("question"), form.one("stage"), screen=screen)


def _details(site: Site, visit: Visit, form: Form) -> HTMLResponse:
    """What was ticked below a "yes"; where nothing was, each is asked in turn."""
    session = visit.interview(site.compiled)
    question = _question_of(site, form)
    if question.item is None:
        raise InvalidValue("question", "one without details", "an item of the screen", "Start anew.")
    ticked = {f: state for f in question.item.then_ask if (state := form.one(f"detail-{f}"))}
    return _recorded(site, visit, session, form, [Said(question, "yes", ticked or None)])


def _recorded(site: Site, visit: Visit, session: Interview, form: Form, said: list[Said]) -> HTMLResponse:
    """The page after an answer, which may take the place of an earlier one (field ``at``)."""
    if form.one("at"):
        at = pages.number_of(form.one("at"), session)
        return pages.following(site, visit.after(changed(session, at, said)))
    for s in said:
        session.answer(s.question, s.reply, s.details)
    return pages.following(site, visit.after(session), session)


def _on(site: Site, visit: Visit, _: Form) -> HTMLResponse:
    """Go on; the red flags that were shown count as told."""
    session = visit.interview(site.compiled)
    shown = tuple(f.flag.id for f in asking.interrupting(visit, session))
    return pages.following(site, visit.with_state(told=(*visit.state.told, *shown)), session)


def _back(site: Site, visit: Visit, _: Form) -> HTMLResponse:
    """The question before, with its answer marked."""
    session = visit.interview(site.compiled)
    if not session.answers:
        return pages.health_page(site, visit)
    return _again(visit, session, len(session.answers) - 1)


def _change(site: Site, visit: Visit, form: Form) -> HTMLResponse:
    session = visit.interview(site.compiled)
    return _again(visit, session, pages.number_of(form.one("change"), session))


def _again(visit: Visit, session: Interview, at: int) -> HTMLResponse:
    """The question of an earlier answer; what was told after it stays until it is answered anew."""
    before = session.answers[at]
    if before.question in (body_map.SITE, body_map.SIDE) and visit.state.marks:
        return pages.map_page(visit, session, at=_first_of_map(session))
    question = asking.asked(session, before)
    opened = before.reply == "yes" and question.item is not None and not before.followed_by
    return pages.question_page(visit, session, question, str(at), opened=opened)


def _first_of_map(session: Interview) -> int:
    return next(n for n, a in enumerate(session.answers) if a.question in (body_map.SITE, body_map.SIDE))


def _quiet(site: Site, visit: Visit, form: Form) -> HTMLResponse:
    return pages.following(site, Visit(visit.state, form.one("do") == "hide", visit.link))


def _about(site: Site, visit: Visit, _: Form) -> HTMLResponse:
    return pages.person_page(site, visit)


def _lists(site: Site, visit: Visit, _: Form) -> HTMLResponse:
    return pages.health_page(site, visit)


def _map_again(site: Site, visit: Visit, _: Form) -> HTMLResponse:
    return pages.map_page(visit, visit.interview(site.compiled))


def _resume(site: Site, form: Form) -> HTMLResponse:
    """Go on with what a private link keeps."""
    try:
        visit, _saved = saving.kept(site, form.one("link"))
    except saving.Gone as gone:
        return page("saved_gone.html.j2", gone.status, what=str(gone.status))
    return pages.following(site, visit)


_STEPS: dict[str, Callable[[Site, Visit, Form], HTMLResponse]] = {
    "person": _person,
    "pregnant": _pregnant,
    "health": _health,
    "map": _map,
    "answer": _answer,
    "details": _details,
    "map_again": _map_again,
    "on": _on,
    "back": _back,
    "change": _change,
    "hide": _quiet,
    "show": _quiet,
    "about": _about,
    "lists": _lists,
}
