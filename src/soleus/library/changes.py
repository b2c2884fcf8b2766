"""What changed from one version of the knowledge base to the next: a file a version, kept for good in ``history``.

A file says which records came, went and changed, which entries that touches, and how far the judgement of a panel of
cases moved. `between` makes one from two knowledge bases; `first` the one of the first version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct

from soleus.clinical.case import Case
from soleus.errors import KnowledgeError, SoleusError
from soleus.knowledge.comparing import Difference, compare
from soleus.knowledge.loader import Knowledge
from soleus.library.cited_by import entries_on
from soleus.library.model import RecordRef
from soleus.library.naming import KINDS
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import medicine_index

MOST_MOVED = 3  # explanations of a case that are shown
_STILL = 0.0005  # a probability that changes less did not move: it would be shown as the same figure
Ids = tuple[str, ...]


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Chance(_Part, frozen=True):
    """An explanation and its probability before and after; None where the version has no such explanation.

    ``because``: records about it that changed.
    """

    explanation: str
    before: float | None
    after: float | None
    because: tuple[RecordRef, ...] = ()


class Moved(_Part, frozen=True):
    """A case whose judgement moved: the first explanations of either version, those that came first after it."""

    case: str
    title: str
    chances: tuple[Chance, ...]


class Touched(_Part, frozen=True):
    """An entry and the records by which it changed."""

    entry: RecordRef
    records: tuple[RecordRef, ...]


class Change(_Part, frozen=True):
    """A version. ``before`` None: it is the first, and everything in it is new.

    ``holds``: kind -> how many records it has. ``added`` and ``removed``: kind -> ids; ``changed``: kind -> id -> the
    fields that differ. ``judged``: how many cases were judged under both versions. ``summary`` is the editor's.
    """

    version: str
    digest: str
    date: str
    summary: str
    holds: dict[str, int]
    before: str | None = None
    before_digest: str | None = None
    added: dict[str, Ids] = {}
    removed: dict[str, Ids] = {}
    changed: dict[str, dict[str, Ids]] = {}
    touched: tuple[Touched, ...] = ()
    judged: int = 0
    moved: tuple[Moved, ...] = ()

    def touches(self, entry: RecordRef) -> bool:
        """Whether the entry is new or changed in this version; the first version made every one."""
        return self.before is None or entry in self.by_entry

    @property
    def by_entry(self) -> Mapping[RecordRef, tuple[RecordRef, ...]]:
        """Entry -> the records by which it changed."""
        return {t.entry: t.records for t in self.touched}

    def moved_for(self, explanation: str) -> tuple[Moved, ...]:
        """The cases in which an explanation moved."""
        return tuple(m for m in self.moved if any(c.explanation == explanation for c in m.chances))


def history() -> tuple[Change, ...]:
    """Every version that there was, the newest first."""
    return _history()


@cache
def _history() -> tuple[Change, ...]:
    folder = files("soleus.library") / "history"
    found = [read(f.read_bytes(), f.name) for f in folder.iterdir() if f.name.endswith(".json")]
    return tuple(sorted(found, key=lambda c: (c.date, _order(c.version)), reverse=True))


def _order(version: str) -> tuple[tuple[int, str], ...]:
    """Versions in the order of their numbers: 0.10.0 after 0.9.0."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in version.split("."))


def read(content: bytes, name: str) -> Change:
    """One file of the history. Raises `KnowledgeError`."""
    try:
        return msgspec.json.decode(content, type=Change)
    except msgspec.MsgspecError as error:
        raise KnowledgeError(
            name, str(error), "a change of the knowledge base", "Make it with `soleus library changes`."
        ) from None


def touching(entry: RecordRef) -> tuple[Change, ...]:
    """The versions in which an entry came or changed, the newest first; none before it came."""
    found = []
    for change in history():
        if change.touches(entry):
            found.append(change)
        if entry.id in change.added.get(entry.kind, ()):
            break
    return tuple(found)


# ---------------------------------------------------------------------------------------------------- making one


