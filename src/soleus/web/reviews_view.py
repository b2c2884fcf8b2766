"""What the pages of the review desk show: a queue, and one record with all that was said about it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast, get_args
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from soleus.accounts import Visitor
from soleus.editorial import corrections
from soleus.editorial.corrections import Correction, authors_of
from soleus.editorial.events import CORRECTION, kept, last
from soleus.editorial.importance import Importance
from soleus.editorial.queue import Asked, Item, Order, Row, Wanted, queue, rows, title_of
from soleus.editorial.records import Difference, Field, differences, fields, label_of, record_of, reviewable
from soleus.editorial.standing import Standing, may_approve, standing
from soleus.evidence.content import content
from soleus.knowledge.prose_fields import texts_of
from soleus.library import addresses
from soleus.library.cited_by import entries_on
from soleus.library.records import Shown as RecordInWords
from soleus.library.records import record_shown
from soleus.library.titles import title_of as entry_title
from soleus.storage import Event
from soleus.web.catalogue import text
from soleus.web.site import Site

DESK: Final = "/review"
PAGE: Final = 30  # records of the queue on one page
_LONGEST: Final = 200


# --- the queue ----------------------------------------------------------------------------------------------


def asked_of(query: QueryParams | Mapping[str, str]) -> Asked:
    """What is looked for; anything odd is left out."""
    told = {k: query.get(k, "").strip()[:_LONGEST] for k in ("by", "kind", "about", "status", "q")}
    return Asked(
        by=cast("Order", told["by"]) if told["by"] in get_args(Order) else "importance",
        kind=told["kind"],
        about=told["about"],
        status=cast("Wanted", told["status"]) if told["status"] in get_args(Wanted) else "",
        words=told["q"],
    )


def query_of(asked: Asked, **more: object) -> str:
    """The query that asks for the same, with its question mark; '' for everything in the usual order."""
    told = {"by": asked.by if asked.by != "importance" else "", "kind": asked.kind, "about": asked.about}
    told |= {"status": asked.status, "q": asked.words, **{k: str(v) for k, v in more.items()}}
    found = {k: v for k, v in told.items() if v}
    return f"?{urlencode(found)}" if found else ""


@dataclass(frozen=True)
class Shown:
    """One page of the queue. ``first``: the number of the first record on it, counted from one."""

    items: list[Item]
    total: int
    page: int
    pages: int
    first: int


def queue_page(site: Site, asked: Asked, page: int, who: Visitor) -> Shown:
    found = queue(site.compiled, site.store, site.today(), asked, who)
    pages = max(1, -(-len(found) // PAGE))
    at = min(max(page, 1), pages)
    return Shown(found[(at - 1) * PAGE : at * PAGE], len(found), at, pages, (at - 1) * PAGE + 1)


def why(weight: Importance | None) -> str:
    """Why a record matters, in one sentence; '' where no number says so."""
    if weight is None or not weight.most:
        return ""
    values = {"most": _points(weight.most), "moved": weight.moved, "of": weight.of}
    return text("review.moves" if weight.moved else "review.moves_little", **values)


def _points(points: float) -> str:
    return f"{points:.0f}" if points >= 1 else f"{points:.1g}"


# --- one record ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """One line of the history: what was done by whom and when, on which content, with its texts."""

    number: int
    act: str
    name: str
    when: str
    version: str
    present: bool
    comment: str
    interest: str
    new: bool


@dataclass(frozen=True)
class Proposed:
    """A correction as it is shown: a link for its source where that is an address."""

    correction: Correction
    when: str
    name: str
    link: str | None
    decided_by: str
    decided_when: str
    new: bool


@dataclass(frozen=True)
class RecordView:
    """A record at the desk.

    ``approved``: by whom and when, if it is; ``may``: what this visitor may do with it now.
    """

    kind: str
    id: str
    title: str
    row: Row | None
    standing: Standing
    held_by: str
    approved: tuple[str, str]
    words: RecordInWords
    prose: list[tuple[str, str]]
    fields: tuple[Field, ...]
    uses: list[tuple[str, str]]
    changed: tuple[Difference, ...]
    changed_since: str
    history: list[Said]
    proposals: list[Proposed]
    decisions_seen: int
    may: frozenset[str]
    neighbours: tuple[Row | None, Row | None]
    overdue: bool


def record_view(site: Site, kind: str, id: str, asked: Asked, who: Visitor, *, after: tuple[int, int]) -> RecordView:
    """A record with all that is known of it. Raises `UnknownName`.

    ``after``: the numbers of the last review and the last decision that the visitor had seen; newer ones are marked.
    """
    compiled, log = site.compiled, site.store
    knowledge = compiled.knowledge
    record = record_of(knowledge, kind, id)
    now, decided = standing(log, knowledge, kind, id), kept(log, CORRECTION, kind, id)
    changed, since = _changed(record, now)
    row = next((r for r in rows(compiled) if r.ref == (kind, id)), None)
    due = row.review_by if row else ""
    return RecordView(
        kind=kind,
        id=id,
        title=title_of(knowledge, kind, record),
        row=row,
        standing=now,
        held_by=str(now.holder.body.get("name", "")) if now.holder else "",
        approved=_approved(record, now),
        words=record_shown(compiled, kind, id, site.today()),
        prose=[(label_of(_path(t.field)), t.text) for t in texts_of(kind, record)],
        fields=fields(record),
        uses=_uses(site, kind, id),
        changed=changed,
        changed_since=since,
        history=[_said(e, now, after[0]) for e in reversed(now.events)],
        proposals=[_proposed(c, after[1]) for c in corrections.of_record(log, knowledge, kind, id)],
        decisions_seen=last(decided),
        may=_may(record, now, who, authors_of(record, decided)),
        neighbours=_neighbours(site, asked, who, (kind, id)),
        overdue=bool(due) and due < site.today() and now.status != "approved",
    )


def _path(field: str) -> str:
    """``sections[0].text`` as the desk writes it."""
    return field.replace("[", ".").replace("]", "").replace(".", "/")


def _approved(record: Any, now: Standing) -> tuple[str, str]:
    if now.approval is not None:
        return str(now.approval.body.get("name", "")), f"{moment(now.approval.at)} UTC"
    return (record.review.reviewer, record.review.last_reviewed or "") if now.status == "approved" else ("", "")


def _changed(record: Any, now: Standing) -> tuple[tuple[Difference, ...], str]:
    """What changed since the newest decision on another content, and when that was."""
    told = now.former.body.get("record") if now.former else None
    if not isinstance(told, dict) or now.former is None:
        return (), ""
    return differences(told, content(record)), moment(now.former.at)


def _uses(site: Site, kind: str, id: str) -> list[tuple[str, str]]:
    """(address, title) of the entries that use a record."""
    found = [use.entry for use in entries_on(site.compiled, kind, id)]
    return [(addresses.entry(e.kind, e.id), entry_title(site.compiled.knowledge, e, "clinician")) for e in found]


def _said(e: Event, now: Standing, seen: int) -> Said:
    return Said(
        number=e.number,
        act=e.kind,
        name=str(e.body.get("name", "")),
        when=moment(e.at),
        version=str(e.body.get("version", "")),
        present=e.body.get("content") == now.content,
        comment=str(e.body.get("comment", "")),
        interest=str(e.body.get("conflict_of_interest", "")),
        new=e.number > seen,
    )


def _proposed(c: Correction, seen: int) -> Proposed:
    return Proposed(
        correction=c,
        when=moment(c.proposed.at),
        name=str(c.proposed.body.get("name", "")),
        link=address_in(str(c.proposed.body.get("source", ""))),
        decided_by=str(c.decided.body.get("name", "")) if c.decided else "",
        decided_when=moment(c.decided.at) if c.decided else "",
        new=c.decided is not None and c.decided.number > seen,
    )


def _may(record: Any, now: Standing, who: Visitor, barred: frozenset[str]) -> frozenset[str]:
    """What the page offers; whether it is allowed is decided again when it is sent."""
    reviewer = reviewable(record) and "reviewer" in who.roles
    able = reviewer and may_approve(record, who.id, {"name": who.name}, barred)
    mine = now.holder is not None and now.holder.author == who.id
    administrator = "administrator" in who.roles
    approver = now.approval is not None and (now.approval.author == who.id or administrator)
    offers = {
        "comment": reviewable(record),
        "taken": able and not mine,
        "decide": able and mine,
        "given_back": now.holder is not None and (mine or administrator),
        "withdrawn": approver and now.holder is None,
        "author": reviewer and not able,
        "edit": administrator or "reviewer" in who.roles,
    }
    return frozenset(name for name, so in offers.items() if so)


def _neighbours(site: Site, asked: Asked, who: Visitor, ref: tuple[str, str]) -> tuple[Row | None, Row | None]:
    found = [item.row for item in queue(site.compiled, site.store, site.today(), asked, who)]
    at = next((n for n, row in enumerate(found) if row.ref == ref), None)
    if at is None:
        return None, None
    return (found[at - 1] if at else None), (found[at + 1] if at + 1 < len(found) else None)


def moment(at: float) -> str:
    """A moment as it is read: day and minute, UTC."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d %H:%M")


def address_in(told: str) -> str | None:
    """The address that a reader's words on a source lead to: a DOI, a PubMed number, a page; None for anything else."""
    words = told.strip()
    bare = words.removeprefix("doi:").removeprefix("DOI:").removeprefix("PMID:").strip()
    if " " in bare or any(not c.isprintable() for c in bare):
        return None
    if bare.startswith(("https://", "http://")):
        return bare
    if bare.startswith("10.") and "/" in bare:
        return f"https://doi.org/{bare}"
    return f"https://pubmed.ncbi.nlm.nih.gov/{bare}/" if bare.isascii() and bare.isdecimal() else None
