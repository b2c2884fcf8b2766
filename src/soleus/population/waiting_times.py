"""Waiting times: how many days lie between the start of a medicine and the start of a marker, in both directions.

A mirror plot of these shows at a glance what a ratio sums up: an effect stands out on the right soon after the start, a
medicine that is given because of the marker on the left, and whatever moves both together is even on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from soleus.population.engine import Row
from soleus.population.first_events import PairCounts, Study, count_pairs
from soleus.population.manifest import SMALLEST_CELL, suppress

#: Bars up to which those without anybody are listed as well.
_MOST_BARS = 100


@dataclass(frozen=True)
class WaitingTime:
    """People whose marker came ``from_days`` to ``to_days`` after the index, both included; negative: before it."""

    index: str
    marker: str
    from_days: int
    to_days: int
    people: int


def waiting_times(
    pairs: PairCounts, index: Mapping[int, str], marker: Mapping[int, str], longest: float
) -> list[WaitingTime]:
    """The bars of every pair that anybody makes, from the left; ``longest``: the upper end of the window.

    ``pairs`` must have been counted with a step. Where the window is finite, bars without anybody are among them.
    """
    if not pairs.step:
        raise ValueError("the pairs were counted without a step")
    out = []
    for i, m in sorted(set(zip(pairs.index.tolist(), pairs.marker.tolist(), strict=True))):
        own = pairs.only((pairs.index == i) & (pairs.marker == m))
        number = _number(longest, pairs.step)
        people = dict.fromkeys((*range(-number, 0), *range(1, number + 1)), 0)
        for apart, count in zip(own.apart.tolist(), (own.index_first + own.marker_first).tolist(), strict=True):
            bar = max(-number, min(apart, number)) if number else apart
            people[bar] = people.get(bar, 0) + count
        out += [
            WaitingTime(
                index[i], marker[m], *_days(bar, pairs.step, longest if abs(bar) == number else math.inf), count
            )
            for bar, count in sorted(people.items())
        ]
    return out


def count_waiting_times(
    study: Study, index: Mapping[int, str], marker: Mapping[int, str], step: int = 30
) -> list[WaitingTime]:
    """The same, counted."""
    return waiting_times(count_pairs(study, step=step), index, marker, study.settings.window[1])


def _number(longest: float, step: int) -> int:
    """Bars on each side; 0 where the window has no end, or they would be too many to list the empty ones."""
    if not math.isfinite(longest) or longest > step * _MOST_BARS:
        return 0
    return max(1, round(longest / step))


def _days(bar: int, step: int, last: float) -> tuple[int, int]:
    """First and last day; the bar at the end of the window takes what is left of it."""
    first = (abs(bar) - 1) * step + 1
    until = abs(bar) * step if math.isinf(last) else int(last)
    return (first, until) if bar > 0 else (-until, -first)


def shown(found: Sequence[WaitingTime], least: int = SMALLEST_CELL) -> list[Row]:
    """The bars as rows; small counts are None, and another of the same side where one would stand alone."""
    rows = [
        {"index": w.index, "marker": w.marker, "side": w.from_days > 0, "from_days": w.from_days,
         "to_days": w.to_days, "people": w.people}
        for w in found
    ]  # fmt: skip
    hidden = suppress(rows, ["people"], within=["index", "marker", "side"], least=least)
    return [{name: value for name, value in row.items() if name != "side"} for row in hidden]