def first(after: Knowledge, *, date: str, summary: str) -> Change:
    """The file of the first version: what it holds."""
    return Change(version=after.version, digest=after.digest, date=date, summary=summary, holds=_holds(after))


def between(
    before: Compiled, after: Compiled, *, date: str, summary: str, cases: Iterable[tuple[str, Case]] = ()
) -> Change:
    """What changed from ``before`` to ``after``; ``cases`` (title, case) are judged under both."""
    found = compare(before.knowledge, after.knowledge)
    changed: dict[str, dict[str, Ids]] = {}
    for record in found.changed:
        changed.setdefault(record.kind, {})[record.id] = tuple(f.field for f in record.fields)
    touched = _touched(before, after, found)
    panel = list(cases)
    moved = (_moved(title, case, before, after, touched) for title, case in panel)
    return Change(
        version=after.knowledge.version,
        digest=after.knowledge.digest,
        date=date,
        summary=summary,
        holds=_holds(after.knowledge),
        before=before.knowledge.version,
        before_digest=before.knowledge.digest,
        added=found.added,
        removed=found.removed,
        changed=changed,
        touched=tuple(Touched(entry=e, records=records) for e, records in touched.items()),
        judged=len(panel),
        moved=tuple(m for m in moved if m is not None),
    )


def _holds(knowledge: Knowledge) -> dict[str, int]:
    return {kind: len(records) for kind, records in sorted(knowledge.records.items())}


def _touched(before: Compiled, after: Compiled, found: Difference) -> dict[RecordRef, tuple[RecordRef, ...]]:
    """Entry -> the records by which it changed; what went is looked up in the version that had it."""
    kinds = list(KINDS)
    out: dict[RecordRef, dict[RecordRef, None]] = {}
    there = [(after, RecordRef(kind=r.kind, id=r.id)) for r in found.changed]
    there += [(after, RecordRef(kind=kind, id=id)) for kind, ids in found.added.items() for id in ids]
    there += [(before, RecordRef(kind=kind, id=id)) for kind, ids in found.removed.items() for id in ids]
    for base, ref in there:
        for use in entries_on(base, ref.kind, ref.id):
            out.setdefault(use.entry, {})[ref] = None
    ordered = sorted(out, key=lambda e: (kinds.index(e.kind), e.id))  # type: ignore[arg-type]
    return {entry: tuple(sorted(out[entry], key=lambda r: (r.kind, r.id))) for entry in ordered}


def _moved(
    title: str, case: Case, before: Compiled, after: Compiled, touched: Mapping[RecordRef, tuple[RecordRef, ...]]
) -> Moved | None:
    """How far the judgement of a case moved; None where no figure that is shown did."""
    old, new = _judged(case, before), _judged(case, after)
    leading = dict.fromkeys([*list(new)[:MOST_MOVED], *list(old)[:MOST_MOVED]])
    chances = tuple(
        Chance(explanation=e, before=old.get(e), after=new.get(e), because=_because(touched, e)) for e in leading
    )
    still = all(abs((c.after or 0.0) - (c.before or 0.0)) < _STILL for c in chances)
    return None if still else Moved(case=case.id, title=title, chances=chances)


def _judged(case: Case, compiled: Compiled) -> dict[str, float]:
    """Explanation -> probability, most probable first; nothing where the version cannot judge the case."""
    try:
        found = Judged(take_in(case, compiled, medicine_index(compiled.knowledge))[0]).probability
    except SoleusError:
        return {}
    return {e: round(p, 6) for e, p in found.items()}


def _because(touched: Mapping[RecordRef, tuple[RecordRef, ...]], explanation: str) -> tuple[RecordRef, ...]:
    records = touched.get(RecordRef(kind="explanation", id=explanation), ())
    return tuple(r for r in records if r.kind in _MOVING)


#: Kinds of records that bear on a probability.
_MOVING = frozenset({"rate", "likelihood", "effect", "background", "facet", "marker", "block", "contributor"})


def written(change: Change) -> bytes:
    """The file of a change: JSON, the same bytes each time."""
    told: Any = msgspec.json.format(msgspec.json.encode(change), indent=1)
    return bytes(told) + b"\n"
