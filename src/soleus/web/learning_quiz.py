"""The quiz: cases on one page, all to be answered; then the result, and what one will do differently."""

from __future__ import annotations

import secrets

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from soleus.accounts import Visitor
from soleus.errors import InputError, UnknownName
from soleus.learning.certificates import certificate
from soleus.learning.codes import code_of, new_code
from soleus.learning.commitments import MOST_WORDS, REPLIES, commitment_on, keep, outcome, promise
from soleus.learning.course import CourseCase, case_named, course
from soleus.learning.explaining import labels
from soleus.learning.grading import Missing, Reply, given, missing, reply_of
from soleus.learning.quizzes import HIGHEST_SEED, Quiz, quiz_named
from soleus.learning.records import Kept, Paper, keep_paper, paper_of, record_of
from soleus.learning.rules import resolutions_for, rules
from soleus.learning.telling import told
from soleus.web.acting import acting, personal, signed_in
from soleus.web.form import Form
from soleus.web.learning_parts import HOME, Judged, Sent, Teaching, day_of, knowledge_of, routes_of_learning, sent
from soleus.web.site import Site

QUIZ = f"{HOME}/quiz"
DONE = f"{HOME}/attempt"
_MOST_DIGITS = 6  # of the number of a quiz as it is typed, zeros before it included


def router(site: Site) -> APIRouter:
    """GET /learn/quiz; GET and POST /learn/quiz/{name}; GET /learn/attempt/{code}, POST to its commitment."""
    routes = routes_of_learning()

    @routes.get(QUIZ)
    async def start(request: Request) -> Response:
        number = request.query_params.get("number", "").strip()
        if number.isdecimal() and len(number) <= _MOST_DIGITS and int(number) <= HIGHEST_SEED:
            return RedirectResponse(f"{QUIZ}/mixed-{int(number)}", 303)
        return _start_page(site, request, asked=number)

    @routes.get(f"{QUIZ}/{{name}}")
    async def quiz(name: str, request: Request) -> HTMLResponse:
        found, visitor = quiz_named(name), site.visitor_of(request)
        return await site.run(_quiz_page, site, request, visitor, found, {})  # type: ignore[no-any-return]

    @routes.post(f"{QUIZ}/{{name}}")
    async def handed_in(name: str, request: Request) -> Response:
        found, form = quiz_named(name), await sent(site, request)
        return await site.run(_handed_in, site, request, found, form)  # type: ignore[no-any-return]

    @routes.get(f"{DONE}/{{code}}")
    async def result(code: str, request: Request) -> HTMLResponse:
        visitor = signed_in(site, request)
        return await site.run(_kept_page, site, request, visitor, code)  # type: ignore[no-any-return]

    @routes.post(f"{DONE}/{{code}}/commitment")
    async def commit(code: str, request: Request) -> Response:
        visitor, form = await acting(site, request)
        return await site.run(_committed, site, request, visitor, code, form)  # type: ignore[no-any-return]

    @routes.post(f"{DONE}/{{code}}/outcome")
    async def follow_up(code: str, request: Request) -> Response:
        visitor, form = await acting(site, request)
        return await site.run(_followed_up, site, request, visitor, code, form)  # type: ignore[no-any-return]

    return routes


def _start_page(site: Site, request: Request, asked: str) -> HTMLResponse:
    return personal(
        site,
        request,
        "learn_quizzes.html.j2",
        400 if asked else 200,
        visitor=site.visitor_of(request),
        seed=secrets.randbelow(HIGHEST_SEED) + 1,
        asked=asked,
        levels={level: sum(c.level == level for c in course()) for level in (1, 2, 3)},
        rules=rules(),
        highest=HIGHEST_SEED,
    )


def _quiz_page(
    site: Site,
    request: Request,
    visitor: Visitor | None,
    quiz: Quiz,
    replies: dict[str, Reply],
    lacking: tuple[Missing, ...] = (),
    code: str | None = None,
) -> HTMLResponse:
    return personal(
        site,
        request,
        "learn_quiz.html.j2",
        400 if lacking else 200,
        visitor=visitor,
        quiz=quiz,
        told={c.id: told(site.compiled, c) for c in quiz.cases},
        labels=labels(site.compiled, {e for c in quiz.cases for e in c.choices}),
        replies={c.id: replies.get(c.id, Reply()) for c in quiz.cases},
        lacking=lacking,
        steps=rules().confidence,
        pass_share=rules()["pass_share"],
        attempt=code or new_code(),
    )


