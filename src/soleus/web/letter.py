"""A letter to the doctor on one sheet: what was told in the person's words, and what the core makes of it.

What-ifs are left out: a letter holds only what was told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Form
from starlette.responses import HTMLResponse, Response

from soleus.clinical.reading import case_from
from soleus.errors import CannotAssess
from soleus.reasoning.assessment import Assessment, ComplaintAssessment, MedicineVerdict
from soleus.reasoning.compiled import Compiled
from soleus.reports import view
from soleus.reports.html import render as self_contained
from soleus.web.assets import assets
from soleus.web.catalogue import text
from soleus.web.handing_over import download
from soleus.web.pdf import pdf, pdf_is_here
from soleus.web.rendering import html
from soleus.web.result import StateField, Wording, audience_of, judged, nothing
from soleus.web.site import Site
from soleus.web.state import State, pack, unpack
from soleus.web.telling import Sayings, sayings
from soleus.web.what_if import told

#: How much of each list one sheet holds; more is counted.
_MOST = {"there": 24, "not_there": 14, "conditions": 10, "no_conditions": 8, "medicines": 14}
_MOST_FLAGS, _MOST_RANKED, _MOST_REVIEWED, _MOST_UNKNOWN = 4, 6, 4, 10
_MOST_TESTS, _MOST_RULED_OUT, _MOST_ASKED = 3, 2, 6
_MOST_LETTERS = 70  # of one name that somebody typed
_ROOM = 3_300  # letters of a sheet in the usual size, found by printing
_SIZE = "LETTER-SIZE"
_WORTH_REVIEW = ("likely_contributor", "possible_contributor", "not_recognised")


@dataclass(frozen=True)
class Listed:
    """The first few of a list, and how many were left out."""

    items: tuple[str, ...]
    more: int

    def __bool__(self) -> bool:
        return bool(self.items)


def listed(items: Sequence[str], most: int) -> Listed:
    return Listed(tuple(_short(i) for i in items[:most]), max(0, len(items) - most))


def _short(words: str) -> str:
    return words if len(words) <= _MOST_LETTERS else words[: _MOST_LETTERS - 1].rstrip() + "…"


def contents(a: Assessment, said: Sayings) -> dict[str, Any]:
    """What the letter says, cut to one sheet."""
    flags = view.pressing(view.flags_of(a))
    reviewed = _reviewed(a.complaints)
    unknown = list(dict.fromkeys(n.text for c in a.complaints for n in c.not_assessed))
    return {
        "a": a,
        "said": {name: listed(getattr(said, name), most) for name, most in _MOST.items()},
        "person": said.person,
        "flags": flags[:_MOST_FLAGS],
        "more_flags": max(0, len(flags) - _MOST_FLAGS),
        "ranked": [(c, view.ranking(c, _MOST_RANKED // len(a.complaints[:2]))) for c in a.complaints[:2]],
        "reviewed": reviewed[:_MOST_REVIEWED],
        "more_reviewed": max(0, len(reviewed) - _MOST_REVIEWED),
        "unknown": listed(unknown, _MOST_UNKNOWN),
        "asked": list(_asked(a.complaints, reviewed))[:_MOST_ASKED],
    }


def _reviewed(complaints: Iterable[ComplaintAssessment]) -> list[MedicineVerdict]:
    """Medicines that may bear on the complaint, or that nobody could place; those with warnings first."""
    found = {m.id: m for c in complaints for m in c.medications if m.verdict in _WORTH_REVIEW or m.warnings}
    return sorted(
        found.values(),
        key=lambda m: (not m.warnings, _WORTH_REVIEW.index(m.verdict) if m.verdict in _WORTH_REVIEW else 9),
    )


def _asked(complaints: Sequence[ComplaintAssessment], reviewed: Sequence[MedicineVerdict]) -> Iterable[str]:
    """Questions to talk over, from what the core would do next."""
    c = complaints[0]
    rule_out = [e.label for e in c.explanations if e.tier == "do_not_miss"][:_MOST_RULED_OUT]
    tests = [w.label for w in c.work_up if w.advice == "do"][:_MOST_TESTS]
    yield from (text("letter.ask_rule_out", name=name) for name in rule_out)
    yield from (text("letter.ask_test", name=name) for name in tests)
    play_a_part = [m.label for m in reviewed if m.verdict in _WORTH_REVIEW[:2]]
    yield from (text("letter.ask_medicine", name=name) for name in play_a_part[:_MOST_RULED_OUT])
    if c.red_flags:  # then what is recommended is to be seen, which needs no asking
        return
    helps = [m.label for m in c.management if m.advice == "recommended"][:_MOST_RULED_OUT]
    yield from (text("letter.ask_help", name=name) for name in helps)


def letter(state: State, compiled: Compiled, today: str, **more: Any) -> str:
    """The letter in a page of the site, or with ``sheet`` alone as a document. Raises `InputError`, `CannotAssess`."""
    case = told(state, compiled)
    a = judged(case, compiled, "clinician", today)
    values = contents(a, sayings(case_from(case), compiled))
    page = html("letter.html.j2", state=pack(state), tried=len(state.changes), pdf=pdf_is_here(), **values, **more)
    return page.replace(_SIZE, "dense" if _letters(page) > _ROOM else "", 1)


def _letters(page: str) -> int:
    """How much text the sheet holds."""
    sheet = page[page.index("<article") : page.index("</article>")]
    return len(re.sub(r"<[^>]*>|\s+", " ", sheet))


def letter_pdf(state: State, compiled: Compiled, today: str) -> bytes:
    return pdf(letter(state, compiled, today, style=assets()["soleus.css"].content.decode("utf-8")))


def result_pdf(state: State, audience: Any, compiled: Compiled, today: str) -> bytes:
    return pdf(self_contained(judged(told(state, compiled), compiled, audience, today)))


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    turn = anyio.Lock()  # a PDF takes seconds: one at a time, so that questions are still answered beside it

    @routes.post("/result/letter")
    async def shown(state: StateField = "", audience: Annotated[Wording, Form()] = "") -> HTMLResponse:
        read = unpack(state)
        whose = audience_of(read, audience)
        try:
            return HTMLResponse(await site.run(letter, read, site.compiled, site.today(), audience=whose))
        except CannotAssess:
            return HTMLResponse(nothing(read, site.compiled))

    @routes.post("/result/letter.pdf")
    async def as_pdf(state: StateField = "") -> Response:
        read = unpack(state)
        async with turn:
            made = await site.run(letter_pdf, read, site.compiled, site.today())
        return download(made, "soleus-letter.pdf", "application/pdf")

    @routes.post("/result/pdf")
    async def report_pdf(state: StateField = "", audience: Annotated[Wording, Form()] = "") -> Response:
        read = unpack(state)
        async with turn:
            made = await site.run(result_pdf, read, audience_of(read, audience), site.compiled, site.today())
        return download(made, "soleus-result.pdf", "application/pdf")

    return routes
