"""What `soleus review` does: the queue of the desk, and the export of what was decided there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from soleus.editorial import queue as desk
from soleus.editorial.export import Consequences, Export, consequences, export
from soleus.editorial.handing_in import apply, files_of, report, write
from soleus.errors import KnowledgeError, UnknownName, UsageError, near_names
from soleus.knowledge.comparing import open_base
from soleus.knowledge.loader import DATA, kinds
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.reports.tables import listing
from soleus.storage import EventLog, MemoryRepository, SqliteRepository

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Wanted:
    """What the queue is asked for, as it was typed."""

    by: desk.Order
    kind: str
    about: str
    status: str
    words: str


@contextmanager
def _store(data: Path | None, *, needed: bool) -> Iterator[EventLog]:
    """The store of a service; an empty one where none is there and none is needed."""
    try:
        from soleus.service.app import store_path
        from soleus.service.settings import load
    except ModuleNotFoundError as error:
        raise UsageError(
            "soleus review", f"no {error.name}", "the extra `service`", "Install soleus[service]."
        ) from None
    path = store_path(load(**({} if data is None else {"data": data})))
    if path.exists():
        found = SqliteRepository(path)
        try:
            yield found
        finally:
            found.close()
    elif needed:
        raise UsageError("soleus review", "no store", "the folder of a service that ran", "Name it with --data.")
    else:
        yield MemoryRepository()


# ------------------------------------------------------------------------------------------------- queue


def list_queue(data: Path | None, wanted: Wanted, most: int, as_of: str | None, form: str) -> None:
    """Print the queue. Raises `UnknownName` for a kind that is none."""
    if wanted.kind and wanted.kind not in kinds():
        raise UnknownName("--kind", repr(wanted.kind), "a kind of record", near_names(wanted.kind, sorted(kinds())))
    asked = desk.Asked(wanted.by, wanted.kind, wanted.about, cast("Any", wanted.status), wanted.words)
    with _store(data, needed=False) as log:
        found = desk.queue(shipped_compiled(), log, _today(as_of), asked)
    if form == "json":
        print(json.dumps([_plain(item) for item in found[:most]], ensure_ascii=False, indent=1))
        return
    rows = [(f"{i.row.kind} {i.row.id}", i.status.replace("_", " "), i.review_by, why(i)) for i in found[:most]]
    listing(Console(highlight=False), f"{len(found):,} records", ("record", "status", "review by", "why"), rows)


def _today(as_of: str | None) -> str:
    if as_of is None:
        from soleus.service.services import utc_now

        return utc_now().date().isoformat()
    if not _DATE.fullmatch(as_of):
        raise UsageError("--as-of", repr(as_of), "a date such as 2026-11-21", "Write year, month and day.")
    return as_of


def why(item: desk.Item) -> str:
    """Why a record is worth reviewing, in words; '' where nothing says so."""
    weight, parts = item.row.importance, []
    if item.overdue:
        parts.append("overdue")
    if item.proposals:
        parts.append(f"{item.proposals} proposed")
    if weight and weight.moved:
        parts.append(f"moves the first probability by up to {weight.most:.0f} points in {weight.moved} of {weight.of}")
    return "; ".join(parts)


def _plain(item: desk.Item) -> dict[str, Any]:
    row = item.row
    return {
        "kind": row.kind,
        "id": row.id,
        "title": row.title,
        "status": item.status,
        "review_by": item.review_by or None,
        "overdue": item.overdue,
        "proposals": item.proposals,
        "importance": asdict(row.importance) if row.importance else None,
    }


# ------------------------------------------------------------------------------------------------- export


def export_decisions(out: Path | None, data: Path | None, folder: Path | None, in_place: bool, vignettes: Path) -> None:
    """Write what was decided; raise `KnowledgeError` where the changed data break a rule, after it is written."""
    if out is None and not in_place:
        raise UsageError("soleus review export", "nowhere to write", "--out, or --write", "Name a new folder.")
    source = DATA if folder is None else folder
    if not source.is_dir():
        raise UsageError("--folder", "no folder", "a folder of YAML files", "Check the path.")
    compiled = Compiled(open_base(source))
    with _store(data, needed=True) as log:
        made = export(log, compiled.knowledge, source)
    does, heading = consequences(made, compiled, source), f"Knowledge {compiled.knowledge.version}: decided at the desk"
    more = _vignettes(made, compiled, vignettes)
    if out is not None:
        write(files_of(made, does, heading, more), out)
    if in_place:
        apply(made, source)
    Console(highlight=False).print(report(made, does, heading, more), markup=False, soft_wrap=True)
    _tell_faults(does)


def _vignettes(made: Export, compiled: Compiled, folder: Path) -> Sequence[str]:
    """What moves among published cases, where they are at hand."""
    if not made.new or not folder.is_dir():
        return ()
    from soleus.editorial.export import changed
    from soleus.validation.shifts import shifts
    from soleus.validation.vignettes import read_all

    after = Compiled(changed(compiled.knowledge, made.new))
    found = [s for s in shifts(compiled, after, [v.read() for v in read_all(folder)]) if s.distance > 1e-6]
    told = [f"- {s.case}: {s.distance:.4f}; {s.error or f'{s.moved} {s.before:.3f} → {s.after:.3f}'}" for s in found]
    return ["## Published cases", "", *(told or ["None moves."])]


def _tell_faults(does: Consequences) -> None:
    faults = sum(f.level == "fault" for f in does.faults)
    if faults:
        raise KnowledgeError("review export", f"{faults} new faults", "none", "Mend the records of the report's check.")
