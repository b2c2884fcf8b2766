"""Changes as an Atom feed (RFC 4287): of everything, of one entry, or of a saved search.

Identifiers are tag URIs (RFC 4151) of the host that serves the feed; dates are those of the versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import quote, urlsplit
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from soleus.library import addresses
from soleus.library.changes import Change, Moved, touching
from soleus.library.model import RecordRef
from soleus.library.searching import search
from soleus.library.titles import title_of
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.reports.words import capital

MEDIA_TYPE = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_AUTHOR = "Soleus maintainers"
_STATUS = "No clinician has reviewed the content."
_LICENCE = "CC BY 4.0"
_MOST_LISTED = 30  # entries or records that one item names
_MOST_FOUND = 50  # entries of a saved search
#: Characters that XML 1.0 does not allow.
_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def whole(compiled: Compiled, history: Iterable[Change], address: str) -> bytes:
    """One item for every version. ``address``: where the library is served, without a path."""
    feed = _Feed(address, addresses.FEED, "Soleus library: changes", addresses.CHANGES)
    for change in history:
        at = f"{addresses.CHANGES}#v{change.version}"
        feed.add(f"changes/{change.version}", f"Knowledge {change.version}", change, at, _of_version(compiled, change))
    return feed.written()


def of_entry(compiled: Compiled, entry: RecordRef, audience: Audience, address: str) -> bytes:
    """One item for every version in which an entry came or changed. Raises `UnknownName`."""
    title = title_of(compiled.knowledge, entry, audience)
    page = addresses.entry(entry.kind, entry.id)
    own = f"{addresses.FEED}?entry={entry.kind}:{entry.id}"
    feed = _Feed(address, own, f"Soleus library: {title}", page)
    for change in touching(entry):
        name = f"{title}, knowledge {change.version}"
        feed.add(f"{entry.kind}/{entry.id}/{change.version}", name, change, page, _of_entry(compiled, change, entry))
    return feed.written()


def of_search(compiled: Compiled, words: str, audience: Audience, address: str) -> bytes:
    """One item for every entry that the words find now, with the version in which it last came or changed."""
    own, page = (f"{where}?q={quote(words)}" for where in (addresses.FEED, addresses.SEARCH))
    feed = _Feed(address, own, f"Soleus library: {words}", page)
    for hit in search(compiled, words, audience, _MOST_FOUND):
        change = touching(hit.entry)[0]
        at = addresses.entry(hit.entry.kind, hit.entry.id)
        where = f"{hit.entry.kind}/{hit.entry.id}/{change.version}"
        feed.add(where, hit.title, change, at, _of_entry(compiled, change, hit.entry))
    return feed.written()


class _Feed:
    """A feed that grows by items; the newest date becomes its own."""

    def __init__(self, address: str, own: str, title: str, page: str) -> None:
        self._address = address.rstrip("/")
        self._host = urlsplit(address).hostname or "localhost"
        self._root = Element("feed", {"xmlns": _ATOM, "xml:lang": "en-GB"})
        self._say("title", title)
        self._say("subtitle", _STATUS)
        self._say("id", self._address + own)
        self._updated = SubElement(self._root, "updated")
        SubElement(self._root, "link", {"rel": "self", "type": MEDIA_TYPE, "href": _clean(self._address + own)})
        SubElement(self._root, "link", {"rel": "alternate", "type": "text/html", "href": _clean(self._address + page)})
        SubElement(SubElement(self._root, "author"), "name").text = _AUTHOR
        self._say("rights", _LICENCE)
        self._dates: list[str] = []

    def _say(self, name: str, text: str, within: Element | None = None, **more: str) -> None:
        SubElement(self._root if within is None else within, name, more).text = _clean(text)

    def add(self, where: str, title: str, change: Change, at: str, content: str) -> None:
        """An item. ``where`` makes its identifier, ``at`` is the page that it leads to, ``content`` is HTML."""
        item = SubElement(self._root, "entry")
        self._say("title", title, item)
        self._say("id", f"tag:{self._host},{change.date}:library/{where}", item)
        self._say("updated", _moment(change.date), item)
        SubElement(item, "link", {"rel": "alternate", "type": "text/html", "href": self._address + at})
        self._say("summary", change.summary, item)
        self._say("content", content, item, type="html")
        self._dates.append(change.date)

    def written(self) -> bytes:
        self._updated.text = _moment(max(self._dates, default="1970-01-01"))
        indent(self._root)
        text: str = tostring(self._root, encoding="unicode")
        return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _moment(date: str) -> str:
    return f"{date}T00:00:00Z"


def _clean(text: str) -> str:
    return _UNFIT.sub("", text)


# ---------------------------------------------------------------------------------------------------- what is said


def _of_version(compiled: Compiled, change: Change) -> str:
    parts = [_paragraph(change.summary)]
    parts.append(_list("Records", (f"{kind.replace('_', ' ')}: {told}" for kind, told in counted(change).items())))
    titles = (_title(compiled, t.entry) for t in change.touched)
    parts.append(_list("Entries that changed", titles))
    parts.append(_list("What moved", (said_of(compiled, moved) for moved in change.moved)))
    if change.judged:
        parts.append(_paragraph(f"{len(change.moved)} of {change.judged} cases moved."))
    return "".join(parts)


def _of_entry(compiled: Compiled, change: Change, entry: RecordRef) -> str:
    if change.before is None:
        return _paragraph("This entry came with the first version.")
    records = change.by_entry.get(entry, ())
    moved = change.moved_for(entry.id) if entry.kind == "explanation" else ()
    return _list("Records that changed", (named(r) for r in records)) + _list(
        "What moved", (said_of(compiled, m, entry.id) for m in moved)
    )


def counted(change: Change) -> Mapping[str, str]:
    """Kind of record -> how many came, went and changed; in a first version how many there are."""
    if change.before is None:
        return {kind: f"{n:,}" for kind, n in change.holds.items()}
    out = {}
    for kind in sorted({*change.added, *change.removed, *change.changed}):
        counts = (("added", change.added), ("removed", change.removed), ("changed", change.changed))
        out[kind] = ", ".join(f"{len(table[kind])} {word}" for word, table in counts if kind in table)
    return out


def said_of(compiled: Compiled, moved: Moved, explanation: str | None = None) -> str:
    """How a case moved, in a sentence; of one explanation alone where it is named."""
    told = [
        f"{_title(compiled, RecordRef(kind='explanation', id=c.explanation))} {percent(c.before)} to {percent(c.after)}"
        for c in moved.chances
        if explanation in (None, c.explanation)
    ]
    return f"{moved.title}: {'; '.join(told)}"


def percent(p: float | None) -> str:
    """A probability as it is shown among changes: one decimal, because changes are small."""
    return "not there" if p is None else f"{100 * p:.1f}%"


def named(ref: RecordRef) -> str:
    """A record in a list of changes."""
    return f"{ref.kind.replace('_', ' ')} {ref.id}"


def _title(compiled: Compiled, entry: RecordRef) -> str:
    """The title of an entry; its id where this version has it no more."""
    known = {r.id for r in compiled.knowledge.records.get(entry.kind, ())}
    return (
        title_of(compiled.knowledge, entry, "clinician") if entry.id in known else capital(entry.id.replace("_", " "))
    )


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>" if text else ""


def _list(title: str, items: Iterable[str]) -> str:
    told = list(items)
    if not told:
        return ""
    rest = [f"and {len(told) - _MOST_LISTED} more"] if len(told) > _MOST_LISTED else []
    lines = "".join(f"<li>{escape(item)}</li>" for item in (*told[:_MOST_LISTED], *rest))
    return f"<p>{escape(title)}</p><ul>{lines}</ul>"
