"""A screen as rows that may leave: small counts hidden, with every ratio that is made of them.

Tables: `signals`, `controls`, `calibration`, `by_year`, `waiting_times`, `self_controlled`. What is hidden or undefined
is None. A year or a bar of the waiting times is hidden where it is small, and so is another where it would stand alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from soleus.population.engine import Row
from soleus.population.manifest import SMALLEST_CELL, suppress
from soleus.population.self_controls import SecondLook
from soleus.population.signals import Screen, Signal
from soleus.population.waiting_times import shown

#: What is made of the two counts of a pair.
RATIOS = (
    "crude", "crude_low", "crude_high", "adjusted", "low", "high", "log_ratio", "se", "p", "calibrated",
    "calibrated_low", "calibrated_high", "calibrated_log_ratio", "calibrated_se", "calibrated_p", "q",
)  # fmt: skip
HIDDEN = "Hidden: fewer than {least} people in one of the two orders."


def tables_of(screen: Screen, least: int = SMALLEST_CELL) -> dict[str, list[Row]]:
    """All tables of a screen."""
    signals = [signal_row(s, least) for s in screen.signals]
    small = {(r["index"], r["marker"]) for r in signals if r["hidden"]}
    return {
        "signals": signals,
        "controls": [_control(asdict(c), small) for c in screen.controls],
        "calibration": [_defined(asdict(c)) for c in screen.calibration],
        "by_year": _by_year([asdict(y) for y in screen.years], least),
        "waiting_times": shown(screen.waiting, least),
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


def _by_year(rows: Sequence[Row], least: int) -> list[Row]:
    made = ("adjusted", "low", "high")
    counts = ("n_index_first", "n_marker_first")
    return suppress(
        [_defined(row) for row in rows], counts, within=("index", "marker"), drop=dict.fromkeys(counts, made),
        least=least,
    )  # fmt: skip


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
