"""What administrators do: accounts and what they may, invitations, groups and their licences, the audit log."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from soleus.accounts import Visitor, audit
from soleus.accounts.names import ROLES
from soleus.accounts.people import PLAIN_ROLES, Invited
from soleus.errors import ChangedMeanwhile, InvalidValue, SoleusError, UnknownName
from soleus.storage import Event, Institution
from soleus.web import catalogue
from soleus.web.accounts_own import day_and_time
from soleus.web.acting import acting, personal, signed_in
from soleus.web.form import Form
from soleus.web.site import Site

PEOPLE, GROUPS, AUDIT = "/account/people", "/account/groups", "/account/audit"
_LINES = 200  # of the audit log on one page


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    accounts = site.accounts

    async def shown(request: Request, view: Any, *given: Any, **named: Any) -> HTMLResponse:
        visitor = signed_in(site, request, "administrator")
        return await site.run(view, site, request, visitor, *given, **named)  # type: ignore[no-any-return]

    @routes.get(PEOPLE)
    async def people(request: Request) -> HTMLResponse:
        return await shown(request, _people)

    @routes.post(f"{PEOPLE}/invite")
    async def invite(request: Request) -> Response:
        visitor, form = await acting(site, request, "administrator")
        try:
            made = await site.run(_invited, site, visitor, form)
        except (InvalidValue, UnknownName) as error:
            return await shown(request, _people, form=form, error=error)
        return await shown(request, _link, made, "invited")

    @routes.post(f"{PEOPLE}/recall")
    async def recall(request: Request) -> Response:
        visitor, form = await acting(site, request, "administrator")
        await site.run(accounts.people.recall, form.one("invitation"), who=visitor)
        return RedirectResponse(PEOPLE, 303)

    @routes.get(PEOPLE + "/{id}")
    async def person(request: Request, id: str) -> HTMLResponse:
        return await shown(request, _person, id)

    @routes.post(PEOPLE + "/{id}")
    async def change_person(request: Request, id: str) -> Response:
        visitor, form = await acting(site, request, "administrator")
        if form.one("do") == "password_link":
            made = await site.run(accounts.people.password_link, id, who=visitor)
            return await shown(request, _link, made, "reset")
        try:
            await site.run(_changed, site, visitor, id, form)
        except InvalidValue as error:
            return await shown(request, _person, id, error=error)
        return RedirectResponse(PEOPLE if form.one("do") == "delete" else f"{PEOPLE}/{id}", 303)

    @routes.get(GROUPS)
    async def groups(request: Request) -> HTMLResponse:
        return await shown(request, _groups)

    @routes.post(GROUPS)
    async def add_group(request: Request) -> Response:
        visitor, form = await acting(site, request, "administrator")
        try:
            made = await site.run(accounts.institutions.add, form.one("id").strip(), *_licence(form), who=visitor)
        except InvalidValue as error:
            return await shown(request, _groups, form=form, error=error)
        return RedirectResponse(f"{GROUPS}/{made.id}", 303)

    @routes.get(GROUPS + "/{id}")
    async def group(request: Request, id: str) -> HTMLResponse:
        return await shown(request, _group, id)

    @routes.post(GROUPS + "/{id}")
    async def change_group(request: Request, id: str) -> Response:
        visitor, form = await acting(site, request, "administrator")
        try:
            await site.run(_group_changed, site, visitor, id, form)
        except (InvalidValue, UnknownName, ChangedMeanwhile) as error:
            return await shown(request, _group, id, form=form, error=error)
        return RedirectResponse(GROUPS if form.one("do") == "remove" else f"{GROUPS}/{id}", 303)

    @routes.get(AUDIT)
    async def audit_log(request: Request) -> HTMLResponse:
        return await shown(request, _audit)

    return routes


# --- people -----------------------------------------------------------------------------------------------------------


def _people(
    site: Site, request: Request, visitor: Visitor, form: Form | None = None, error: SoleusError | None = None
) -> HTMLResponse:
    return personal(
        site,
        request,
        "account_people.html.j2",
        _status(error),
        visitor=visitor,
        people=site.store.accounts(),
        invitations=[(i, day_and_time(i.until)) for i in site.store.invitations() if not i.account],
        groups=site.store.institutions(),
        roles=ROLES,
        chosen=form.all("role") if form else PLAIN_ROLES,
        form=form or Form({}),
        error=error,
    )


def _invited(site: Site, visitor: Visitor, form: Form) -> Invited:
    part: Any = form.one("part", "member")
    institution = form.one("group") or None
    return site.accounts.people.invite(
        who=visitor, email=form.one("email"), roles=form.all("role"), institution=institution, part=part
    )


def _link(site: Site, request: Request, visitor: Visitor, made: Invited, kind: str) -> HTMLResponse:
    address = f"{site.address}/account/invitation/{made.secret}"
    until = day_and_time(made.until)
    return personal(site, request, "account_link.html.j2", visitor=visitor, address=address, until=until, what=kind)


def _person(site: Site, request: Request, visitor: Visitor, id: str, error: SoleusError | None = None) -> HTMLResponse:
    account = site.accounts.people.found(id)
    return personal(
        site,
        request,
        "account_person.html.j2",
        _status(error),
        visitor=visitor,
        account=account,
        made=day_and_time(account.made_at),
        groups=[(m, site.accounts.institutions.named(m.institution)) for m in site.store.members(account=id)],
        sessions=len(site.store.sessions(id)),
        roles=ROLES,
        lines=_lines(site, audit.entries(site.store, about=id)[:20]),
        error=error,
    )


def _changed(site: Site, visitor: Visitor, id: str, form: Form) -> None:
    """One field by itself, so that two administrators at once lose nothing."""
    people, do = site.accounts.people, form.one("do")
    if do in ("grant", "withdraw"):
        getattr(people, do)(id, form.one("role"), who=visitor)
    elif do in ("lock", "unlock", "delete"):
        getattr(people, do)(id, who=visitor)
    elif do == "email":
        people.set_email(id, form.one("email"), who=visitor)
    else:
        raise InvalidValue("do", "nothing that can be done", "a button of this page", "Choose one.")


# --- groups -----------------------------------------------------------------------------------------------------------


def _licence(form: Form) -> tuple[str, str, str]:
    return form.typed("name"), form.one("from").strip(), form.one("until").strip()


def _groups(
    site: Site, request: Request, visitor: Visitor, form: Form | None = None, error: SoleusError | None = None
) -> HTMLResponse:
    return personal(
        site,
        request,
        "account_groups.html.j2",
        _status(error),
        visitor=visitor,
        groups=[(g, len(site.accounts.institutions.members(g.id))) for g in site.store.institutions()],
        today=site.today(),
        form=form or Form({}),
        error=error,
    )


def _group(
    site: Site, request: Request, visitor: Visitor, id: str, form: Form | None = None, error: SoleusError | None = None
) -> HTMLResponse:
    """``form``: what was typed, where it could not be kept."""
    names = {a.id: a.name for a in site.store.accounts()}
    return personal(
        site,
        request,
        "account_group.html.j2",
        _status(error),
        visitor=visitor,
        group=site.accounts.institutions.named(id),
        members=[(m, names[m.account]) for m in site.accounts.institutions.members(id) if m.account in names],
        today=site.today(),
        form=form or Form({}),
        error=error,
    )


def _group_changed(site: Site, visitor: Visitor, id: str, form: Form) -> None:
    institutions, do = site.accounts.institutions, form.one("do")
    if do == "join":
        account = site.accounts.people.named(form.typed("account"))
        institutions.join(id, account.id, form.one("part"), who=visitor)
    elif do == "leave":
        institutions.leave(id, form.one("account"), who=visitor)
    elif do == "remove":
        institutions.remove(id, who=visitor)
    else:
        seen = Institution(id, form.one("seen-name"), form.one("seen-from"), form.one("seen-until"))
        name, from_day, last_day = _licence(form)
        institutions.change(seen, name=name, from_day=from_day, last_day=last_day, who=visitor)


# --- the audit log ----------------------------------------------------------------------------------------------------


def _audit(site: Site, request: Request, visitor: Visitor) -> HTMLResponse:
    """The newest lines, or those before a number; ``about`` names one account."""
    about, before = request.query_params.get("about") or None, request.query_params.get("before", "")
    found = audit.entries(site.store, about=about)
    if before.isdecimal():
        found = tuple(e for e in found if e.number < int(before[:18]))
    shown = found[:_LINES]
    return personal(
        site,
        request,
        "account_audit.html.j2",
        visitor=visitor,
        lines=_lines(site, shown),
        about=about,
        more=shown[-1].number if len(found) > len(shown) else None,
    )


def _lines(site: Site, events: tuple[Event, ...]) -> list[dict[str, str]]:
    """Lines of the log with today's names of the accounts that are still there."""
    names = {a.id: a.name for a in site.store.accounts()}
    return [
        {
            "when": day_and_time(e.at),
            "who": names.get(e.author, e.author),
            "what": _what(e.kind),
            "subject": names.get(e.subject, e.subject),
            "more": ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in e.body.items()),
        }
        for e in events
    ]


def _what(kind: str) -> str:
    """A word of the log as a page says it; words of other rooms are shown as they are."""
    key = f"account.did_{kind}"
    return catalogue.text(key) if key in catalogue.texts() else kind.replace("_", " ")


def _status(error: SoleusError | None) -> int:
    if error is None:
        return 200
    return 409 if isinstance(error, ChangedMeanwhile) else 400
