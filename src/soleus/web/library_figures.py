"""Drawings of the library: a page that shows them, each as a file to keep, with how to cite it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from soleus.errors import SoleusError, UnknownName
from soleus.library import addresses
from soleus.library.browsing import first_rank
from soleus.library.drawing import Drawn, Look, drawn, figures, figures_of
from soleus.library.titles import name_of
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.reports.words import capital
from soleus.web.rendering import error_page, page
from soleus.web.site import Site

_KEPT = 256  # drawings that stay made, some ten kilobytes each
#: A drawing brings its own style sheet, and nothing else may be fetched or run in it.
_CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
_SVG = "image/svg+xml; charset=utf-8"
_GENERAL = ("leg", "pain-map")


@dataclass(frozen=True)
class Shown:
    """A drawing as a page shows it: wide, and as it is for a telephone."""

    wide: Drawn
    narrow: Drawn
    wide_path: str
    narrow_path: str


def router(site: Site) -> APIRouter:
    """GET /library/figures and /library/figure/{name}.svg."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(addresses.FIGURES)
    async def shown(request: Request) -> Response:
        audience: Audience = "patient" if request.query_params.get("for") == "patient" else "clinician"
        about = request.query_params.get("about", "")[:200]
        try:
            made: Response = await site.run(figures_page, site.compiled, audience, about, site.address)
        except UnknownName as error:
            made = error_page(404, error)
        return made

    @routes.get(addresses.figure("{name}"))
    async def file(name: str, request: Request) -> Response:
        try:
            made: str = await site.at_once(figure_file, site.compiled, name[:200], site.address)
        except SoleusError as error:
            return error_page(404, error)
        tag = f'"{site.compiled.knowledge.digest[:16]}"'
        headers = {"content-security-policy": _CSP, "cache-control": "no-cache", "etag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(made, media_type=_SVG, headers=headers)

    return routes


def figure_file(compiled: Compiled, stem: str, address: str = "") -> str:
    """The drawing of a file name without its ending: ``leg``, ``leg.patient.narrow``. Raises `UnknownName`."""
    name, *said = stem.split(".")
    if said != [word for word in ("patient", "narrow") if word in said]:
        raise UnknownName("figure", repr(stem), "a name, then .patient or .narrow or both", "See /library/figures.")
    return _made(compiled, name, Look("patient" if "patient" in said else "clinician", "narrow" in said), address).svg


def figure_stem(name: str, look: Look) -> str:
    """The file name of a drawing without its ending."""
    return name + (".patient" if look.audience == "patient" else "") + (".narrow" if look.narrow else "")


@lru_cache(maxsize=_KEPT)
def _made(compiled: Compiled, name: str, look: Look, address: str) -> Drawn:
    return drawn(compiled, name, look, address)


def figures_page(compiled: Compiled, audience: Audience, about: str = "", address: str = "") -> HTMLResponse:
    """The general drawings, or those about one thing (``explanation:nocturnal_leg_cramp``), and lists of the others.

    Raises `UnknownName`.
    """
    kind, _, id = about.partition(":")
    names = figures_of(compiled, kind, id) if about else _general(compiled)
    if not names:
        raise UnknownName("about", repr(about), "an entry that has drawings", "See /library/figures.")
    return page(
        "library_figures.html.j2",
        audience=audience,
        about=about,
        subject=_subject(compiled, kind, id, audience) if about else None,
        entry=addresses.entry(kind, id) if about and kind != "guide" else None,
        shown=[_shown(compiled, name, audience, address) for name in names],
        explanations=_listed(compiled, audience),
        main=[leaf for leaf in first_rank(compiled, audience) if leaf.entry.kind == "explanation"],
    )


def _general(compiled: Compiled) -> tuple[str, ...]:
    return (*_GENERAL, *(name for name in figures(compiled) if name.startswith("guide-")))


def _subject(compiled: Compiled, kind: str, id: str, audience: Audience) -> str:
    known = compiled.explanations if kind == "explanation" else compiled.contributors
    return capital(name_of(known[id], audience)) if id in known else ""


def _shown(compiled: Compiled, name: str, audience: Audience, address: str) -> Shown:
    wide, narrow = Look(audience), Look(audience, narrow=True)
    return Shown(
        _made(compiled, name, wide, address),
        _made(compiled, name, narrow, address),
        addresses.figure(figure_stem(name, wide)),
        addresses.figure(figure_stem(name, narrow)),
    )


def _listed(compiled: Compiled, audience: Audience) -> list[tuple[str, str]]:
    """(id, name) of every explanation, by name."""
    names = ((id, capital(name_of(e, audience))) for id, e in compiled.explanations.items())
    return sorted(names, key=lambda item: item[1].casefold())
