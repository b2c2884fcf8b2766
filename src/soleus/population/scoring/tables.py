"""What scoring everyone tells: tables of groups of people, with small cells hidden.

    complaints     complaint: people
    groups         complaint, sex, age: people
    explanations   complaint, explanation: people for whom it comes first, mean probability
    by_group       the same by sex and age
    red_flags      people whose record raises one

Small counts are hidden, and others with them as far as they would give them away (`suppression`); of a group whose size
is hidden nothing is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from soleus.knowledge.schema.safety import RedFlag
from soleus.population.databases.engine import Row
from soleus.population.results.manifest import SMALLEST_CELL
from soleus.population.results.suppression import shown_cells
from soleus.population.scoring.everyone import GROUPS, Sums
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.red_flags import URGENCY_ORDER

_DIGITS = 6
Of: TypeAlias = bool | int  # a complaint, or the place of a group
Key: TypeAlias = bool | tuple[str, int] | None


def tables_of(sums: Sums, compiled: Compiled, least: int = SMALLEST_CELL) -> dict[str, list[Row]]:
    """The tables by name; hidden counts and what is made of them are None."""
    shown = _Shown(sums, least)
    present = np.flatnonzero(sums.people[:, 0]).tolist()
    own = {told: [g for g in present if GROUPS[g].complaint is told] for told in (True, False)}
    own = {told: groups for told, groups in own.items() if groups}
    return {
        "red_flags": _flags(sums, compiled, least),
        "complaints": [{"complaint": told, "people": shown.people(told)} for told in own],
        "groups": [{**GROUPS[g]._asdict(), "people": shown.people(g)} for g in present],
        "explanations": [
            row
            for told, groups in own.items()
            for row in _rows(sums, compiled, groups, {"complaint": told}, told, shown)
        ],
        "by_group": [row for g in present for row in _rows(sums, compiled, [g], GROUPS[g]._asdict(), g, shown)],
    }


class _Shown:
    """Which counts may be told: of everybody, complaints, groups, explanations of a complaint and of a group.

    Cells of nobody are told and not among these. Keys: a complaint (bool) or the place of a group, and an explanation.
    A small cell is hidden with the next in its line, so that sums can be told; what could still be solved for is then
    hidden as well (`suppression`).
    """

    def __init__(self, sums: Sums, least: int) -> None:
        cells = [(int(g), int(s)) for g, s in np.argwhere(sums.first > 0)]
        parts: dict[tuple[Key, int | None], list[int]] = defaultdict(list)
        for n, (g, s) in enumerate(cells):
            told = GROUPS[g].complaint
            for key in ((None, None), (told, None), (("group", g), None), (told, s), (("group", g), s)):
                parts[key].append(n)
        finest = [round(sums.first[cell]) for cell in cells]
        totals = {key: sum(finest[n] for n in own) for key, own in parts.items()}
        closed = _beside(totals, least)
        may = shown_cells(finest, list(parts.values()), least, np.array([key not in closed for key in parts]))
        self.counts = {
            key: total if ok else None for (key, total), ok in zip(totals.items(), may.tolist(), strict=True)
        }

    def people(self, of: Of) -> int | None:
        """The people of a complaint or a group."""
        return self.counts[_key(of), None]

    def first(self, of: Of, explanation: int) -> int | None:
        """Of these, those for whom an explanation comes first. None of a group of which nothing is told."""
        return None if self.people(of) is None else self.counts.get((_key(of), explanation), 0)


def _beside(totals: Mapping[tuple[Key, int | None], int], least: int) -> set[tuple[Key, int | None]]:
    """Small counts, with a second one in each line of which the sum is known; and all of a hidden group."""
    closed = {key for key, n in totals.items() if 0 < n < least}
    lines: dict[object, list[tuple[Key, int | None]]] = defaultdict(list)
    for of, s in totals:
        told = GROUPS[of[1]].complaint if isinstance(of, tuple) else of
        if of is not None:
            lines[of if s is not None else told if isinstance(of, tuple) else None, s is None].append((of, s))
        if isinstance(of, tuple) and s is not None:
            lines["explanation", told, s].append((of, s))
    while True:
        more = {key for key in totals if key[1] is not None and (key[0], None) in closed}
        for line in lines.values():
            others = [key for key in line if key not in closed]
            if len(line) - len(others) == 1 and others:
                more.add(min(others, key=lambda key: totals[key]))
        if more <= closed:
            return closed
        closed |= more


def _key(of: Of) -> Key:
    return of if isinstance(of, bool) else ("group", of)


def _rows(
    sums: Sums, compiled: Compiled, groups: Sequence[int], names: Mapping[str, Any], of: Of, shown: _Shown
) -> list[Row]:
    """A row an explanation, the most probable first; there is somebody in the groups."""
    mean = sums.total[list(groups)].sum(axis=0) / sums.people[list(groups)].sum()
    closed = shown.people(of) is None
    order = range(len(mean)) if closed else np.argsort(-mean, kind="stable").tolist()
    return [
        {
            **names,
            "explanation": sums.explanations[s],
            "name": compiled.explanations[sums.explanations[s]].name,
            "first": shown.first(of, s),
            "mean_probability": None if closed else round(float(mean[s]), _DIGITS),
        }
        for s in order
    ]


def _flags(sums: Sums, compiled: Compiled, least: int) -> list[Row]:
    """Red flags that somebody's record raises, the most urgent first."""
    known, people = compiled.knowledge.by_id(RedFlag), sums.flagged.sum(axis=0)
    flags = [(known[name], round(n)) for name, n in zip(sums.flags, people, strict=True) if n]
    flags.sort(key=lambda pair: (URGENCY_ORDER.index(pair[0].urgency), pair[0].id))
    rows = [{"red_flag": f.id, "name": f.name, "urgency": f.urgency, "people": n} for f, n in flags]
    for row in rows:
        row["people"] = row["people"] if not 0 < row["people"] < least else None
    return rows
