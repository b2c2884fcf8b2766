"""What if: other answers, and how the judgement would move. Nothing here becomes what was told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from soleus.errors import CannotAssess, InputError
from soleus.reasoning.assessment import Assessment, Audience, ComplaintAssessment, ExplanationResult, RedFlag
from soleus.reasoning.compiled import Compiled
from soleus.reports import view
from soleus.reports.words import odds_factor
from soleus.web.bench import Bench, found, offered, tried
from soleus.web.catalogue import text
from soleus.web.form import Form, read
from soleus.web.rendering import html
from soleus.web.result import audience_of, judged, nothing
from soleus.web.site import Site
from soleus.web.state import State, pack, unpack
from soleus.web.what_if import changed, told

MOST_SHOWN = 5  # explanations on either side
_STEADY_DB = 0.5  # a move that is smaller is none to the eye
_MUCH_DB = 10.0  # ten times the odds
_HARDLY = "hardly any change"  # as `odds_factor` says it


@dataclass(frozen=True)
class Move:
    """An explanation before and after; ``decibans`` of its odds."""

    before: ExplanationResult
    after: ExplanationResult
    decibans: float
    words: str


@dataclass(frozen=True)
class Moved:
    """What the changes do to one complaint."""

    complaint: ComplaintAssessment
    moves: tuple[Move, ...]


def moved(before: Assessment, after: Assessment) -> list[Moved]:
    """How each complaint moves: the first few of either side, in the order of after."""
    return [_moved(b, a, before.audience) for b, a in zip(before.complaints, after.complaints, strict=True)]


def _moved(before: ComplaintAssessment, after: ComplaintAssessment, audience: Audience) -> Moved:
    was = {e.id: e for e in before.explanations}
    leading = {e.id for c in (before, after) for e in c.explanations if e.rank <= MOST_SHOWN}
    ordered = sorted((e for e in after.explanations if e.id in leading), key=lambda e: e.rank)
    return Moved(after, tuple(_move(was[e.id], e, audience) for e in ordered))


def _move(before: ExplanationResult, after: ExplanationResult, audience: Audience) -> Move:
    decibans = _logit_db(after.probability) - _logit_db(before.probability)
    return Move(before, after, decibans, _said(decibans, audience))


def _logit_db(p: float) -> float:
    inside = min(max(p, 1e-300), 1 - 1e-16)
    return 10 * (math.log10(inside) - math.log10(1 - inside))


def _said(decibans: float, audience: Audience) -> str:
    """A move in words: clinicians read what became of the odds, others how much likelier it is."""
    if abs(decibans) < _STEADY_DB:
        return text("what_if.steady")
    way, factor = "up" if decibans > 0 else "down", odds_factor(decibans)
    if factor == _HARDLY:
        return text(f"what_if.{way}_little")
    if audience == "patient":
        return text(f"what_if.{way}_much" if abs(decibans) >= _MUCH_DB else f"what_if.{way}_some")
    return text(f"what_if.{way}", factor=factor)


def new_flags(before: Assessment, after: Assessment) -> list[RedFlag]:
    """Red flags that would fire with the changes, and do not without them."""
    had = {f.id for f in view.flags_of(before)}
    return [f for f in view.flags_of(after) if f.id not in had]


def trying_page(state: State, form: Form, audience: Audience, compiled: Compiled, today: str) -> tuple[str, bool]:
    """The page, and whether all that was entered could be read."""
    fault: InputError | None = None
    keys = [*form.all("row")]
    try:
        before = judged(told(state, compiled), compiled, audience, today)
    except CannotAssess:
        return nothing(state, compiled), True
    start = state
    try:
        state = tried(state, Bench(state, compiled, audience, keys), form)
        keys += _asked_for(form, compiled, audience)
        after = _after(state, compiled, audience, today, before)
    except (InputError, CannotAssess) as error:
        fault = (
            error
            if isinstance(error, InputError)
            else InputError(error.where, error.found, error.expected, error.repair)
        )
        state, after = start, _after(start, compiled, audience, today, before)
    bench = Bench(state, compiled, audience, keys)
    return html(
        "what_if.html.j2",
        state=pack(state),
        audience=audience,
        a=before,
        after=after,
        rows=bench.rows(),
        added=keys,
        moves=moved(before, after),
        flags=view.pressing(view.flags_of(before)),
        new_flags=new_flags(before, after),
        changes=len(state.changes),
        offered=offered(compiled, audience),
        ideas=_ideas(before),
        fault=fault,
    ), fault is None


def _asked_for(form: Form, compiled: Compiled, audience: Audience) -> list[str]:
    words = form.typed("what").strip()
    return [found(words, compiled, explanations=audience == "clinician")] if words else []


def _after(state: State, compiled: Compiled, audience: Audience, today: str, before: Assessment) -> Assessment:
    if not state.changes:
        return before
    return judged(changed(told(state, compiled), state.changes, compiled), compiled, audience, today)


def _ideas(a: Assessment) -> list[tuple[str, str]]:
    """What would tell most: (key, words) of findings that were not told."""
    found = {d.finding: d.text for c in a.complaints for d in c.what_would_change}
    found |= {q.finding: q.text for c in a.complaints for q in c.next_questions if not q.red_flag}
    return [(f"finding:{f}", words) for f, words in found.items()][:MOST_SHOWN]


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.post("/result/what-if")
    async def what_if(request: Request) -> HTMLResponse:
        form = await read(request)
        state = unpack(form.one("state"))
        chosen: Any = form.one("audience")
        audience = audience_of(state, chosen if chosen in ("patient", "clinician") else "")
        page, whole = await site.fitting(state.note)(trying_page, state, form, audience, site.compiled, site.today())
        return HTMLResponse(page, 200 if whole else 400)

    return routes
