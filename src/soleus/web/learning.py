"""The home of learning: the ways in, one's own results over time and confidence, the record, what is kept."""

from __future__ import annotations

import datetime
from typing import Any

import anyio
import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from soleus.accounts import Visitor
from soleus.learning.certificates import certificate
from soleus.learning.commitments import commitments_of
from soleus.learning.confidence import Calibration, calibration
from soleus.learning.course import course
from soleus.learning.next_question import exercises
from soleus.learning.records import Record, keep_named, record_of
from soleus.learning.rules import rules
from soleus.web.acting import acting, personal, signed_in
from soleus.web.assets import styles
from soleus.web.catalogue import text
from soleus.web.handing_over import download
from soleus.web.learning_parts import HOME, day_of, routes_of_learning
from soleus.web.learning_plots import confidence_plot, results_plot
from soleus.web.pdf import pdf, pdf_is_here
from soleus.web.rendering import html
from soleus.web.site import Site

RECORD = f"{HOME}/record"
FILE_NAME = "soleus-learning"


def router(site: Site) -> APIRouter:
    """GET /learn, /learn/record, also as .pdf and .json; POST /learn/named."""
    routes = routes_of_learning()
    turn = anyio.Lock()

    @routes.get(HOME)
    async def home(request: Request) -> HTMLResponse:
        return await site.run(_home_page, site, request, site.visitor_of(request))  # type: ignore[no-any-return]

    @routes.get(RECORD)
    async def record(request: Request) -> HTMLResponse:
        visitor = signed_in(site, request)
        values = await site.run(_record_values, site, visitor)
        return personal(site, request, "learn_record.html.j2", visitor=visitor, pdf=pdf_is_here(), **values)

    @routes.get(f"{RECORD}.pdf")
    async def as_pdf(request: Request) -> Response:
        visitor = signed_in(site, request)
        async with turn:
            made = await site.run(record_pdf, site, visitor)
        return download(made, f"{FILE_NAME}.pdf", "application/pdf")

    @routes.get(f"{RECORD}.json")
    async def as_json(request: Request) -> Response:
        found = await site.run(record_data, site, signed_in(site, request))
        return download(msgspec.json.format(msgspec.json.encode(found)), f"{FILE_NAME}.json", "application/json")

    @routes.post(f"{HOME}/named")
    async def named(request: Request) -> Response:
        visitor, form = await acting(site, request)
        agreed = form.one("named") == "yes"
        await site.run(keep_named, site.store, visitor, agreed, site.clock().timestamp())
        return RedirectResponse(f"{HOME}#group", 303)

    return routes


def _home_page(site: Site, request: Request, visitor: Visitor | None) -> HTMLResponse:
    own = _own(site, visitor) if visitor else {}
    return personal(
        site,
        request,
        "learn_home.html.j2",
        visitor=visitor,
        n=len(course()),
        asks=len(exercises(site.compiled)),
        rules=rules(),
        **own,
    )


def _own(site: Site, visitor: Visitor) -> dict[str, Any]:
    record = record_of(site.store, visitor.id)
    found = calibration_of(record)
    group = site.store.institution(visitor.group) if visitor.group else None
    return {
        "record": record,
        "results": results_plot(record.quizzes, rules()["pass_share"]),
        "found": found,
        "confidence": confidence_plot(found.bins),
        "commitments": commitments_of(record),
        "due": [c for c in commitments_of(record) if c.due(site.today())],
        "group": group,
        "day_of": day_of,
    }


def calibration_of(record: Record) -> Calibration:
    """Of the first answers alone."""
    return calibration([given for _, given in record.first_given.values()])


def _record_values(site: Site, visitor: Visitor) -> dict[str, Any]:
    record = record_of(site.store, visitor.id)
    return {
        "name": visitor.name,
        "today": site.today(),
        "record": record,
        "found": calibration_of(record),
        "commitments": commitments_of(record),
        "certificates": {q.code: certificate(q, record) is not None for q in record.quizzes},
        "titles": {c.id: c.title for c in course()},
        "day_of": day_of,
        "version": site.compiled.knowledge.version,
    }


def record_pdf(site: Site, visitor: Visitor) -> bytes:
    return pdf(html("learn_record.html.j2", style=styles(), **_record_values(site, visitor)))


def record_data(site: Site, visitor: Visitor) -> dict[str, Any]:
    """The record as plain data; moments are ISO 8601 (UTC)."""
    record = record_of(site.store, visitor.id)
    found = calibration_of(record)
    return {
        "name": visitor.name,
        "made_at": _moment(site.clock().timestamp()),
        "claims": text("learn.cert_claims"),
        "review": text("learn.cert_review"),
        "answers": [
            {"at": _moment(at), **msgspec.to_builtins(given), "first": record.first_given[given.case][1] is given}
            for at, given in record.given
        ],
        "quizzes": [
            {
                "code": q.code,
                "at": _moment(q.at),
                "quiz": q.what.quiz,
                "right": q.what.score.right,
                "of": q.what.score.n,
                "pass_share": q.what.pass_share,
                "passed": q.what.score.passed,
                "knowledge": msgspec.to_builtins(q.what.knowledge),
            }
            for q in record.quizzes
        ],
        "questions": [
            {"at": _moment(q.at), **msgspec.to_builtins(q.what), "regret": q.what.regret} for q in record.questions
        ],
        "commitments": [
            {
                "quiz": c.code,
                "at": _moment(c.at),
                "statements": list(c.texts),
                "asked_again_on": c.promise.until,
                "outcome": msgspec.to_builtins(c.outcome) if c.outcome else None,
            }
            for c in commitments_of(record)
        ],
        "calibration": {
            "first_answers": found.n,
            "right": found.right,
            "mean_confidence": found.mean_confidence,
            "brier": found.brier if found.n else None,
            "verdict": found.verdict,
        },
    }


def _moment(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
