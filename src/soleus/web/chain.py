"""Where a number comes from: the rate before any answer, each answer, each state of the person, with their sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import HTMLResponse

from soleus.clinical.reading import case_from
from soleus.errors import InvalidValue
from soleus.reasoning import words
from soleus.reasoning.answers import ChainStep, ExplanationAnswer, Named, explain
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import medicine_index
from soleus.reports.words import lower_first, odds_factor
from soleus.web.catalogue import text
from soleus.web.rendering import html
from soleus.web.result import StateField, Wording, audience_of, dated
from soleus.web.site import Site
from soleus.web.state import State, pack, unpack
from soleus.web.what_if import Tree, told

MOST_RIVALS = 10  # explanations that are offered for comparison
_NEGLIGIBLE_DB = 0.5  # below, a step is no step to the eye
_HARDLY = "hardly any change"  # as `odds_factor` says it


@dataclass(frozen=True)
class Shown:
    """A step, what it does in words, and what it says of either explanation."""

    step: ChainStep
    effect: str
    first: str
    second: str


def of_complaint(case: Tree, complaint: str) -> Tree:
    """The case with one complaint alone; '' means the only one. Raises `InvalidValue` for one that it has not."""
    if not case.get("complaints"):
        return case
    every = case_from(case).each_complaint()
    one = next((c for c in every if c.id == complaint or not complaint), None)
    if one is None:
        raise InvalidValue("of", "another complaint", "one of the case", "Go back to the result.")
    alone = {k: v for k, v in case.items() if k not in ("complaints", "findings", "onset", "duration")}
    own = {"findings": dict(one.findings), "onset": one.onset, "duration": one.duration}
    return alone | {k: v for k, v in own.items() if v}


def chain_page(state: State, of: str, against: str, audience: Audience, compiled: Compiled, today: str) -> str:
    """The chain as a page. ``of``: complaint and explanation with a stroke between; '' means the first.

    Raises `InputError` for names that are none, `CannotAssess` where nothing was told.
    """
    complaint, _, explanation = of.rpartition("/")
    case = dated(of_complaint(told(state, compiled), complaint), today)
    chain = explain(
        case, explanation=explanation or None, against=against or None, knowledge=compiled, audience=audience
    )
    steps = [_shown(step, chain, case) for step in chain.steps]
    return html(
        "chain.html.j2",
        state=pack(state),
        audience=audience,
        of=f"{complaint}/{chain.explanation.id}",
        chain=chain,
        steps=[s for s in steps if s.step is chain.steps[0] or abs(s.step.decibans) >= _NEGLIGIBLE_DB],
        small=[s for s in steps[1:] if abs(s.step.decibans) < _NEGLIGIBLE_DB],
        longest=max(abs(s.decibans) for s in chain.steps) or 1.0,
        total=_effect(sum(s.decibans for s in chain.steps), "sum", chain),
        rivals=[r for r in _rivals(case, compiled, audience) if r.id not in (chain.explanation.id, chain.against.id)],
    )


def _rivals(case: Tree, compiled: Compiled, audience: Audience) -> list[Named]:
    judged = Judged(take_in(case_from(case), compiled, medicine_index(compiled.knowledge))[0])
    return [Named(id=e.id, label=words.name(e, audience)) for e in judged.ranked[:MOST_RIVALS]]


def _shown(step: ChainStep, chain: ExplanationAnswer, case: Tree) -> Shown:
    kind = _kind(step, chain)
    plain = kind == "rate" and bool(case.get("pretest"))  # what stands there then is no published rate
    first, second = ("" if plain else _value(v, kind) for v in (step.value, step.other))
    return Shown(step, _effect(step.decibans, kind, chain), first, second)


def _kind(step: ChainStep, chain: ExplanationAnswer) -> str:
    if step is chain.steps[0]:
        return "rate"
    return "ratio" if step.value.startswith(("x", "necessary")) else "answer"


def _effect(decibans: float, kind: str, chain: ExplanationAnswer) -> str:
    """What decibans say, as the ratio that they are: how much more common on the side they favour."""
    if abs(decibans) < _NEGLIGIBLE_DB:
        return text("chain.even")
    name = lower_first((chain.explanation if decibans > 0 else chain.against).label)
    factor = odds_factor(decibans)
    return text(f"chain.{kind}_{'somewhat' if factor == _HARDLY else 'times'}", factor=factor, name=name)


def _value(value: str, kind: str) -> str:
    """The number of a step: a rate, the share of people with the answer, or a ratio of risk."""
    if kind == "ratio":
        return text("chain.ratio", value=value.replace("x", "×"))
    if kind == "rate":
        return text("chain.rate", value=f"{float(value):,.3g}" if float(value) < 1_000 else f"{float(value):,.0f}")
    return text("chain.share", value=f"{float(value) * 100:.2g}")


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.post("/result/chain")
    async def chain(
        state: StateField = "",
        of: Annotated[str, Form(max_length=200)] = "",
        explanation: Annotated[str, Form(max_length=200)] = "",
        against: Annotated[str, Form(max_length=200)] = "",
        audience: Annotated[Wording, Form()] = "",
    ) -> HTMLResponse:
        read = unpack(state)
        whose = audience_of(read, audience)
        page = await site.fitting(read.note)(
            chain_page, read, of or explanation, against, whose, site.compiled, site.today()
        )
        return HTMLResponse(page)

    return routes
