"""Where the marks of a row are drawn: places on the axis of its table, in percent of the width."""

from __future__ import annotations

import math
from dataclasses import dataclass

from soleus.library.model import Table

_WIDEST = (1 / 16, 64.0)  # ratios beyond are drawn at the edge
_LEAST = (0.5, 2.0)  # an axis of ratios reaches at least so far
_MARGIN = 3.0  # percent that is left free at both ends, for marks at the edge


@dataclass(frozen=True)
class Axis:
    """The axis of one table: ``low`` and ``high`` in the scale's own measure (ratios as logarithms)."""

    scale: str
    low: float
    high: float

    def x(self, value: float) -> str:
        """The place of a value, at the edge for one beyond it."""
        found = math.log(max(value, 1e-6)) if self.scale == "ratio" else value
        share = (min(max(found, self.low), self.high) - self.low) / ((self.high - self.low) or 1.0)
        margin = 0.0 if self.scale in ("share", "amount") else _MARGIN
        return f"{margin + share * (100 - 2 * margin):.1f}"

    @property
    def neutral(self) -> str:
        """Where nothing is changed: a ratio of one, a difference of none."""
        return self.x(1.0 if self.scale == "ratio" else 0.0)


def axis(table: Table) -> Axis | None:
    """The axis that holds every value and interval of a table; None for one of words."""
    values = [v for r in table.rows for v in (r.value, r.low, r.high) if v is not None]
    if table.scale == "none" or not values:
        return None
    if table.scale == "share":
        return Axis("share", 0.0, 1.0)
    if table.scale == "amount":
        return Axis("amount", 0.0, max(values))
    if table.scale == "difference":
        return Axis("difference", min(0.0, *values), max(0.0, *values))
    low = max(min(_LEAST[0], *values), _WIDEST[0])
    return Axis("ratio", math.log(low), math.log(min(max(_LEAST[1], *values), _WIDEST[1])))


def has_notes(table: Table) -> bool:
    """Whether a third column has anything to say."""
    return any(row.note for row in table.rows)
