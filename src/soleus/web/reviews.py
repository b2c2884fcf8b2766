"""The review desk: the queue, and a record with its history, its decisions and the corrections proposed for it.

Everybody who is signed in may look and comment; what changes anything is decided in `soleus.editorial`, not here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast, get_args
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from soleus.accounts import Visitor
from soleus.accounts.audit import note
from soleus.editorial.corrections import Decision, Outcome, decide
from soleus.editorial.queue import Asked
from soleus.editorial.records import fields, record_of
from soleus.editorial.reviewing import Act, Deed, act
from soleus.errors import ChangedMeanwhile, InputError, InvalidValue, UnknownName
from soleus.knowledge.schema.core import Explanation
from soleus.library.records import BASES
from soleus.reports.words import capital
from soleus.web.acting import acting, personal, signed_in
from soleus.web.form import Form
from soleus.web.rendering import error_page
from soleus.web.reviews_view import DESK, asked_of, query_of, queue_page, record_view, why
from soleus.web.site import Site

_TYPED = ("comment", "conflict_of_interest", "value", "reason", "into", "field")


@dataclass(frozen=True)
class Typed:
    """What was typed and could not be kept, to be shown again. ``form``: which form it was ('' for the review)."""

    form: str = ""
    texts: dict[str, str] = field(default_factory=dict)

    def get(self, form: str, name: str, other: str = "") -> str:
        return self.texts.get(name, other) if form == self.form else other


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get(DESK)
    async def desk(request: Request) -> HTMLResponse:
        return await site.run(_queue, site, request, signed_in(site, request))  # type: ignore[no-any-return]

    @routes.get(f"{DESK}/{{kind}}/{{id}}")
    async def record(request: Request, kind: str, id: str) -> HTMLResponse:
        return await site.run(_record, site, request, signed_in(site, request), kind, id)  # type: ignore[no-any-return]

    @routes.post(f"{DESK}/{{kind}}/{{id}}")
    async def reviewed(request: Request, kind: str, id: str) -> Response:
        visitor, form = await acting(site, request)
        return await site.run(_review, site, request, visitor, form, kind, id)  # type: ignore[no-any-return]

    @routes.post(f"{DESK}/{{kind}}/{{id}}/correction")
    async def corrected(request: Request, kind: str, id: str) -> Response:
        visitor, form = await acting(site, request)
        return await site.run(_correct, site, request, visitor, form, kind, id)  # type: ignore[no-any-return]

    return routes


# --- showing ------------------------------------------------------------------------------------------------


def _queue(site: Site, request: Request, visitor: Visitor) -> HTMLResponse:
    asked, number = asked_of(request.query_params), request.query_params.get("page", "1")
    shown = queue_page(site, asked, int(number) if number.isascii() and number.isdecimal() else 1, visitor)
    named = sorted(site.compiled.knowledge.all(Explanation), key=lambda e: e.name.casefold())
    return personal(
        site, request, "review_queue.html.j2", visitor=visitor,
        shown=shown, asked=asked, query_of=query_of, why=why, kinds=_kinds(site),
        explanations=named, today=site.today(),
    )  # fmt: skip


def _kinds(site: Site) -> list[tuple[str, str]]:
    """(kind, kind in words) of what can be reviewed."""
    every = sorted(site.compiled.knowledge.records.keys() - {"source"})
    return [(kind, capital(kind.replace("_", " "))) for kind in every]


def _record(site: Site, request: Request, visitor: Visitor, kind: str, id: str) -> HTMLResponse:
    try:
        return _shown(site, request, visitor, kind, id, asked_of(request.query_params))
    except UnknownName as error:
        return error_page(404, error)


def _shown(
    site: Site,
    request: Request,
    visitor: Visitor,
    kind: str,
    id: str,
    asked: Asked,
    *,
    error: InputError | None = None,
    typed: Typed | None = None,
    seen: tuple[int, int] | None = None,
) -> HTMLResponse:
    """The page of a record; after a fault with what was typed, and with what came meanwhile marked as new."""
    newest = 2**62
    found = record_view(site, kind, id, asked, visitor, after=seen or (newest, newest))
    status = 200 if error is None else 409 if isinstance(error, ChangedMeanwhile) else 400
    return personal(
        site, request, "review_record.html.j2", status, visitor=visitor,
        r=found, bases=BASES, asked=asked, query=query_of(asked), query_of=query_of, why=why, error=error,
        typed=typed or Typed(), meanwhile=isinstance(error, ChangedMeanwhile),
    )  # fmt: skip


# --- acting -------------------------------------------------------------------------------------------------


def _review(site: Site, request: Request, visitor: Visitor, form: Form, kind: str, id: str) -> Response:
    what, asked = form.one("do"), asked_of(request.query_params)
    seen = _number(form, "seen")
    deed = Deed(cast("Act", what), seen, form.one("comment"), form.one("conflict_of_interest"))
    at = site.clock().timestamp()
    try:
        if what not in get_args(Act):
            raise InvalidValue("do", "none of the acts", "one of those offered", "Go back to the record.")
        with site.store.together():
            act(site.store, site.compiled.knowledge, kind, id, deed, visitor, at)
            note(site.store, visitor, f"review_{what}", f"{kind}:{id}", at)
    except (ChangedMeanwhile, InvalidValue) as error:
        typed = Typed("comment" if what == "comment" else "", _texts(form))
        return _shown(site, request, visitor, kind, id, asked, error=error, typed=typed, seen=(seen, 2**62))
    return RedirectResponse(f"{DESK}/{quote(kind)}/{quote(id)}{query_of(asked)}#history", 303)


def _correct(site: Site, request: Request, visitor: Visitor, form: Form, kind: str, id: str) -> Response:
    asked, seen, number = asked_of(request.query_params), _number(form, "seen"), _number(form, "proposal")
    what, at = form.one("do"), site.clock().timestamp()
    told = Decision(
        proposal=number,
        outcome=cast("Outcome", what),
        seen=seen,
        field=form.one("field"),
        value=form.one("value"),
        reason=form.one("reason"),
        into=_number(form, "into") if what == "merged" else 0,
    )
    try:
        if what not in get_args(Outcome):
            raise InvalidValue("do", "none of the outcomes", "one of those offered", "Go back to the record.")
        _field_of(site, kind, id, told)
        with site.store.together():
            decide(site.store, site.compiled.knowledge, kind, id, told, visitor, at)
            note(site.store, visitor, f"correction_{what}", f"{kind}:{id}", at)
    except (ChangedMeanwhile, InvalidValue, UnknownName) as error:
        typed = Typed(f"p{number}", _texts(form))
        return _shown(site, request, visitor, kind, id, asked, error=error, typed=typed, seen=(2**62, seen))
    return RedirectResponse(f"{DESK}/{quote(kind)}/{quote(id)}{query_of(asked)}#p{number}", 303)


def _field_of(site: Site, kind: str, id: str, told: Decision) -> None:
    """Raise `InvalidValue` for an acceptance that names no field of the record."""
    if told.outcome != "accepted":
        return
    if told.field not in {f.path for f in fields(record_of(site.compiled.knowledge, kind, id))}:
        raise InvalidValue("field", "none", "the field that the value goes into", "Choose one.")


def _texts(form: Form) -> dict[str, str]:
    return {name: form.one(name).replace("\r\n", "\n") for name in _TYPED}


def _number(form: Form, name: str) -> int:
    """A number that a page of ours wrote. Raises `InvalidValue` for anything else."""
    told = form.one(name, "0") or "0"
    if not (told.isascii() and told.isdecimal() and len(told) < 16):
        raise InvalidValue(name, "no number", "a number", "Go back to the record and send it again.")
    return int(told)
