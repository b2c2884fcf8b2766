"""The result: the report of the core in a page of the site, and the chain behind each of its numbers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form
from starlette.responses import HTMLResponse

from soleus.errors import CannotAssess
from soleus.knowledge.schema.care import Guide
from soleus.reasoning.assess import assess
from soleus.reasoning.assessment import Assessment, Audience
from soleus.reasoning.compiled import Compiled
from soleus.reports.html import render_within
from soleus.web.rendering import environment, html
from soleus.web.site import Site
from soleus.web.state import State, pack, unpack
from soleus.web.what_if import Tree, settled, told

Wording = Literal["", "patient", "clinician"]
_POSTED = ("/result", "/result/what-if", "/result/chain", "/result/letter", "/result/code")
StateField = Annotated[str, Form()]


def audience_of(state: State, chosen: Wording) -> Audience:
    """Whose words: those asked for, else those of whoever answers."""
    return chosen or ("clinician" if state.respondent == "clinician" else "patient")


def judged(case: Tree, compiled: Compiled, audience: Audience, today: str) -> Assessment:
    """The judgement of the core, as of the day of the case or today. Raises `InputError`, `CannotAssess`."""
    return assess(dated(case, today), knowledge=compiled, audience=audience)


def dated(case: Tree, today: str) -> Tree:
    """The case as of its own day, or today."""
    return case if case.get("as_of") else {**case, "as_of": today}


def report(state: State, a: Assessment, layout: str = "result.html.j2", **more: Any) -> str:
    """The report with its tools, in a page of the site. The tools take ``state`` along."""
    values = {"state": pack(state), "audience": a.audience, "tried": len(state.changes), **more}
    return render_within(environment(), layout, a, tools=tools(values), with_origins=True, **values)


def tools(values: dict[str, Any]) -> str:
    from markupsafe import Markup

    return Markup(html("result_tools.html.j2", **values))  # made of templates that escape


def nothing(state: State, compiled: Compiled) -> str:
    """The page where nothing of the legs was told: what to do, and when to seek care."""
    seek = [s.text for g in compiled.knowledge.all(Guide) if g.purpose == "seek_care" for s in g.steps]
    return html("result_nothing.html.j2", state=pack(state), seek=seek)


def _result(state: State, audience: Audience, compiled: Compiled, today: str) -> tuple[str, bool]:
    """The page, and whether there was something to judge."""
    state = settled(state, compiled)
    try:
        return report(state, judged(told(state, compiled), compiled, audience, today)), True
    except CannotAssess:
        return nothing(state, compiled), False


async def _by_its_address() -> HTMLResponse:
    """An address of a result holds nothing of the person. The script fills the page again where this window knows."""
    return HTMLResponse(html("result_gone.html.j2"))


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.post("/result")
    async def result(state: StateField = "", audience: Annotated[Wording, Form()] = "") -> HTMLResponse:
        read = unpack(state)
        page, found = await site.fitting(read.note)(
            _result, read, audience_of(read, audience), site.compiled, site.today()
        )
        if found:
            site.judged()
        return HTMLResponse(page)

    for address in _POSTED:
        routes.add_api_route(address, _by_its_address, methods=["GET"])

    return routes
