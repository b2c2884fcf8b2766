"""What changed: a page, and an Atom feed of everything, of one entry or of a saved search."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from soleus.errors import UnknownName
from soleus.library import addresses, feed
from soleus.library.browsing import leaf
from soleus.library.changes import Change, history
from soleus.library.code_trees import Leaf
from soleus.library.model import RecordRef
from soleus.library.searching import LONGEST
from soleus.library.titles import is_entry
from soleus.reasoning.compiled import Compiled
from soleus.web.library_archive import archived_home
from soleus.web.library_browsing import titles
from soleus.web.library_pages import whose
from soleus.web.rendering import error_page, page
from soleus.web.site import Site

MOST_TOUCHED = 40  # entries that stand open; the others are one click away


@dataclass(frozen=True)
class Shown:
    """A version as it is shown. ``archive``: where it can be read as it was, None without a copy."""

    change: Change
    counted: dict[str, str]
    touched: list[tuple[Leaf, int]]
    archive: str | None


def router(site: Site) -> APIRouter:
    """GET /library/changes and /library/feed.atom (``entry=kind:id`` or ``q=words``)."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(addresses.CHANGES)
    async def changes() -> HTMLResponse:
        return changes_page(site)

    @routes.get(addresses.FEED)
    async def atom(request: Request) -> Response:
        try:
            return Response(written(site, request), media_type=feed.MEDIA_TYPE)
        except UnknownName as error:
            return error_page(404, error)

    return routes


def written(site: Site, request: Request) -> bytes:
    """The feed that is asked for. Raises `UnknownName` for an entry that is none."""
    asked = request.query_params
    if named := asked.get("entry"):
        kind, _, id = named.partition(":")
        if not is_entry(kind):
            raise UnknownName("entry", repr(named[:60]), "kind:id of an entry", "Follow the link on its page.")
        return feed.of_entry(site.compiled, RecordRef(kind=kind, id=id), whose(request), site.address)
    if words := " ".join(asked.get("q", "").split())[:LONGEST]:
        return feed.of_search(site.compiled, words, whose(request), site.address)
    return feed.whole(site.compiled, history(), site.address)


def changes_page(site: Site) -> HTMLResponse:
    base = site.compiled.knowledge
    every = history()
    return page(
        "library_changes.html.j2",
        audience="clinician",
        version=base.version,
        unreleased=every[0].version if every and every[0].digest != base.digest else None,
        changes=[_shown(site, change) for change in every],
        most=MOST_TOUCHED,
        titles=titles(site.compiled, "clinician"),
        changed_percent=feed.percent,
    )


def _shown(site: Site, change: Change) -> Shown:
    touched = [(found, len(t.records)) for t in change.touched if (found := _leaf(site.compiled, t.entry))]
    return Shown(change, dict(feed.counted(change)), touched, archived_home(site.archive, change.version))


def _leaf(compiled: Compiled, entry: RecordRef) -> Leaf | None:
    """The entry as an item of a list; None where this version has it no more."""
    try:
        return leaf(compiled, entry, "clinician")
    except UnknownName:
        return None
