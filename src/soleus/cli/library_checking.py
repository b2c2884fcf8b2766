"""What `soleus library check` does: say what is wrong with which entry, and how much was looked at."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, Literal, cast

import msgspec
import typer
from rich.console import Console

from soleus.errors import KnowledgeError, UsageError
from soleus.library.checking import Fault, check, unsourced_numbers
from soleus.library.entries import entry_of, every
from soleus.library.model import EntryKind
from soleus.reasoning.compiled import Compiled, shipped_compiled

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def run_check(form: Literal["text", "json"], as_of: str | None) -> None:
    """Print every fault; raise `KnowledgeError` if there is one. ``as_of`` counts overdue entries."""
    if as_of is not None and not _DATE.fullmatch(as_of):
        raise UsageError("--as-of", repr(as_of), "a date such as 2026-11-29", "Write year, month and day.")
    compiled = shipped_compiled()
    faults = check(compiled, as_of or "")
    told = _told(compiled, faults, as_of)
    if form == "json":
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _print(told)
    if faults:
        raise KnowledgeError(
            "library",
            f"{len(faults)} fault{'' if len(faults) == 1 else 's'}",
            "none",
            "Mend the records or the prose listed above.",
        )


def _told(compiled: Compiled, faults: tuple[Fault, ...], as_of: str | None) -> dict[str, Any]:
    overdue = None if as_of is None else _overdue(compiled, as_of)
    return {
        "knowledge_version": compiled.knowledge.version,
        "entries": dict(Counter(ref.kind for ref in every(compiled))),
        "faults_by_rule": dict(Counter(f.rule for f in faults)),
        "prose_numbers_unsourced": unsourced_numbers(compiled.knowledge),
        "overdue": overdue,
        "faults": [msgspec.to_builtins(f) for f in faults],
    }


def _overdue(compiled: Compiled, as_of: str) -> int:
    """Entries of which a part should have been looked at again."""
    found = (entry_of(compiled, cast("EntryKind", r.kind), r.id, "clinician", as_of) for r in every(compiled))
    return sum(entry.standing.overdue for entry in found)


def _print(told: dict[str, Any]) -> None:
    console = Console(highlight=False)
    for f in told["faults"]:
        console.print("{where} [{rule}]: {found}; expected {expected}.".format(**f), markup=False, soft_wrap=True)
    kinds = ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in told["entries"].items())
    lines = [
        f"Knowledge {told['knowledge_version']}: {sum(told['entries'].values()):,} entries, two audiences ({kinds}).",
        f"Faults: {len(told['faults'])}. Numbers in prose without a record: {told['prose_numbers_unsourced']}.",
    ]
    lines += [f"Overdue: {told['overdue']:,}."] if told["overdue"] is not None else []
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
