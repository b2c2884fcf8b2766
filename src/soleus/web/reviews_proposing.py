"""Proposing a correction, for any reader, and what became of it.

No account is needed. Without one, the receipt is a page under a random key, of which only a digest is kept. Addresses
of visitors are counted in memory for a while and written nowhere.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from fastapi import APIRouter
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerHour
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from soleus.accounts import Visitor
from soleus.accounts.audit import note
from soleus.editorial import corrections
from soleus.editorial.corrections import LONGEST, Proposal, propose, reader, retract
from soleus.editorial.queue import title_of
from soleus.editorial.records import fields, record_of
from soleus.errors import InputError, InvalidValue, UnknownName, UsageError
from soleus.library import addresses
from soleus.web.acting import acting, personal, signed_in
from soleus.web.form import Form, read
from soleus.web.rendering import error_page
from soleus.web.reviews_view import DESK, moment
from soleus.web.site import Site

MINE = f"{DESK}/mine"
RECEIPT = f"{addresses.HOME}/correction"
#: Of one reader in an hour, and of all in a day: enough for a careful reader, too few to fill a disk.
_OWN, _ALL = RateLimitItemPerHour(12), RateLimitItemPerDay(600)
_TOO_MANY = UsageError("corrections", "too many in a short time", "fewer", "Keep what you wrote, and come back later.")
_HEADERS = {"x-robots-tag": "noindex, nofollow", "referrer-policy": "no-referrer", "cache-control": "no-store"}


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    limiter = MovingWindowRateLimiter(MemoryStorage())

    def full(who: str) -> bool:
        counted: tuple[tuple[RateLimitItem, str], ...] = ((_OWN, who), (_ALL, "all"))
        return not all(limiter.test(item, name) for item, name in counted) or not all(
            limiter.hit(item, name) for item, name in counted
        )

    @routes.get(addresses.record("{kind}", "{id}") + "/correct")
    async def form(request: Request, kind: str, id: str) -> Response:
        chosen = request.query_params.get("field", "")[:200]
        return await site.run(_form, site, request, kind, id, Proposal(chosen, "", "", ""))  # type: ignore[no-any-return]

    @routes.post(addresses.record("{kind}", "{id}") + "/correct")
    async def sent(request: Request, kind: str, id: str) -> Response:
        visitor, told = await _sender(site, request)
        client = request.client.host if request.client else ""
        if full(visitor.id if visitor else client):
            return error_page(429, _TOO_MANY)
        return await site.run(_sent, site, request, visitor, told, kind, id)  # type: ignore[no-any-return]

    @routes.get(f"{RECEIPT}/{{key}}")
    async def receipt(request: Request, key: str) -> Response:
        return await site.run(_receipt, site, request, key)  # type: ignore[no-any-return]

    @routes.post(f"{RECEIPT}/{{key}}")
    async def erase(request: Request, key: str) -> Response:
        await read(request)
        return await site.run(_erased, site, request, key)  # type: ignore[no-any-return]

    @routes.get(MINE)
    async def mine(request: Request) -> Response:
        return await site.run(_mine, site, request, signed_in(site, request))  # type: ignore[no-any-return]

    @routes.post(MINE)
    async def take_back(request: Request) -> Response:
        visitor, told = await acting(site, request)
        await site.run(_taken_back, site, visitor, told.one("proposal"))
        return RedirectResponse(MINE, 303)

    return routes


async def _sender(site: Site, request: Request) -> tuple[Visitor | None, Form]:
    """Who sends it, if signed in, and the form. An account's form must come from a page of its session."""
    if site.visitor_of(request) is None:
        return None, await read(request)
    return await acting(site, request)


# --- the form -----------------------------------------------------------------------------------------------


def _form(
    site: Site, request: Request, kind: str, id: str, told: Proposal, error: InputError | None = None
) -> HTMLResponse:
    knowledge = site.compiled.knowledge
    try:
        record = record_of(knowledge, kind, id)
    except UnknownName as missing:
        return error_page(404, missing)
    answer = personal(
        site, request, "correct_form.html.j2", 400 if error else 200, visitor=site.visitor_of(request),
        kind=kind, id=id, title=title_of(knowledge, kind, record), fields=fields(record), told=told, error=error,
        most=LONGEST, back=addresses.record(kind, id),
    )  # fmt: skip
    answer.headers["x-robots-tag"] = _HEADERS["x-robots-tag"]
    return answer


def _sent(site: Site, request: Request, visitor: Visitor | None, form: Form, kind: str, id: str) -> Response:
    told = Proposal(**{name: form.one(name).replace("\r\n", "\n") for name in LONGEST})
    key, at = corrections.new_key(), site.clock().timestamp()
    try:
        if form.one("no_patient") != "1":
            raise InvalidValue(
                "no_patient", "no tick", "a tick: nothing of a patient stands here", "Look, then tick it."
            )
        with site.store.together():
            propose(site.store, site.compiled.knowledge, kind, id, told, visitor, key, at)
            if visitor is not None:
                note(site.store, visitor, "correction_proposed", f"{kind}:{id}", at)
    except InputError as error:
        return _form(site, request, kind, id, told, error)
    if visitor is None:
        return RedirectResponse(f"{RECEIPT}/{quote(key)}", 303, headers=_HEADERS)
    return RedirectResponse(MINE, 303)


# --- what became of it --------------------------------------------------------------------------------------


def _receipt(site: Site, request: Request, key: str, *, erased: bool = False) -> Response:
    """The receipt of a reader without an account: whoever has the key sees it, and nobody is asked who they are."""
    found = () if erased else corrections.by(site.store, site.compiled.knowledge, reader(key))
    address = f"{site.address}{RECEIPT}/{quote(key)}"
    answer = _outcome(
        site, request, "correct_sent.html.j2", 200 if found or erased else 404, None,
        found=found, erased=erased, key=key, address=address,
    )  # fmt: skip
    answer.headers.update(_HEADERS)
    return answer


def _erased(site: Site, request: Request, key: str) -> Response:
    for c in corrections.by(site.store, site.compiled.knowledge, reader(key)):
        retract(site.store, c.number, reader(key), site.clock().timestamp())
    return _receipt(site, request, key, erased=True)


def _mine(site: Site, request: Request, visitor: Visitor) -> Response:
    found = corrections.by(site.store, site.compiled.knowledge, visitor.id)
    return _outcome(site, request, "review_mine.html.j2", 200, visitor, found=tuple(reversed(found)))


def _outcome(
    site: Site, request: Request, template: str, status: int, visitor: Visitor | None, **values: object
) -> HTMLResponse:
    titles = {"title_of_record": partial(_title, site), "moment": moment}
    return personal(site, request, template, status, visitor=visitor, **titles, **values)


def _title(site: Site, kind: str, id: str) -> str:
    """What a record is called; its kind and id where this version has none."""
    try:
        return title_of(site.compiled.knowledge, kind, record_of(site.compiled.knowledge, kind, id))
    except UnknownName:
        return f"{kind} {id}"


def _taken_back(site: Site, visitor: Visitor, number: str) -> None:
    if number.isascii() and number.isdecimal():
        retract(site.store, int(number), visitor.id, site.clock().timestamp())
