"""Small cells stay hidden, also from somebody who solves for them with every other table of the same result.

Counts that are published are sums of finest cells, which are whole and not negative, and 1 at least where they are
hidden (a 0 is shown). A hidden count can be told where it is a combination of those that are shown:

    shown      women 40, men 7 + hidden, all 50   ->  hidden = 50 - 40 - 7
    shown      two hidden cells that add up to 2  ->  each is 1

`shown_cells` hides further cells and sums, the smallest that take part, until neither is so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from soleus.population.results.manifest import SMALLEST_CELL

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_NEAR = 1e-7


def shown_cells(
    finest: Sequence[int], parts: Sequence[Collection[int]], least: int = SMALLEST_CELL, published: Bools | None = None
) -> Bools:
    """Which counts may be shown. ``parts``: the finest cells (places in ``finest``) that each count is the sum of.

    ``published`` False: a count that is not told at all and must not follow from the others if it is small. ``least`` 0
    or 1 hides nothing.
    """
    told = np.ones(len(parts), bool) if published is None else published.copy()
    if least <= 1 or not len(parts):
        return told
    base, sums = np.array(finest, np.int64), np.zeros((len(parts), len(finest)), np.float32)
    for row, cells in enumerate(parts):
        sums[row, list(cells)] = 1
    totals: Floats = (sums @ base).astype(np.float64)
    small = np.flatnonzero((totals > 0) & (totals < least))
    single, alone = np.full(len(base), -1), np.flatnonzero(told & (sums.sum(axis=1) == 1))
    single[sums[alone].argmax(axis=1)] = alone
    told[small] = False
    system = _System(base, sums, totals, told, small, single)
    while system.hide_beside() or system.hide_more():
        pass
    return told


class _System:
    """The equations of what is shown. ``told`` changes as more is hidden."""

    def __init__(
        self, base: Ints, sums: NDArray[np.float32], totals: Floats, told: Bools, small: Ints, single: Ints
    ) -> None:
        self.base, self.sums, self.totals, self.told, self.small = base, sums, totals, told, small
        self.cells = [np.flatnonzero(row) for row in sums]
        self.single = single  # the row of each finest cell that is published by itself, else -1
        self.secret = (single >= 0) | np.isin(np.arange(len(base)), [c for t in small for c in self.cells[t]])

    def hide_beside(self) -> bool:
        """Hide the smallest cell beside one that is alone in a shown sum, or beside cells of 1; False if none is.

        `hide_more` would find them too, one by one and slowly.
        """
        changed = False
        for row in np.flatnonzero(self.told).tolist():
            hidden = self._hidden_in(row)
            alone = len(hidden) == 1 or (len(hidden) > 1 and self.base[hidden].max() == 1)
            if alone and self.secret[hidden[0]] and len(more := self._shown_in(row)):
                self.told[self.single[more[np.argmin(self.base[more])]]] = False
                changed = True
        return changed

    def hide_more(self) -> bool:
        """Hide the smallest sum with each small cell that can be told, unless another with it was just hidden."""
        touched, changed = np.zeros(len(self.told), bool), False
        for target, rows in self._given_away():
            with_it = rows[(self.sums[rows] * self.sums[target] > 0).any(axis=1)]
            if not changed or not touched[with_it].any():
                touched[with_it], changed = True, True
                near = with_it if len(with_it) else rows
                self.told[near[np.argmin(self.totals[near])]] = False
        return changed

    def _hidden_in(self, row: int) -> Ints:
        """The finest cells of a sum that are not known."""
        cells: Ints = self.cells[row]
        chosen: Ints = cells[(self.base[cells] > 0) & ((self.single[cells] < 0) | ~self.told[self.single[cells]])]
        return chosen

    def _shown_in(self, row: int) -> Ints:
        """The finest cells of a sum that are shown and could be hidden."""
        cells: Ints = self.cells[row]
        chosen: Ints = cells[(self.base[cells] > 0) & (self.single[cells] >= 0) & self.told[self.single[cells]]]
        return chosen

    def _given_away(self) -> Iterator[tuple[int, Ints]]:
        """Each small count that follows from what is shown, with the sums that it follows from."""
        known = (self.base == 0) | ((self.single >= 0) & self.told[self.single])
        free = np.flatnonzero(~known)
        rows = np.flatnonzero(self.told & (self.sums[:, free] > 0).any(axis=1))
        if not len(rows):
            return
        equations = self.sums[np.ix_(rows, free)].astype(np.float64)
        # May be less than they are. A hidden cell of 1 may not where its table is shown: the 0s of it are.
        wide = (self.base[free] > 1) | (self.single[free] < 0)
        left, size, right = np.linalg.svd(equations[:, wide], full_matrices=False)
        rank = int((size > _NEAR * max(1.0, size.max(initial=0))).sum())
        left, right = left[:, :rank], right[:rank]
        narrow, rising = equations[:, ~wide], _beside(equations[:, ~wide], left)
        for target in self.small:
            cell = self.sums[target, free].astype(np.float64)
            weight = _by_sums(cell[wide], left, size[:rank], right) if cell[wide].any() else None
            if weight is not None and (np.abs(cell[~wide] - weight @ narrow)[rising] > _NEAR).any():
                continue  # a cell of 1 may be more, and the target less or more for it
            if weight is None:
                weight = _without_room(equations[:, ~wide & (cell > 0)], left)
            if (taking := rows[np.abs(weight) > _NEAR]).size:
                yield int(target), taking


def _by_sums(cell: Floats, left: Floats, size: Floats, right: Floats) -> Floats:
    """How the cell is put together of the sums; zeros where it cannot be."""
    by = right @ cell
    if np.abs(cell - by @ right).max() > _NEAR:
        return np.zeros(len(left))
    weight: Floats = left @ (by / size)
    return weight


def _beside(columns: Floats, left: Floats) -> Bools:
    """Which cells may rise while others change so that every sum stays."""
    return np.asarray(np.abs(columns - left @ (left.T @ columns)).max(axis=0, initial=0) <= _NEAR)


def _without_room(columns: Floats, left: Floats) -> Floats:
    """The sums that keep each cell of 1 from being more; zeros where one of them could be."""
    kept = columns - left @ (left.T @ columns)
    if not columns.shape[1] or np.abs(kept).max(axis=0).min(initial=1) <= _NEAR:
        return np.zeros(len(left))
    weight: Floats = np.abs(kept).max(axis=1)
    return weight
