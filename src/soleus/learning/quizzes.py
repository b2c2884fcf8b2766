"""Which cases a quiz has: its name says it, so that a quiz can be repeated, shared in a group and looked at again.

mixed-4821   the cases of all levels that the number 4821 picks
level-2      every case of level 2
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from soleus.errors import UnknownName
from soleus.learning.course import CourseCase, course
from soleus.learning.rules import rules

HIGHEST_SEED = 9999


@dataclass(frozen=True)
class Quiz:
    """``seed`` of a mixed quiz, ``level`` of one that holds a level."""

    name: str
    cases: tuple[CourseCase, ...]
    seed: int | None = None
    level: int | None = None


def quiz_named(name: str) -> Quiz:
    """Raises `UnknownName` for a name of another shape."""
    if found := re.fullmatch(r"mixed-(\d{1,4})", name):
        return mixed(int(found[1]))
    if found := re.fullmatch(r"level-([123])", name):
        return of_level(int(found[1]))
    raise UnknownName("quiz", repr(name[:60]), "such as mixed-4821 or level-2", "Start one from the page of quizzes.")


def mixed(seed: int) -> Quiz:
    """So many cases of each level as the rules say, easy ones first."""
    picked = [c for level, n in sorted(rules().mixed.items()) for c in _shuffled(level, seed)[:n]]
    return Quiz(f"mixed-{seed}", tuple(picked), seed=seed)


def of_level(level: int) -> Quiz:
    return Quiz(f"level-{level}", tuple(c for c in course() if c.level == level), level=level)


def _shuffled(level: int, seed: int) -> list[CourseCase]:
    """The cases of a level in an order that the seed gives, the same on every machine and for ever."""

    def place(case: CourseCase) -> str:
        return hashlib.sha256(f"{seed}:{case.id}".encode()).hexdigest()

    return sorted((c for c in course() if c.level == level), key=place)
