"""The pages of entries and of records: what the library knows of one thing, and where each number comes from."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache
from typing import cast
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from soleus.editorial.standing import statuses
from soleus.errors import UnknownName
from soleus.evidence.record import ReviewStatus
from soleus.knowledge.prose_fields import ENTRY_KINDS
from soleus.library import addresses
from soleus.library.citing import FILES, LICENCE, Style, citation
from soleus.library.classification import place_of as place_in_class
from soleus.library.drawing import Look, drawn, figures, figures_of
from soleus.library.entries import entry_of, title_of
from soleus.library.metadata import json_ld, names
from soleus.library.model import Entry, EntryKind
from soleus.library.records import BASES, record_shown
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.entry import find
from soleus.web import catalogue
from soleus.web.entry_drawing import axis, has_notes
from soleus.web.library_archive import archived_entry, version_page
from soleus.web.library_figures import figure_stem
from soleus.web.rendering import error_page, html
from soleus.web.site import Site

_KEPT = 512  # pages that stay made, some tens of kilobytes each
_FIRST_ROWS, _MOST_ROWS = 12, 16  # of a table: those that stand open of one that is longer
_LONGEST = 200  # characters of a name that is looked up
_WAYS = ("own", "prose", "table")
_ENDINGS: dict[str, Style] = {ending: style for style, (ending, _) in FILES.items()}


def router(site: Site) -> APIRouter:
    """GET /library/{kind}/{id}, its citation as a file, /library/record/{kind}/{id}, and /entry?name=…, which leads to
    one of them.
    """
    routes = APIRouter(include_in_schema=False)
    for kind in ENTRY_KINDS:
        _entry_routes(routes, site, cast("EntryKind", kind))

    @routes.get("/entry")
    async def looked_up(request: Request) -> Response:
        return RedirectResponse(place_of(site.compiled, request.query_params.get("name", "").strip()[:_LONGEST]), 303)

    @routes.get(addresses.record("{kind}", "{id}"))
    async def record(kind: str, id: str) -> Response:
        if kind == "source":
            return RedirectResponse(addresses.source(id), 303)
        try:
            status = statuses(site.store, site.compiled.knowledge).get((kind, id))
            return HTMLResponse(record_html(site.compiled, kind, id, site.today(), status))
        except UnknownName as error:
            return error_page(404, error)

    return routes


def _entry_routes(routes: APIRouter, site: Site, kind: EntryKind) -> None:
    address = addresses.entry(kind, "{id}")

    @routes.get(address)
    async def entry(id: str, request: Request) -> Response:
        version = request.query_params.get("version", "")[:20]
        try:
            found = _entry(site, kind, id, audience_of(request))
            if version and version != found.knowledge_version:
                return _older(site, version, found)
        except UnknownName as error:
            return error_page(404, error)
        return _sent(site, _Same(found), "gzip" in request.headers.get("accept-encoding", ""))

    @routes.get(f"{address}/citation.{{ending}}")
    async def cited(id: str, ending: str, request: Request) -> Response:
        try:
            style, found = _style(ending), _entry(site, kind, id, audience_of(request))
        except UnknownName as error:
            return error_page(404, error)
        return Response(citation(found, style, permalink(site.address, found)), media_type=FILES[style][1])


def place_of(compiled: Compiled, name: str) -> str:
    """Where a name, former name or code is told: its entry, the search where several or none fit, else the home."""
    found = {addresses.entry(kind, e.id) for e in find(compiled, name) if (kind := e.kind.lower()) in ENTRY_KINDS}
    if len(found) == 1:
        return found.pop()
    return f"{addresses.SEARCH}?{urlencode({'q': name})}" if name else addresses.HOME


def audience_of(request: Request) -> Audience:
    """Whose words: those of clinicians unless ``for=patient``."""
    return "patient" if request.query_params.get("for") == "patient" else "clinician"


def _entry(site: Site, kind: EntryKind, id: str, audience: Audience) -> Entry:
    """The entry with its status as the review desk has it."""
    reviewed = statuses(site.store, site.compiled.knowledge)
    return entry_of(site.compiled, kind, id, audience, site.today(), reviewed)


def _style(ending: str) -> Style:
    if ending not in _ENDINGS:
        raise UnknownName("citation", repr(ending[:20]), f"one of {', '.join(_ENDINGS)}", "Choose one of these.")
    return _ENDINGS[ending]


def _older(site: Site, version: str, entry: Entry) -> Response:
    """The entry as an older version had it, where a copy is kept; else which version is here. Raises `UnknownName`."""
    kept = archived_entry(site.archive, version, entry.kind, entry.id, entry.audience)
    if kept:
        return RedirectResponse(kept, 303)
    folder = "patient/" if entry.audience == "patient" else ""
    return version_page(site, version, f"{folder}{entry.kind}/{entry.id}.html")


def permalink(address: str, entry: Entry) -> str:
    """The address under which this version of an entry stays."""
    asked = {"version": entry.knowledge_version} | ({"for": "patient"} if entry.audience == "patient" else {})
    return f"{address}{addresses.entry(entry.kind, entry.id)}?{urlencode(asked)}"


def _sent(site: Site, entry: _Same, packed: bool) -> Response:
    """The page, packed where the browser takes that: an article with its sources is long, and holds no secret."""
    vary = {"vary": "accept-encoding"}
    if not packed:
        return HTMLResponse(_rendered(site.compiled, entry, site.address), headers=vary)
    return HTMLResponse(_packed(site.compiled, entry, site.address), headers=vary | {"content-encoding": "gzip"})


@lru_cache(maxsize=_KEPT)
def _packed(compiled: Compiled, entry: _Same, address: str) -> bytes:
    """The page of an entry as gzip, without the time at which it was made."""
    return gzip.compress(_rendered(compiled, entry, address), mtime=0)


@lru_cache(maxsize=_KEPT)
def _rendered(compiled: Compiled, entry: _Same, address: str) -> bytes:
    """The page of an entry as it is sent. It follows from the knowledge, the entry's standing and the address alone."""
    found, here = entry.entry, permalink(address, entry.entry)
    return html(
        "library_entry.html.j2",
        entry=found,
        audience=found.audience,
        family=_family(compiled, found),
        permalink=here,
        json_ld=json_ld(found, here),
        meta=names(found, here),
        cited={style: citation(found, style, here) for style in FILES},
        files={style: ending for style, (ending, _) in FILES.items()},
        drawings=len(figures_of(compiled, found.kind, found.id)),
        pictures=_pictures(compiled, found, address),
        axis=axis,
        has_notes=has_notes,
        FIRST_ROWS=_FIRST_ROWS,
        MOST_ROWS=_MOST_ROWS,
        licence=LICENCE,
    ).encode()


