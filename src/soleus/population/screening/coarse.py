"""Bars and periods wide enough to be read: cut too finely, every count is small, hidden, and no more than chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from soleus.population.sequences.counted import PairCounts

#: People in a bar and in a period, on average, on the side that has fewer: twice what is hidden, and some more.
ENOUGH = 12
_BARS = (1, 2, 3, 4, 6)  # of a step: 30 days become up to half a year
_YEARS = (1, 2, 3, 5, 10)


@dataclass(frozen=True)
class Coarse:
    """One pair. ``cells``: people by period and bar, the year being the first of its period; ``years`` of a period."""

    cells: PairCounts
    years: int


def readable(pairs: PairCounts, longest: float) -> Coarse:
    """The counts of one pair, by year and step, in the finest bars and periods that hold enough people.

    ``longest``: the upper end of the window; without an end bars stay as they are.
    """
    fewer = min(int(pairs.index_first.sum()), int(pairs.marker_first.sum()))
    first, last = int(pairs.year.min()), int(pairs.year.max())
    bars = math.ceil(longest / pairs.step) if pairs.step and math.isfinite(longest) else 0
    wide, years = _width(_BARS, bars, fewer), _width(_YEARS, last - first + 1, fewer)
    apart = np.sign(pairs.apart) * -(-np.abs(pairs.apart) // wide)
    year = first + (pairs.year - first) // years * years
    keys, row = np.unique(np.stack([year, apart]), axis=1, return_inverse=True)
    forward, backward = (
        np.bincount(row.ravel(), side).astype(np.int64) for side in (pairs.index_first, pairs.marker_first)
    )
    index, marker = (np.full(keys.shape[1], ids[0], np.int64) for ids in (pairs.index, pairs.marker))
    return Coarse(PairCounts(index, marker, keys[0], keys[1], forward, backward, pairs.step * wide), years)


def _width(widths: tuple[int, ...], parts: int, people: int) -> int:
    """The least width with which the parts hold enough on average; two parts stay where there were more."""
    fitting = [width for width in widths if width == 1 or 2 * width <= parts]
    return next((width for width in fitting if people * width >= ENOUGH * parts), fitting[-1])
