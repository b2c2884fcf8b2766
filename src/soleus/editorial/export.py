"""What was decided at the desk, as a change to the data files: edited YAML, the difference, the check, what moves.

Accepted corrections go in first; an approval goes in only if it was given for the content that the record then has.
Where a correction changes a record that calls itself approved, its review goes back to submitted.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

from soleus.editorial import corrections
from soleus.editorial.corrections import Correction
from soleus.editorial.editing import Change, edited, ids
from soleus.editorial.events import CORRECTION, REVIEW, kept, record_named
from soleus.editorial.panel import Move, moves, panel
from soleus.editorial.queue import day_of, valid_until
from soleus.editorial.records import label_of, reviewable, text_of, value_at, with_value
from soleus.editorial.standing import Ref, fold
from soleus.errors import InputError, KnowledgeError
from soleus.evidence.content import digest, shown_status
from soleus.evidence.record import Review
from soleus.knowledge.facets import solve_all
from soleus.knowledge.integrity import Fault, check
from soleus.knowledge.loader import Knowledge, digest_of, kinds, read_file
from soleus.reasoning.compiled import Compiled
from soleus.storage import Event, EventLog


@dataclass(frozen=True)
class Applied:
    """One change: the field in words, before and after, and who stands behind it."""

    kind: str
    id: str
    field: str
    before: str
    after: str
    why: str


@dataclass(frozen=True)
class LeftOut:
    """What was decided and cannot go in, with the reason."""

    kind: str
    id: str
    why: str


@dataclass(frozen=True)
class Export:
    """``files``: path below the folder -> new text; ``new``: the records as they will be."""

    files: Mapping[str, str]
    diff: str
    applied: tuple[Applied, ...]
    left_out: tuple[LeftOut, ...]
    new: Mapping[Ref, Any]


@dataclass(frozen=True)
class Consequences:
    """What an export does. ``faults``: those that it brings in; ``moves``: the people of the panel who move."""

    faults: tuple[Fault, ...]
    moves: tuple[Move, ...]


def export(log: EventLog, before: Knowledge, folder: Path) -> Export:
    """The change to ``folder``, whose knowledge is ``before``. Writes nothing. Raises `KnowledgeError`."""
    plan = _Plan(log, before)
    texts = {str(p.relative_to(folder)): p.read_text(encoding="utf-8") for p in sorted(folder.rglob("*.yaml"))}
    files = _edited(texts, plan.changes)
    _as_planned(files, plan.new)
    diff = "".join(_difference(name, texts[name], new) for name, new in files.items())
    return Export(files, diff, tuple(plan.applied), tuple(plan.left_out), plan.new)


def consequences(made: Export, compiled: Compiled, folder: Path | None = None) -> Consequences:
    """What an export does to the knowledge that it was made for; with ``folder`` rules about files are checked too."""
    if not made.new:
        return Consequences((), ())
    after = changed(compiled.knowledge, made.new)
    return Consequences(new_faults(compiled.knowledge, after, folder), _moved(compiled, after))


# --- what goes in -------------------------------------------------------------------------------------------


class _Plan:
    """The changes to each record, in order; ``new`` holds the records as they will be."""

    def __init__(self, log: EventLog, before: Knowledge) -> None:
        self.changes: dict[Ref, list[Change]] = {}
        self.new: dict[Ref, Any] = {}
        self.applied: list[Applied] = []
        self.left_out: list[LeftOut] = []
        self._before = before
        for c in _newest(corrections.every(log, before)):
            self._correct(c)
        for ref in sorted({record_named(e.subject) for e in log.events(REVIEW)} | self.new.keys()):
            self._review(log, ref)

    def _now(self, ref: Ref) -> Any:
        known = self._before.by_id(kinds()[ref[0]]) if ref[0] in kinds() else {}
        return self.new.get(ref, known.get(ref[1]))

    def _correct(self, c: Correction) -> None:
        assert c.decided is not None
        record, field = self._now((c.kind, c.id)), c.accepted_field
        try:
            if record is None or text_of(value_at(record, field)) != text_of(c.decided.body.get("was")):
                raise KnowledgeError(c.id, "another value than was corrected", "that value", "Decide again.")
            new = with_value(record, field, c.value)
        except (InputError, KnowledgeError) as error:
            self.left_out.append(LeftOut(c.kind, c.id, f"{label_of(field)}: {error}"))
            return
        why = f"proposal {c.number} by {_by(c.proposed)}, accepted by {_by(c.decided)}"
        self._put((c.kind, c.id), new, field, c.value, why)

    def _review(self, log: EventLog, ref: Ref) -> None:
        record = self._now(ref)
        if record is None or not reviewable(record):
            return
        where = fold(record, kept(log, REVIEW, *ref), kept(log, CORRECTION, *ref))
        shown, old = shown_status(record), record.review or Review()
        if where.status == "approved" and where.approval is not None:
            review, why = _approval(old, where.approval), f"approved by {_by(where.approval)}"
            if shown == "approved" and (old.reviewer, old.last_reviewed) == (review.reviewer, review.last_reviewed):
                return
        elif old.status == "approved" and where.status != "approved":
            review, why = _set_back(old), "its approval no longer holds"
        else:
            return
        self._put(ref, msgspec.structs.replace(record, review=review), "review", _plain(review), why)

    def _put(self, ref: Ref, new: Any, field: str, value: Any, why: str) -> None:
        told = _review_said if field == "review" else lambda record: text_of(value_at(record, field))
        self.applied.append(Applied(*ref, label_of(field), told(self._now(ref)), told(new), why))
        self.changes.setdefault(ref, []).append(Change(ref[1], field, value))
        self.new[ref] = new


def _newest(every: Iterable[Correction]) -> Iterator[Correction]:
    """Those accepted and not in the data, of one field the last that was accepted, in the order of decision."""
    waiting = sorted((c for c in every if c.state == "accepted" and not c.in_data), key=_decided)
    by_field = {(c.kind, c.id, c.accepted_field): c for c in waiting}
    return iter(sorted(by_field.values(), key=_decided))


def _decided(c: Correction) -> int:
    return c.decided.number if c.decided else 0


def _approval(old: Review, made: Event) -> Review:
    return Review(
        curator=old.curator,
        status="approved",
        reviewer=str(made.body["name"]),
        last_reviewed=day_of(made.at).isoformat(),
        review_by=valid_until(made.at),
        of=str(made.body["content"]),
        conflict_of_interest=str(made.body["conflict_of_interest"]),
        comment=str(made.body["comment"]) or None,
    )


def _set_back(old: Review) -> Review:
    return Review(curator=old.curator, last_reviewed=old.last_reviewed, review_by=old.review_by)


def _plain(review: Review) -> dict[str, Any]:
    return {"curator": review.curator, "status": review.status} | dict(msgspec.to_builtins(review))


def _review_said(record: Any) -> str:
    review: Review = record.review or Review()
    if review.status != "approved":
        return review.status.replace("_", " ")
    return f"approved by {review.reviewer}, {review.last_reviewed}, as {review.of}"


def _by(event: Event) -> str:
    return str(event.body.get("name") or "a reader")


# --- into the files -----------------------------------------------------------------------------------------


def _edited(texts: Mapping[str, str], changes: Mapping[Ref, list[Change]]) -> dict[str, str]:
    wanted, out = dict(changes), {}
    for name, text in texts.items():
        if here := _in_file(text, wanted):
            out[name] = edited(text, [change for ref in here for change in _last_of_each(wanted.pop(ref))], name)
    if wanted:
        kind, id = next(iter(wanted))
        raise KnowledgeError(f"{kind} {id}", "no file that holds it", "the data of this knowledge", "Name its folder.")
    return out


def _last_of_each(changes: list[Change]) -> list[Change]:
    """One change a field: the last word on it."""
    return list({c.path: c for c in changes}.values())


def _in_file(text: str, wanted: Mapping[Ref, Any]) -> list[Ref]:
    """The wanted records that stand in a file; only files in which an id occurs are parsed."""
    near = [ref for ref in wanted if ref[1] in text]
    if not near:
        return []
    kind, found = ids(text)
    return [ref for ref in near if ref[0] == kind and ref[1] in found]


def _as_planned(files: Mapping[str, str], new: Mapping[Ref, Any]) -> None:
    """Read what will be written as the loader reads it. Raises `KnowledgeError` unless it is the records as planned."""
    with TemporaryDirectory() as room:
        for name, text in files.items():
            place = Path(room) / Path(name).name
            place.write_text(text, encoding="utf-8")
            kind, records = read_file(place, Path(room))
            for r in records:
                if (planned := new.get((kind, r.id))) is not None and _whole(r) != _whole(planned):
                    raise KnowledgeError(name, f"{r.id} otherwise than planned", "the change", "Change it by hand.")


def _whole(record: Any) -> tuple[str, Any]:
    return digest(record), getattr(record, "review", None)


def changed(before: Knowledge, new: Mapping[Ref, Any]) -> Knowledge:
    """The knowledge with other records; facets are solved anew where a kind that they are made of changed."""
    records = {
        kind: tuple(new.get((kind, r.id), r) for r in rows) if any(k == kind for k, _ in new) else rows
        for kind, rows in before.records.items()
    }
    touched = {kind for kind, _ in new} & _MODEL
    facets = solve_all(records) if touched else before.facets
    return Knowledge(records, facets, before.version, digest_of(records))


_MODEL: Final = frozenset({"likelihood", "background", "facet", "finding", "explanation", "parameter"})


def new_faults(before: Knowledge, after: Knowledge, folder: Path | None = None) -> tuple[Fault, ...]:
    """The breaches of rules that a change brings in, faults before warnings; warnings only where there is a folder.

    A base without faults is not checked twice: that takes a second, and somebody may be waiting.
    """
    found = tuple(f for f in check(after, folder) if folder is not None or f.level == "fault")
    known = frozenset(check(before, folder)) if found else frozenset()
    return tuple(f for f in found if f not in known)


def _moved(compiled: Compiled, after: Knowledge) -> tuple[Move, ...]:
    found = moves(compiled, Compiled(after), [p.case for p in panel()])
    return tuple(m for m in found if m.distance > _STILL)


_STILL: Final = 1e-6  # distance below which nothing moved


def _difference(name: str, old: str, new: str) -> str:
    before, after = (text.splitlines(keepends=True) for text in (old, new))
    lines = difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", n=1)
    return "".join(line if line.endswith("\n") else f"{line}\n{_NO_END}" for line in lines)


_NO_END: Final = "\\ No newline at end of file\n"
