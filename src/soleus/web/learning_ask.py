"""What would you ask next? A choice of questions for a case, then what each is worth to the computed judgement."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from soleus.accounts import Visitor
from soleus.learning.codes import new_code
from soleus.learning.course import CourseCase, case_named
from soleus.learning.explaining import labels
from soleus.learning.next_question import ACT, exercise, exercises
from soleus.learning.records import Asked, keep_asked, record_of
from soleus.learning.telling import told
from soleus.web.acting import personal
from soleus.web.learning_parts import HOME, Sent, routes_of_learning, sent
from soleus.web.site import Site

ASK = f"{HOME}/ask"


def router(site: Site) -> APIRouter:
    """GET /learn/ask; GET and POST /learn/ask/{slug}."""
    routes = routes_of_learning()

    @routes.get(ASK)
    async def listed(request: Request) -> HTMLResponse:
        return await site.run(_list_page, site, request, site.visitor_of(request))  # type: ignore[no-any-return]

    @routes.get(f"{ASK}/{{slug}}")
    async def asked(slug: str, request: Request) -> HTMLResponse:
        case, visitor = case_named(slug), site.visitor_of(request)
        return await site.run(_page, site, request, visitor, case)  # type: ignore[no-any-return]

    @routes.post(f"{ASK}/{{slug}}")
    async def chosen(slug: str, request: Request) -> HTMLResponse:
        case, form = case_named(slug), await sent(site, request)
        return await site.run(_chosen, site, request, case, form)  # type: ignore[no-any-return]

    return routes


def _list_page(site: Site, request: Request, visitor: Visitor | None) -> HTMLResponse:
    done = {q.what.case: q.what for q in record_of(site.store, visitor.id).questions} if visitor else {}
    cases = [(c, done.get(c.id)) for c in exercises(site.compiled)]
    return personal(site, request, "learn_asks.html.j2", visitor=visitor, cases=cases)


def _page(
    site: Site,
    request: Request,
    visitor: Visitor | None,
    case: CourseCase,
    asked: Asked | None = None,
    lacking: bool = False,
    stale: bool = False,
) -> HTMLResponse:
    """The choices in the order of the alphabet; once one is ``asked``, all with their worth, the best first."""
    found = exercise(site.compiled, case)
    every = exercises(site.compiled)
    n = every.index(case) if case in every else -1
    return personal(
        site,
        request,
        "learn_ask.html.j2",
        400 if lacking else 200,
        visitor=visitor,
        case=case,
        told=told(site.compiled, case),
        choices=sorted(found.worths, key=lambda w: w.label),
        worths=found.worths,
        best=found.best,
        longest=max([abs(w.value) for w in found.worths] + [1e-9]),
        act=ACT,
        asked=asked,
        lacking=lacking,
        stale=stale,
        labels=labels(site.compiled, (case.answer, case.tempting)),
        attempt=new_code(),
        following=every[n + 1] if n + 1 < len(every) else None,
    )


def _chosen(site: Site, request: Request, case: CourseCase, form: Sent) -> HTMLResponse:
    asked = exercise(site.compiled, case).asked(form.form.one("question"))
    if asked is None:
        return _page(site, request, form.visitor, case, lacking=True, stale=form.stale)
    if form.visitor is not None:
        asked = keep_asked(site.store, form.visitor, form.code, asked, site.clock().timestamp()).what
        case = case_named(asked.case)
    return _page(site, request, form.visitor, case, asked, stale=form.stale)
