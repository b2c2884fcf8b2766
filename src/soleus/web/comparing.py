"""Two conditions side by side. No detail of a person is in this."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from soleus.errors import InputError
from soleus.knowledge.schema.core import Explanation
from soleus.reasoning.answers import ComparisonAnswer, Contrast, compare, explanation_named
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.reports import words
from soleus.web.rendering import page
from soleus.web.site import Site
from soleus.web.wording import short

MOST = 15  # rows that stand open; the others are one click away
_ALL = 500
_CRAMP = "nocturnal_leg_cramp"
_CLEAR = 0.7  # decibans below which a finding speaks for neither: half a deciban rounds to none
_LONGEST = 200  # characters of a name that is looked up


@dataclass(frozen=True)
class Told:
    """A finding that tells two conditions apart, in the words of who reads."""

    thing: str
    state: str
    contrast: Contrast

    @property
    def times(self) -> str:
        """How many times as common it is in the one that it speaks for: ``10 times``."""
        return words.odds_factor(self.contrast.decibans)


def router(site: Site) -> APIRouter:
    """GET /compare: links that can be shared, for they name nobody."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/compare")
    async def compared(request: Request) -> HTMLResponse:
        asked = {k: request.query_params.get(k, "").strip()[:_LONGEST] for k in ("first", "second")}
        audience: Audience = "patient" if request.query_params.get("for") == "patient" else "clinician"
        most = _ALL if request.query_params.get("all") else MOST
        return comparison_page(site.compiled, asked, audience, most)

    return routes


def comparison_page(compiled: Compiled, asked: dict[str, str], audience: Audience, most: int) -> HTMLResponse:
    """The form, with the comparison below it where two conditions are named."""
    faults: dict[str, InputError] = {}
    found = _known(compiled, asked, faults)
    answer = None
    if len(found) == 2:
        try:
            answer = compare(asked["first"], asked["second"], knowledge=compiled, most=most)
        except InputError as error:
            faults["second"] = error
    values = _compared(compiled, answer, audience) if answer else {}
    return page(
        "compare.html.j2",
        400 if faults else 200,
        asked={k: _name(found[k], audience) if k in found else v for k, v in asked.items()},
        faults=faults,
        audience=audience,
        names=names_of(compiled),
        near=_near(compiled, found, audience),
        often=_often(compiled) if not answer and not found else (),
        answer=answer,
        every=most == _ALL,
        **values,
    )


def _known(compiled: Compiled, asked: dict[str, str], faults: dict[str, InputError]) -> dict[str, Explanation]:
    found = {}
    for field, name in asked.items():
        if name:
            try:
                found[field] = explanation_named(compiled, name, field)
            except InputError as error:
                faults[field] = error
    return found


def _name(e: Explanation, audience: Audience) -> str:
    return e.patient_name if audience == "patient" else e.name


def _near(compiled: Compiled, found: dict[str, Explanation], audience: Audience) -> list[tuple[str, str]]:
    """(id, name) of what is often confused with the one condition that is named."""
    one = found.get("first") or found.get("second")
    others = one.confused_with if one else ()
    return [(e, short(_name(compiled.explanations[e], audience))) for e in others if e in compiled.explanations]


def _often(compiled: Compiled) -> list[tuple[Explanation, Explanation]]:
    """The cramp of the night and what is most often taken for it."""
    cramp = compiled.explanations[_CRAMP]
    return [(cramp, compiled.explanations[e]) for e in cramp.confused_with if e in compiled.explanations]


def _compared(compiled: Compiled, answer: ComparisonAnswer, audience: Audience) -> dict[str, Any]:
    pair = [compiled.explanations[n.id] for n in (answer.first, answer.second)]
    told = [_told(compiled, row, audience) for row in answer.rows]
    return {
        "pair": pair,
        "labels": [words.capital(short(_name(e, audience))) for e in pair],
        "sides": (
            [t for t in told if t.contrast.decibans >= _CLEAR],
            [t for t in told if t.contrast.decibans <= -_CLEAR],
        ),
    }


def _told(compiled: Compiled, row: Contrast, audience: Audience) -> Told:
    record = compiled.findings[row.finding]
    state = next(s for s in record.states if s.id == row.state)
    if audience == "patient":
        return Told(record.question, state.patient_label, row)
    return Told(record.name, state.label, row)


def names_of(compiled: Compiled) -> list[str]:
    """The names of the conditions, for both audiences: what a field offers while one types. It takes others too."""
    return compiled.once(_names)


def _names(compiled: Compiled) -> list[str]:
    told = (name for e in compiled.explanations.values() for name in (e.name, e.patient_name))
    return _distinct(told)


def _distinct(names: Iterable[str]) -> list[str]:
    return sorted({n.casefold(): n for n in names}.values(), key=str.casefold)
