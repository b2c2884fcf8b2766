"""The null ratio of many pairs from the days on which people began, as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from soleus.population.sequences.counted import DayCounts, places
from soleus.population.sequences.study import Ints
from soleus.statistics.sequence_symmetry import NullSums, neighbours
from soleus.statistics.special import Floats


def null_sums_of(
    first: DayCounts, second: DayCounts, index: Sequence[int], marker: Sequence[int], window_days: float
) -> NullSums:
    """The sums of the null ratio, (index, marker), over all strata: what `sequences.null_of` makes, from arrays."""
    shape = (len(index), len(marker))
    out = NullSums(np.zeros(shape), np.zeros(shape))
    rows, columns = places(first.cohort, index), places(second.cohort, marker)
    for stratum in np.intersect1d(first.stratum, second.stratum).tolist():
        at = (first.stratum == stratum) & (rows >= 0)
        around = (second.stratum == stratum) & (columns >= 0)
        if at.any() and around.any():
            out = out + _stratum_sums(first, second, (at, around), (rows, columns), shape, window_days)
    return out


def _stratum_sums(
    first: DayCounts,
    second: DayCounts,
    chosen: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    places: tuple[Ints, Ints],
    shape: tuple[int, int],
    window_days: float,
) -> NullSums:
    at, around = chosen
    origin = int(min(first.day[at].min(), second.day[around].min()))
    size = int(max(first.day[at].max(), second.day[around].max())) - origin + 1
    dense = np.bincount(places[1][around] * size + second.day[around] - origin, second.people[around], shape[1] * size)
    row, days, people = places[0][at], first.day[at] - origin, first.people[at].astype(np.float64)
    forward, backward = (
        np.stack([np.bincount(row, people * near[days], shape[0]) for near in side], axis=1).astype(np.float64)
        for side in neighbours(dense.reshape(shape[1], size).astype(np.float64), window_days)
    )
    return NullSums(forward, backward)


def null_sums_by_year(
    first: DayCounts,
    second: DayCounts,
    index: Sequence[int],
    marker: Sequence[int],
    window_days: float,
    years: Sequence[int],
) -> NullSums:
    """The sums of the null ratio, (year, index, marker), of pairs whose earlier event falls in the year.

    Forward: index days of the year with the marker after them; backward: marker days of the year with the index after.
    Over all years together they are those of `null_sums_of`.
    """
    shape = (len(years), len(index), len(marker))
    forward, backward = np.zeros(shape), np.zeros(shape)
    for stratum in np.intersect1d(first.stratum, second.stratum).tolist():
        sides, origin = _dense((first, index), (second, marker), stratum)
        after = [neighbours(side, window_days)[0] for side in sides]
        days = (np.arange(sides[0].shape[1]) + origin).astype("datetime64[D]")
        year = days.astype("datetime64[Y]").astype(np.int64) + 1970
        for n, wanted in enumerate(years):
            at = year == wanted
            forward[n] += sides[0][:, at] @ after[1][:, at].T
            backward[n] += after[0][:, at] @ sides[1][:, at].T
    return NullSums(forward, backward)


def _dense(one: tuple[DayCounts, Sequence[int]], other: tuple[DayCounts, Sequence[int]], stratum: int
           ) -> tuple[list[Floats], int]:  # fmt: skip
    """(cohorts, days) people of one stratum, of both sides, and the first day."""
    chosen = [(counts.stratum == stratum) & (places(counts.cohort, names) >= 0) for counts, names in (one, other)]
    days = np.concatenate([counts.day[at] for (counts, _), at in zip((one, other), chosen, strict=True)])
    origin, size = (int(days.min()), int(np.ptp(days)) + 1) if days.size else (0, 1)
    out = []
    for (counts, names), at in zip((one, other), chosen, strict=True):
        place = places(counts.cohort[at], names) * size + counts.day[at] - origin
        out.append(np.bincount(place, counts.people[at], len(names) * size).astype(np.float64).reshape(-1, size))
    return out, origin
