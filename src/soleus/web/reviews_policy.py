"""The editorial policy: how facts are chosen, graded, reviewed, corrected and dated. Its figures are those of today."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, get_args

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from soleus.editorial.standing import statuses
from soleus.evidence.record import Basis, ReviewStatus, Source, Spread
from soleus.knowledge.facets import LOGIT_SD
from soleus.knowledge.loader import Knowledge
from soleus.library import addresses
from soleus.web.rendering import page
from soleus.web.site import Site

PATH = f"{addresses.HOME}/policy"
_Z = 1.96  # of a 95 % interval


@dataclass(frozen=True)
class Figures:
    """What the policy counts: records by basis and status, sources by how much was read, and the widths of spreads."""

    records: int
    bases: dict[str, int]
    statuses: dict[str, int]
    overdue: int
    next_due: str
    sources: int
    read: dict[str, int]
    spreads: dict[str, str]


def router(site: Site) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get(PATH)
    async def policy() -> HTMLResponse:
        return await site.run(_policy, site)  # type: ignore[no-any-return]

    return routes


def _policy(site: Site) -> HTMLResponse:
    base = site.compiled.knowledge
    return page("policy.html.j2", f=figures(site), version=base.version, digest=base.digest[:12], today=site.today())


def figures(site: Site) -> Figures:
    """The figures of the day."""
    knowledge, today = site.compiled.knowledge, site.today()
    counted = knowledge.once(_counted)
    known = Counter(statuses(site.store, knowledge).values())
    of: dict[str, int] = {s: known[s] for s in get_args(ReviewStatus)}
    return Figures(
        records=counted.records,
        bases=counted.bases,
        statuses=of | {"submitted": counted.records - of["under_review"] - of["approved"]},
        overdue=sum(n for day, n in counted.due.items() if day < today),
        next_due=min((day for day in counted.due if day >= today), default=""),
        sources=len(knowledge.all(Source)),
        read=counted.read,
        spreads={s: f"{math.exp(_Z * LOGIT_SD[s]):.2g}" for s in get_args(Spread)},
    )


@dataclass(frozen=True)
class _Counted:
    records: int
    bases: dict[str, int]
    due: Counter[str]
    read: dict[str, int]


def _counted(knowledge: Knowledge) -> _Counted:
    every: list[Any] = [r for kind, records in knowledge.records.items() if kind != "source" for r in records]
    bases, read = Counter(r.basis for r in every), Counter(s.read for s in knowledge.all(Source))
    due = Counter(r.review.review_by for r in every if r.review and r.review.review_by)
    return _Counted(len(every), {b: bases[b] for b in get_args(Basis)}, due, dict(read.most_common()))
