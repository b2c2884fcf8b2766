"""What the engine counted, as arrays."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soleus.population.sequences.study import EPOCH, Day, Ints


@dataclass(frozen=True)
class DayCounts:
    """People who began, as rows: (cohort, stratum, day since 1970) -> people. Arrays of one length."""

    cohort: Ints
    stratum: Ints
    day: Ints
    people: Ints

    def as_mapping(self) -> dict[tuple[int, int, Day], int]:
        """As `Counts` has them."""
        columns = (self.cohort.tolist(), self.stratum.tolist(), self.day.tolist(), self.people.tolist())
        return {(c, s, EPOCH + datetime.timedelta(d)): n for c, s, d, n in zip(*columns, strict=True)}


@dataclass(frozen=True)
class PairCounts:
    """People of each pair, as rows. ``year`` is that of the earlier event; ``apart`` tells the days between the two in
    steps: 1 is 1 to ``step`` days from index to marker, 2 the next so many; -1 the same from marker to index. Both are
    0 throughout where they were not asked for."""

    index: Ints
    marker: Ints
    year: Ints
    apart: Ints
    index_first: Ints
    marker_first: Ints
    step: int = 0

    def only(self, at: NDArray[np.bool_]) -> PairCounts:
        """Some of the rows."""
        return PairCounts(
            self.index[at], self.marker[at], self.year[at], self.apart[at], self.index_first[at],
            self.marker_first[at], self.step,
        )  # fmt: skip

    def table(self, index: Sequence[int], marker: Sequence[int]) -> tuple[Ints, Ints]:
        """(index, marker) people with the index first, and with the marker first."""
        place = places(self.index, index), places(self.marker, marker)
        known = (place[0] >= 0) & (place[1] >= 0)
        flat, size = (place[0] * len(marker) + place[1])[known], len(index) * len(marker)
        first, second = (
            np.bincount(flat, n[known], size).astype(np.int64).reshape(len(index), len(marker))
            for n in (self.index_first, self.marker_first)
        )
        return first, second


def as_arrays(table: Any) -> dict[str, Ints]:
    """Columns of an Arrow table as integers; dates in days since 1970."""
    out = {}
    for name in table.column_names:
        values = table.column(name).to_numpy()
        out[name] = values.astype("datetime64[D]").astype(np.int64) if values.dtype.kind == "M" else values
    return {name: np.asarray(values, np.int64) for name, values in out.items()}


def places(values: Ints, names: Sequence[int]) -> Ints:
    """Where each value stands among the names; -1 where it does not."""
    order = np.argsort(np.asarray(names, np.int64), kind="stable")
    known = np.asarray(names, np.int64)[order]
    if not known.size:
        return np.full(values.shape, -1, np.int64)
    at = np.minimum(np.searchsorted(known, values), known.size - 1)
    return np.where(known[at] == values, order[at], -1)
