"""Lists to browse by: code, family, symptom, place on the leg, medicine, and everything from A to Z."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, get_args

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from soleus.errors import UnknownName
from soleus.library import addresses
from soleus.library.browsing import Group, alphabet, families, medicine_classes, other_names, symptoms
from soleus.library.code_trees import System, code_tree
from soleus.library.model import EntryKind, RecordRef
from soleus.library.naming import key_of
from soleus.library.regions import felt_in, regions
from soleus.library.titles import title_of
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.web import body_map, catalogue
from soleus.web.library_pages import found, whose
from soleus.web.rendering import html
from soleus.web.site import Site

MOST_OTHER_NAMES = 3  # other names that stand behind a name in the list of all
#: These pages follow from the knowledge alone, and some are long: each is made once.
_kept = lru_cache(maxsize=48)
_FAMILIES = "finding.family."


def router(site: Site) -> APIRouter:
    """GET /library/browse/…"""
    routes = APIRouter(include_in_schema=False)

    @routes.get(addresses.browse("code"))
    @routes.get(addresses.browse("code/{system}"))
    async def by_code(request: Request, system: str = "icd10cm") -> HTMLResponse:
        return found(code_page, site.compiled, system, whose(request))

    @routes.get(addresses.browse("family"))
    async def by_family(request: Request) -> HTMLResponse:
        return found(family_page, site.compiled, whose(request))

    @routes.get(addresses.browse("symptom"))
    async def by_symptom(request: Request) -> HTMLResponse:
        return found(symptom_page, site.compiled, whose(request))

    @routes.get(addresses.browse("region"))
    @routes.get(addresses.browse("region/{region}"))
    async def by_region(request: Request, region: str = "") -> HTMLResponse:
        return found(region_page, site.compiled, region, whose(request))

    @routes.get(addresses.browse("medicine"))
    async def by_medicine(request: Request) -> HTMLResponse:
        return found(medicine_page, site.compiled, whose(request))

    @routes.get(addresses.browse("all"))
    async def all_entries(request: Request) -> HTMLResponse:
        return found(all_page, site.compiled, whose(request))

    return routes


def _browsed(template: str, way: str, audience: Audience, here: str = "", **values: Any) -> str:
    return html(template, way=way, here=here or addresses.WAYS[way], audience=audience, **values)


@_kept
def code_page(compiled: Compiled, system: str, audience: Audience) -> str:
    """The tree of a code system. Raises `UnknownName`."""
    known: tuple[System, ...] = get_args(System)
    chosen = next((s for s in known if s == system), None)
    if chosen is None:
        raise UnknownName("code system", repr(system[:60]), f"one of {', '.join(known)}", "Choose one of these.")
    at = {s: addresses.WAYS["code"] if s == known[0] else f"{addresses.WAYS['code']}/{s}" for s in known}
    tree = code_tree(compiled, chosen, audience)
    return _browsed(
        "library_browse_code.html.j2", "code", audience, at[chosen], tree=tree, system=chosen, systems=list(at.items())
    )


@_kept
def family_page(compiled: Compiled, audience: Audience) -> str:
    """The families in the order in which the catalogue names them."""
    named = [key.removeprefix(_FAMILIES) for key in catalogue.texts() if key.startswith(_FAMILIES)]

    def place(group: Group) -> tuple[bool, int]:
        return group.id not in named, named.index(group.id) if group.id in named else 0

    ordered = sorted(families(compiled, audience), key=place)
    return _browsed(
        "library_browse_family.html.j2", "family", audience, families=ordered, named=lambda family: family in named
    )


@_kept
def symptom_page(compiled: Compiled, audience: Audience) -> str:
    found = symptoms(compiled, audience)
    return _browsed(
        "library_browse_symptom.html.j2",
        "symptom",
        audience,
        core=[s for signs in found.values() for s in signs if s.core],
        others={group: [s for s in signs if not s.core] for group, signs in found.items()},
        titles=titles(compiled, audience),
    )


def titles(compiled: Compiled, audience: Audience) -> dict[str, str]:
    """Explanation -> its title."""
    every = compiled.explanations
    return {e: title_of(compiled.knowledge, RecordRef(kind="explanation", id=e), audience) for e in every}


@_kept
def region_page(compiled: Compiled, region: str, audience: Audience) -> str:
    """The picture of the legs, and with a region what is felt there. Raises `UnknownName`."""
    known = regions(compiled)
    if region and region not in {r.id for r in known}:
        names = ", ".join(r.id for r in known)
        raise UnknownName("region", repr(region[:60]), f"one of {names}", "Choose a place of the list.")
    plain = "?for=patient" if audience == "patient" else ""
    return _browsed(
        "library_browse_region.html.j2",
        "region",
        audience,
        f"{addresses.WAYS['region']}/{region}" if region else addresses.WAYS["region"],
        region=region,
        regions=known,
        sites=body_map.REGIONS,
        felt=felt_in(compiled, region) if region else (),
        at_region=lambda r: f"{addresses.WAYS['region']}/{r}{plain}",
        titles=titles(compiled, audience),
        acuity={e.id: e.acuity for e in compiled.explanations.values()},
    )


@_kept
def medicine_page(compiled: Compiled, audience: Audience) -> str:
    classes = medicine_classes(compiled, audience)
    return _browsed("library_browse_medicine.html.j2", "medicine", audience, classes=classes)


@_kept
def all_page(compiled: Compiled, audience: Audience) -> str:
    return _browsed("library_browse_all.html.j2", "all", audience, **letters(compiled, audience))


def letters(compiled: Compiled, audience: Audience) -> dict[str, Any]:
    """Every entry from A to Z, with other names of each, as the templates take them."""
    groups = alphabet(compiled, audience, get_args(EntryKind))
    entries = [leaf for g in groups for leaf in g.entries]
    others = {leaf.entry: _others(compiled, leaf.entry, leaf.title) for leaf in entries}
    return {"letters": groups, "others": others, "count": f"{len(entries):,}"}


def _others(compiled: Compiled, entry: RecordRef, title: str) -> list[str]:
    """A few other names of an entry, without those that read like its title or its id."""
    if entry.kind in ("finding", "common_question"):
        return []
    seen = {key_of(title), key_of(entry.id.replace("_", " "))}
    out: list[str] = []
    for name in other_names(compiled, entry):
        if (key := key_of(name)) not in seen and len(out) < MOST_OTHER_NAMES:
            seen.add(key)
            out.append(name)
    return out
