"""What changed between two knowledge bases: records added, removed and changed, by kind and field."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from soleus.errors import UsageError
from soleus.knowledge.loader import Knowledge, digest_of, load, read_compiled, read_folder, version_of
from soleus.knowledge.overlay import FORMAT


@dataclass(frozen=True)
class FieldChange:
    """One field of one record; values as plain data, None where the field is empty or missing."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class RecordChange:
    """One record that both bases have, with the fields in which they differ."""

    kind: str
    id: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True)
class Difference:
    """Two bases compared. ``added`` and ``removed`` are ids by kind."""

    added: dict[str, tuple[str, ...]]
    removed: dict[str, tuple[str, ...]]
    changed: tuple[RecordChange, ...]

    @property
    def empty(self) -> bool:
        return not (self.added or self.removed or self.changed)


def open_base(path: Path, *, solve: bool = True) -> Knowledge:
    """The base in a folder of YAML files or in a compiled file. Raises `UsageError`, `KnowledgeError`.

    ``solve=False`` leaves the facets of a folder unsolved, so that a broken base can still be looked at.
    """
    if path.is_dir():
        if not any(path.rglob("*.yaml")):
            raise UsageError(path.name, "a folder without YAML files", "a knowledge base", "Name another folder.")
        return load(path) if solve else _unsolved(path)
    if path.is_file():
        return read_compiled(path)
    raise UsageError(path.name, "no such file or folder", "a knowledge base", "Check the path.")


def is_overlay(path: Path) -> bool:
    """Whether a file is an overlay (or would be one) and no compiled base: YAML, or JSON that names its format."""
    with path.open("rb") as file:
        return path.suffix in (".yaml", ".yml") or FORMAT.encode() in file.read(1_000)


def _unsolved(folder: Path) -> Knowledge:
    records = read_folder(folder)
    return Knowledge(records, {}, version_of(folder), digest_of(records))


def compare(before: Knowledge, after: Knowledge) -> Difference:
    """Every difference between two bases, by kind and id. A review date is a field like others."""
    added, removed, changed = {}, {}, []
    for kind in sorted({*before.records, *after.records}):
        old = {r.id: r for r in before.records.get(kind, ())}
        new = {r.id: r for r in after.records.get(kind, ())}
        added[kind] = tuple(sorted(new.keys() - old.keys()))
        removed[kind] = tuple(sorted(old.keys() - new.keys()))
        both = sorted(old.keys() & new.keys())
        changed += [RecordChange(kind, id, _fields(old[id], new[id])) for id in both if old[id] != new[id]]
    return Difference(_filled(added), _filled(removed), tuple(changed))


def _filled(table: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {kind: ids for kind, ids in table.items() if ids}


def _fields(old: Any, new: Any) -> tuple[FieldChange, ...]:
    a, b = msgspec.to_builtins(old), msgspec.to_builtins(new)
    names = [name for name in dict.fromkeys((*a, *b)) if a.get(name) != b.get(name)]
    return tuple(FieldChange(name, a.get(name), b.get(name)) for name in names)
