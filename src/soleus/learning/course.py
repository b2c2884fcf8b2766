"""The cases of the course: what is told, the choices, and what it was. Everything else is computed when it is shown."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal

from msgspec import Struct

from soleus.clinical.case import Case
from soleus.clinical.reading import case_from
from soleus.errors import UnknownName
from soleus.evidence.record import Id, Publication
from soleus.learning.rules import read_data


class CourseCase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One case to judge.

    ``level``: 1 what is typical; 2 with a look-alike; 3 where little is told, or the look-alike is the likelier one on
    the first words. ``origin`` published: retold from ``source``, of which ``summary`` says what it tells; simulated:
    drawn from the knowledge base with ``seed``, and what was drawn counts as the truth. ``story`` is read before the
    answer and does not name it. ``right`` are answers that count as right beside ``answer``; ``tempting`` is the
    look-alike on purpose. ``lesson`` is prose (`soleus.knowledge.prose`). ``ask`` are findings that were not told, to
    choose the next question from.
    """

    id: Id
    title: str
    level: Literal[1, 2, 3]
    origin: Literal["published", "simulated"]
    source: Publication | None = None
    seed: int | None = None
    story: str
    summary: str | None = None
    case: dict[str, Any]
    choices: tuple[Id, ...]
    answer: Id
    right: tuple[Id, ...] = ()
    tempting: Id
    lesson: str
    ask: tuple[Id, ...]

    def read(self) -> Case:
        """The case as the readers give it."""
        return case_from({**self.case, "id": self.id}, self.id)

    @property
    def slug(self) -> str:
        """Its place in an address, from the title: an id would name the answer."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")

    @property
    def every_right(self) -> tuple[str, ...]:
        return (self.answer, *self.right)


@cache
def course() -> tuple[CourseCase, ...]:
    """Every case, by level and title. Raises `KnowledgeError` for a file that is none."""
    found = [read_data(f"cases/{name}.yaml", "cases", tuple[CourseCase, ...]) for name in ("published", "simulated")]
    return tuple(sorted((c for part in found for c in part), key=lambda c: (c.level, c.slug)))


@cache
def _by_name() -> dict[str, CourseCase]:
    return {name: c for c in course() for name in (c.id, c.slug)}


def case_named(name: str) -> CourseCase:
    """The case of an id or slug. Raises `UnknownName`."""
    found = _by_name().get(name)
    if found is None:
        raise UnknownName("case", repr(name[:60]), "a case of the course", "The course page lists them.")
    return found
