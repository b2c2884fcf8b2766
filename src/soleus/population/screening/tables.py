"""A screen as rows that may leave: small counts hidden, with every ratio that is made of them.

Tables: `signals`, `controls`, `calibration`, `by_year`, `waiting_times`, `self_controlled`. What is hidden or undefined
is None. A year or a bar of the waiting times is hidden where it is small, and so are others from which it would follow,
since both add up to the counts of their pair (`soleus.population.results.suppression`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from soleus.population.databases.engine import Row
from soleus.population.results.manifest import SMALLEST_CELL
from soleus.population.results.suppression import shown_cells
from soleus.population.screening.screen import Screen
from soleus.population.screening.signals import Signal
from soleus.population.sequences.counted import PairCounts
from soleus.population.sequences.self_controls import SecondLook
from soleus.population.sequences.waiting_times import all_bars, bars_of, first_day_of

#: What is made of the two counts of a pair.
RATIOS = (
    "crude", "crude_low", "crude_high", "adjusted", "low", "high", "log_ratio", "se", "p", "calibrated",
    "calibrated_low", "calibrated_high", "calibrated_log_ratio", "calibrated_se", "calibrated_p", "q",
)  # fmt: skip
SIDES = ("n_index_first", "n_marker_first")
HIDDEN = "Hidden: fewer than {least} people in one of the two orders."


def tables_of(screen: Screen, least: int = SMALLEST_CELL) -> dict[str, list[Row]]:
    """All tables of a screen."""
    signals = [signal_row(s, least) for s in screen.signals]
    small = {(r["index"], r["marker"]) for r in signals if r["hidden"]}
    return {
        "signals": signals,
        "controls": [_control(asdict(c), small) for c in screen.controls],
        "calibration": [_defined(asdict(c)) for c in screen.calibration],
        **_parts_of_pairs(screen, least),
    }


def signal_row(signal: Signal, least: int = SMALLEST_CELL) -> Row:
    """One signal; ``hidden`` tells whether something of it is."""
    row = _defined(asdict(signal))
    row["contributors"], row["same_as"] = list(signal.contributors), list(signal.same_as)
    return hidden_pair(row, least)


def hidden_pair(row: Row, least: int) -> Row:
    """Small counts of a pair as None, and all that is made of them."""
    counts = [row["n_index_first"], row["n_marker_first"]]
    small = [0 < n < least for n in counts]
    row["hidden"] = any(small)
    if row["hidden"]:
        row |= {name: None for name in RATIOS if name in row}
        row |= {name: None for name, hide in zip(("n_index_first", "n_marker_first"), small, strict=True) if hide}
        row["why"] = HIDDEN.format(least=least)
    return row


def _control(row: Row, small: Iterable[tuple[str, str]]) -> Row:
    row = _defined(row)
    return row | dict.fromkeys(("log_ratio", "se", "p")) if (row["index"], row["marker"]) in small else row


def _parts_of_pairs(screen: Screen, least: int) -> dict[str, list[Row]]:
    """The years and the bars of the pairs."""
    with_years = {(y.index, y.marker) for y in screen.years}
    hidden: set[tuple[Any, ...]] = set()
    for pair, cells in screen.cells.items():
        for side in SIDES:
            hidden |= {(*pair, side, *name) for name in _hidden(screen, pair in with_years, cells, side, least)}
    years, bars = [_defined(asdict(y)) for y in screen.years], [asdict(w) for w in screen.waiting]
    for row in years:
        for side in SIDES:
            if (row["index"], row["marker"], side, "year", row["year"]) in hidden:
                row |= dict.fromkeys((side, "adjusted", "low", "high"))
    for row in bars:
        side = SIDES[row["from_days"] < 0]
        if (row["index"], row["marker"], side, "bar", row["from_days"]) in hidden:
            row["people"] = None
    return {"by_year": years, "waiting_times": bars}


def _hidden(screen: Screen, with_years: bool, cells: PairCounts, side: str, least: int) -> list[tuple[str, int]]:
    """Years and first days of bars that may not be shown, of one pair and one side."""
    people, longest = cells.index_first if side == SIDES[0] else cells.marker_first, screen.settings.sequence.window[1]
    bars = bars_of(cells, longest)
    wanted = [("bar", bars, bar) for bar in sorted(set(bars[people > 0].tolist()))]
    if with_years:
        wanted += [("year", cells.year, year) for year in sorted(set(cells.year.tolist()))]
    whole = np.arange(len(people)).tolist()
    parts = [whole, *(np.flatnonzero((by == value) & (people > 0)).tolist() for _, by, value in wanted)]
    told = shown_cells(people.tolist(), parts, least).tolist()
    if not told[0]:  # the count of the pair is told if it is not small: then nothing that adds up to it, not even a 0
        wanted = [w for w in wanted if w[0] == "year"]
        wanted += [("bar", bars, bar) for bar in all_bars(side == SIDES[0], cells.step, longest) or set(bars.tolist())]
        told = [False] * (len(wanted) + 1)
    return [
        (kind, first_day_of(value, cells.step, longest) if kind == "bar" else value)
        for (kind, _, value), seen in zip(wanted, told[1:], strict=True)
        if not seen
    ]


def second_look_row(look: SecondLook, least: int = SMALLEST_CELL) -> Row:
    """A case series; where the events or the cases are few, it is hidden."""
    row = _defined(asdict(look))
    small = [name for name in ("cases", "events") if 0 < row[name] < least]
    if small:
        row |= dict.fromkeys((*small, "ratio", "low", "high", "log_ratio", "se", "p"))
        row["why"] = f"Hidden: fewer than {least} people."
    return row


def _defined(row: Row) -> Row:
    """NaN and infinity as None, also inside."""
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return _defined(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
