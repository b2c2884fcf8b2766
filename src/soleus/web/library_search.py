"""Searching the library. The words are in the address, and nowhere else: they are neither kept nor logged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from soleus.knowledge.schema.core import Urgency
from soleus.library import addresses
from soleus.library.model import RecordRef
from soleus.library.searching import LONGEST, Hit, search
from soleus.library.told import told_by
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.web.catalogue import text
from soleus.web.library_browsing import letters
from soleus.web.library_pages import whose
from soleus.web.rendering import html
from soleus.web.site import Site

MOST = 20


@dataclass(frozen=True)
class Found:
    """A hit with why it fits in words, and how soon the condition has to be seen (None: it is none)."""

    entry: RecordRef
    title: str
    why: str
    acuity: Urgency | None


def router(site: Site) -> APIRouter:
    """GET /library/search?q=…"""
    routes = APIRouter(include_in_schema=False)

    @routes.get(addresses.SEARCH)
    async def sought(request: Request) -> HTMLResponse:
        words = " ".join(request.query_params.get("q", "").split())
        return HTMLResponse(search_page(site.compiled, words, whose(request)))

    return routes


def search_page(compiled: Compiled, words: str, audience: Audience) -> str:
    """What fits the words; without any, everything from A to Z."""
    if not words:
        return _unsought(compiled, audience)
    cut = LONGEST if len(words) > LONGEST else None
    return html("library_search.html.j2", **_sought(compiled, words[:LONGEST], audience), audience=audience, cut=cut)


@lru_cache(maxsize=2)
def _unsought(compiled: Compiled, audience: Audience) -> str:
    more = letters(compiled, audience)
    return html("library_search.html.j2", words="", hits=(), dangers=(), cut=None, audience=audience, **more)


def _sought(compiled: Compiled, words: str, audience: Audience) -> dict[str, Any]:
    hits = [_found(compiled, hit) for hit in search(compiled, words, audience, MOST)]
    return {"words": words, "hits": hits, "dangers": told_by(compiled, words).dangers}


def _found(compiled: Compiled, hit: Hit) -> Found:
    acuity = compiled.explanations[hit.entry.id].acuity if hit.entry.kind == "explanation" else None
    return Found(hit.entry, hit.title, text(f"finding.search.how_{hit.how}", matched=hit.matched), acuity)
