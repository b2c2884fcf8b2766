"""The home of the library, common questions and sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from soleus.errors import UnknownName, near_names
from soleus.evidence.record import Source
from soleus.knowledge.schema.articles import CommonQuestion
from soleus.knowledge.schema.medicines import Medicine, Verdict
from soleus.library import addresses
from soleus.library.browsing import first_rank, leaf, questions
from soleus.library.changes import history
from soleus.library.cited_by import entries_on, records_on
from soleus.library.code_trees import Leaf
from soleus.library.labels import label
from soleus.library.model import Paragraph, RecordRef
from soleus.library.writing import Writer
from soleus.reasoning.assessment import Audience
from soleus.reasoning.citing import reference
from soleus.reasoning.compiled import Compiled
from soleus.web.rendering import error_page, html
from soleus.web.site import Site

FEW_QUESTIONS = 6  # common questions on the home page


@dataclass(frozen=True)
class Asked:
    """A common question with its short answer."""

    entry: RecordRef
    question: str
    verdict: Verdict | None
    short: Paragraph


def router(site: Site) -> APIRouter:
    """GET /library, /library/questions, /library/browse/sources and /library/source/{id}."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(addresses.HOME)
    async def home(request: Request) -> HTMLResponse:
        return found(home_page, site.compiled, whose(request))

    @routes.get(addresses.QUESTIONS)
    async def common(request: Request) -> HTMLResponse:
        return found(questions_page, site.compiled, whose(request))

    @routes.get(addresses.browse("sources"))
    async def sources(request: Request) -> HTMLResponse:
        return found(sources_page, site.compiled, whose(request))

    @routes.get(addresses.source("{id}"))
    async def source(id: str, request: Request) -> HTMLResponse:
        return found(source_page, site.compiled, id, whose(request))

    return routes


def found(page_of: Callable[..., str], *given: Any) -> HTMLResponse:
    """A page, or one that says that nothing of that name is here."""
    try:
        return HTMLResponse(page_of(*given))
    except UnknownName as error:
        return error_page(404, error)


def whose(request: Request) -> Audience:
    """Whose words a page of the library uses: those of clinicians unless ``for=patient``."""
    return "patient" if request.query_params.get("for") == "patient" else "clinician"


def home_page(compiled: Compiled, audience: Audience) -> str:
    changes = history()
    return html(
        "library_home.html.j2",
        audience=audience,
        first=first_rank(compiled, audience),
        questions=asked(compiled, questions(compiled)[:FEW_QUESTIONS], audience),
        newest=changes[0] if changes else None,
        counts=_counts(compiled),
    )


def _counts(compiled: Compiled) -> dict[str, str]:
    base = compiled.knowledge
    counted = {
        "explanations": len(compiled.explanations),
        "contributors": len(compiled.contributors),
        "medicines": len(base.all(Medicine)),
        "findings": len(compiled.findings),
        "sources": len(base.all(Source)),
    }
    return {name: f"{n:,}" for name, n in counted.items()}


def asked(compiled: Compiled, every: Iterable[CommonQuestion], audience: Audience) -> list[Asked]:
    """Questions with their short answers in the words of an audience."""
    writer = Writer(compiled, audience)
    out = []
    for q in every:
        short = writer.prose(q.patient_short if audience == "patient" else q.short)
        out.append(Asked(RecordRef(kind="common_question", id=q.id), q.question, q.verdict, short[0]))
    return out


def questions_page(compiled: Compiled, audience: Audience) -> str:
    return html(
        "library_questions.html.j2",
        way="questions",
        here=addresses.QUESTIONS,
        audience=audience,
        questions=asked(compiled, questions(compiled), audience),
    )


@lru_cache(maxsize=2)
def sources_page(compiled: Compiled, audience: Audience) -> str:
    every = sorted(compiled.knowledge.all(Source), key=lambda s: (s.title.casefold(), s.id))
    return html(
        "library_sources.html.j2",
        way="sources",
        here=addresses.browse("sources"),
        audience=audience,
        sources=[(s, len(records_on(compiled, s.id))) for s in every],
    )


def source_page(compiled: Compiled, id: str, audience: Audience) -> str:
    """A source, the records that rest on it, and the entries that use these. Raises `UnknownName`."""
    known = compiled.knowledge.by_id(Source)
    if id not in known:
        raise UnknownName("source", repr(id[:60]), "a source on record", near_names(id[:60], list(known)))
    return html(
        "library_source.html.j2",
        audience=audience,
        source=known[id],
        reference=reference(known[id], 1),
        records=_by_kind(compiled, records_on(compiled, id)),
        entries=_leaves(compiled, id, audience),
    )


def _by_kind(compiled: Compiled, refs: Iterable[RecordRef]) -> dict[str, list[tuple[RecordRef, str]]]:
    out: dict[str, list[tuple[RecordRef, str]]] = {}
    for ref in refs:
        out.setdefault(ref.kind, []).append((ref, label(compiled.knowledge, ref)))
    return out


def _leaves(compiled: Compiled, source: str, audience: Audience) -> list[Leaf]:
    found = (leaf(compiled, use.entry, audience) for use in entries_on(compiled, "source", source))
    return sorted(found, key=lambda e: e.title.casefold())
