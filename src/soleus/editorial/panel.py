"""The panel: invented people on whom it is measured which facts matter, and what a change of the facts moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from soleus.clinical.case import Case
from soleus.clinical.reading import case_from
from soleus.errors import SoleusError
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import medicine_index


@dataclass(frozen=True)
class Person:
    """One of the panel. ``drawn_from``: the explanation that it was drawn from."""

    id: str
    drawn_from: str
    case: Case


@cache
def panel() -> tuple[Person, ...]:
    """The people that ship with the package (tools/make_panel.py)."""
    text = files("soleus.editorial").joinpath("panel.yaml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = yaml.load(text, yaml.CSafeLoader)
    return tuple(Person(r["id"], r["drawn_from"], case_from({**r["case"], "id": r["id"]}, r["id"])) for r in rows)


def judged(case: Case, compiled: Compiled) -> Judged:
    """The judgement of the first complaint of a case."""
    return Judged(take_in(case, compiled, medicine_index(compiled.knowledge))[0])


@dataclass(frozen=True)
class Move:
    """What a change of the knowledge does to one case: (explanation, probability) of the first three, before and after.

    ``distance``: half the sum of absolute differences (0 alike, 1 disjoint). ``error``: why one of the two could not
    judge it; then the lists are empty and the distance is 1.
    """

    case: str
    distance: float
    before: tuple[tuple[str, float], ...] = ()
    after: tuple[tuple[str, float], ...] = ()
    error: str = ""


def moves(before: Compiled, after: Compiled, cases: Iterable[Case]) -> tuple[Move, ...]:
    """What moves from one knowledge to another, the largest first."""
    return tuple(sorted((_move(case, before, after) for case in cases), key=lambda m: (-m.distance, m.case)))


def _move(case: Case, before: Compiled, after: Compiled) -> Move:
    try:
        old, new = (judged(case, compiled).probability for compiled in (before, after))
    except SoleusError as error:
        return Move(case.id, 1.0, error=str(error))
    distance = sum(abs(new.get(s, 0.0) - old.get(s, 0.0)) for s in {*old, *new}) / 2
    return Move(case.id, distance, tuple(old.items())[:3], tuple(new.items())[:3])
