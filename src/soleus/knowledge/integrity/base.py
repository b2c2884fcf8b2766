"""What a rule of integrity sees, what it says, and how it is registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.core import Contributor, Explanation, Finding
from soleus.knowledge.schema.medicines import Fact, Medicine

Level = Literal["fault", "warning"]
R = TypeVar("R")


class Found(NamedTuple):
    """One breach of a rule: where, what is wrong, and how to mend it."""

    kind: str
    id: str
    field: str
    message: str
    repair: str


@dataclass(frozen=True)
class Fault:
    """A breach with the name of its rule. A fault fails the check, a warning is only listed."""

    kind: str
    id: str
    field: str
    rule: str
    message: str
    repair: str
    level: Level

    def __str__(self) -> str:
        return f"{self.kind} {self.id}, {self.field} [{self.rule}]: {self.message} {self.repair}"


class Base:
    """A knowledge base under test, with the names that references are checked against.

    ``folder`` is where the YAML files are; None for a compiled file, and then the rules about files are silent.
    """

    def __init__(self, knowledge: Knowledge, folder: Path | None = None) -> None:
        self.knowledge, self.folder = knowledge, folder

    @property
    def records(self) -> Mapping[str, tuple[Any, ...]]:
        return self.knowledge.records

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """The records of a kind."""
        return self.knowledge.all(kind)

    @cached_property
    def explanations(self) -> dict[str, Explanation]:
        return self.knowledge.by_id(Explanation)

    @cached_property
    def findings(self) -> dict[str, Finding]:
        return self.knowledge.by_id(Finding)

    @cached_property
    def contributors(self) -> dict[str, Contributor]:
        return self.knowledge.by_id(Contributor)

    @cached_property
    def medicines(self) -> dict[str, Medicine]:
        return self.knowledge.by_id(Medicine)

    @cached_property
    def facts(self) -> dict[str, Fact]:
        return self.knowledge.by_id(Fact)

    @cached_property
    def parts(self) -> tuple[tuple[str, str, msgspec.Struct], ...]:
        """(kind, id, structure) for every structure in every record, however deep; the record itself included."""
        every = ((kind, r) for kind, records in self.records.items() for r in records)
        return tuple((kind, r.id, part) for kind, r in every for part in _structs(r))

    @cached_property
    def states(self) -> dict[str, tuple[str, ...]]:
        """Finding -> the ids of its states."""
        return {f.id: tuple(s.id for s in f.states) for f in self.findings.values()}


Rule = Callable[[Base], Iterator[Found]]

#: Every rule by name, with the level of its breaches.
RULES: dict[str, tuple[Rule, Level]] = {}


def rule(function: Rule) -> Rule:
    """Register a rule whose breach is a fault; its name is the function's, its docstring says what must hold."""
    RULES[function.__name__] = (function, "fault")
    return function


def advice(function: Rule) -> Rule:
    """Register a rule whose breach is only a warning."""
    RULES[function.__name__] = (function, "warning")
    return function


def unknown(kind: str, id: str, field: str, name: str, what: str) -> Found:
    """The breach of a reference that leads nowhere."""
    return Found(kind, id, field, f"{name!r} is not {what}.", "Correct the name, or add the record.")


def _structs(value: msgspec.Struct) -> Iterator[msgspec.Struct]:
    yield value
    for inner in msgspec.structs.astuple(value):
        if isinstance(inner, msgspec.Struct):
            yield from _structs(inner)
        elif isinstance(inner, tuple):
            for part in inner:
                if isinstance(part, msgspec.Struct):
                    yield from _structs(part)