def _handed_in(site: Site, request: Request, quiz: Quiz, form: Sent) -> Response:
    """Grade it, and keep it for somebody with an account; or show it again with what is missing."""
    fields = form.form
    replies = {
        c.id: reply_of(c, fields.one(f"choice-{c.slug}"), fields.one(f"confidence-{c.slug}")) for c in quiz.cases
    }
    if lacking := missing(quiz.cases, replies):
        return _quiz_page(site, request, form.visitor, quiz, replies, lacking, form.code)
    answers = tuple(given(c, replies[c.id]) for c in quiz.cases)
    name = form.visitor.name if form.visitor else ""
    paper = Paper(quiz.name, answers, rules()["pass_share"], name, knowledge_of(site.compiled))
    if form.visitor is None:
        return _result_page(site, request, None, Kept("", site.clock().timestamp(), 0, paper), stale=form.stale)
    kept = keep_paper(site.store, form.visitor, form.code, paper, site.clock().timestamp())
    return RedirectResponse(f"{DONE}/{kept.code}", 303)


def own_paper(site: Site, visitor: Visitor, typed: str) -> Kept[Paper]:
    """A quiz that the visitor handed in. Raises `UnknownName` for any other."""
    code = code_of(typed)
    found = paper_of(site.store, code) if code else None
    if found is None or found[0] != visitor.id:
        raise UnknownName("attempt", "none of yours", "a quiz that you handed in", "Your record lists them.")
    return found[1]


def _kept_page(site: Site, request: Request, visitor: Visitor, code: str) -> HTMLResponse:
    return _result_page(site, request, visitor, own_paper(site, visitor, code))


def _result_page(
    site: Site,
    request: Request,
    visitor: Visitor | None,
    kept: Kept[Paper],
    error: InputError | None = None,
    form: Form | None = None,
    stale: bool = False,
) -> HTMLResponse:
    """The score, each case with the preferred answer and its lesson, and the commitment."""
    paper, teaching = kept.what, Teaching(site.compiled)
    results = [Judged(c, g, teaching.lesson(c)) for g in paper.given if (c := _known(g.case)) is not None]
    cases = tuple(g.case for g in paper.given)
    wrong = frozenset(g.case for g in paper.given if not g.right)
    record = record_of(site.store, visitor.id) if visitor else None
    return personal(
        site,
        request,
        "learn_result.html.j2",
        400 if error else 200,
        visitor=visitor,
        kept=kept,
        paper=paper,
        day=day_of(kept.at),
        results=results,
        labels=labels(site.compiled, {e for r in results for e in (*r.case.every_right, r.given.choice)}),
        references=teaching.references(),
        certificate=certificate(kept, record) if record else None,
        resolutions=resolutions_for(cases, wrong),
        commitment=commitment_on(record, kept.code) if record else None,
        weeks=rules().follow_up_weeks,
        replies=REPLIES,
        most_words=MOST_WORDS,
        today=site.today(),
        day_of=day_of,
        error=error,
        form=form or Form({}),
        audience="clinician",
        stale=stale,
    )


def _known(id: str) -> CourseCase | None:
    """The case of a kept answer; None for one that the course has no more."""
    try:
        return case_named(id)
    except UnknownName:
        return None


def _committed(site: Site, request: Request, visitor: Visitor, code: str, form: Form) -> Response:
    kept = own_paper(site, visitor, code)
    try:
        what = promise(form.all("statement"), form.typed("words"), form.one("weeks"), site.today())
    except InputError as error:
        return _result_page(site, request, visitor, kept, error, form)
    keep(site.store, visitor, kept.code, what, _seen(form), site.clock().timestamp())
    return RedirectResponse(f"{DONE}/{kept.code}#commitment", 303)


def _followed_up(site: Site, request: Request, visitor: Visitor, code: str, form: Form) -> Response:
    kept = own_paper(site, visitor, code)
    try:
        what = outcome(form.one("reply"), form.typed("words"))
    except InputError as error:
        return _result_page(site, request, visitor, kept, error, form)
    keep(site.store, visitor, kept.code, what, _seen(form), site.clock().timestamp())
    return RedirectResponse(f"{DONE}/{kept.code}#commitment", 303)


def _seen(form: Form) -> int:
    """The last line of the commitment that the page has shown; 0 for none."""
    told = form.one("seen")
    return int(told) if told.isdecimal() and len(told) < 16 else 0
