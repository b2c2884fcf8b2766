"""Waiting times: how many days lie between the start of a medicine and the start of a marker, in both directions.

A mirror plot of these shows at a glance what a ratio sums up: an effect stands out on the right soon after the start, a
medicine that is given because of the marker on the left, and whatever moves both together is even on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from soleus.population.sequences.counted import PairCounts
from soleus.population.sequences.study import Ints

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
        bars = bars_of(own, longest).tolist()
        for bar, count in zip(bars, (own.index_first + own.marker_first).tolist(), strict=True):
            people[bar] = people.get(bar, 0) + count
        out += [
            WaitingTime(
                index[i], marker[m], *_days(bar, pairs.step, longest if abs(bar) == number else math.inf), count
            )
            for bar, count in sorted(people.items())
        ]
    return out


def bars_of(pairs: PairCounts, longest: float) -> Ints:
    """The bar of each row: 1 is the first after the index, -1 the first before it."""
    number = _number(longest, pairs.step)
    return np.clip(pairs.apart, -number, number) if number else pairs.apart


def all_bars(after: bool, step: int, longest: float) -> list[int]:
    """Every bar of one side; none where those without anybody are not listed."""
    return [bar if after else -bar for bar in range(1, _number(longest, step) + 1)]


def first_day_of(bar: int, step: int, longest: float) -> int:
    """The first day of a bar, as `WaitingTime.from_days` has it."""
    return _days(bar, step, longest if abs(bar) == _number(longest, step) else math.inf)[0]


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