def _family(compiled: Compiled, entry: Entry) -> str | None:
    """The family of an explanation that stands outside of the class of sleep-related movement disorders."""
    if entry.kind != "explanation" or place_in_class(compiled.knowledge, entry.kind, entry.id):
        return None
    family = compiled.explanations[entry.id].family
    return family if f"finding.family.{family}" in catalogue.texts() else None  # "other" is none


@dataclass(frozen=True)
class Picture:
    """A drawing in a page: the names of its files for wide and narrow pages, and its size."""

    wide: str
    narrow: str
    title: str
    width: int
    height: int


def _pictures(compiled: Compiled, entry: Entry, address: str) -> dict[str, list[Picture]]:
    """Part -> the drawings that stand in it: where it hurts, and for patients the steps of guides."""
    known = set(figures(compiled))
    wanted = {"features": [f"pain-{entry.id}"], "stop_now": _guides(entry, "stop_now")}
    return {
        part: [_picture(compiled, name, entry.audience, address) for name in names if name in known]
        for part, names in wanted.items()
    }


def _guides(entry: Entry, part: str) -> list[str]:
    """The drawings of the guides whose steps stand in a part."""
    runs = (run for s in entry.sections if s.part == part for p in s.paragraphs for run in p.runs)
    return list(dict.fromkeys(f"guide-{r.record.id}" for r in runs if r.record and r.record.kind == "guide"))


def _picture(compiled: Compiled, name: str, audience: Audience, address: str) -> Picture:
    made = drawn(compiled, name, Look(audience), address)
    wide, narrow = (figure_stem(name, Look(audience, n)) for n in (False, True))
    return Picture(wide, narrow, made.title, round(made.width), round(made.height))


class _Same:
    """An entry that equals another of the same thing, audience and standing, so that its page is made once."""

    __slots__ = ("entry", "key")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.key = (entry.kind, entry.id, entry.audience, entry.standing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def entry_html(compiled: Compiled, entry: Entry, address: str) -> str:
    """The page of an entry; ``address`` is that of the service or site, such as https://soleus.example."""
    return _rendered(compiled, _Same(entry), address).decode()


def record_html(compiled: Compiled, kind: str, id: str, today: str, status: ReviewStatus | None = None) -> str:
    """The page of a record: the chain from its figure to its sources, and what uses it. Raises `UnknownName`."""
    shown = record_shown(compiled, kind, id, today, status)
    uses = [(use, title_of(compiled, use.entry, "clinician")) for use in shown.uses]
    ranked = sorted(uses, key=lambda u: (_WAYS.index(u[0].how), u[1].casefold()))
    return html("library_record.html.j2", shown=shown, uses=ranked, bases=BASES, audience="clinician")


__all__ = ["entry_html", "permalink", "record_html", "router"]
