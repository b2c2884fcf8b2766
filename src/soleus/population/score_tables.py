"""What scoring everyone tells: tables of groups of people, with small cells hidden.

    complaints     complaint: people
    groups         complaint, sex, age: people
    explanations   complaint, explanation: people for whom it comes first, mean probability
    by_group       the same by sex and age
    red_flags      people whose record raises one

Everybody is the sum over complaints, the people of a complaint are that over its groups, and those of a group that over
explanations: wherever one cell of such a sum is hidden, a second one is, and nothing is told of a hidden group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from soleus.knowledge.schema.safety import RedFlag
from soleus.population.engine import Row
from soleus.population.manifest import SMALLEST_CELL
from soleus.population.scoring import GROUPS, Sums
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.red_flags import URGENCY_ORDER

_DIGITS = 6


def tables_of(sums: Sums, compiled: Compiled, least: int = SMALLEST_CELL) -> dict[str, list[Row]]:
    """The tables by name; hidden counts and what is made of them are None."""
    present = np.flatnonzero(sums.people[:, 0]).tolist()
    own = {told: [g for g in present if GROUPS[g].complaint is told] for told in (True, False)}
    complaints = [{"complaint": told, "people": round(sums.people[gs].sum())} for told, gs in own.items() if gs]
    complaints = hidden(complaints, "people", [()], least)
    groups = [{**GROUPS[g]._asdict(), "people": round(sums.people[g, 0])} for g in present]
    closed = {row["complaint"] for row in complaints if row["people"] is None}
    groups = hidden(_closed(groups, "complaint", closed, "people"), "people", [("complaint",)], least)
    whole = [row for told, gs in own.items() if gs for row in _rows(sums, compiled, gs, {"complaint": told})]
    whole = _closed(whole, "complaint", closed, "first", "mean_probability")
    parts = [
        row | ({"first": None, "mean_probability": None} if group["people"] is None else {})
        for g, group in zip(present, groups, strict=True)
        for row in _rows(sums, compiled, [g], GROUPS[g]._asdict())
    ]
    return {
        "red_flags": _flags(sums, compiled, least),
        "complaints": complaints,
        "groups": groups,
        "explanations": hidden(whole, "first", [("complaint",)], least),
        "by_group": hidden(parts, "first", [("complaint", "sex", "age"), ("complaint", "explanation")], least),
    }


def _closed(rows: Sequence[Row], key: str, closed: set[Any], *columns: str) -> list[Row]:
    """The rows, of those whose key is hidden these columns as None."""
    return [row | (dict.fromkeys(columns) if row[key] in closed else {}) for row in rows]


def _rows(sums: Sums, compiled: Compiled, groups: Sequence[int], names: Mapping[str, Any]) -> list[Row]:
    """A row an explanation, the most probable first; there is somebody in the groups."""
    people, first, total = (getattr(sums, name)[list(groups)].sum(axis=0) for name in ("people", "first", "total"))
    mean = total / people[0]
    return [
        {
            **names,
            "explanation": sums.explanations[s],
            "name": compiled.explanations[sums.explanations[s]].name,
            "first": round(first[s]),
            "mean_probability": round(float(mean[s]), _DIGITS),
        }
        for s in np.argsort(-mean, kind="stable").tolist()
    ]


def _flags(sums: Sums, compiled: Compiled, least: int) -> list[Row]:
    """Red flags that somebody's record raises, the most urgent first."""
    known, people = compiled.knowledge.by_id(RedFlag), sums.flagged.sum(axis=0)
    flags = [(known[name], round(n)) for name, n in zip(sums.flags, people, strict=True) if n]
    flags.sort(key=lambda pair: (URGENCY_ORDER.index(pair[0].urgency), pair[0].id))
    rows = [{"red_flag": f.id, "name": f.name, "urgency": f.urgency, "people": n} for f, n in flags]
    return hidden(rows, "people", [], least)


def hidden(rows: Sequence[Row], count: str, lines: Sequence[tuple[str, ...]], least: int) -> list[Row]:
    """The rows with counts from 1 to ``least`` - 1 as None, and a second one in every line in which one is.

    ``lines``: columns that name the lines over which a sum may be known. A count that is None already is hidden too.
    """
    values = [row[count] for row in rows]
    closed = {n for n, value in enumerate(values) if value is None or 0 < value < least}
    while more := {n for names in lines for n in _second(rows, values, closed, names)} - closed:
        closed |= more
    return [row | ({count: None} if n in closed else {}) for n, row in enumerate(rows)]


def _second(rows: Sequence[Row], values: Sequence[Any], closed: set[int], names: tuple[str, ...]) -> set[int]:
    """In each line with a single hidden count the smallest other that is not 0."""
    found: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for n, row in enumerate(rows):
        found[tuple(row[name] for name in names)].append(n)
    out = set()
    for line in found.values():
        others = [n for n in line if n not in closed and values[n]]
        if len(line) - len([n for n in line if n not in closed]) == 1 and others:
            out.add(min(others, key=lambda n: values[n]))
    return out
