"""How a group fares, for its instructor."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from soleus.accounts import Visitor
from soleus.errors import NotAllowed
from soleus.learning.explaining import labels
from soleus.learning.groups import Member, group_view
from soleus.learning.records import record_of
from soleus.learning.rules import rules
from soleus.web.acting import personal, signed_in
from soleus.web.learning_parts import HOME, routes_of_learning
from soleus.web.site import Site

GROUP = f"{HOME}/group"


def router(site: Site) -> APIRouter:
    """GET /learn/group."""
    routes = routes_of_learning()

    @routes.get(GROUP)
    async def shown(request: Request) -> HTMLResponse:
        visitor = signed_in(site, request)
        if visitor.group is None or not visitor.instructor:
            raise NotAllowed(
                "group", "an account that instructs none", "the instructor of a group", "Ask an administrator."
            )
        return await site.run(_group_page, site, request, visitor, visitor.group)  # type: ignore[no-any-return]

    return routes


def _group_page(site: Site, request: Request, visitor: Visitor, group: str) -> HTMLResponse:
    view = group_view(_members(site, group))
    institution = site.store.institution(group)
    return personal(
        site,
        request,
        "learn_group.html.j2",
        visitor=visitor,
        name=institution.name if institution else group,
        view=view,
        least=int(rules()["group_least"]),
        labels=labels(site.compiled, view.mistakes.values()),
    )


def _members(site: Site, group: str) -> list[Member]:
    """The learners of a group, without its instructors; a name only of those who agreed."""
    out = []
    for member in site.store.members(institution=group):
        account = site.store.account(member.account)
        if member.part == "member" and account is not None:
            record = record_of(site.store, account.id)
            out.append(Member(account.name if record.named else None, record))
    return out
